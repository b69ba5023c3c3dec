"""Server: what goes on, for whoever runs it."""

from __future__ import annotations

import streamlit as st

from ui.identity.operator import is_operator
from ui.page.navigation import link_notices, opening
from ui.server import overview

opening(
    "Server",
    "What goes on here, for whoever runs it. **Each run can be put aside, or stopped**, in its line.",
)
notices = st.container()

if is_operator():
    overview.overview()
else:
    overview.door()
overview.stated_limits()

link_notices(notices)
