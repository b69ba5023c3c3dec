"""With what a run begins: weights drawn at random, or those that a model of the library has learned."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.identity.owner import current_owner
from ui.library.entry import ModelEntry
from ui.library.going_on import fields_of
from ui.library.library import Library
from ui.page import state
from vae_core.config.configs import why_not_gone_on

TITLE: Final = "Begin with"
UNTRAINED: Final = "untrained weights"
HELP: Final = (
    "A run begins with weights drawn at random, or goes on from what a model has learned: then a few of your "
    "own images are enough, for it knows already what strokes look like. Choosing a model sets the fields of "
    "the net to its own; the images must have its size."
)


def weights_choice() -> None:
    """Draw the field, and below it what is gone on from."""
    models = {entry.name: entry for entry in Library(current_owner()).models()}
    names = ["", *models]
    if st.session_state.get(state.TRAIN_WEIGHTS, "") not in names:  # it was deleted, or renamed
        st.session_state[state.TRAIN_WEIGHTS] = ""
    st.selectbox(
        TITLE,
        names,
        format_func=lambda name: name or UNTRAINED,
        key=state.TRAIN_WEIGHTS,
        bind="query-params",
        filter_mode=None,
        help=HELP,
        on_change=_take_net,
    )


def chosen_weights() -> ModelEntry | None:
    """Return the model whose weights the next run begins with."""
    name = st.session_state.get(state.TRAIN_WEIGHTS, "")
    try:
        return Library(current_owner()).get(name) if name else None
    except KeyError:  # deleted in another tab
        return None


def _take_net() -> None:
    """Let the fields describe the net of the model that has just been chosen, where they can."""
    entry = chosen_weights()
    if entry is None or why_not_gone_on(entry.model_config):
        return
    for key, value in fields_of(entry).items():
        if not state.TRAIN_SETTINGS[key].problem(str(value)):
            st.session_state[key] = value
