"""A lesson that a class does together, as Learn shows it to who has joined."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.classroom import membership
from ui.identity.owner import current_owner
from ui.learn.files.lessons import lesson_named
from ui.page import state
from ui.page.urls import base_path
from ui.web.sockets import lesson_rooms
from ui.web.sockets.lesson_rooms import OpenLesson


def room_token() -> str:
    """Return the token of the class that this page takes part in; "" for none.

    It stands in the link; on coming back from another page it is put there again.
    """
    token = st.query_params.get(state.ROOM) or membership.joined()[0]
    if not token:
        return ""
    opened = lesson_rooms.open_at(token)
    if opened is None:
        membership.leave()
        state.add_problems(["This class is over, or its link leads nowhere. Go on as you like."])
        st.query_params.pop(state.ROOM, None)
        return ""
    if not lesson_rooms.is_own(current_owner(), token):
        membership.join(token, opened.turn)
    st.query_params[state.ROOM] = token
    return token


def room_data(token: str, opened: OpenLesson) -> dict[str, Any]:
    """Return what the component is told of a class."""
    lesson = lesson_named(opened.lesson)
    return {
        "url": f"{base_path()}/latent/lesson/{token}",
        "turn": opened.turn,
        "lesson": opened.lesson,
        "title": lesson.title if lesson else opened.lesson,
        "stage": opened.stage,
        "own": lesson_rooms.is_own(current_owner(), token),
    }


def in_class() -> None:
    """Say that one's page goes where the class goes, with the way out."""
    with st.container(key="learn_class", horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            ":material/groups: You are in a class: your page goes where the class goes.", width="content"
        )
        st.button("Leave the class", key="learn_leave", type="tertiary", on_click=_leave)


def _leave() -> None:
    membership.leave()
    opened = lesson_rooms.open_at(st.query_params.get(state.ROOM, ""))
    st.query_params.pop(state.ROOM, None)
    if opened is not None and state.LESSON not in st.query_params:
        st.query_params[state.LESSON] = opened.lesson  # where one is
