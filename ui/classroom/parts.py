"""The parts of the Class page: join, follow me, and the wall."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.classroom import wall
from ui.explorer.component import explorer
from ui.identity.operator import is_operator
from ui.identity.owner import current_owner
from ui.library import links
from ui.library.address import addresses, link_to, only_here, proper, qr_url
from ui.library.share_buttons import path_of
from ui.page import state
from ui.page.describe import STATES
from ui.page.navigation import link, opening
from ui.page.text import count, plain
from ui.web import following
from vae_core.engine import get_engine

_REFUSED: Final = "class_refused"
_NICKNAME: Final = "class_nickname_posted"
"""Session key: the name under which one posted last, for when the page is come back to."""

_LOOK_SECONDS: Final = 2.0


def join() -> None:
    """Draw the address at which others find this server, to read from the back row and to scan."""
    choices = addresses()
    if only_here():
        st.caption(
            ":material/warning: This server was started for its own machine alone. Start it with "
            "`--server.address=0.0.0.0` to let others join."
        )
    chosen = st.selectbox(
        "Address",
        choices,
        key="class_address",
        accept_new_options=True,
        help="The addresses that this machine has. Type another if the class reaches it by another name.",
        width=420,
    )
    address = proper(chosen or "")
    if not address:
        st.caption(
            ":red[:material/error: This is no address. An address looks like] `http://192.168.1.20:8501`"
        )
        return
    _poster(address)
    st.caption("Everyone in the same network can open it in a browser; there is nothing to install.")


def follow_me() -> None:
    """Draw the way to let the class see what one shows, and to stop that."""
    owner = current_owner()
    found = links.shared(owner, "follow")
    if found is None:
        st.fragment(_announced, run_every=_LOOK_SECONDS)()
        st.markdown(
            "Whoever has the link sees the model or run that you have open in Explore, Train or Interpolate, "
            "and the latent that you move to. They cannot change anything."
        )
        st.button(
            "Let others follow me", key="class_lead", type="primary", icon=":material/cast:", on_click=_lead
        )
    else:
        st.fragment(_followers, run_every=_LOOK_SECONDS)(found.token)
        _poster(link_to(path_of(found)), is_long=True)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            link("explore", "Show a model")
            link("train", "Show a run")
            st.button("Stop", key="class_lead_stop", icon=":material/stop:", on_click=_stop_leading)
        if is_operator():
            st.checkbox(
                "Show the link on this page to everyone on this server",
                value=found.announced,
                key="class_announce",
                on_change=_announce,
            )
    if refused := st.session_state.pop(_REFUSED, ""):
        st.caption(f":red[:material/error: {plain(refused)}]")


def followed(token: str) -> None:
    """Draw the page of someone who follows."""
    opening("Follow", "You see what someone shows you, and move along with them.")
    if links.find(token, "follow") is None:
        st.caption(":material/link_off: The link leads nowhere, or its owner has stopped. Ask for a new one.")
        link("explore", "Explore a model yourself")
        return
    explorer(key="follow", mode="follow", follow=token)
    link("explore", "Explore a model yourself")  # also when whoever led has stopped meanwhile


def the_wall() -> None:
    """Draw what was posted, and the way to post."""
    owner = current_owner()
    _post_form(owner)
    st.fragment(_look, run_every=_LOOK_SECONDS)(wall.changes())
    shown = wall.posts()
    if not shown:
        st.caption("Nothing is on the wall yet.")
    with st.container(key="wall"):
        for post in shown:
            with st.container(border=True, gap="xsmall"):
                _post(post, mine=wall.is_mine(post, owner))
    if shown and is_operator():
        with st.popover("Clear the wall", icon=":material/delete_sweep:"):
            st.caption(f"{count(len(shown), 'map')} will be gone for good.")
            st.button("Clear it", key="class_clear", type="primary", on_click=wall.clear)


def _poster(address: str, *, is_long: bool = False) -> None:
    """Draw an address large, with its QR code."""
    key = "class_poster_long" if is_long else "class_poster"
    code = f'<img class="latent-qr" alt="QR code of the address" src="{qr_url(address)}">'
    with st.container(key=key, horizontal=True, gap="large", vertical_alignment="center"):
        st.html(code, width="content")
        with st.container(key="class_address_text"):
            st.markdown(plain(address, longest=400, links=True))


def _followers(token: str) -> None:
    st.caption(
        f":material/cast: {count(following.follower_count(token), 'browser follows', 'browsers follow')} you."
    )


def _announced() -> None:
    """Offer everyone to follow whoever leads the class."""
    for leading in links.announced():
        link("class", "Follow what is shown now", query={state.FOLLOW: leading.token})


def _lead() -> None:
    try:
        links.share(current_owner(), "follow")
    except OSError:
        st.session_state[_REFUSED] = "The link could not be written: the server's disk may be full."


def _stop_leading() -> None:
    links.stop_sharing(current_owner(), "follow")


def _announce() -> None:
    try:
        links.announce(current_owner(), bool(st.session_state.get("class_announce")) and is_operator())
    except OSError:
        st.session_state[_REFUSED] = "The link could not be announced: the server's disk may be full."


def _look(drawn: int) -> None:
    """Draw the page anew when someone has changed the wall."""
    if wall.changes() != drawn:
        st.rerun()


def _post_form(owner: str) -> None:
    run = get_engine().current_run(owner)
    if run is None or not run.step:
        st.caption("Train a model; then its map can be posted here.")
        link("train", "Train a model")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            "Nickname",
            value=str(st.session_state.get(_NICKNAME, "")),
            key="class_nickname",
            max_chars=wall.MAX_NICKNAME,
            placeholder="someone",
            width=220,
            help="Shown beside your map. Any name you like; none is needed.",
        )
        st.button(
            "Post my map", key="class_post", type="primary", icon=":material/push_pin:", on_click=_put_up
        )
    st.caption(f"Your run: {plain(run.title)}, {STATES[run.state].lower()}, epoch {run.epoch:.3g}.")
    if refused := st.session_state.pop(_REFUSED, ""):
        st.caption(f":red[:material/error: {plain(refused)}]")


def _post(post: wall.Post, *, mine: bool) -> None:
    picture = post.picture()
    if picture:
        st.image(picture, width="stretch", alt=f"Final map of a run on {post.image_set}")
    st.markdown(f"**{plain(post.nickname)}**")
    st.caption(_settings(post))
    if numbers := _numbers(post):
        st.caption(numbers)
    if mine:
        st.button("Withdraw", key=f"class_withdraw_{post.id}", type="tertiary", on_click=wall.withdraw,
                  args=(current_owner(), post.id))  # fmt: skip
    elif is_operator():
        st.button("Take down", key=f"class_down_{post.id}", type="tertiary", on_click=wall.take_down,
                  args=(post.id,))  # fmt: skip


def _settings(post: wall.Post) -> str:
    model, train = post.model, post.train
    parts = [plain(post.image_set), count(int(model["latent_dim"]), "dimension")]
    parts.append(plain(f"{model['family']}, {model['architecture']}, {model['likelihood']}"))
    if model["family"] != "autoencoder":
        parts.append(f"beta {train['beta']:g}")
    parts += [f"learning rate {train['learning_rate']:g}", f"batch {train['batch_size']}"]
    parts += [f"epoch {post.epoch:.3g} of {train['epochs']}", f"seed {train['seed']}"]
    return " · ".join(parts)


def _numbers(post: wall.Post) -> str:
    """Say what was measured last on held-out images."""
    likelihood, kl = post.numbers.get("log_likelihood"), post.numbers.get("kl")
    if likelihood is None:
        return ""
    if kl is None:
        return f"log p(x|z) {likelihood:.1f} nats".replace("-", "−")
    return f"ELBO {likelihood - kl:.1f} nats, KL {kl:.1f}".replace("-", "−")


def _put_up() -> None:
    owner = current_owner()
    run = get_engine().current_run(owner)
    nickname = st.session_state[_NICKNAME] = str(st.session_state.get("class_nickname", ""))
    try:
        if run is not None:
            wall.put_up(owner, run, nickname)
    except wall.WallError as error:
        st.session_state[_REFUSED] = str(error)
    except OSError:
        st.session_state[_REFUSED] = (
            "This run has no map yet, or the server's disk is full. Try again in a moment."
        )
    except (KeyError, PermissionError):
        st.session_state[_REFUSED] = "This run is not here any more."
