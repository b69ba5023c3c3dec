"""Show a page as it was left: links of the navigation are bare, and so is what Back in the browser finds.

Streamlit takes the parameters of a page's widgets out of the link when another page is opened. The frame
notes what they were, and puts them back before a page is drawn whose link says nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from ui.page import state
from ui.page.state import DRAW_VIEW, EXPLORE_VIEW, FOLLOW, INTERPOLATE_VIEW, SHARED, TASK, WATCH, Setting

_OF_A_MODEL: Final = (*EXPLORE_VIEW, *DRAW_VIEW, *INTERPOLATE_VIEW)
"""A link that says only these is about the model that it does not say, the default."""

_LEFT: Final = "settings_left"
_TRIED: Final = "settings_brought_back"


def bring_back(page: str, settings: Mapping[str, Setting], *, otherwise: Mapping[str, str]) -> None:
    """On coming to a page whose link says nothing about it, start again with a link that does.

    Only a link reaches the fields in all cases: on Back, Streamlit puts it above what is assigned to them.

    Args:
        page: the page's name; the frame has not noted it yet.
        settings: the page's settings, by name: what cannot be used any more is left out.
        otherwise: what the link should say where the page was not open before.
    """
    is_tried = st.session_state.pop(_TRIED, False)
    says = {*settings, *_OF_A_MODEL, SHARED, WATCH, FOLLOW, TASK}.intersection(st.query_params)
    if is_tried or says or state.current_page() == page:
        return
    left: dict[str, dict[str, str]] = state.remembered(_LEFT, dict)
    link = left.get(page) or otherwise
    usable = {
        name: text for name, text in link.items() if name in settings and not settings[name].problem(text)
    }
    if usable:
        st.session_state[_TRIED] = True
        st.query_params.update(usable)
        st.rerun()


def take_defaults(page: str, settings: Mapping[str, Setting]) -> None:
    """On coming to a page, take a link at its word that says what is the default anyway.

    Streamlit drops such a parameter and shows what the field held when the page was left.
    """
    if state.current_page() == page:
        return
    for name, setting in settings.items():
        if name in st.query_params and setting.is_default(st.query_params[name]):
            st.session_state[name] = setting.default


def left(page: str) -> dict[str, str]:
    """Return the settings with which a page was left, as a link has them: those that are not the default."""
    kept: dict[str, dict[str, str]] = state.remembered(_LEFT, dict)
    return dict(kept.get(page, {}))


def keep(page: str, settings: Mapping[str, Setting]) -> None:
    """Note what a page's settings are, once it is drawn."""
    drawn = {name: st.session_state[name] for name in settings if name in st.session_state}
    if drawn:
        left: dict[str, dict[str, str]] = state.remembered(_LEFT, dict)
        left[page] = state.link_values(drawn, settings)
