"""The stage of Train beside its fields: the buttons, what goes on, and what is being learned."""

from __future__ import annotations

from typing import Any, Final, Literal

import streamlit as st

from ui.explorer.component import standing_of
from ui.identity.owner import current_owner
from ui.library.entry import slug
from ui.library.share_buttons import share_run
from ui.page import state
from ui.page.describe import of_later_version, run_facts
from ui.page.navigation import link, place
from ui.page.text import plain
from ui.train.actions import (
    BEFORE,
    BREAK,
    OPENING,
    REFUSED,
    SAVED,
    SAVING,
    act,
    branch,
    film_of,
    make_film,
    save,
    start,
    start_mishap,
    undo_start,
)
from ui.train.button_help import button_help
from ui.train.help_texts import ARTICLE, THEORY
from ui.train.mishaps import MISHAPS, what_to_look_at
from ui.train.settings import Settings, is_same_run, weights_note
from vae_core.engine import Job, RunInfo, get_engine

WAIT_SECONDS: Final = 1.0
"""Between two looks at what is being saved or drawn."""

LOOK_SECONDS: Final = 5.0
"""Between two looks at a run: its stream tells sooner, and thirty pages that look each second cost a quarter
of a core."""


def controls(run: RunInfo | None, settings: Settings) -> None:
    """Draw the buttons; each acts in a callback, before the page is drawn anew.

    Before there is a run only Start can act, and lies on the film; the others are there and take no room.
    """
    button_help()
    with st.container(key="train_controls", gap="xxsmall"):
        if run is None:
            _start(settings, is_again=False, is_main=True)
            with st.container(key="train_waiting"):
                _moving(run, is_main=False)
                _keeping(run, settings)
            return
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="train_playing"):
            # To begin anew comes first once a run has ended, or the fields say something else than it.
            is_again = is_same_run(run, settings)
            goes_on = is_again and (run.resumable or run.active)
            _start(settings, is_again=is_again, is_main=not goes_on)
            _moving(run, is_main=goes_on)
            _mishaps()
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="train_keeping"):
            _keeping(run, settings)


def _start(settings: Settings, *, is_again: bool, is_main: bool) -> None:
    st.button(
        "Start over" if is_again else "Start",
        key="train_start",
        type="primary" if is_main else "secondary",
        icon=":material/replay:" if is_again else ":material/play_arrow:",
        disabled=bool(settings.wrong),
        on_click=start,
        width=120,
    )


def _moving(run: RunInfo | None, *, is_main: bool) -> None:
    """Draw what lets a run rest, go on and end; the first of it is what one mainly wants, or not."""
    resumable = run is not None and run.resumable
    is_movable = run is not None and run.state not in ("done", "queued")
    _action(
        "Resume" if resumable else "Pause",
        "train_pause",
        "resume" if resumable else "pause",
        is_on=run is not None and (resumable or run.active),
        do="resume" if resumable else "pause",
        width=100,
        is_main=is_main,
    )
    _action("Step", "train_step", "skip_next", is_on=is_movable, do="step")
    _action("Epoch", "train_epoch", "fast_forward", is_on=is_movable, do="epoch")
    is_explained = is_movable and run is not None and run.model.traits.explained
    _action("Slow motion", "train_explain", "slow_motion_video", is_on=is_explained, do="explain")
    _action("Stop", "train_stop", "stop", is_on=run is not None and run.active, do="stop")


def _action(
    label: str,
    key: str,
    icon: str,
    *,
    is_on: bool,
    do: str,
    width: int | Literal["content"] = "content",
    is_main: bool = False,
) -> None:
    st.button(
        label,
        key=key,
        icon=f":material/{icon}:",
        type="primary" if is_main else "secondary",
        disabled=not is_on,
        on_click=act,
        args=(do,),
        width=width,
    )


def _mishaps() -> None:
    """Draw what goes wrong in a telling way, one click each."""
    with st.popover("Break it", icon=":material/bolt:", key=BREAK, on_change="rerun"):
        st.caption("Mishaps worth seeing. One click fills the fields and starts a run; it shows in seconds.")
        for each in MISHAPS:
            key = f"train_mishap_{each.name}"
            st.button(each.question, key=key, on_click=start_mishap, args=(each.name,), width="stretch")


