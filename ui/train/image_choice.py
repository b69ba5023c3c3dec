"""The images as pictures to choose from: those that ship and one's own; the field above them has all."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from ui.identity.owner import current_owner
from ui.page import pictures, state
from ui.page.text import plain
from ui.train.settings import LIKELIHOOD, sets_here, suited
from vae_core import ImageSetInfo

PICTURES: Final = Path(__file__).resolve().parents[2] / "assets" / "thumbs"
"""Of each set that ships: `<name>.webp`, four images; `<name>-in.webp` and `<name>-out.webp`, one image and
what the shipped model with most dimensions makes of it. `ui.train.recording` draws them."""


MOST: Final = 4
"""So many of one's own sets have pictures here."""

THUMB_SIDE: Final = 2


def picture_of(images: str, what: str = "") -> Path | None:
    """Return a picture of an image set.

    Args:
        images: its name.
        what: "" for four of its images, "in" for one, "out" for that one's reconstruction.

    Returns:
        None where there is none: the set does not ship.
    """
    path = PICTURES / "-".join(filter(None, [Path(images).name, what]))
    found = path.with_name(f"{path.name}.webp")
    return found if found.is_file() else None


def image_choice(chosen: str, infos: dict[str, ImageSetInfo]) -> None:
    """Draw the pictures; the chosen one is framed.

    Args:
        chosen: name of the set that the field says.
        infos: all sets by name.
    """
    pictured = {name: path.read_bytes() for name in infos if (path := picture_of(name)) is not None}
    own = sorted((info for info in infos.values() if info.path), key=lambda info: info.name != chosen)[:MOST]
    drawn = {info.name: _thumb(info) for info in own}
    pictured |= {name: thumb for name, thumb in drawn.items() if thumb is not None}
    # A key of its own for the chosen one would take the keyboard's place away.
    frame = f".st-key-train_take_{chosen} {{ --chosen: 1; }}"
    pictures.on_buttons({f"train_take_{name}": shown for name, shown in pictured.items()}, frame)
    if None in drawn.values():
        _watch(own)
    with st.container(horizontal=True, gap="xxsmall", key="train_pictures"):
        for name in {**pictured, **drawn}:
            st.button(
                plain(infos[name].title if infos[name].path else name, longest=12),
                key=f"train_take_{name}",
                on_click=_take,
                args=(name,),
                width=46,
            )


def _watch(own: list[ImageSetInfo]) -> None:
    """Draw the page anew once all pictures of own sets are there."""

    def look() -> None:
        if all(_thumb(info) is not None for info in own):
            st.rerun()

    st.fragment(look, run_every=0.7)()


def suit_images() -> None:
    """Let the likelihood suit the images that have just been chosen."""
    name = st.session_state[state.TRAIN_IMAGES]
    info = next((info for info in sets_here() if info.name == name), None)
    if info is not None and LIKELIHOOD in st.session_state:
        st.session_state[LIKELIHOOD] = suited(st.session_state[LIKELIHOOD], info)


def _take(name: str) -> None:
    st.session_state[state.TRAIN_IMAGES] = name
    suit_images()


def _thumb(info: ImageSetInfo) -> bytes | None:
    """Return four images of an own set; None while they are being drawn."""
    name = f"thumb {info.name}"
    drawn = pictures.picture(
        current_owner(), name, "thumbnails", image_set=info.path, rows=THUMB_SIDE, columns=THUMB_SIDE
    )
    return drawn.png
