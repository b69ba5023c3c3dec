"""Images: what there is to learn from."""

from __future__ import annotations

import streamlit as st

from ui.identity.owner import current_owner
from ui.images import bring, cards
from ui.page import state
from ui.page.navigation import link_notices, opening
from vae_core import image_sets

opening(
    "Images",
    "What a model can learn from. **Choose a set and train on it**, download one, or bring images of your "
    "own, below.",
)
notices = st.container()

owner = current_owner()
if state.SHARED_IMAGES in st.query_params:
    bring.shared_images(owner, st.query_params[state.SHARED_IMAGES])
cards.sets(owner, image_sets())
bring.bring(owner)

link_notices(notices)
