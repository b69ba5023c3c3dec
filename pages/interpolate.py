"""Interpolate: walk from one real image to another."""

from __future__ import annotations

import streamlit as st
from ui.explorer import explorer

from ui import state, view
from ui.describe import model_facts
from ui.models import choose_model
from ui.notices import link_notices, opening
from ui.probe_view import index, interpolate_check

opening(
    "Interpolate",
    "A walk from one real image to another through the latent space, decoded at every step. **Choose two "
    "images** on the map or below it, and compare the walk with a plain blend of their pixels.",
)
notices = st.container()
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    entry = choose_model(state.INTERPOLATE_MODEL)
    methods = state.choice(state.INTERPOLATE_METHOD)
    method = st.radio(
        "Path on the map",
        methods.options,
        key=state.INTERPOLATE_METHOD,
        bind="query-params",
        horizontal=True,
        width="content",
        help="linear: the straight line between the two codes. slerp: an arc that keeps away from the "
        "centre, where a prior of many dimensions has almost no mass. Both are drawn as rows; this one "
        "stands on the map.",
    )
    steps = st.number_input(
        "Pictures in a row",
        **state.number(state.INTERPOLATE_STEPS).bounds(),
        key=state.INTERPOLATE_STEPS,
        bind="query-params",
        width=150,
        help="Both ends count: 2 shows the ends alone.",
    )
    if entry is not None:
        st.caption(model_facts(entry), width="stretch")

if entry is not None:
    check = interpolate_check(entry)
    told = view.begin("interpolate", entry.name, state.INTERPOLATE_VIEW, check)
    ends = {name: index(told.get(f"interpolate_{name}", ""), entry.probe_count) for name in ("from", "to")}
    result = explorer(
        key="interpolate",
        mode="interpolate",
        entry=entry,
        interpolation={**ends, "method": method, "steps": int(steps)},
    )
    said = {}
    if result.from_ is not None:
        said["interpolate_from"] = str(result.from_)
    if result.to is not None:
        said["interpolate_to"] = str(result.to)
    view.follow("interpolate", state.INTERPOLATE_VIEW, check, said)

link_notices(notices)
