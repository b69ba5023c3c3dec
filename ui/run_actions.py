"""What the buttons and fields of Train do: each acts in a callback, before the page is drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from ui.describe import run_title
from ui.owner import Library, LibraryError, current_owner
from ui.settings import current_settings
from vae_core.engine import EngineBusyError, get_engine

SAVING: Final = "train_saving"
"""Session key: (job, model's name, title) while a model is being saved."""

SAVED: Final = "train_saved"
"""Session key: (model's name, title, what went wrong or "") once that is over."""

REFUSED: Final = "train_refused"
"""Session key: why the last action was refused."""


def start() -> None:
    """Start a run with what the fields say."""
    settings = current_settings()
    if settings.model is None or settings.train is None or settings.wrong:
        return
    model, train = settings.model, settings.train
    title = run_title(settings.images, model, train)
    _try(
        lambda: get_engine().start_run(
            current_owner(), image_set=settings.images, model=model, train=train, title=title
        )
    )


def act(name: str) -> None:
    """Let the current run "pause", "resume", "step" or "stop"."""
    run = get_engine().current_run(current_owner())
    if run is not None:
        _try(lambda: getattr(get_engine(), name)(current_owner(), run.id))


def set_live(key: str) -> None:
    """Let a changed field change the run that is going on."""
    run = get_engine().current_run(current_owner())
    if run is not None and run.active:
        change = {key.removeprefix("train_"): st.session_state[key]}
        _try(lambda: get_engine().set(current_owner(), run.id, **change))


def save() -> None:
    """Put the current run's model, as it is now, among the models."""
    run = get_engine().current_run(current_owner())
    if run is None:
        return
    title = str(st.session_state.get("train_title", "")).strip() or run.title

    def write() -> None:
        path = Library(current_owner()).path_for_new(title)
        job = get_engine().save_run(current_owner(), run.id, path, title=title)
        st.session_state[SAVING] = (job.id, path.stem, title)

    _try(write)


def _try(action: Callable[[], Any]) -> None:
    """Do something; what the engine or the library refuses is said on the status line."""
    for key in (REFUSED, SAVED):
        st.session_state.pop(key, None)
    try:
        action()
    except (EngineBusyError, LibraryError, ValueError, OSError) as error:
        st.session_state[REFUSED] = str(error)
    except (KeyError, PermissionError):
        st.session_state[REFUSED] = "This run is not here any more."
