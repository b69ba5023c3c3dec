"""Notes: what to ask in a lesson, what a class will say, and what goes wrong; for who teaches."""

from __future__ import annotations

import streamlit as st

from ui.learn import notes_page
from ui.page.navigation import link_notices, opening

lesson = notes_page.asked_for()
with st.container(key="notes_head", horizontal=True, vertical_alignment="bottom", gap="medium"):
    with st.container(width="stretch"):
        opening(
            "Notes for teachers",
            "What to ask, what a class will say, what goes wrong. **Choose a lesson**, and keep this page to "
            "yourself while they predict.",
        )
    notes_page.choice_of_lesson(lesson)
notices = st.container()

notes_page.shown(lesson)

link_notices(notices)
