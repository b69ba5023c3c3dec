"""What stands on Learn: the choice of a lesson, and the player in the browser."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.explorer.component import chosen, explorer
from ui.identity import leaders
from ui.identity.owner import current_owner
from ui.learn import orders, presenting, together
from ui.learn.code_along import notebook_of, script_of
from ui.learn.files.lesson import Lesson
from ui.learn.files.lessons import lesson_named, lessons
from ui.learn.lesson_link import PREFIX, from_link
from ui.library.entry import ModelEntry
from ui.library.library import Library
from ui.page import state
from ui.page.navigation import link
from ui.page.text import plain
from ui.web.sockets import lesson_rooms

ALL: Final = ""
"""The choice that shows the list of lessons."""

KEY: Final = "learn_lesson"


def asked_for(room: str) -> Lesson | None:
    """Return the lesson that the link names, or that the class does, as it says; None for the list of all.

    Args:
        room: token of the class that the page takes part in; "" for none.
    """
    opened = lesson_rooms.open_at(room)
    slug, query = st.query_params.get(state.LESSON, ALL), st.query_params.to_dict()
    if not slug and opened is not None:
        slug, query = opened.lesson, dict(opened.query)
    lesson = lesson_named(slug)
    if slug and lesson is None:
        state.add_problems(
            [f"There is no lesson {plain(slug, longest=40)}. Here are those that there are; choose one."]
        )
        st.query_params.pop(state.LESSON, None)
    st.session_state[KEY] = lesson.slug if lesson else ALL
    if lesson is None:
        return None
    lesson, problems = from_link(lesson, query, Library(None).models())
    state.add_problems(problems)
    return lesson


def choice_of_lesson(lesson: Lesson | None) -> None:
    """Draw the field with which another lesson is opened."""
    titles = {each.slug: f"{each.order}. {each.title}" for each in lessons()}
    st.selectbox(
        "Lesson",
        (ALL, *titles),
        format_func=lambda slug: titles.get(slug, "All lessons"),
        key=KEY,
        on_change=_open_chosen,
        filter_mode=None,
        width=240,
    )


def ways_on(lesson: Lesson | None) -> None:
    """Draw what a teacher does with a lesson: present it, read the notes on it."""
    if lesson is None or not leaders.may_lead():
        return
    with st.container(key="learn_ways", width="content", horizontal=True, gap="small"):
        presenting.present_link()
        link("notes", "For teachers", query={state.LESSON: lesson.slug})


def player(lesson: Lesson | None, room: str) -> None:
    """Draw the lesson, or the list of all.

    Args:
        lesson: which.
        room: token of the class that the page takes part in; "" for none.
    """
    opened = lesson_rooms.open_at(room)
    entry = _entry(lesson)
    run = orders.lesson_run(lesson) if lesson else None
    order = orders.new_order(chosen("learn", entry, run).order)
    if order is not None and order.do == "open":
        _open(str(order.values.get("slug", ALL)))
        st.rerun()
    if order is not None and lesson is not None:
        orders.obey(lesson, order)
        run = orders.lesson_run(lesson)
    explorer(
        key="learn",
        mode="learn",
        entry=entry,
        run=run,
        lesson=lesson.to_browser() | _code(lesson) if lesson else None,
        lessons=[each.to_list() for each in lessons()],
        room=together.room_data(room, opened) if opened else None,
        trouble=orders.refused(),
        heard=orders.heard(),
    )


def _code(lesson: Lesson) -> dict[str, dict[str, str]]:
    return {"files": {f"{lesson.slug}.py": script_of(lesson), f"{lesson.slug}.ipynb": notebook_of(lesson)}}


def _entry(lesson: Lesson | None) -> ModelEntry | None:
    return Library(current_owner()).get(lesson.model) if lesson and lesson.model else None


def _open_chosen() -> None:
    _open(str(st.session_state[KEY]))


def _open(slug: str) -> None:
    for name in [name for name in st.query_params if name.startswith(PREFIX)]:
        del st.query_params[name]  # said of another lesson
    if slug and lesson_named(slug) is not None:
        st.query_params[state.LESSON] = slug
    else:
        st.query_params.pop(state.LESSON, None)
