"""The row with which pages about one model open: what the page is, and which model it shows."""

from __future__ import annotations

import streamlit as st

from ui import state
from ui.describe import model_facts
from ui.notices import opening
from ui.owner import Library, ModelEntry, current_owner
from ui.sitemap import link


def model_row(title: str, sentence: str, key: str) -> ModelEntry | None:
    """Draw a page's opening with the choice of a model beside it; None when there is no model.

    Args:
        title: the page's heading.
        sentence: what the page is, and what to try first.
        key: the widget's key and name in the URL.
    """
    with st.container(key="model_row"):
        words, choice = st.columns([3, 1], gap="medium")
    with words:
        opening(title, sentence)
    with choice:
        entry = _choose(key)
        if entry is not None:
            st.caption(model_facts(entry))
    return entry


def _choose(key: str) -> ModelEntry | None:
    library = Library(current_owner())
    names = [entry.name for entry in library.models()]
    default = state.named(names, state.DEFAULT_MODEL, "").default
    name = st.selectbox(
        "Model",
        names,
        index=names.index(default) if names else None,
        key=key,
        bind="query-params",
        filter_mode=None,
        disabled=not names,
        placeholder="No model is here",
        help="Models that come with the app, and your own. The Models page shows them all.",
    )
    if not names:
        link("train", "No model is here yet: train one")
        return None
    try:
        return library.get(name)
    except KeyError:  # deleted in another tab a moment ago
        st.caption("This model is not here any more. Choose another.")
        return None
