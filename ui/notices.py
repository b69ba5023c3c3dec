"""The lines that every page opens with, and what it says when something went wrong."""

from __future__ import annotations

import streamlit as st

from ui import state


def opening(title: str, sentence: str, facts: str = "") -> None:
    """Draw a page's heading and its first sentence, what this is and what to try first; below it, facts."""
    st.title(title, anchor=False)
    with st.container(gap="xsmall"):
        st.markdown(sentence)
        if facts:
            st.caption(facts)


def link_notices(place: st.delta_generator.DeltaGenerator) -> None:
    """Say, in a place kept for it above the page's widgets, which values of the link could not be used."""
    sentences = state.problems()
    if sentences:
        lines = place.container(gap="xxsmall")
        for sentence in sentences:
            lines.caption(f":material/link_off: {sentence}")
