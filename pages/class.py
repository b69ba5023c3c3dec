"""Class: let others join, let them follow, give them a task, do a lesson, draw, put maps on a wall."""

from __future__ import annotations

import streamlit as st

from ui.classroom import code_entry, drawings, parts, task_form, wall_cards
from ui.learn import class_part
from ui.library import links
from ui.page import state
from ui.page.navigation import link_notices, opening
from ui.server import overview

if state.FOLLOW in st.query_params:
    parts.followed(st.query_params[state.FOLLOW])
    st.stop()
if (task := links.find(st.query_params.get(state.TASK, ""), "task")) is not None:
    code_entry.open_link(task)

with st.container(key="class_head", horizontal=True, vertical_alignment="bottom", gap="large"):
    with st.container(width="stretch", gap="xsmall"):
        opening(
            "Class",
            "**Students** type the six letters that they are shown. **Teachers** choose what the class does:",
        )
    with st.container(width="content"):
        code_entry.code_entry()
notices = st.container()

CARDS = {
    "join": ":material/qr_code_2: Show the class the address to open",
    "follow": ":material/cast: Let others see what you show, as you move",
    "task": ":material/assignment: Send others to a page with settings and a question",
    "lesson": ":material/school: Do a lesson together: all predict, then all try",
    "drawings": ":material/draw: Collect the drawings of all in one set",
    "wall": ":material/dashboard: Put maps side by side, at one scale",
}
options = state.choice(state.CLASS_PART).options
with st.container(key="class_cards"):
    part = st.radio(
        "Part of the page",
        options,
        captions=[CARDS[name] for name in options],
        key=state.CLASS_PART,
        bind="query-params",
        horizontal=True,
        label_visibility="collapsed",
    )
with st.container(key="class_shown"):
    if part == "join":
        parts.join()
    elif part == "follow":
        parts.follow_me()
    elif part == "task":
        task_form.task_part()
    elif part == "lesson":
        class_part.lesson_part()
    elif part == "drawings":
        drawings.drawings_part()
    else:
        wall_cards.the_wall()
overview.stated_limits()

link_notices(notices)
