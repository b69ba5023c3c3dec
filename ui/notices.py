"""The lines that every page opens with, and what it says when something went wrong."""

from __future__ import annotations

import streamlit as st

from ui import state


def opening(title: str, sentence: str) -> None:
    """Draw a page's heading and its first sentence: what this is, and what to try first."""
    st.title(title, anchor=False)
    st.markdown(sentence)


def link_notices(place: st.delta_generator.DeltaGenerator) -> None:
    """Say, in a place kept for it above the page's widgets, which values of the link could not be used."""
    for sentence in state.problems():
        place.caption(f":material/link_off: {sentence}")