def _keeping(run: RunInfo | None, settings: Settings) -> None:
    """Draw what is done with the moment that is shown: now, or the keyframe the hand has gone back to."""
    has_learned = run is not None and run.step > 0
    has_past = run is not None and bool(run.keyframes)
    st.button(
        "Branch from here",
        key="train_branch",
        icon=":material/call_split:",
        disabled=not has_past or bool(settings.wrong),
        on_click=branch,
    )
    st.button(
        "Open in Explore",
        key="train_open",
        icon=":material/explore:",
        disabled=not has_learned,
        on_click=save,
        kwargs={"open_it": True},
    )
    st.button(
        "Film as GIF", key="train_film", icon=":material/movie:", disabled=not has_past, on_click=make_film
    )
    st.text_input(
        "Title of the saved model",
        key="train_title",
        placeholder=run.title if run else "Title of the saved model",
        label_visibility="collapsed",
        max_chars=80,
        width=170,
    )
    st.button("Save", key="train_save", icon=":material/save:", disabled=not has_learned, on_click=save)
    share_run(run)


def status(run: RunInfo | None, settings: Settings) -> None:
    """Draw the line that says what is going on; it keeps itself up to date without drawing the page again."""
    film = _film(run)
    waits = SAVING in st.session_state or (film is not None and not film.finished)
    lively = run is not None and (run.active or run.state == "stopping")
    every = WAIT_SECONDS if waits else LOOK_SECONDS if lively else None
    with st.container(key="train_status", gap="xxsmall"):
        st.fragment(_status, run_every=every)(_drawn(run), settings)


def theory() -> None:
    """Say what is being learned, and apart from it what a tutorial that is often copied has wrong."""
    with st.expander("What is being learned", icon=":material/school:"):
        st.markdown(THEORY)
    with st.expander("The tutorial behind “article”", icon=":material/article:"):
        st.markdown(ARTICLE)


def _drawn(run: RunInfo | None) -> tuple[Any, ...] | None:
    """Return what of a run the buttons show: when it changes, the page is drawn again."""
    return None if run is None else (run.id, *standing_of(run))


def _status(drawn: tuple[Any, ...] | None, settings: Settings) -> None:
    run = get_engine().current_run(current_owner())
    if _drawn(run) != drawn:
        st.rerun()  # the buttons follow the run's state
    refused, film = st.session_state.get(REFUSED, ""), _film(run)
    look = what_to_look_at(run.title) if run is not None else ""
    if refused:
        st.caption(f":red[:material/error: {plain(refused, longest=600)}]")
    elif SAVING in st.session_state:
        _saving()
    elif SAVED in st.session_state:
        _saved()
    elif film is not None and run is not None:
        _film_status(film, run)
    elif run is not None and run.why:
        st.caption(f":material/hourglass: {plain(run.why, longest=300)}")
    elif run is not None and run.note:
        st.caption(f":material/info: {plain(run.note, longest=600)}")
    elif settings.wrong:
        st.caption(f":red[:material/error: Not yet: {plain(next(iter(settings.wrong.values())))}]")
    elif look:
        st.markdown(f":material/visibility: **Look:** {look}")
    elif run is not None:
        with st.container(key="train_facts"):
            st.caption(" ".join(filter(None, [run_facts(run), of_later_version(run.unknown)])))
        _way_back(run)
    elif settings.model is not None:
        st.caption(f"These settings make a model of {weights_note(settings.model)}.")


def _way_back(run: RunInfo) -> None:
    """Offer the run that was on the stage before Start over was pressed."""
    before, went_on = st.session_state.get(BEFORE, ("", False))
    if before and before != run.id:
        st.button(
            "Back to the run before",
            key="train_undo",
            icon=":material/undo:",
            type="tertiary",
            on_click=undo_start,
            args=(before,),
            kwargs={"goes_on": went_on},
        )


def _film(run: RunInfo | None) -> Job | None:
    return None if run is None else get_engine().begun(current_owner(), film_of(run))


def _film_status(film: Job, run: RunInfo) -> None:
    """Say how drawing the film goes, and hand it out."""
    if film.state == "done":
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            size = len(film.result) / 1e6
            st.caption(f":material/check: The film is drawn: a GIF of {size:.1f} MB.", width="content")
            st.download_button(
                "Download it",
                film.result,
                file_name=f"{slug(run.title)}.gif",
                mime="image/gif",
                key="train_film_download",
                icon=":material/download:",
                on_click="ignore",
            )
    elif film.finished:
        st.caption(f":red[:material/error: There is no film: {plain(film.error, longest=600)}]")
    else:
        words = plain(film.message or "one moment")
        st.caption(f":material/hourglass: The film is being drawn ({film.progress:.0%}). {words}")


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
        if st.session_state.pop(OPENING, False) and job.state == "done":
            st.switch_page(place("explore").path, query_params={state.EXPLORE_MODEL: name})
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
