"""What stands at the top of every page: that someone can be followed, and the task that one was given."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Final

import streamlit as st

from ui.classroom import membership
from ui.classroom.tasks import Task, find_task
from ui.identity.owner import current_owner
from ui.library import links
from ui.page import state
from ui.page.navigation import link
from ui.page.text import plain
from ui.web.sockets import lesson_rooms
from vae_core.storage.home import owner_hash

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_LOOK_SECONDS: Final = 5.0
_GO: Final = """export default function () {
  const link = document.querySelector(".st-key-class_banner a");
  if (!link || link.dataset.gone) return;
  link.dataset.gone = "true";
  link.click();
}
"""
"""Follows the banner's link, once, as a hand would."""
_TASK: Final = "task_given"
"""Session key: token of the task, and when it was opened on the monotonic clock; None: it is put away."""


def banners() -> None:
    """Draw what there is to say now; it is looked for every few seconds, on whatever page one is."""
    st.fragment(_called, run_every=_LOOK_SECONDS)()
    token = st.query_params.get(state.TASK, "")
    if token and (st.session_state.get(_TASK) or ("", 0.0))[0] != token:
        st.session_state[_TASK] = (token, time.monotonic())
    if st.session_state.get(_TASK) is not None:
        st.fragment(_task, run_every=_LOOK_SECONDS)()


def _called() -> None:
    """Offer everyone to follow whoever calls the class. It stands in the page's head, so nothing moves.

    Who is in a class and has another page open is offered the way back, and taken along when it goes on. It
    is the browser that goes: were the page switched from here, a look that is on its way at that moment
    would come with the page before, and Streamlit would empty the new one.
    """
    if state.FOLLOW in st.query_params:
        return
    token, turn = membership.joined()
    if token and state.current_page() != "learn":
        opened = lesson_rooms.open_at(token)
        if opened is None:
            membership.leave()
        else:
            words = "Your class goes on: go there" if opened.turn > turn else "Back to your class"
            with st.container(key="class_banner"):
                link("learn", words, query={state.ROOM: token})
                if opened.turn > turn:
                    _goer()(key="class_go")
            return
    me = owner_hash(current_owner())
    callers = [link for link in links.announced() if link.owner != me]
    if callers:
        with st.container(key="class_banner"):
            link("class", "Follow what is shown now", query={state.FOLLOW: callers[-1].token})


@cache
def _goer() -> ComponentRenderer:
    """Register what follows the banner's link, once."""
    return st.components.v2.component("latent_class_go", js=_GO, isolate_styles=False)


def _task() -> None:
    token, opened = st.session_state.get(_TASK) or ("", 0.0)
    task = find_task(token)
    if task is None:
        return
    with st.container(key="class_task", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/assignment: **{plain(task.words, longest=600)}**", width="stretch")
        if left := _time_left(task, opened):
            st.caption(left, width="content")
        st.button("Done", key="class_task_done", type="tertiary", on_click=_put_away)


def _time_left(task: Task, opened: float) -> str:
    if not task.minutes:
        return ""
    left = task.minutes * 60 - (time.monotonic() - opened)
    if left <= 0:
        return ":material/timer_off: Time is up"
    return f":material/timer: {f'{left / 60:.0f} min' if left >= 60 else 'less than a minute'} left"


def _put_away() -> None:
    st.session_state[_TASK] = None
    if state.TASK in st.query_params:
        del st.query_params[state.TASK]
