"""Learn: lessons that ask first, let one try, and check."""

from __future__ import annotations

import streamlit as st

from ui.identity.owner import current_owner
from ui.learn import leading, page, presenting, together
from ui.page.navigation import link_notices, opening
from ui.web.sockets import lesson_rooms

room = together.room_token()
lesson = page.asked_for(room)
is_own = bool(room) and lesson_rooms.is_own(current_owner(), room)
if presenting.is_presented():
    presenting.presented()
else:
    with st.container(key="learn_head", horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width="stretch"):
            opening(
                "Learn",
                "What a VAE is, in short lessons. **Say what you expect**, then try it on a living model.",
            )
        page.ways_on(lesson)
        page.choice_of_lesson(lesson)
notices = st.container()
if is_own:
    leading.lead(code=True)
elif room:
    together.in_class()

page.player(lesson, room)

link_notices(notices)
