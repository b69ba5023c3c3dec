"""The parts of the Train page: its fields, its controls, its status line, and what is being learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import streamlit as st

from ui import state
from ui.describe import run_facts, run_title
from ui.owner import Library, LibraryError, current_owner
from ui.settings import LIVE, Settings, link_values, read_settings, stored_settings, weights_note
from ui.sitemap import link
from ui.teaching import HELP, LABELS, THEORY, beta_help, collapse_note
from ui.text import count, image_size, plain
from vae_core import image_sets
from vae_core.engine import EngineBusyError, RunInfo, get_engine


def recall(run: RunInfo | None) -> None:
    """On coming to the page without settings in the link, let the fields show those of the current run."""
    if run is None or "train_images" in st.session_state:
        return
    if any(name.startswith("train_") for name in st.query_params):
        return
    values = stored_settings(run.image_set, run.model, run.train)
    for key, value in values.items():
        st.session_state[key] = value
    # Streamlit writes what a widget is given before it is drawn into its value, and not into the link.
    st.query_params.update(link_values(values))


def fields(run: RunInfo | None) -> Settings:
    """Draw all fields and return what they say; what cannot work is said beside its field."""
    sets = {info.name: info for info in image_sets()}
    below: dict[str, Any] = {}

    with _beside(state.TRAIN_IMAGES, below):
        images = st.selectbox(
            LABELS[state.TRAIN_IMAGES],
            list(sets),
            index=list(sets).index(state.DEFAULT_IMAGES),
            key=state.TRAIN_IMAGES,
            bind="query-params",
            filter_mode=None,
            help=HELP[state.TRAIN_IMAGES],
        )
    info = sets[images]
    st.caption(f"{info.title}. {count(info.size, 'image')}, {image_size(info.shape)}")
    article = _choice("train_architecture", below) == "article"
    is_vae = _choice("train_family", below) == "vae"
    likelihood = _choice("train_likelihood", below)
    note = collapse_note(likelihood, images) if is_vae else ""
    if note:
        st.caption(f":material/info: {note}")
    _number("train_latent_dim", below)

    pixels = info.shape[0] * info.shape[1] * info.shape[2]
    _number("train_beta", below, help=beta_help(pixels), step=0.5, disabled=not is_vae)
    _number("train_learning_rate", below, step=1e-4)
    _number("train_epochs", below)
    _number("train_batch_size", below)
    _number("train_seed", below)
    with st.expander("More settings"):
        _number("train_width", below, step=0.125, disabled=article)
        _number("train_beta_warmup_epochs", below, disabled=not is_vae)
        _number("train_free_bits", below, step=0.1, disabled=not is_vae)
        _choice("train_binarize", below)

    settings = _settings()
    for key, sentence in settings.wrong.items():
        below[key].caption(f":red[:material/error: {plain(sentence)}]")
    return settings


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
            on_click=_start,
        )
        st.button(
            "Resume" if resumable else "Pause",
            key="train_pause",
            icon=":material/resume:" if resumable else ":material/pause:",
            disabled=run is None or not (resumable or run.active),
            on_click=_act,
            args=("resume" if resumable else "pause",),
        )
        st.button(
            "Step",
            key="train_step",
            icon=":material/skip_next:",
            disabled=run is None or run.state in ("done", "queued"),
            on_click=_act,
            args=("step",),
        )
        st.button(
            "Stop",
            key="train_stop",
            icon=":material/stop:",
            disabled=run is None or not run.active,
            on_click=_act,
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
            on_click=_save,
        )


def status(run: RunInfo | None, settings: Settings) -> None:
    """Draw the line that says what is going on; it keeps itself up to date without drawing the page again."""
    lively = (run is not None and run.active) or _SAVING in st.session_state
    drawn = (run.id, run.state, run.step > 0) if run else None
    with st.container(key="train_status", gap="xxsmall"):
        st.fragment(_status, run_every=1.0 if lively else None)(drawn, settings)


def theory() -> None:
    """Say what is being learned, and what a tutorial that is often copied has wrong about it."""
    with st.expander("What is being learned", icon=":material/school:"):
        st.markdown(THEORY)


# --- actions: they run before the page is drawn ----------------------------------------------------------


def _start() -> None:
    settings = _settings()
    if settings.model is None or settings.train is None or settings.wrong:
        return
    model, train = settings.model, settings.train
    title = run_title(settings.images, model, train)
    _try(
        lambda: get_engine().start_run(
            current_owner(), image_set=settings.images, model=model, train=train, title=title
        )
    )


def _act(name: str) -> None:
    run = get_engine().current_run(current_owner())
    if run is not None:
        _try(lambda: getattr(get_engine(), name)(current_owner(), run.id))


def _set_live(key: str) -> None:
    """Let a changed field change the run that is going on."""
    run = get_engine().current_run(current_owner())
    if run is not None and run.active:
        change = {key.removeprefix("train_"): st.session_state[key]}
        _try(lambda: get_engine().set(current_owner(), run.id, **change))


def _save() -> None:
    run = get_engine().current_run(current_owner())
    if run is None:
        return
    title = str(st.session_state.get("train_title", "")).strip() or run.title

    def save() -> None:
        path = Library(current_owner()).path_for_new(title)
        job = get_engine().save_run(current_owner(), run.id, path, title=title)
        st.session_state[_SAVING] = (job.id, path.stem, title)

    _try(save)


def _try(action: Callable[[], Any]) -> None:
    """Do something; what the engine or the library refuses is said on the status line."""
    for key in (_REFUSED, _SAVED):
        st.session_state.pop(key, None)
    try:
        action()
    except (EngineBusyError, LibraryError, ValueError, OSError) as error:
        st.session_state[_REFUSED] = str(error)
    except (KeyError, PermissionError):
        st.session_state[_REFUSED] = "This run is not here any more."


# --- private ---------------------------------------------------------------------------------------------

_SAVING: Final = "train_saving"
_SAVED: Final = "train_saved"
_REFUSED: Final = "train_refused"


def _status(drawn: tuple[str, str, bool] | None, settings: Settings) -> None:
    run = get_engine().current_run(current_owner())
    if (run and (run.id, run.state, run.step > 0)) != drawn:
        st.rerun()  # the buttons follow the run's state
    refused = st.session_state.get(_REFUSED, "")
    if refused:
        st.caption(f":red[:material/error: {plain(refused, longest=600)}]")
    elif _SAVING in st.session_state:
        _saving()
    elif _SAVED in st.session_state:
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
    job_id, name, title = st.session_state[_SAVING]
    try:
        job = get_engine().job(current_owner(), job_id)
    except (KeyError, PermissionError):
        del st.session_state[_SAVING]
        st.rerun()
    if job.finished:
        del st.session_state[_SAVING]
        st.session_state[_SAVED] = (name, title, "" if job.state == "done" else job.error)
        st.rerun()
    st.caption(f":material/hourglass: Saving {plain(title)}: {plain(job.message or 'one moment')}")


def _saved() -> None:
    """Say where the saved model is, or why there is none."""
    name, title, error = st.session_state[_SAVED]
    if error:
        st.caption(f":red[:material/error: {plain(title)} was not saved: {plain(error, longest=600)}]")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f":material/check: Saved as **{plain(title)}**.", width="content")
        link("explore", "Explore it", query={state.EXPLORE_MODEL: name})


def _settings() -> Settings:
    values = {key: st.session_state[key] for key in state.TRAIN_SETTINGS}
    info = next(info for info in image_sets() if info.name == st.session_state[state.TRAIN_IMAGES])
    return read_settings(values, info)


@contextmanager
def _beside(key: str, below: dict[str, Any]) -> Iterator[None]:
    """Keep a place right below a field for what is wrong with it."""
    yield
    below[key] = st.empty()


def _choice(key: str, below: dict[str, Any]) -> str:
    setting = state.choice(key)
    with _beside(key, below):
        return st.selectbox(
            LABELS[key],
            setting.options,
            index=setting.options.index(setting.default),
            key=key,
            bind="query-params",
            filter_mode=None,
            help=HELP[key],
        )


def _number(
    key: str, below: dict[str, Any], *, step: float = 1, disabled: bool = False, help: str = ""
) -> None:
    setting = state.number(key)
    with _beside(key, below):
        st.number_input(
            LABELS[key],
            **setting.bounds(),
            step=int(step) if setting.whole else float(step),
            format="%d" if setting.whole else "%g",
            key=key,
            bind="query-params",
            help=help or HELP[key],
            disabled=disabled,
            on_change=_set_live if key in LIVE else None,
            args=(key,) if key in LIVE else None,
        )
