"""Contact sheets: made by jobs, kept for everyone by what they show."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from ui.page import jobs
from ui.page.text import plain
from vae_core.engine import get_engine

_LIMIT: Final = 32_000_000  # bytes
_PICTURES: OrderedDict[str, bytes] = OrderedDict()
_LOCK: Final = threading.Lock()


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
    with _LOCK:
        if name in _PICTURES:
            _PICTURES.move_to_end(name)
            return Picture(_PICTURES[name])
    job = jobs.begin(owner, f"picture {name}", lambda: get_engine().submit(owner, function, **arguments))
    if job is None or not job.finished:
        return Picture()
    if job.state != "done":
        return Picture(problem=job.error or "It was not drawn.")
    jobs.forget(owner, f"picture {name}")
    png = job.result["png"] if isinstance(job.result, dict) else job.result
    with _LOCK:
        _PICTURES[name] = png
        while sum(map(len, _PICTURES.values())) > _LIMIT:
            _PICTURES.popitem(last=False)
    return Picture(png)


def draw(shown: Picture, alt: str, *, height: int) -> None:
    """Draw a picture, or a place of the same height while it is being made."""
    if shown.png is not None:
        st.image(shown.png, width="stretch", alt=alt)
    elif shown.pending:
        st.skeleton(height=height)
    else:
        st.caption(f":material/broken_image: No picture: {plain(shown.problem, longest=600)}")
