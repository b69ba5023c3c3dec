"""Let a class add drawings to one's collection, and end that."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.classroom.posters import poster
from ui.identity.owner import current_owner
from ui.library import links
from ui.library.address import link_to
from ui.library.drawings import Collection
from ui.library.share_buttons import path_of
from ui.page import state
from ui.page.navigation import link
from ui.page.text import count

_LOOK_SECONDS: Final = 2.0
_REFUSED: Final = "class_drawings_refused"
"""Session key: what was in the way of the last opening or closing."""


def drawings_part() -> None:
    """Draw this part of the Class page; what comes is counted every few seconds."""
    if state.entered():
        forget()
    st.markdown(
        "Whoever has the code draws digits, or whatever you ask for, on the page Draw. All of it comes into "
        "one collection, yours: make an image set of it there, and the class trains on its own handwriting."
    )
    st.fragment(_part, run_every=_LOOK_SECONDS)()


def forget() -> None:
    """Forget what was said: it belongs to an earlier visit."""
    st.session_state.pop(_REFUSED, None)


def open_to_class(every: int, mine: int, *, first: bool = False) -> None:
    """Draw the way to let a class add to this browser's collection, and to end that.

    Args:
        every: how many drawings are in it.
        mine: how many of these came from this browser.
        first: whether this is what one does first where it stands.
    """
    found = links.shared(current_owner(), "drawings")
    if found is None:
        st.button(
            "Let a class add drawings",
            key="draw_open",
            type="primary" if first else "secondary",
            icon=":material/group_add:",
            help="Makes a link and a code. Whoever has it adds drawings to your collection.",
            on_click=_open,
        )
    else:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            came = f"**{count(every, 'drawing')}**, {every - mine:,} of them from others"
            st.markdown(f"The collection is open: {came}.", width="content")
            st.button("Close it", key="draw_close", icon=":material/stop:", on_click=_close,
                      help="The link leads nowhere then; what came stays.")  # fmt: skip
        poster(link_to(path_of(found)), code=found.code, name="drawings")
    if refused := st.session_state.get(_REFUSED, ""):
        st.caption(f":red[:material/error: {refused}]")


def _part() -> None:
    every, mine = Collection(current_owner()).counts()
    open_to_class(every, mine, first=True)
    link("draw", f"See {count(every, 'drawing')}" if every else "Draw one yourself")


def _open() -> None:
    forget()
    try:
        links.share(current_owner(), "drawings")
    except OSError:
        st.session_state[_REFUSED] = "The link could not be written: the server's disk may be full."


def _close() -> None:
    forget()
    try:
        links.stop_sharing(current_owner(), "drawings")
    except OSError:
        st.session_state[_REFUSED] = "The link could not be taken back: it still leads here. Close it again."
