"""The part of the Class page from which a lesson is opened for all, and led."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from ui.classroom.posters import poster
from ui.identity import leaders
from ui.identity.owner import current_owner
from ui.learn import leading, presenting
from ui.learn.files.lesson import Lesson
from ui.learn.files.lessons import lesson_named, lessons
from ui.learn.lesson_link import LessonSettings, fitting_models, parts_of
from ui.library import links
from ui.library.address import link_to
from ui.library.library import Library
from ui.library.share_buttons import path_of
from ui.page import state
from ui.page.navigation import link
from ui.web.sockets import lesson_rooms

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
        opened = lesson_rooms.read_open(found.what) if found else None
        if LESSON not in st.session_state and opened is not None and opened.lesson in titles:
            st.session_state[LESSON] = opened.lesson
        slug = st.selectbox(
            "Lesson", tuple(titles), format_func=titles.__getitem__, key=LESSON, filter_mode=None, width=260
        )
        lesson = lesson_named(slug) or lessons()[0]
        _settings(lesson)
        st.button(
            "Open for all" if found is None else "Open this for all",
            key="class_lesson_open",
            type="primary" if found is None else "secondary",
            icon=":material/school:",
            on_click=_open,
        )
        link("notes", "Notes on it", query={state.LESSON: lesson.slug})
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
    link("learn", "Show it", query={state.ROOM: found.token})
    link("learn", "Present it", query={state.ROOM: found.token, state.PRESENT: presenting.ON})
    st.button(
        "End",
        key="class_lesson_end",
        icon=":material/stop:",
        help="Everyone stays where they are, free to go.",
        on_click=leading.end,
    )


def _settings(lesson: Lesson) -> None:
    """Ask with what a lesson is opened, and show the link that holds all of it."""
    of = f"{LESSON}_{lesson.slug}"
    with st.popover("Settings and link", icon=":material/tune:", key="class_lesson_settings"):
        if models := _models(lesson):
            st.selectbox("Model", models, key=f"{of}_model")
        st.number_input(
            "Seed",
            **(state.number("train_seed").bounds() | {"value": None}),
            key=f"{of}_seed",
            placeholder="as chance has it",
            help="With a seed all get the same random draws, and the same training.",
        )
        for name, offered in (lesson.training.choices if lesson.training else {}).items():
            st.selectbox(f"Begin with: {name}", offered, key=f"{of}_{name}")
        parts = parts_of(lesson)
        hide = st.multiselect("Hide", parts, key=f"{of}_hide", help="What is not to be seen.")
        lock = st.multiselect("Lock", parts[:-1], key=f"{of}_lock", help="What can be seen and not moved.")
        if needed := sorted({step.part for step in lesson.steps} & {*hide, *lock}):
            st.caption(f":material/warning: A step of the lesson needs {', '.join(needed)}.")
        st.caption("A link to the lesson with all of this, for who does it alone:")
        query = urlencode({state.LESSON: lesson.slug, **_asked(lesson).to_query()}, safe=",")
        st.code(link_to(f"/learn?{query}"), language=None, wrap_lines=True)


def _models(lesson: Lesson) -> list[str]:
    """Return the models that a lesson can show, its own first."""
    names = [entry.name for entry in fitting_models(lesson, Library(None).models())]
    return sorted(names, key=lambda name: name != lesson.model)


def _asked(lesson: Lesson) -> LessonSettings:
    """Return with what a lesson is to be opened, as the fields say now."""

    def field(name: str) -> Any:
        return st.session_state.get(f"{LESSON}_{lesson.slug}_{name}")

    choices = lesson.training.choices if lesson.training else {}
    chosen = {name: field(name) for name in choices}
    model, seed = field("model"), field("seed")
    return LessonSettings(
        "" if model in (None, lesson.model) else model,
        None if seed is None else int(seed),
        {name: value for name, value in chosen.items() if value not in (None, choices[name][0])},
        tuple(field("hide") or ()),
        tuple(field("lock") or ()),
    )


def _open() -> None:
    """Open the lesson that the field names now: it may have changed since the button was drawn."""
    lesson = lesson_named(str(st.session_state[LESSON]))
    if lesson is not None:
        leading.open_for_class(lesson, _asked(lesson).to_query())
