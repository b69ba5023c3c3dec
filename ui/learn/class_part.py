"""The part of the Class page from which a lesson is opened for all, and led."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.classroom.posters import poster
from ui.identity import leaders
from ui.identity.owner import current_owner
from ui.learn import leading
from ui.learn.lessons import lesson_named, lessons
from ui.library import links
from ui.library.address import link_to
from ui.library.share_buttons import path_of
from ui.page import state
from ui.page.navigation import link
from ui.web import lesson_rooms

LESSON: Final = "class_lesson"
"""Session key of the field with the lesson to open."""


def lesson_part() -> None:
    """Draw the lesson that is open, with what is counted, and the way to open one."""
    if not leaders.may_lead():
        st.caption(
            "Whoever runs this server opens a lesson here, or lets someone else do it (below *Follow*). "
            "To take part, type the code above; to do a lesson by yourself, open Learn."
        )
        link("learn", "Lessons to do by yourself")
        return
    found = lesson_rooms.own_room(current_owner())
    with st.container(key="class_lesson_form", horizontal=True, vertical_alignment="bottom", gap="small"):
        titles = {each.slug: f"{each.order}. {each.title}" for each in lessons()}
        slug = st.selectbox(
            "Lesson", tuple(titles), format_func=titles.__getitem__, key=LESSON, filter_mode=None, width=260
        )
        st.button(
            "Open for all" if found is None else "Open this for all",
            key="class_lesson_open",
            type="primary" if found is None else "secondary",
            icon=":material/school:",
            on_click=_open,
            args=(slug,),
        )
        if found is not None:
            _open_now(found)
    leading.lead()
    if found is not None:
        poster(link_to(path_of(found)), code=found.code, name="lesson")
    else:
        st.caption(
            "All who type its code go there: first each says what will happen, then you show what they "
            "said, then everyone tries. Their browsers are counted; nobody's name is asked."
        )


def _open_now(found: links.Link) -> None:
    link("learn", "Show the lesson", query={state.ROOM: found.token})
    st.button(
        "End",
        key="class_lesson_end",
        icon=":material/stop:",
        help="Everyone stays where they are, free to go.",
        on_click=leading.end,
    )


def _open(slug: str) -> None:
    lesson = lesson_named(slug)
    if lesson is not None:
        leading.open_for_class(lesson, {})
