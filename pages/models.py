"""Models: a gallery of what has been trained, and the way in and out for model files."""

from __future__ import annotations

import streamlit as st

from ui.identity.owner import current_owner
from ui.library.library import Library
from ui.models import cards
from ui.page.navigation import link_notices, opening

opening(
    "Models",
    "All models that you can explore: those that came with the app, and your own. **Open one in Explore**, "
    "or add a model file that someone gave you.",
)
notices = st.container()

owner = current_owner()
library = Library(owner)
cards.upload(library)
cards.models(owner, library)
cards.unreadable(library)

link_notices(notices)
