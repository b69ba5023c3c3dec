"""Explore: walk through what a trained model learned."""

from __future__ import annotations

import streamlit as st
from ui.explorer import explorer

from ui import state, view
from ui.describe import model_facts
from ui.models import choose_model
from ui.notices import link_notices, opening
from ui.probe_view import explore_check, latent_text, layers, numbers

opening(
    "Explore",
    "Every dot is an image that the model did not learn from, placed by what the model saw in it; every "
    "place between the dots decodes to a picture. **Move over the map**, then pull a slider.",
)
notices = st.container()
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    entry = choose_model(state.EXPLORE_MODEL)
    if entry is not None:
        st.caption(model_facts(entry), width="stretch")

if entry is not None:
    check = explore_check(entry)
    told = view.begin("explore", entry.name, state.EXPLORE_VIEW, check)
    result = explorer(
        key="explore",
        mode="explore",
        entry=entry,
        z=numbers(told.get("explore_z", ""), entry.model_config.latent_dim),
        axes=told.get("explore_axes"),
        layers=layers(told["explore_layers"]) if "explore_layers" in told else None,
    )
    said = {}
    if result.z is not None:
        said["explore_z"] = latent_text(result.z)
    if result.axes is not None:
        said["explore_axes"] = result.axes
    if result.layers is not None:
        said["explore_layers"] = ",".join(result.layers)
    view.follow("explore", state.EXPLORE_VIEW, check, said)

link_notices(notices)
