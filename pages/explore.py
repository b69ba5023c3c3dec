"""Explore: walk through what a trained model learned."""

from __future__ import annotations

import streamlit as st

from ui.explorer.component import chosen, explorer
from ui.explorer.link_checks import explore_check, explore_values, map_of, numbers
from ui.explorer.link_view import in_step
from ui.explorer.model_row import model_row
from ui.page import state
from ui.page.navigation import link, link_notices
from ui.page.text import by_hand

hand = by_hand("Move over the map", "Touch the map")
entry, beside = model_row(
    "Explore",
    "Every dot is a held-out test image, placed by what the model saw in it; every place between the dots "
    f"decodes to a picture. {hand}, then pull a slider.",
    state.EXPLORE_MODEL,
    without_images="Every place decodes to a picture that the model makes up; without an encoder no image "
    f"has a place among them. {hand}, then pull a slider.",
)
if entry is not None and entry.model_config.has_encoder and state.SHARED not in st.query_params:
    with beside:
        link("draw", "Draw for it", query={state.DRAW_MODEL: entry.name})
notices = st.container()

if entry is not None:
    picked = explore_values(chosen("explore", entry))
    view = in_step("explore", entry.name, state.EXPLORE_VIEW, explore_check(entry), picked)
    axes, layers = map_of("explore", view)
    explorer(
        key="explore",
        mode="explore",
        entry=entry,
        z=numbers(view.get("explore_z", ""), entry.model_config.latent_dim),
        axes=axes,
        layers=layers,
    )

link_notices(notices)
