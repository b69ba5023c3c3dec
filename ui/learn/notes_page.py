"""What stands on the page of a teacher's notes."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.learn.files.lesson import Lesson
from ui.learn.files.lessons import lesson_named, lessons
from ui.learn.files.notes import notes
from ui.page import state
from ui.page.navigation import link
from ui.page.text import plain

KEY: Final = "notes_lesson"


def asked_for() -> Lesson:
    """Return the lesson that the link names; the first one where it names none that there is."""
    slug = st.query_params.get(state.LESSON, "")
    found = lesson_named(slug)
    if slug and found is None:
        state.add_problems([f"There is no lesson {plain(slug, longest=40)}; here are notes on the first."])
    lesson = found or lessons()[0]
    st.query_params[state.LESSON] = lesson.slug
    st.session_state[KEY] = lesson.slug
    return lesson


def choice_of_lesson(lesson: Lesson) -> None:
    """Draw the field with which another lesson's notes are opened, and the ways on from here."""
    titles = {each.slug: f"{each.order}. {each.title}" for each in lessons()}
    st.selectbox(
        "Lesson",
        tuple(titles),
        format_func=titles.__getitem__,
        key=KEY,
        on_change=_open_chosen,
        filter_mode=None,
        width=240,
    )
    link("learn", "The lesson", query={state.LESSON: lesson.slug})
    link("class", "Open it for a class", query={state.CLASS_PART: "lesson"})


def shown(lesson: Lesson) -> None:
    """Draw the notes, beside the question that the lesson asks."""
    asked = lesson.prediction
    with st.container(key="notes_text"):
        st.markdown(f"**The lesson asks:** {plain(asked.ask, longest=400)}")
        if asked.options:
            st.markdown("\n".join(f"- {plain(option.say)}" for option in asked.options))
        st.markdown(notes().get(lesson.slug, "There are no notes on this lesson."))


def _open_chosen() -> None:
    st.query_params[state.LESSON] = str(st.session_state[KEY])
