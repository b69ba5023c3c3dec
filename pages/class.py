"""Class: let others join, let them follow, and put maps on a wall."""

from __future__ import annotations

import streamlit as st

from ui.classroom import parts
from ui.page import state
from ui.page.navigation import link_notices, opening
from ui.server import overview

if state.FOLLOW in st.query_params:
    parts.followed(st.query_params[state.FOLLOW])
    st.stop()

opening(
    "Class",
    "For many at once: **show the address** so that others can join, let them follow what you do, and put "
    "maps side by side on the wall.",
)
notices = st.container()

part = st.radio(
    "Part of the page",
    state.choice(state.CLASS_PART).options,
    key=state.CLASS_PART,
    bind="query-params",
    horizontal=True,
    label_visibility="collapsed",
)
if part == "join":
    parts.join()
elif part == "follow":
    parts.follow_me()
else:
    parts.the_wall()
overview.stated_limits()

link_notices(notices)
