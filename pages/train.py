"""Train: watch a model learn, and walk its latent space while it does."""

from __future__ import annotations

import streamlit as st

from ui.explorer import guest
from ui.explorer.component import chosen, explorer, standing_of
from ui.explorer.link_checks import map_of, map_values, train_check
from ui.explorer.link_view import in_step
from ui.identity.owner import current_owner
from ui.page import state
from ui.page.navigation import link_notices, opening
from ui.train import controls, fields
from ui.train.first_screen import first_screen, what_to_do
from ui.train.other_runs import other_runs
from vae_core.engine import get_engine

if state.WATCH in st.query_params:
    guest.watch_page(st.query_params[state.WATCH])
    st.stop()

run = get_engine().current_run(current_owner())
with st.container(key="train_opening_of_run" if run else "train_opening"):
    opening("Train", what_to_do(run))
notices = st.container()

with st.container(key="train_page"):
    beside, stage = st.columns([1, 3.4], gap="medium")
    with beside:
        settings = fields.fields()
        other_runs(run)
    # Two names, and no `:has()` in the style sheet: with it, every frame would have all of it styled anew.
    with stage, st.container(key="train_stage" if run else "train_stage_first"):
        controls.controls(run, settings)
        controls.status(run, settings)
        picked = map_values("train", chosen("train", run=run))
        # One view for all runs: what one looks at stays as it is when the next one starts.
        axes, layers = map_of("train", in_step("train", "", state.TRAIN_VIEW, train_check(run), picked))
        standing = None if run is None else standing_of(run)
        explorer(key="train", mode="train", run=run, axes=axes, layers=layers, standing=standing)
        with st.container(key="train_below" if run else "train_first"):
            if run is None:
                first_screen(settings)
            controls.theory()

link_notices(notices)
fields.unfold(settings)
