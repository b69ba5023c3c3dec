"""Images: what there is to learn from."""

from __future__ import annotations

import streamlit as st

from ui.identity.owner import current_owner
from ui.images import cards
from ui.page.navigation import link_notices, opening
from vae_core import image_sets

opening(
    "Images",
    "What a model can learn from. **Choose a set and train on it**; those that are not here yet can be "
    "downloaded.",
)
notices = st.container()

cards.sets(current_owner(), image_sets())

link_notices(notices)
