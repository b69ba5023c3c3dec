"""The wall as one sees it: the cards, each opened to its map, and the way to post."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.classroom import wall
from ui.identity import leaders
from ui.identity.owner import current_owner
from ui.page import state
from ui.page.describe import STATES
from ui.page.navigation import link
from ui.page.text import count, plain
from vae_core.engine import get_engine

_REFUSED: Final = "class_refused"
_NICKNAME: Final = "class_nickname_posted"
"""Session key: the name under which one posted last, for when the page is come back to."""

_OPEN: Final = "class_opened"
"""Session key: whether a card is opened: a page that is drawn anew would close it."""

_LOOK_SECONDS: Final = 2.0


def the_wall() -> None:
    """Draw what was posted, and the way to post."""
    if state.entered():
        _closed()
    owner = current_owner()
    _post_form(owner)
    st.fragment(_look, run_every=_LOOK_SECONDS)(wall.changes())
    shown = wall.posts()
    if not shown:
        st.caption("Nothing is on the wall yet.")
        return
    reach = wall.shared_reach(shown)
    st.caption(
        f"All maps have one scale: −{reach:g} to {reach:g} on both axes. The circles are the prior's: one "
        "and two standard deviations. Dots beyond the edge are seen when a map is opened."
    )
    with st.container(key="wall"):
        for post in shown:
            with st.container(border=True, gap="xsmall"):
                _card(post, reach, mine=wall.is_mine(post, owner))
    if leaders.may_lead():
        with st.popover("Clear the wall", icon=":material/delete_sweep:"):
            st.caption(f"{count(len(shown), 'map')} will be gone for good.")
            st.button("Clear it", key="class_clear", type="primary", on_click=_clear)


def _look(drawn: int) -> None:
    """Draw the page anew when someone has changed the wall, but not below an opened card."""
    if wall.changes() != drawn and not st.session_state.get(_OPEN):
        st.rerun()


def _post_form(owner: str) -> None:
    run = get_engine().current_run(owner)
    if run is None or not run.step:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown("Train a model; then its map can be posted here.", width="content")
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


def _card(post: wall.Post, reach: float, *, mine: bool) -> None:
    if picture := post.picture(reach):
        st.image(picture, width="stretch", alt=f"Final map of a run on {post.image_set}")
    st.markdown(f"**{plain(post.nickname)}** · {_told_apart(post)}")
    if post.reach > reach:
        st.caption(f"Goes on to {post.reach:.3g}: open it to see all.")
    with st.container(horizontal=True, gap="small"):
        if st.button("Open", key=f"class_open_{post.id}", type="tertiary", on_click=_opened):
            _details(post)
        if mine:
            st.button("Withdraw", key=f"class_withdraw_{post.id}", type="tertiary", on_click=wall.withdraw,
                      args=(current_owner(), post.id))  # fmt: skip
        elif leaders.may_lead():
            st.button("Take down", key=f"class_down_{post.id}", type="tertiary", on_click=_take_down,
                      args=(post.id,))  # fmt: skip


def _opened() -> None:
    st.session_state[_OPEN] = True


def _closed() -> None:
    st.session_state.pop(_OPEN, None)


@st.dialog("A map", width="large", on_dismiss=_closed)
def _details(post: wall.Post) -> None:
    with st.container(key="wall_opened", horizontal=True, gap="medium"):
        with st.container(key="wall_opened_map", width="stretch"):
            if picture := post.picture():
                st.image(picture, width="stretch", alt=f"The whole map of a run on {post.image_set}")
        with st.container(key="wall_opened_words", width="stretch", gap="small"):
            st.markdown(f"**{plain(post.nickname)}**")
            st.caption(_settings(post))
            if numbers := _numbers(post):
                st.caption(numbers)
            pairs, samples = post.sheets()
            if pairs:
                st.caption("Images, and below them their reconstructions")
                st.image(pairs, width="stretch", alt="Images above their reconstructions")
            if samples:
                st.caption("Samples: decoded from the prior")
                st.image(samples, width="stretch", alt="Samples decoded from the prior")


def _told_apart(post: wall.Post) -> str:
    """Say in few words what tells a run from others."""
    parts = [plain(post.image_set), count(int(post.model["latent_dim"]), "dimension")]
    if _has_setting(post, "beta"):
        parts.append(f"**beta {post.train['beta']:g}**")
    return ", ".join(parts)


def _settings(post: wall.Post) -> str:
    model, train = post.model, post.train
    parts = [plain(post.image_set), count(int(model["latent_dim"]), "dimension")]
    parts.append(plain(f"{model['family']}, {model['architecture']}, {model['likelihood']}"))
    if _has_setting(post, "beta"):
        parts.append(f"beta {train['beta']:g}")
    parts += [f"learning rate {train['learning_rate']:g}", f"batch {train['batch_size']}"]
    parts += [f"epoch {post.epoch:.3g} of {train['epochs']}", f"seed {train['seed']}"]
    return " · ".join(parts)


def _has_setting(post: wall.Post, name: str) -> bool:
    return post.family is not None and name in post.family.settings


def _numbers(post: wall.Post) -> str:
    """Say what was measured last on held-out images, as far as this version knows the family's terms."""
    terms = post.family.terms if post.family is not None else ()
    known = [(term, post.family.value(term, post.numbers)) for term in terms] if post.family else []
    said = [f"{term.title} {value:.1f} {term.unit}" for term, value in known if value is not None]
    return ", ".join(said).replace("-", "−")


def _clear() -> None:
    if leaders.may_lead():
        wall.clear()


def _take_down(post_id: str) -> None:
    if leaders.may_lead():
        wall.take_down(post_id)


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
