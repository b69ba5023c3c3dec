"""The stage of Train beside its fields: the buttons, what goes on, and what is being learned."""

from __future__ import annotations

import streamlit as st

from ui import state
from ui.describe import run_facts
from ui.owner import current_owner
from ui.run_actions import REFUSED, SAVED, SAVING, act, save, start
from ui.settings import Settings, weights_note
from ui.share_buttons import share_run
from ui.sitemap import link
from ui.teaching import THEORY
from ui.text import plain
from vae_core.engine import RunInfo, get_engine


def controls(run: RunInfo | None, settings: Settings) -> None:
    """Draw the buttons; each acts in a callback, before the page is drawn anew.

    They have no `help`: Streamlit would draw each such button a second time, hidden, and its tooltip would
    cover the page's opening sentence.
    """
    resumable = run is not None and run.resumable
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Start",
            key="train_start",
            type="primary",
            icon=":material/play_arrow:",
            disabled=bool(settings.wrong),
            on_click=start,
        )
        st.button(
            "Resume" if resumable else "Pause",
            key="train_pause",
            icon=":material/resume:" if resumable else ":material/pause:",
            disabled=run is None or not (resumable or run.active),
            on_click=act,
            args=("resume" if resumable else "pause",),
        )
        st.button(
            "Step",
            key="train_step",
            icon=":material/skip_next:",
            disabled=run is None or run.state in ("done", "queued"),
            on_click=act,
            args=("step",),
        )
        st.button(
            "Stop",
            key="train_stop",
            icon=":material/stop:",
            disabled=run is None or not run.active,
            on_click=act,
            args=("stop",),
        )
        st.text_input(
            "Title of the saved model",
            key="train_title",
            placeholder=run.title if run else "Title of the saved model",
            label_visibility="collapsed",
            max_chars=80,
            width=220,
        )
        st.button(
            "Save",
            key="train_save",
            icon=":material/save:",
            disabled=run is None or run.step == 0,
            on_click=save,
        )
        share_run(run)


def status(run: RunInfo | None, settings: Settings) -> None:
    """Draw the line that says what is going on; it keeps itself up to date without drawing the page again."""
    lively = (run is not None and run.active) or SAVING in st.session_state
    drawn = (run.id, run.state, run.step > 0) if run else None
    with st.container(key="train_status", gap="xxsmall"):
        st.fragment(_status, run_every=1.0 if lively else None)(drawn, settings)


def theory() -> None:
    """Say what is being learned, and what a tutorial that is often copied has wrong about it."""
    with st.expander("What is being learned", icon=":material/school:"):
        st.markdown(THEORY)


def _status(drawn: tuple[str, str, bool] | None, settings: Settings) -> None:
    run = get_engine().current_run(current_owner())
    if (run and (run.id, run.state, run.step > 0)) != drawn:
        st.rerun()  # the buttons follow the run's state
    refused = st.session_state.get(REFUSED, "")
    if refused:
        st.caption(f":red[:material/error: {plain(refused, longest=600)}]")
    elif SAVING in st.session_state:
        _saving()
    elif SAVED in st.session_state:
        _saved()
    elif run is not None and run.note:
        st.caption(f":material/info: {plain(run.note)}")
    elif settings.wrong:
        st.caption(f":red[:material/error: Not yet: {plain(next(iter(settings.wrong.values())))}]")
    elif run is not None:
        st.caption(run_facts(run))
    elif settings.model is not None:
        st.caption(f"These settings make a model of {weights_note(settings.model)}.")


def _saving() -> None:
    """Say how saving goes."""
    job_id, name, title = st.session_state[SAVING]
    try:
        job = get_engine().job(current_owner(), job_id)
    except (KeyError, PermissionError):
        del st.session_state[SAVING]
        st.rerun()
    if job.finished:
        del st.session_state[SAVING]
        st.session_state[SAVED] = (name, title, "" if job.state == "done" else job.error)
        st.rerun()
    st.caption(f":material/hourglass: Saving {plain(title)}: {plain(job.message or 'one moment')}")


def _saved() -> None:
    """Say where the saved model is, or why there is none."""
    name, title, error = st.session_state[SAVED]
    if error:
        st.caption(f":red[:material/error: {plain(title)} was not saved: {plain(error, longest=600)}]")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f":material/check: Saved as **{plain(title)}**.", width="content")
        link("explore", "Explore it", query={state.EXPLORE_MODEL: name})
