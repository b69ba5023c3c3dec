"""The way in for images of one's own: the field, what may come, and what someone else shares."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.images import own_cards, preview
from ui.images.upload_field import upload_field
from ui.library.disk import brought
from ui.library.image_library import ImageLibrary, ImageLibraryError, shared_set
from ui.library.retention import days_kept
from ui.page import pictures, state
from ui.page.text import count, file_size, image_size, plain
from vae_core.engine.contract import limits
from vae_core.engine.contract.failures import describe
from vae_core.images.own_sets import OwnSet
from vae_core.images.uploads.limits import MAX_IMAGES, MAX_PIXEL_BYTES

PICTURE_HEIGHT: Final = 80


def bring(owner: str) -> None:
    """Draw the field, what was brought and not kept yet, and the own sets."""
    if state.entered():
        st.session_state.pop(preview.SAID, None)
    st.markdown("## Your own images")
    with st.container(key="images_upload", gap="xsmall"):
        upload_field()
        st.caption(_limits(owner))
    found = brought.current(owner)
    if found is not None:
        preview.preview(owner, found)
    said, name = st.session_state.get(preview.SAID, ("", ""))
    if said:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.markdown(said, width="content")
            for own in ImageLibrary(owner).sets():
                if own.info.name == name:
                    own_cards.to_train(own.info)
    own_cards.own_sets(owner)


def shared_images(owner: str, token: str) -> None:
    """Draw the set that a link leads to, and the way to keep a copy of it."""
    found = shared_set(token)
    said, name = st.session_state.get(preview.SAID, ("", ""))
    if found is None:
        state.add_problems(
            ("The link leads to no images, or their owner has stopped sharing them. Ask for a new one.",)
        )
        return
    with st.container(border=True, key="images_shared", gap="xsmall"):
        st.markdown(f"## {plain(found.info.title)}")
        st.caption("Someone shares these images with you.")
        _shared_picture(owner, found)
        classes = f", {count(len(found.info.label_names), 'class', 'classes')}" * bool(found.info.label_names)
        st.caption(
            f"{found.info.size + found.info.test_size:,} images, {image_size(found.info.shape)}{classes}"
        )
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            is_mine = any(own.info.name == found.info.name for own in ImageLibrary(owner).sets())
            if is_mine:
                own_cards.to_train(found.info)
            st.button(
                "Among your images" if is_mine else "Keep a copy",
                key="images_keep_copy",
                icon=":material/check:" if is_mine else ":material/add:",
                disabled=is_mine,
                on_click=_keep_copy,
                args=(owner, token),
            )
        if said and not name:
            st.markdown(said)


def _shared_picture(owner: str, found: OwnSet) -> None:
    def draw(was_pending: bool) -> None:
        shown = pictures.picture(owner, f"images {found.info.name}", "thumbnails", image_set=found.info.path)
        if was_pending and not shown.pending:
            st.rerun()
        pictures.draw(shown, f"Images of {found.info.title}", height=PICTURE_HEIGHT)

    name, path = found.info.name, found.info.path
    pending = pictures.picture(owner, f"images {name}", "thumbnails", image_set=path).pending
    st.fragment(draw, run_every=0.7 if pending else None)(pending)


def _keep_copy(owner: str, token: str) -> None:
    st.session_state.pop(preview.SAID, None)
    try:
        ImageLibrary(owner).keep_copy(token)
    except (ImageLibraryError, OSError) as error:
        st.session_state[preview.SAID] = (f":red[:material/error: {plain(describe(error))}]", "")


def _limits(owner: str) -> str:
    sets, size = ImageLibrary(owner).usage()
    most, most_bytes = int(limits.IMAGE_SETS.value()), int(1e6 * limits.IMAGE_SETS_MEGABYTES.value())
    days = days_kept()
    until = f"until {days:g} days after this browser's last visit" if days else "for ever"
    return (
        f"Up to {file_size(brought.most_bytes())} at a time, {MAX_IMAGES:,} images and "
        f"{file_size(MAX_PIXEL_BYTES)} of pixels in a set. PNG, JPEG, WebP, GIF, BMP, TIFF, PPM, TGA; "
        "classes from folders, or from a CSV of file and label. What you do not keep goes after a day. "
        f"Yours: {count(sets, 'set')} of {most:,}, {file_size(size)} of {file_size(most_bytes)}, "
        f"kept {until}."
    )
