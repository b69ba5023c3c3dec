"""Choosing a model from the library."""

from __future__ import annotations

import streamlit as st

from ui import state
from ui.owner import Library, ModelEntry, current_owner
from ui.sitemap import link


def choose_model(key: str) -> ModelEntry | None:
    """Draw the choice of a model and return what was chosen; None, with a sentence, when there is none.

    Args:
        key: the widget's key and name in the URL.
    """
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
        width=240,
        help="Models that come with the app, and your own. The Models page shows them all.",
    )
    try:
        return library.get(name) if name else None
    except KeyError:  # deleted in another tab a moment ago
        st.caption("This model is not here any more. Choose another.")
        return None
    finally:
        if not names:
            link("train", "No model is here yet: train one")
