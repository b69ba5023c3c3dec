"""Train: watch a model learn, and walk its latent space while it does."""

from __future__ import annotations

import streamlit as st

from ui import fields, training, visiting
from ui.explorer import explorer
from ui.notices import link_notices, opening
from ui.owner import current_owner
from vae_core.engine import get_engine

if visiting.WATCH in st.query_params:
    visiting.watched_run(st.query_params[visiting.WATCH])
    st.stop()

opening(
    "Train",
    "A VAE learns here, live, and its latent space can be walked while it forms. **Press Start**, then move "
    "over the map; next, raise beta while it trains and watch the dots draw together.",
)
notices = st.container()

run = get_engine().current_run(current_owner())
fields.recall(run)
with st.container(key="train_page"):
    beside, stage = st.columns([1, 3.4], gap="medium")
    with beside:
        settings = fields.fields()
    with stage:
        training.controls(run, settings)
        training.status(run, settings)
        explorer(key="train", mode="train", run=run)
        training.theory()

link_notices(notices)
