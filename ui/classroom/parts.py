"""Two parts of the Class page: let others join, and let them follow."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.classroom.posters import poster
from ui.explorer.component import explorer
from ui.identity import leaders
from ui.identity.owner import current_owner
from ui.library import links
from ui.library.address import addresses, link_to, only_here, proper
from ui.library.share_buttons import path_of
from ui.page.navigation import link, opening
from ui.page.text import count, plain
from ui.web.sockets import following

_REFUSED: Final = "class_refused"
_PASS: Final = "class_pass"
"""Session key: letters that let someone lead, made last."""

_LOOK_SECONDS: Final = 2.0


def join() -> None:
    """Draw the address at which others find this server, to read from the back row and to scan."""
    choices = addresses()
    if only_here():
        st.warning(
            "**Only this machine can open it yet.** Start the server with `--server.address=0.0.0.0` to let "
            "others join.",
            icon=":material/warning:",
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
    poster(address)
    if not only_here():
        st.caption("Everyone in the same network can open it in a browser; there is nothing to install.")


def follow_me() -> None:
    """Draw the way to let the class see what one shows, and to stop that."""
    found = links.shared(current_owner(), "follow")
    if found is None:
        st.markdown(
            "Whoever has the code sees what you have open in Explore, Train or Interpolate, as you move: "
            "model, map, walk and slow motion. They cannot change anything."
        )
        st.button(
            "Let others follow me", key="class_lead", type="primary", icon=":material/cast:", on_click=_lead
        )
    else:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            link("explore", "Show a model")
            link("train", "Show a run")
            link("interpolate", "Show a walk")
            st.button("Stop", key="class_lead_stop", icon=":material/stop:", on_click=_stop_leading)
            st.fragment(_followers, run_every=_LOOK_SECONDS)(found.token)
        poster(link_to(path_of(found)), code=found.code)
        if leaders.may_lead():
            st.checkbox(
                "Tell everyone on this server, at the top of every page",
                value=found.announced,
                key="class_announce",
                on_change=_announce,
            )
    if refused := st.session_state.pop(_REFUSED, ""):
        st.caption(f":red[:material/error: {plain(refused)}]")
    if leaders.may_let():
        _let_lead()


def followed(token: str) -> None:
    """Draw the page of someone who follows."""
    opening(
        "Follow",
        "You see what someone shows, as they move. **Move over the map** yourself; their next move takes you "
        "back.",
    )
    if links.find(token, "follow") is None:
        st.caption(":material/link_off: The link leads nowhere, or its owner has stopped. Ask for a new one.")
        link("explore", "Explore a model yourself")
        return
    explorer(key="follow", mode="follow", follow=token)
    link("explore", "Explore a model yourself")  # also when whoever led has stopped meanwhile


def _followers(token: str) -> None:
    st.caption(
        f":material/cast: {count(following.follower_count(token), 'browser follows', 'browsers follow')} you."
    )


def _lead() -> None:
    try:
        links.share(current_owner(), "follow")
    except OSError:
        st.session_state[_REFUSED] = "The link could not be written: the server's disk may be full."


def _stop_leading() -> None:
    links.stop_sharing(current_owner(), "follow")


def _announce() -> None:
    try:
        links.announce(current_owner(), bool(st.session_state.get("class_announce")) and leaders.may_lead())
    except OSError:
        st.session_state[_REFUSED] = "The link could not be announced: the server's disk may be full."


def _let_lead() -> None:
    """Let whoever runs the server name others who may lead the class."""
    with st.popover("Let someone else lead", icon=":material/person_add:", key="class_let"):
        st.caption(
            "They can tell everyone to follow them, and clear the wall. The letters let in one browser, "
            "which types them on this page within 10 minutes."
        )
        st.button("Make letters", key="class_let_make", type="primary", on_click=_offer_pass)
        if letters := st.session_state.get(_PASS, ""):
            st.html(f'<p class="latent-code">{letters}</p>')
        if let := leaders.how_many():
            st.button(
                f"Take it back from {count(let, 'browser')}", key="class_let_nobody", on_click=_let_nobody
            )


def _offer_pass() -> None:
    letters = st.session_state[_PASS] = links.random_code()
    leaders.offer_pass(letters)


def _let_nobody() -> None:
    st.session_state.pop(_PASS, None)
    leaders.let_nobody()
