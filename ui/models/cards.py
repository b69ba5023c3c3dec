"""The parts of the Models page: the cards, what can be done with a model, and the upload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from ui.identity.owner import current_owner
from ui.library.disk.foreign import BRING_NETS, FOREIGN
from ui.library.entry import ModelEntry, UnreadableFile
from ui.library.facts import TIGHTER, model_facts, model_metrics, net_facts, why_unmeasured
from ui.library.going_on import further_query
from ui.library.library import Library, LibraryError, max_bytes, max_models
from ui.library.retention import days_kept
from ui.library.share_buttons import share_model
from ui.models.figures import training_figure
from ui.models.measures import measures
from ui.page import pictures, state
from ui.page.describe import of_later_version
from ui.page.navigation import link
from ui.page.text import count, duration, file_size, plain
from ui.web.guards.refusals import take_refusal
from ui.web.guards.script_turns import TURNS
from ui.web.guards.uploads import forget_upload
from vae_core.engine.contract.failures import describe

PICTURE_HEIGHT: Final = 80
_SAID: Final = "models_said"
_ADDED: Final = "models_added"
_UPLOADS: Final = "models_uploads"
_OUTCOME: Final = "models_outcome"
_DIALOG: Final = "models_dialog"


def models(owner: str, library: Library) -> None:
    """Draw a card for each model; while pictures are being made, the gallery looks for them now and then."""
    if state.entered():
        _closed()
    entries = library.models()
    shown = {entry.name: _picture(owner, entry) for entry in entries}
    missing = any(picture.pending for picture in shown.values())
    st.fragment(_cards, run_every=0.7 if missing else None)(owner, entries, waiting=missing)


def unreadable(library: Library) -> None:
    """Draw what is wrong with own files that cannot be read, and what can be done with them."""
    for file in library.unreadable():
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{plain(file.title)}**")
            st.caption(f":red[:material/error: {plain(file.why, longest=600)}]")
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                _download(file)
                _opener("Delete", file, _delete)


def upload(library: Library) -> None:
    """Draw the way in for model files, and how full the library is."""
    models, size = library.usage()
    with st.popover("Add a model file", icon=":material/upload_file:", key="models_add"):
        # A new key after each upload empties the field: a rerun must not add the file again.
        key = f"models_upload_{st.session_state.get(_UPLOADS, 0)}"
        given = st.file_uploader(
            "Model file, .safetensors",
            type=["safetensors", *FOREIGN],
            key=key,
            help="A model downloaded here or on another machine. It is checked before it is taken in. "
            f"For nets that you trained elsewhere: {BRING_NETS}.",
        )
        if given is not None:
            with st.spinner(f"Checking {plain(given.name)}", show_time=True):
                _take_in(library, given.name, given.getvalue())
            forget_upload(given.file_id)
            st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1
            st.rerun()
        if refused := take_refusal():
            st.session_state[_SAID] = f":red[:material/error: {plain(refused, longest=600)}]"
        if said := _said():
            st.caption(said)
            if (name := st.session_state.get(_ADDED)) in {entry.name for entry in library.models()}:
                link("explore", "Explore it", query={state.EXPLORE_MODEL: name})
        room = f"{count(models, 'model')} of {max_models()}, {file_size(size)} of {file_size(max_bytes())}"
        days = days_kept()
        until = f"until {days:g} days after this browser's last visit" if days else "for ever"
        st.caption(f"Yours: {room}. Kept {until}.")


def _take_in(library: Library, name: str, data: bytes) -> None:
    st.session_state.pop(_ADDED, None)
    try:
        with TURNS.aside():  # a worker looks at every number of it
            entry = library.add_upload(name, data)
    except (ValueError, OSError) as error:
        st.session_state[_SAID] = f":red[:material/error: {plain(describe(error), longest=600)}]"
    else:
        st.session_state[_SAID] = f":material/check: **{plain(entry.title)}** is among your models now."
        st.session_state[_ADDED] = entry.name


def _said() -> str:
    """Return what the last upload came to; it is said until the page changes."""
    if state.entered():
        st.session_state.pop(_SAID, None)
        st.session_state.pop(_ADDED, None)
    return str(st.session_state.get(_SAID, ""))


def _picture(owner: str, entry: ModelEntry) -> pictures.Picture:
    return pictures.picture(
        owner, f"model {entry.digest}", "thumbnails", bundle=str(entry.path), reconstructed=True
    )


def _cards(owner: str, entries: tuple[ModelEntry, ...], *, waiting: bool) -> None:
    shown = {entry.name: _picture(owner, entry) for entry in entries}
    if waiting and not any(picture.pending for picture in shown.values()) and _DIALOG not in st.session_state:
        st.rerun()  # the whole page once more, without looking again and again; it would close a dialog
    if not entries:
        link("train", "No model is here yet: train one")
    with st.container(key="gallery"):
        for entry in entries:
            with st.container(border=True, gap="xsmall"):
                _card(entry, shown[entry.name])


def _card(entry: ModelEntry, picture: pictures.Picture) -> None:
    alt = f"What {entry.title} makes of images: a few of each class, reconstructed"
    if not entry.model_config.has_encoder:
        alt = f"Pictures that {entry.title} makes of codes drawn from its prior"
    pictures.draw(picture, alt, height=PICTURE_HEIGHT)
    st.markdown(f"**{plain(entry.title, longest=60)}**")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        link("explore", "Explore", query={state.EXPLORE_MODEL: entry.name})
        link("interpolate", "Interpolate", query={state.INTERPOLATE_MODEL: entry.name})
        if query := further_query(entry):
            link("train", "Train on", query=query)
    origin = f"{plain(entry.name)}, {'came with the app' if entry.shipped else 'yours'}"
    st.caption(f"{origin} · {net_facts(entry)}")
    facts = [(name, value) for name, value, _ in model_metrics(entry) if name != TIGHTER][:2]
    st.caption(" · ".join(f"{plain(name)} {value}" for name, value in facts) or why_unmeasured(entry))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _opener("Details", entry, _details)
        _download(entry)
        if not entry.shipped:
            _opener("Share", entry, _share)
            _opener("Rename", entry, _rename)
            _opener("Delete", entry, _delete)


def _download(file: ModelEntry | UnreadableFile) -> None:
    st.download_button(
        "Download",
        data=file.path.read_bytes,
        file_name=f"{file.name}.safetensors",
        mime="application/octet-stream",
        key=f"models_download_{file.name}",
        type="tertiary",
        on_click="ignore",
    )


def _opener(label: str, entry: ModelEntry | UnreadableFile, dialog: Callable[[Any], None]) -> None:
    key = f"models_{label.lower()}_{entry.name}"
    if st.button(label, key=key, type="tertiary", on_click=_opened):
        dialog(entry)


def _opened() -> None:
    st.session_state[_DIALOG] = True
    st.session_state.pop(_OUTCOME, None)


def _closed() -> None:
    st.session_state.pop(_DIALOG, None)


@st.dialog("Details", width="medium", on_dismiss=_closed)
def _details(entry: ModelEntry) -> None:
    st.markdown(f"**{plain(entry.title)}**  \n{model_facts(entry)}")
    measures(entry)
    if len(entry.history) > 1:
        st.markdown("**How it was trained**")
        figure = training_figure(entry.history, entry.model_config.traits)
        st.plotly_chart(figure, config={"displayModeBar": False})
    st.caption(" · ".join(plain(text) for text in _settings(entry)))
    if said := of_later_version(entry.unknown):
        st.caption(f":material/info: {said}")
    licence = plain(str(entry.image_set.get("licence", "")), longest=1_000, links=entry.shipped)
    st.caption(f"{file_size(entry.size_bytes)}. Images: {licence or 'no licence is given.'}")


def _settings(entry: ModelEntry) -> list[str]:
    """Say how a model was trained, in short phrases."""
    train, model = entry.train_config, entry.model_config
    if train is None:
        adapted = str(entry.card.get("adapted") or "")
        return ["trained elsewhere", f"likelihood {model.likelihood}", *([adapted] if adapted else [])]
    settings = [
        _epochs(entry, train.epochs),
        f"batch {train.batch_size}",
        f"learning rate {train.learning_rate:g}",
    ]
    if model.has_likelihood:
        settings.append(f"beta {train.beta:g}")
    if "likelihood" in model.traits.settings:
        settings.append(f"likelihood {model.likelihood}")
    settings.append(f"seed {train.seed}")
    seconds = entry.history[-1].get("seconds") if entry.history else None
    if isinstance(seconds, (int, float)):
        settings.append(f"trained for {duration(seconds)}")
    return settings


def _epochs(entry: ModelEntry, planned: int) -> str:
    """Say how long it learned; a model may have been saved before its last epoch."""
    done = entry.history[-1].get("epoch") if entry.history else None
    if isinstance(done, (int, float)) and done < planned:
        return f"{done:.3g} of {count(planned, 'epoch')}"
    return count(planned, "epoch")


@st.dialog("Share a model", on_dismiss=_closed)
def _share(entry: ModelEntry) -> None:
    share_model(entry)


@st.dialog("Rename a model", on_dismiss=_closed)
def _rename(entry: ModelEntry) -> None:
    st.text_input("New title", value=entry.title, max_chars=80, key="models_new_title")
    st.caption("Its name in links follows from the title, so links to it change, too.")
    _confirm("Rename", "models_rename_yes", ":material/edit:", _do_rename, entry)


@st.dialog("Delete a model?", on_dismiss=_closed)
def _delete(entry: ModelEntry | UnreadableFile) -> None:
    st.markdown(
        f"**{plain(entry.title)}** will be gone for good. Download it first if you may want it again."
    )
    _confirm("Delete", "models_delete_yes", ":material/delete:", _do_delete, entry)


def _confirm(label: str, key: str, icon: str, action: Callable[[Any], None], file: Any) -> None:
    """Draw the button that acts; the dialog closes when that went well, and says what did not."""
    st.button(label, key=key, icon=icon, type="primary", on_click=_try, args=(action, file))
    if _OUTCOME in st.session_state:
        problem = st.session_state.pop(_OUTCOME)
        if not problem:
            st.rerun()
        st.caption(f":red[:material/error: {plain(problem)}]")


def _try(action: Callable[[Any], None], file: ModelEntry | UnreadableFile) -> None:
    try:
        action(file)
    except KeyError:
        st.session_state[_OUTCOME] = "This model is not here any more."
    except (LibraryError, OSError) as error:
        st.session_state[_OUTCOME] = describe(error)
    else:
        st.session_state[_OUTCOME] = ""
        _closed()


def _do_rename(entry: ModelEntry) -> None:
    Library(current_owner()).rename(entry.name, st.session_state["models_new_title"], entry.digest)


def _do_delete(file: ModelEntry | UnreadableFile) -> None:
    Library(current_owner()).delete(file.name, file.digest if isinstance(file, ModelEntry) else "")
