"""Models: a gallery of what has been trained, and the way in and out for model files."""

from __future__ import annotations

import streamlit as st

from ui import gallery
from ui.notices import link_notices, opening
from ui.owner import Library, current_owner

opening(
    "Models",
    "All models that you can explore: those that came with the app, and your own. **Open one in Explore**, "
    "or add a model file that someone gave you.",
)
notices = st.container()

owner = current_owner()
library = Library(owner)
gallery.upload(library)
gallery.models(owner, library)
gallery.unreadable(library)

link_notices(notices)
