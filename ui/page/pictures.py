"""Pictures: contact sheets, made by jobs and kept for everyone by what they show; and those on buttons."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from ui.page.text import plain
from vae_core.engine import EngineBusyError, get_engine


@dataclass(frozen=True)
class Picture:
    """Hold a picture, or why there is none; with neither, it is still being drawn."""

    png: bytes | None = None
    problem: str = ""

    @property
    def pending(self) -> bool:
        """Whether it is worth while to ask again."""
        return self.png is None and not self.problem


def picture(owner: str, name: str, function: str, **arguments: Any) -> Picture:
    """Return a picture, asking a worker for it where nobody has asked before.

    Args:
        owner: whose job it is.
        name: what the picture shows: same name, same picture, whoever asks. A digest for what is private.
        function: the job that draws it.
        arguments: the job's.
    """
    try:
        job = get_engine().begin(owner, f"picture {name}", function, is_shared=True, **arguments)
    except EngineBusyError:
        return Picture()
    if not job.finished:
        return Picture()
    if job.state != "done":
        return Picture(problem=job.error or "It was not drawn.")
    return Picture(job.result["png"] if isinstance(job.result, dict) else job.result)


def draw(shown: Picture, alt: str, *, height: int) -> None:
    """Draw a picture, or a place of the same height while it is being made."""
    if shown.png is not None:
        st.image(shown.png, width="stretch", alt=alt)
    elif shown.pending:
        st.skeleton(height=height)
    else:
        st.caption(f":material/broken_image: No picture: {plain(shown.problem, longest=600)}")


def on_buttons(pictures: Mapping[str, bytes], more: str = "") -> None:
    """Lay pictures on buttons: the style sheet finds each as `--picture`. One message brings them all.

    Args:
        pictures: PNG or WebP, by the buttons' keys.
        more: what else is to be styled.
    """
    rules = (f".st-key-{key} {{ --picture: url({data_url(shown)}); }}" for key, shown in pictures.items())
    st.html(f"<style>{more}{' '.join(rules)}</style>")


def data_url(shown: bytes) -> str:
    """Return a PNG or WebP picture as the address of itself."""
    kind = "png" if shown.startswith(b"\x89PNG") else "webp"
    return f"data:image/{kind};base64,{base64.b64encode(shown).decode()}"
