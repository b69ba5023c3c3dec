"""Images: what there is to learn from."""

from __future__ import annotations

import streamlit as st

from ui import collection
from ui.notices import link_notices, opening
from ui.owner import current_owner
from vae_core import image_sets

opening(
    "Images",
    "What a model can learn from: each set with some of its images, its classes and its licence. **Choose "
    "one and train on it**; sets that are not here yet can be downloaded.",
)
notices = st.container()

collection.sets(current_owner(), image_sets())

link_notices(notices)
