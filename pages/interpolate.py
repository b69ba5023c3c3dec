"""Interpolate: walk from one real image to another."""

from __future__ import annotations

import streamlit as st

from ui.explorer.component import chosen, explorer
from ui.explorer.link_checks import index, interpolate_check, interpolate_values, map_of
from ui.explorer.link_view import in_step
from ui.explorer.model_row import model_row
from ui.page import state
from ui.page.navigation import link_notices

entry, beside = model_row(
    "Interpolate",
    "A walk from one real image to another through the latent space; below it a plain blend of their pixels. "
    "**Press Play**, then choose other images.",
    state.INTERPOLATE_MODEL,
)
categories = entry is not None and entry.model_config.categories > 0
with beside:
    method = st.radio(
        "Walk",
        state.choice(state.INTERPOLATE_METHOD).options,
        key=state.INTERPOLATE_METHOD,
        bind="query-params",
        horizontal=True,
        width="content",
        disabled=categories,
        help="Between categories lies nothing to walk through: those that differ change one after the other."
        if categories
        else "linear: the straight line between the two codes. slerp: an arc that keeps away from the "
        "centre, where a prior of many dimensions has almost no mass; it is drawn as a row below the "
        "straight one. What is chosen here stands on the map, plays, and goes into files.",
    )
    steps = st.number_input(
        "Pictures in a row",
        **state.number(state.INTERPOLATE_STEPS).bounds(),
        key=state.INTERPOLATE_STEPS,
        bind="query-params",
        width=140,
        help="Both ends count: 2 shows the ends alone.",
    )
notices = st.container()

if entry is not None:
    picked = interpolate_values(chosen("interpolate", entry))
    view = in_step("interpolate", entry.name, state.INTERPOLATE_VIEW, interpolate_check(entry), picked)
    start, end = (index(view.get(name, ""), entry.probe_count) for name in state.INTERPOLATE_VIEW[:2])
    axes, layers = map_of("interpolate", view)
    explorer(
        key="interpolate",
        mode="interpolate",
        entry=entry,
        axes=axes,
        layers=layers,
        interpolation={"from": start, "to": end, "method": method, "steps": int(steps)},
    )

link_notices(notices)
