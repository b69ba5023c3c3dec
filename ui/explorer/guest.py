"""What a guest sees, who came by the link of another: a model to explore, or a run to watch, read-only."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.explorer.component import explorer
from ui.identity.owner import current_owner
from ui.library.entry import ModelEntry
from ui.library.library import Library, LibraryError, shared_model
from ui.library.links import find
from ui.page import state
from ui.page.describe import run_facts
from ui.page.navigation import link, opening
from ui.page.text import by_hand, plain
from vae_core.engine import RunInfo, get_engine
from vae_core.engine.contract.failures import describe

_KEPT: Final = "shared_kept"


def guest_model() -> ModelEntry | None:
    """Return the model that the URL's link leads to, and say whose it is; None when it leads nowhere."""
    token = st.query_params.get(state.SHARED, "")
    entry = shared_model(token)
    said = st.session_state.pop(_KEPT, "")
    if entry is None:
        state.add_problems(
            ("The link leads to no model, or its owner has stopped sharing it. Ask for a new one.",)
        )
        return None
    with st.container(gap="xsmall", width="content"):
        st.markdown(f":material/visibility: **{plain(entry.title, longest=60)}**")
        st.caption(said or "Someone shared this model with you.")  # one line in both cases: nothing jumps
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.button(
                "Keep a copy",
                key="shared_keep",
                type="tertiary",
                on_click=_keep,
                args=(token, entry.digest),
            )
            link("explore", "Your models")
    return entry


def watch_page(token: str) -> None:
    """Draw the page on which another's run is watched."""
    run = _find(token)
    opening(
        "Watch",
        "Someone shares this run with you: you see it as it trains. "
        + by_hand("Move over the map", "Touch the map")
        + " to walk its latent space; only its owner can change it.",
        run_facts(run) if run else "",
    )
    if run is None:
        st.caption(
            ":material/link_off: The link leads to no run, or its owner has stopped sharing it. "
            "Ask for a new one."
        )
    link("train", "Train a model of your own")
    if run is not None:
        explorer(key="watch", mode="train", run=run, watch=token)


def _find(token: str) -> RunInfo | None:
    found = find(token, "run")
    try:
        return None if found is None else get_engine().shared_run(found.owner, found.what)
    except (KeyError, PermissionError):
        return None


def _keep(token: str, digest: str) -> None:
    try:
        kept = Library(current_owner()).keep_copy(token, digest)
    except (LibraryError, OSError) as error:
        st.session_state[_KEPT] = f":red[:material/error: {plain(describe(error))}]"
    else:
        st.session_state[_KEPT] = f":material/check: Among your models as {plain(kept.name)}."
