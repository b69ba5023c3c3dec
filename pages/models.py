"""Models: a gallery of what has been trained, and the way in and out for model files."""

from __future__ import annotations

import streamlit as st

from ui.identity.owner import current_owner
from ui.library.library import Library
from ui.models import cards
from ui.page.navigation import link_notices, opening

owner = current_owner()
library = Library(owner)
with st.container(key="models_head", horizontal=True, vertical_alignment="bottom", gap="medium"):
    with st.container(width="stretch"):
        opening(
            "Models",
            "Those that came with the app, and your own. **Open one in Explore**, or add a file that someone "
            "gave you.",
        )
    cards.upload(library)
notices = st.container()

cards.models(owner, library)
cards.unreadable(library)

link_notices(notices)
