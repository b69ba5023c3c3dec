"""The parts of the Server page: what goes on, and what whoever runs the server can do about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import streamlit as st

from ui.identity.locality import LOCAL_ADMIN, is_local, trusts_this_machine
from ui.identity.operator import KEY, TooSoonError, admit, has_key, is_operator
from ui.identity.presence import sessions
from ui.page.describe import run_status
from ui.page.navigation import place
from ui.page.text import count, duration, file_size, plain
from ui.server.usage import disk, memory
from vae_core.engine import RunInfo, get_engine
from vae_core.engine.contract import limits

_LOOK_SECONDS: Final = 2.0
_WRONG: Final = "server_wrong_key"
_PROCESSES: Final = {
    "train": "training",
    "quick": "short jobs",
    "large": "saving large models",
    "long": "long jobs",
    "umap": "UMAP fits",
}
"""What the worker processes are called for people."""


def door() -> None:
    """Say to everyone else that this page is not for them, and let in whoever has the key."""
    st.caption(f":material/lock: This page is for whoever runs the server: {' or '.join(_ways_in())}.")
    if has_key():
        with st.form("server_door", border=False):
            st.text_input("Key", key="server_key", type="password", width=320)
            st.form_submit_button("Open", key="server_open", on_click=_try_key)
        if wrong := st.session_state.pop(_WRONG, ""):
            st.caption(f":red[:material/error: {wrong}]")


def _ways_in() -> list[str]:
    here = ["open it on the server's own machine"] if trusts_this_machine() else []
    return [*here, "give the key" if has_key() else f"start the server with a key in {KEY}"]


def overview() -> None:
    """Draw what goes on; it keeps itself up to date."""
    st.fragment(_overview, run_every=_LOOK_SECONDS)()


def stated_limits() -> None:
    """Draw what one browser, and all together, may take."""
    with st.expander("What one browser may take here", icon=":material/balance:", key="limits"):
        sentences = ["one run of each browser trains at a time", *limits.stated().values()]
        st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
        if is_operator():
            st.caption(f"Each can be changed where the server is started: {', '.join(limits.stated())}.")
    if is_operator() and is_local():
        st.caption(
            "You are let in because this browser runs on the server's machine. If something on it forwards "
            f"requests from elsewhere (a tunnel, a proxy), start the server with {LOCAL_ADMIN}=0 and a key "
            f"in {KEY}: some forwarders cannot be told from a browser here."
        )


def _overview() -> None:
    if not is_operator():  # the fragment runs by itself, long after the page
        return
    engine = get_engine()
    runs, jobs, here = engine.all_runs(), engine.all_jobs(), sessions()
    taken, room = memory(engine.worker_pids()), disk()
    known = [size for size in taken.values() if size is not None]
    with st.container(horizontal=True, gap="large"):
        st.metric("Sessions", len(here), width="content")
        st.metric("Browsers", len({session.owner for session in here}), width="content")
        st.metric("Training", sum(run.state == "running" for run, _ in runs), width="content")
        st.metric("In line", sum(run.state == "queued" for run, _ in runs), width="content")
        st.metric("Jobs", len(jobs), width="content")
        st.metric("Memory", file_size(sum(known)) if known else "unknown", width="content")
        st.metric("Disk", file_size(sum(room.values()) - room["free"]), width="content")
        st.metric("Free", file_size(room["free"]), width="content")
    parts = [
        f"{_PROCESSES.get(name, plain(name))} {file_size(size)}"
        for name, size in taken.items()
        if size is not None
    ]
    st.caption("Memory: " + (" · ".join(parts) or "cannot be known on this system."))
    st.caption("Disk: " + " · ".join(f"{name} {file_size(size)}" for name, size in room.items() if size))
    st.header("Runs", anchor=False)
    _runs([(run, watchers) for run, watchers in runs if run.active])
    if jobs:
        st.header("Jobs", anchor=False)
        for job in jobs:
            st.caption(f"Browser {job.owner[:6]} · {job.function} · {job.state}, {job.progress:.0%}")
    st.header("Sessions", anchor=False)
    now = time.time()
    for session in here:
        st.caption(
            f"Browser {session.owner[:6]} · {place(session.page).title} · here for "
            f"{duration(now - session.since)}, last asked for something {duration(now - session.seen)} ago"
        )


def _runs(runs: list[tuple[RunInfo, int]]) -> None:
    if not runs:
        st.caption("Nobody trains.")
    for run, watchers in runs:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"Browser {run.owner[:6]} · {run_status(run)} · {count(watchers, 'watcher')}")
            _button("Put aside", "park", run, get_engine().park_any)
            _button("Stop", "stop", run, get_engine().stop_any)


def _button(label: str, name: str, run: RunInfo, action: Callable[[str], None]) -> None:
    def act() -> None:
        if is_operator():
            action(run.id)

    st.button(label, key=f"server_{name}_{run.id}", type="tertiary", on_click=act)


def _try_key() -> None:
    try:
        fits = admit(str(st.session_state.get("server_key", "")))
    except TooSoonError:
        st.session_state[_WRONG] = "A wrong key was given a moment ago. Try again in a second."
    except OSError:
        st.session_state[_WRONG] = "This browser cannot be let in: the server's disk may be full."
    else:
        st.session_state[_WRONG] = "" if fits else "That is not the key."
