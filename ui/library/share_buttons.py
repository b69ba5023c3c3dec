"""Share and Stop sharing, with the link as text to select: over plain http no page may use the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from ui.identity.owner import current_owner
from ui.library import links
from ui.library.address import link_to
from ui.library.entry import ModelEntry
from ui.library.library import CHANGED, Library
from ui.library.links import Kind
from ui.page.text import plain
from vae_core.engine import RunInfo, get_engine

_REFUSED: Final = "share_refused"


def share_run(run: RunInfo | None) -> None:
    """Draw the button behind which a run is shared."""
    with st.popover("Share", icon=":material/share:", disabled=run is None, key="train_share"):
        if run is not None:
            share_box(
                "run",
                run.id,
                "Whoever has the link can watch this run, and change nothing.",
                is_still_there=lambda: _is_run(run.id),
            )


def share_model(entry: ModelEntry) -> None:
    """Draw what stands in the dialog in which a model is shared."""
    st.markdown(f"**{plain(entry.title)}**")
    share_box(
        "model",
        entry.name,
        "Whoever has the link can explore this model, and change nothing.",
        is_still_there=lambda: _is_model(entry),
    )


def share_box(kind: Kind, what: str, sentence: str, *, is_still_there: Callable[[], bool]) -> None:
    """Draw the link to something of one's own with the way to take it back, or the way to make one.

    Args:
        kind: what is shared.
        what: which.
        sentence: what whoever has the link can do.
        is_still_there: asked before a link is made, which may be long after the page was drawn: a link to
            what is gone would lead to whatever bears its name one day.
    """
    link = links.shared(current_owner(), kind, what)
    st.caption(sentence)
    if link is None:
        st.button(
            "Make a link",
            key=f"share_{kind}",
            type="primary",
            on_click=_share,
            args=(kind, what, is_still_there),
        )
    else:
        st.code(link_to(path_of(link)), language=None, wrap_lines=True)
        st.button("Stop sharing", key=f"unshare_{kind}", on_click=_stop, args=(kind, what))
    if refused := st.session_state.pop(_REFUSED, ""):
        st.caption(f":red[:material/error: {plain(refused)}]")


def path_of(link: links.Link) -> str:
    """Return the page, and what its URL says, to which a link leads."""
    pages: dict[Kind, str] = {
        "model": "/?shared=",
        "run": "/train?watch=",
        "images": "/images?set=",
        "follow": "/class?follow=",
        "task": "/class?task=",
        "lesson": "/learn?room=",
        "drawings": "/draw?collection=",
    }
    return f"{pages[link.kind]}{link.token}"


def _is_model(entry: ModelEntry) -> bool:
    try:
        return Library(current_owner()).get(entry.name).digest == entry.digest
    except KeyError:
        return False


def _is_run(run_id: str) -> bool:
    try:
        get_engine().run(current_owner(), run_id)
    except (KeyError, PermissionError):
        return False
    return True


def _share(kind: Kind, what: str, is_still_there: Callable[[], bool]) -> None:
    if not is_still_there():
        st.session_state[_REFUSED] = CHANGED if kind == "model" else "This run is not here any more."
        return
    try:
        links.share(current_owner(), kind, what)
    except OSError:
        st.session_state[_REFUSED] = "The link could not be written: the server's disk may be full."


def _stop(kind: Kind, what: str) -> None:
    links.stop_sharing(current_owner(), kind, what)
