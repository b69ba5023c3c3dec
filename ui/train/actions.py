"""What the buttons and fields of Train do: each acts in a callback, before the page is drawn anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from ui.explorer.component import chosen_keyframe
from ui.identity.owner import current_owner
from ui.library.library import Library, LibraryError
from ui.page.describe import run_title
from ui.page.state import TRAIN_WEIGHTS
from ui.train.mishaps import mishap
from ui.train.settings import Settings, current_settings, is_same_run, other_net, sets_here, stored_settings
from vae_core.bundles.header import MAX_TITLE
from vae_core.config.settings import number
from vae_core.engine import EngineBusyError, RunInfo, get_engine
from vae_core.engine.contract.failures import describe

SAVING: Final = "train_saving"
"""Session key: (job, model's name, title) while a model is being saved."""

SAVED: Final = "train_saved"
"""Session key: (model's name, title, what went wrong or "") once that is over."""

BREAK: Final = "train_break"
"""Session key: whether the mishaps are open."""

FROM_STEP: Final = ", from step "

BEFORE: Final = "train_before"
"""Session key: (run, whether it trained) before Start over was pressed, until something else is done."""

REFUSED: Final = "train_refused"
"""Session key: why the last action was refused."""

GONE: Final = "This run is not here any more."
NO_MODEL: Final = "The model to begin with is not here any more. Press Start again to begin untrained."

OPENING: Final = "train_opening"
"""Session key: whether the model that is being saved is to be opened in Explore."""


def start() -> None:
    """Start a run with what the fields say."""
    settings = current_settings()
    if settings.model is None or settings.train is None or settings.wrong:
        return
    if st.session_state.get(TRAIN_WEIGHTS) and settings.begin_with is None:  # deleted in another tab
        st.session_state[REFUSED] = NO_MODEL
        return
    before = get_engine().current_run(current_owner())
    own = next((info.title for info in sets_here() if info.path and info.name == settings.images), "")
    title = run_title(own or settings.images, settings.model, settings.train)
    if settings.begin_with is not None:
        title = f"{own or settings.images}, going on from {settings.begin_with.title}"[:MAX_TITLE]
    _start(settings, title)
    is_refused = REFUSED in st.session_state
    if before is not None and before.step > 0 and is_same_run(before, settings) and not is_refused:
        st.session_state[BEFORE] = before.id, before.active


def undo_start(run_id: str, *, goes_on: bool) -> None:
    """Stop the run that started over, and bring the one before it back.

    Args:
        run_id: of the one before.
        goes_on: whether that one trained.
    """

    def stop_and_choose() -> None:
        new = get_engine().current_run(current_owner())
        if new is not None and new.active:
            get_engine().stop(current_owner(), new.id)
        _choose(run_id)
        if goes_on:
            get_engine().resume(current_owner(), run_id)

    _try(stop_and_choose)


def start_mishap(name: str) -> None:
    """Fill the fields with what goes wrong, and start a run with it."""
    chosen = mishap(name)
    st.session_state[BREAK] = False
    _fill({**chosen.values(), TRAIN_WEIGHTS: ""})
    _start(current_settings(), chosen.title)


def open_run(run_id: str) -> None:
    """Bring another of this browser's runs back on to the stage, and its settings into the fields."""
    _try(lambda: _choose(run_id))


def _choose(run_id: str) -> None:
    values = stored_settings(get_engine().choose(current_owner(), run_id))
    if all(info.name != values["train_images"] for info in sets_here()):  # they are not here any more
        del values["train_images"]
    _fill({**values, TRAIN_WEIGHTS: ""})


def act(name: str) -> None:
    """Let the current run do something: one of the engine's methods that take an owner and a run."""
    run = get_engine().current_run(current_owner())
    if run is not None:
        _try(lambda: getattr(get_engine(), name)(current_owner(), run.id))


def branch() -> None:
    """Train on from the moment that is shown, with what the fields say."""
    run, settings = get_engine().current_run(current_owner()), current_settings()
    if run is None or settings.model is None or settings.train is None or settings.wrong:
        return
    step, train = chosen_keyframe("train", run), settings.train
    other = other_net(run, settings)
    epoch = next((each["epoch"] for each in run.keyframes if each["step"] == step), run.epoch)
    if train.epochs <= epoch:  # so many more, then
        most = int(number("epochs").greatest)
        train = train.replace(epochs=min(most, train.epochs + math.floor(epoch)))
        _fill({"train_epochs": train.epochs})
    trunk = run.title.split(FROM_STEP)[0]
    title = f"{trunk}{FROM_STEP}{run.step if step is None else step:,}"

    def go_on() -> None:
        if other:
            raise ValueError(
                f"A branch trains the same net on the same images: {other} must be as in the run."
            )
        _check_kept(run, step)
        get_engine().branch(current_owner(), run.id, step, train=train, title=title)

    _try(go_on)


def set_live(key: str) -> None:
    """Let a changed field change the run that is going on, or can be gone on with; never what is past."""
    run = get_engine().current_run(current_owner())
    if run is None or not (run.active or run.resumable) or chosen_keyframe("train", run) is not None:
        return
    name = key.removeprefix("train_")
    if getattr(run.train, name) != st.session_state[key]:
        change = {name: st.session_state[key]}
        _try(lambda: get_engine().set(current_owner(), run.id, **change))


def save(*, open_it: bool = False) -> None:
    """Put the model of the moment that is shown among the models.

    Args:
        open_it: whether to go on to Explore with it.
    """
    run = get_engine().current_run(current_owner())
    if run is None:
        return
    step = chosen_keyframe("train", run)
    then = "" if step is None else f", step {step:,}"
    title = str(st.session_state.get("train_title", "")).strip() or f"{run.title}{then}"

    def write() -> None:
        _check_kept(run, step)
        name, job = Library(current_owner()).save_as(
            title,
            lambda path: get_engine().save_run(current_owner(), run.id, path, title=title, step=step),
        )
        st.session_state[SAVING] = (job.id, name, title)
        st.session_state[OPENING] = open_it

    _try(write)


def make_film() -> None:
    """Draw the current run as a GIF; the job is found again after a reload."""
    run = get_engine().current_run(current_owner())
    if run is not None:
        _try(lambda: get_engine().film(current_owner(), run.id))


def film_of(run: RunInfo) -> str:
    """Return the purpose under which the engine finds the job of a run's film."""
    return f"film of {run.id}"


def _check_kept(run: RunInfo, step: int | None) -> None:
    """Refuse a moment that was thinned out while it was looked at: it must not be taken for now."""
    if step is not None and all(each["step"] != step for each in run.keyframes):
        raise ValueError("The moment that is shown is not kept any more. Go to another one, or press Live.")


def _start(settings: Settings, title: str) -> None:
    model, train = settings.model, settings.train
    if model is None or train is None or settings.wrong:
        return
    _try(
        lambda: get_engine().start_run(
            current_owner(),
            image_set=settings.images,
            model=model,
            train=train,
            title=title,
            begin_with=settings.begin_with.path if settings.begin_with else None,
        )
    )


def _fill(values: Mapping[str, Any]) -> None:
    """Put values into the fields, as a callback may do before they are drawn; the link follows them.

    Streamlit writes 784.0 into the link where the hand would have written 784.
    """
    for key, value in values.items():
        is_whole = isinstance(value, float) and value.is_integer()
        st.session_state[key] = int(value) if is_whole else value


def _try(action: Callable[[], Any]) -> None:
    """Do something; what the engine or the library refuses is said on the status line."""
    for key in (REFUSED, SAVED, BEFORE):
        st.session_state.pop(key, None)
    try:
        action()
    except (EngineBusyError, LibraryError, ValueError) as error:
        st.session_state[REFUSED] = str(error)
    except OSError as error:  # without a number of the system's it is the engine's: someone else's run
        st.session_state[REFUSED] = describe(error) if error.errno else GONE
    except KeyError:
        st.session_state[REFUSED] = GONE
