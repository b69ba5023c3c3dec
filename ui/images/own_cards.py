"""A card for each image set of one's own: what was done, what it holds, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from ui.identity.owner import current_owner
from ui.library.disk.brought import export_path
from ui.library.image_library import GONE, ImageLibrary, ImageLibraryError
from ui.library.share_buttons import share_box
from ui.page import pictures, state
from ui.page.navigation import link
from ui.page.text import count, file_size, image_size, plain
from ui.page.urls import base_path
from vae_core import ImageSetInfo
from vae_core.engine import EngineBusyError, Job, get_engine
from vae_core.engine.contract.failures import describe
from vae_core.images.own_sets import MAX_TITLE, OwnSet

PICTURE_HEIGHT: Final = 80
_OUTCOME: Final = "images_outcome"
_DIALOG: Final = "images_dialog"
_BUSY: Final = "images_export_busy"


def own_sets(owner: str) -> None:
    """Draw the cards; while something is on its way, the page looks for it now and then."""
    if state.entered():
        _closed()
    found = ImageLibrary(owner).sets()
    waiting = _waiting(owner, found)
    st.fragment(_cards, run_every=0.7 if any(waiting) else None)(owner, found, waiting)


def to_train(info: ImageSetInfo, label: str = "Train on these") -> None:
    """Draw the link to Train: colour begins with a Gaussian whose variance is learned."""
    query = {state.TRAIN_IMAGES: info.name}
    if info.shape[0] == 3:
        query["train_likelihood"] = "gaussian_learned"
    link("train", label, query=query)


def _cards(owner: str, found: tuple[OwnSet, ...], waiting: list[bool]) -> None:
    if waiting != _waiting(owner, found) and _DIALOG not in st.session_state:
        st.rerun()  # the whole page once more: a picture or a zip has arrived
    with st.container(key="own_image_sets"):
        for each in found:
            with st.container(key=f"images_{each.info.name}", border=True, gap="xsmall"):
                _card(owner, each)


def _card(owner: str, own: OwnSet) -> None:
    info = own.info
    alt = f"Images of {info.title}" + (", a column for each class" if info.label_names else "")
    pictures.draw(_picture(owner, own), alt, height=PICTURE_HEIGHT)
    st.markdown(f"## {plain(info.title)}")
    to_train(info)
    st.caption(f"{info.size + info.test_size:,} images, {image_size(info.shape)}")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        with st.popover("Details", type="tertiary"):
            _words(own)
        _opener("Share", own, _share)
        _opener("Rename", own, _rename)
        _export(owner, own)
        _opener("Delete", own, _delete)


def _words(own: OwnSet) -> None:
    info = own.info
    held = f"{info.test_size:,} held out, a tenth of each class" if info.test_size else "none held out"
    st.markdown(f"{info.size:,} to learn from, {held}")
    if info.label_names:
        pairs = zip(info.label_names, own.counts, strict=True)
        named = [f"{plain(name)} {learn} + {held}" for name, (learn, held) in pairs]
        st.markdown(f"{count(len(named), 'class', 'classes')}: {' · '.join(named)}")
    said = plain(info.source[:1].upper() + info.source[1:], longest=400)
    st.caption(f"{said}.  \nYours, {file_size(own.size_bytes)}; named {plain(info.name)} in links.")


def _export(owner: str, own: OwnSet) -> None:
    """Draw the way to a zip: a worker writes it, then it can be fetched."""
    name, job = own.info.name, _exporting(owner, own)
    if job is not None and job.state == "done":
        url = f"{base_path()}/latent/images/{name}.zip"
        st.link_button("Download", url, type="tertiary", help="The zip is ready: a folder for each class.")
        return
    running = job is not None and not job.finished
    st.button(
        f"Zipping {job.progress:.0%}" if job is not None and running else "Export",
        key=f"images_export_{name}",
        type="tertiary",
        disabled=running,
        on_click=_begin_export,
        args=(owner, own),
    )
    if st.session_state.get(_BUSY, ("", ""))[0] == name:
        st.caption(f":red[:material/error: {plain(st.session_state[_BUSY][1])}]")
    elif job is not None and job.state == "failed":
        st.caption(f":red[:material/error: {plain(job.error, longest=600)}]")


def _begin_export(owner: str, own: OwnSet) -> None:
    st.session_state.pop(_BUSY, None)
    try:
        out = str(export_path(owner, own.info.name))
        get_engine().begin_anew(owner, _purpose(own), "export_images", images=own.info.path, out=out)
    except (EngineBusyError, OSError) as error:
        st.session_state[_BUSY] = (own.info.name, describe(error))


def _exporting(owner: str, own: OwnSet) -> Job | None:
    """Return the job that writes the set's zip, or has written it; None where there is none any more."""
    job = get_engine().begun(owner, _purpose(own))
    if job is not None and job.state == "done" and not export_path(owner, own.info.name).exists():
        return None
    return job


