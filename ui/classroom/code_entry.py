"""Where one types the six letters that a teacher shows."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.classroom.tasks import read_task
from ui.classroom.wrong_codes import WRONG, TooManyError
from ui.identity import leaders
from ui.identity.arrivals import THIS_MACHINE
from ui.identity.owner import current_owner
from ui.library import links
from ui.page import state
from ui.page.navigation import place

_SAID: Final = "class_code_said"
"""Session key: what came of the last code; it is said until the next one, or until the page changes."""


def code_entry() -> None:
    """Draw the field for a code; a right one leads to where it leads at once."""
    with (
        st.form("class_code_form", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        given = st.text_input(
            "Code of six letters",
            key="class_code",
            max_chars=16,
            placeholder="for example KXWPTA",
            width=220,
            help="Your teacher shows it. It leads to a task, a lesson, a collection of drawings, or to what "
            "they show just now.",
        )
        pressed = st.form_submit_button(
            "Go", key="class_code_go", type="primary", icon=":material/arrow_forward:"
        )
    if pressed or state.entered():
        st.session_state.pop(_SAID, None)
    if pressed:
        _go(given or "")
    if said := st.session_state.get(_SAID, ""):
        st.caption(said)


def open_link(link: links.Link) -> None:
    """Open the page to which a link with a code leads.

    Raises:
        KeyError: it leads nowhere that this version knows.
    """
    if link.kind == "follow":
        st.switch_page(place("class").path, query_params={state.FOLLOW: link.token})
    if link.kind == "lesson":
        st.switch_page(place("learn").path, query_params={state.ROOM: link.token})
    if link.kind == "drawings":
        st.switch_page(place("draw").path, query_params={state.COLLECTION: link.token})
    task = read_task(link.what) if link.kind == "task" else None
    if task is None:
        raise KeyError(link.kind)
    st.switch_page(place(task.page).path, query_params={**task.query, state.TASK: link.token})


def _go(given: str) -> None:
    code = "".join(letter for letter in given.upper() if letter.isalpha())
    owner, address = current_owner(), st.context.ip_address
    where = address if isinstance(address, str) else THIS_MACHINE
    try:
        WRONG.check(owner, where)
        if leaders.use_pass(code):
            st.session_state[_SAID] = ":material/check: You may lead the class now."
            st.rerun()
        found = links.by_code(code)
    except TooManyError as error:
        st.session_state[_SAID] = f":red[:material/error: {error}]"
        return
    except OSError:
        st.session_state[_SAID] = ":red[:material/error: The server's disk may be full. Tell your teacher.]"
        return
    if found is None:
        WRONG.note(owner, where)
        st.session_state[_SAID] = (
            ":red[:material/error: This code leads nowhere. Look again: a code ends when its teacher stops.]"
        )
        return
    open_link(found)
