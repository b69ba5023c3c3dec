"""The parts of the Images page: each set with its contact sheet, and the download of those that need it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.identity.locality import downloads_allowed
from ui.page import pictures, state
from ui.page.navigation import link
from ui.page.text import count, file_size, image_size, plain
from vae_core import ImageSetInfo
from vae_core.engine import EngineBusyError, get_engine

PICTURE_HEIGHT: Final = 80
_REFUSED: Final = "images_refused"


def sets(owner: str, infos: tuple[ImageSetInfo, ...]) -> None:
    """Draw every set; while something is on its way, the page looks for it now and then."""
    waiting = [_waiting(owner, info) for info in infos]
    st.fragment(_sets, run_every=0.7 if any(waiting) else None)(owner, infos, waiting)


def _sets(owner: str, infos: tuple[ImageSetInfo, ...], waiting: list[bool]) -> None:
    if waiting != [_waiting(owner, info) for info in infos]:
        st.rerun()  # the whole page once more: a picture or a set has arrived
    with st.container(key="image_sets"):
        for info in infos:
            with st.container(key=f"images_{info.name}", border=True, gap="xsmall"):
                _card(owner, info)


def _card(owner: str, info: ImageSetInfo) -> None:
    if info.available:
        alt = f"Images of {info.title}" + (", a column for each class" if info.label_names else "")
        pictures.draw(_picture(owner, info), alt, height=PICTURE_HEIGHT)
    else:
        st.caption(":material/cloud_download: Not on this machine yet.")
    st.markdown(f"## {plain(info.title)}")
    if info.available:
        link("train", "Train on these", query={state.TRAIN_IMAGES: info.name})
    else:
        _download(owner, info)
    st.caption(f"{info.size:,} images, {image_size(info.shape)}  \n{info.test_size:,} more are held out")
    with st.popover("Classes and licence" if info.label_names else "Licence", type="tertiary"):
        _words(info)


def _words(info: ImageSetInfo) -> None:
    if info.label_names:
        names = ", ".join(plain(name) for name in info.label_names)
        st.markdown(f"{count(len(info.label_names), 'class', 'classes')}: {names}")
    if info.factor_names:
        st.markdown(f"Known factors: {', '.join(plain(name) for name in info.factor_names)}")
    licence = info.licence[:1].upper() + info.licence[1:]
    source = plain(info.source, longest=300, links=True)
    st.caption(f"{plain(licence, longest=1_000, links=True)}.  \nSource: {source}")


def _download(owner: str, info: ImageSetInfo) -> None:
    job = get_engine().begun(owner, _purpose(info))
    running = job is not None and not job.finished
    allowed = downloads_allowed()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            f"Download {file_size(info.download_bytes)}",
            key=f"images_download_{info.name}",
            icon=":material/download:",
            disabled=running or not allowed,
            on_click=_begin_download,
            args=(owner, info),
        )
        if job is not None and running:
            st.button(
                "Cancel",
                key=f"images_cancel_{info.name}",
                icon=":material/close:",
                type="tertiary",
                on_click=job.cancel,
            )
    if not allowed:
        st.caption("Downloads are off on this server. Whoever runs it can set LATENT_DOWNLOADS=1.")
    elif job is not None and running:
        st.progress(min(max(job.progress, 0.0), 1.0), text=plain(job.message or "Waiting for a worker"))
    elif st.session_state.get(_REFUSED, ("", ""))[0] == info.name:
        st.caption(f":red[:material/error: {plain(st.session_state[_REFUSED][1], longest=600)}]")
    elif job is not None and job.state == "failed":
        st.caption(f":red[:material/error: {plain(job.error, longest=600)}]")


def _begin_download(owner: str, info: ImageSetInfo) -> None:
    st.session_state.pop(_REFUSED, None)
    try:
        get_engine().begin_anew(owner, _purpose(info), "download_set", name=info.name)
    except EngineBusyError as error:
        st.session_state[_REFUSED] = (info.name, str(error))


def _waiting(owner: str, info: ImageSetInfo) -> bool:
    if info.available:
        return _picture(owner, info).pending
    job = get_engine().begun(owner, _purpose(info))
    return job is not None and not job.finished


def _picture(owner: str, info: ImageSetInfo) -> pictures.Picture:
    return pictures.picture(owner, f"images {info.name}", "thumbnails", image_set=info.name)


def _purpose(info: ImageSetInfo) -> str:
    return f"download {info.name}"
