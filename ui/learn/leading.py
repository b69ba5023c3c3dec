"""A lesson that a class does together, as its teacher has it in hand: what is open, and what is counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import streamlit as st

from ui.identity import leaders
from ui.identity.owner import current_owner
from ui.learn.files.lesson import Lesson
from ui.learn.files.lessons import lesson_named
from ui.page.text import count, plain
from ui.web.sockets import lesson_rooms
from ui.web.sockets.lesson_rooms import Counts, OpenLesson, Stage

LOOK_SECONDS: Final = 0.5

STAGE: Final = "class_lesson_stage"
"""Session key of the field by which a class is led."""

_REFUSED: Final = "class_lesson_refused"
_STAGES: Final[dict[Stage, str]] = {
    "predict": "Everyone predicts",
    "shown": "Show what they predicted",
    "try": "Everyone tries",
}


def open_for_class(lesson: Lesson, query: Mapping[str, str]) -> None:
    """Open a lesson for all who have joined, or are going to; why that cannot be is said by `lead`.

    Args:
        lesson: which.
        query: its settings, as its link has them.
    """
    asked = lesson.prediction
    opened = OpenLesson(
        lesson.slug, len(asked.options), asked.least, asked.greatest, len(lesson.steps), query
    )
    _change(lambda: lesson_rooms.open_for_class(current_owner(), opened))


def end() -> None:
    """Let the class go: everyone stays where they are."""
    lesson_rooms.end(current_owner())


def lead(*, code: bool = False) -> None:
    """Draw what a teacher leads the class with, and what is counted.

    Args:
        code: whether the letters by which one joins are drawn, too.
    """
    found = lesson_rooms.own_room(current_owner())
    opened = lesson_rooms.read_open(found.what) if found else None
    lesson = lesson_named(opened.lesson) if opened else None
    if found is not None and opened is not None and lesson is not None:
        st.session_state[STAGE] = opened.stage
        with st.container(key="class_lesson_lead", horizontal=True, vertical_alignment="bottom", gap="small"):
            if code:
                st.html(f'<p class="latent-code latent-code-small">{found.code}</p>', width="content")
            st.segmented_control(
                f"{lesson.title}: where the class is",
                lesson_rooms.STAGES,
                format_func=_STAGES.__getitem__,
                key=STAGE,
                on_change=_lead_on,
                required=True,
            )
            st.button(
                "Set everything back",
                key="class_lesson_back",
                icon=":material/restart_alt:",
                help="Forget what all have said and done in this lesson: it begins anew for everyone.",
                on_click=_change,
                args=(_set_back,),
            )
        st.fragment(_counted, run_every=LOOK_SECONDS)(found.token)
    if refused := st.session_state.pop(_REFUSED, ""):
        st.caption(f":red[:material/error: {plain(refused)}]")


def predicted_words(lesson: Lesson, counts: Counts) -> list[str]:
    """Say how many predicted what: `14 of 27 thought: Clearly nearer than both ends`."""
    asked = lesson.prediction
    return [
        f"{number} of {counts.predicted} thought: "
        + (asked.options[int(value)].say if asked.options else f"{value:.{asked.decimals}f}")
        for value, number in counts.said
    ]


def _counted(token: str) -> None:
    opened = lesson_rooms.open_at(token)
    lesson = lesson_named(opened.lesson) if opened else None
    if opened is None or lesson is None:
        return
    counts = lesson_rooms.room_of(token).counts(opened)
    with st.container(key="class_lesson_counts", gap="xsmall"):
        st.markdown(
            f"**{count(counts.joined, 'browser is', 'browsers are')} in the class; "
            f"{counts.predicted} of {counts.joined} have predicted.**"
        )
        if opened.stage != "predict":
            for words, (_, number) in zip(predicted_words(lesson, counts), counts.said, strict=True):
                _bar(words, number, counts.predicted)
        for n, (step, number) in enumerate(zip(lesson.steps, counts.passed, strict=True), 1):
            _bar(f"{number} of {counts.joined} passed step {n}: {step.do}", number, counts.joined)


def _bar(words: str, number: int, of: int) -> None:
    st.progress(number / of if of else 0.0, text=plain(words, longest=300))


def _lead_on() -> None:
    stage = st.session_state[STAGE]
    _change(lambda: lesson_rooms.set_stage(current_owner(), stage))


def _set_back() -> None:
    lesson_rooms.set_back(current_owner())


def _change(make: Callable[[], object]) -> None:
    if not leaders.may_lead():
        st.session_state[_REFUSED] = "Whoever runs this server, or whom they let, leads a class."
        return
    try:
        make()
    except OSError:
        st.session_state[_REFUSED] = "It could not be written: the server's disk may be full."
