"""A lesson shown to a class from one screen: large type, no menu, nothing that is for one reader alone."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.page import state
from ui.page.navigation import link

ON = "on"
_STYLE: Final = """<style>
html { font-size: clamp(19px, 1.55vw, 34px) !important; }
[data-testid="stSidebar"], [data-testid="stHeader"] { display: none; }
.stMainBlockContainer.stMainBlockContainer { max-width: none; padding-bottom: 1rem; padding-top: 0.5rem; }
</style>"""
"""It comes with the page that it is for: `html:has()` in the style sheet is tried at each frame of a run."""


def is_presented() -> bool:
    """Whether the page is shown to a class."""
    return st.query_params.get(state.PRESENT) == ON


def presented() -> None:
    """Let the page be large, and draw the way back."""
    st.html(_STYLE)
    with st.container(key="learn_presented", horizontal=True, horizontal_alignment="right"):
        link("learn", "Stop presenting", query=_query(on=False))


def present_link() -> None:
    """Draw the way to present what is shown."""
    link("learn", "Present", query=_query(on=True))


def _query(*, on: bool) -> dict[str, str]:
    query = {name: text for name, text in st.query_params.to_dict().items() if name != state.PRESENT}
    return {**query, state.PRESENT: ON} if on else query