def _purpose(own: OwnSet) -> str:
    return f"export {own.info.name}"


def _waiting(owner: str, found: tuple[OwnSet, ...]) -> list[bool]:
    waiting = []
    for own in found:
        job = _exporting(owner, own)
        waiting.append(_picture(owner, own).pending or (job is not None and not job.finished))
    return waiting


def _picture(owner: str, own: OwnSet) -> pictures.Picture:
    return pictures.picture(owner, f"images {own.info.name}", "thumbnails", image_set=own.info.path)


def _opener(label: str, own: OwnSet, dialog: Callable[[OwnSet], None]) -> None:
    key = f"images_{label.lower()}_{own.info.name}"
    if st.button(label, key=key, type="tertiary", on_click=_opened):
        dialog(own)


def _opened() -> None:
    st.session_state[_DIALOG] = True
    st.session_state.pop(_OUTCOME, None)


def _closed() -> None:
    st.session_state.pop(_DIALOG, None)


@st.dialog("Share images", on_dismiss=_closed)
def _share(own: OwnSet) -> None:
    st.markdown(f"**{plain(own.info.title)}**")
    share_box(
        "images",
        own.info.name,
        "Whoever has the link can see these images and keep a copy. That copy stays when you delete yours.",
        is_still_there=lambda: _is_there(own),
    )


@st.dialog("Rename images", on_dismiss=_closed)
def _rename(own: OwnSet) -> None:
    st.text_input("New title", value=own.info.title, max_chars=MAX_TITLE, key="images_new_title")
    st.caption("Their name in links stays, so that runs and models still know them.")
    _confirm("Rename", "images_rename_yes", ":material/edit:", _do_rename, own)


@st.dialog("Delete images?", on_dismiss=_closed)
def _delete(own: OwnSet) -> None:
    st.markdown(
        f"**{plain(own.info.title)}** will be gone for good: export it first if you may want it again. "
        "Runs that learn from it keep what they need, and models stay."
    )
    _confirm("Delete", "images_delete_yes", ":material/delete:", _do_delete, own)


def _confirm(label: str, key: str, icon: str, action: Callable[[OwnSet], None], own: OwnSet) -> None:
    """Draw the button that acts; the dialog closes when that went well, and says what did not."""
    st.button(label, key=key, icon=icon, type="primary", on_click=_try, args=(action, own))
    if _OUTCOME in st.session_state:
        problem = st.session_state.pop(_OUTCOME)
        if not problem:
            st.rerun()
        st.caption(f":red[:material/error: {plain(problem)}]")


def _try(action: Callable[[OwnSet], None], own: OwnSet) -> None:
    try:
        action(own)
    except KeyError:
        st.session_state[_OUTCOME] = GONE
    except (ImageLibraryError, OSError) as error:
        st.session_state[_OUTCOME] = describe(error)
    else:
        st.session_state[_OUTCOME] = ""
        _closed()


def _do_rename(own: OwnSet) -> None:
    ImageLibrary(current_owner()).rename(own.info.name, st.session_state["images_new_title"])


def _do_delete(own: OwnSet) -> None:
    ImageLibrary(current_owner()).delete(own.info.name)


def _is_there(own: OwnSet) -> bool:
    try:
        ImageLibrary(current_owner()).get(own.info.name)
    except KeyError:
        return False
    return True
