"""The row with which pages about one model open: what the page is, and which model it shows."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.explorer.guest import guest_model
from ui.identity.owner import current_owner
from ui.library.entry import ModelEntry
from ui.library.facts import model_facts, net_facts
from ui.library.library import Library
from ui.page import state
from ui.page.navigation import link, opening
from ui.page.text import plain


def model_row(
    title: str, sentence: str, key: str, *, without_images: str = ""
) -> tuple[ModelEntry | None, DeltaGenerator]:
    """Draw a page's opening with the choice of a model beside it.

    Args:
        title: the page's heading.
        sentence: what the page is, and what to try first.
        key: the widget's key and name in the URL.
        without_images: the sentence in its place for a model without an encoder; "": the same.

    Returns:
        The model, None when there is none; and the place beside it, for what else the page lets one choose.
    """
    with st.container(key="model_row"):
        words, choices = st.columns([1.2, 1] if key == state.INTERPOLATE_MODEL else [3, 1], gap="medium")
    with choices:
        beside = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    with beside:
        shared = guest_model() if key == state.EXPLORE_MODEL and state.SHARED in st.query_params else None
        entry = shared or _choose(key)
    with words:
        facts = model_facts(entry) if entry else ""
        if entry is not None and shared is None:  # the picker has the file's name, Models this one
            about = net_facts(entry) if entry.shipped else facts  # a shipped one's title says the rest
            facts = f"**{plain(entry.title, longest=60)}** · {about}"
        if entry is not None and not entry.model_config.has_encoder:
            sentence = without_images or sentence
        opening(title, sentence, facts)
    return entry, beside


def _choose(key: str) -> ModelEntry | None:
    library = Library(current_owner())
    names = [entry.name for entry in library.models()]
    default = state.named(names, state.DEFAULT_MODELS[key], "").default
    name = st.selectbox(
        "Model",
        names,
        index=names.index(default) if names else None,
        key=key,
        bind="query-params",
        filter_mode=None,
        disabled=not names,
        placeholder="No model is here",
        help="Models that come with the app, and your own, by file name. The Models page shows them all.",
    )
    if name is None:
        link("train", "No model is here yet: train one")
        return None
    try:
        return library.get(name)
    except KeyError:  # deleted in another tab a moment ago
        st.caption("This model is not here any more. Choose another.")
        return None
