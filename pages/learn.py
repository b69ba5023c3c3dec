"""Learn: lessons that ask first, let one try, and check."""

from __future__ import annotations

import streamlit as st

from ui.learn import page
from ui.page.navigation import link_notices, opening

lesson = page.asked_for()
with st.container(key="learn_head", horizontal=True, vertical_alignment="bottom", gap="medium"):
    with st.container(width="stretch"):
        opening(
            "Learn",
            "What a VAE is, in short lessons. **Say what you expect**, then try it on a living model.",
        )
    page.choice_of_lesson(lesson)
notices = st.container()

page.player(lesson)

link_notices(notices)
