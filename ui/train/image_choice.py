"""The images as pictures to choose from: those that ship; the field above them has all others too."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from ui.page import state
from ui.page.text import plain
from vae_core import ImageSetInfo

PICTURES: Final = Path(__file__).resolve().parents[2] / "assets" / "thumbs"
"""Of each set that ships: `<name>.webp`, four images; `<name>-in.webp` and `<name>-out.webp`, one image and
what the shipped model with most dimensions makes of it. `ui.train.recording` draws them."""


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
    pictured = {name: path for name in infos if (path := picture_of(name)) is not None}
    if chosen in pictured:  # a key of its own for the chosen one would take the keyboard's place away
        st.html(f"<style>.st-key-train_picture_{chosen} {{ --chosen: 1; }}</style>")
    with st.container(horizontal=True, gap="xxsmall", key="train_pictures"):
        for name, path in pictured.items():
            with st.container(key=f"train_picture_{name}", gap=None, width=46):
                st.image(str(path), alt="")
                st.button(
                    plain(name),
                    key=f"train_take_{name}",
                    type="tertiary",
                    on_click=_take,
                    args=(name,),
                    width="stretch",
                )


def _take(name: str) -> None:
    st.session_state[state.TRAIN_IMAGES] = name
