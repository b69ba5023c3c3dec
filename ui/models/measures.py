"""What was measured of a model, and the way to measure the rest: a part of its details."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import streamlit as st

from ui.identity.owner import current_owner
from ui.library.entry import ModelEntry
from ui.library.facts import class_shares, model_metrics, why_unmeasured
from ui.models.figures import information_figure
from ui.page.text import plain
from vae_core.engine import EngineBusyError, get_engine
from vae_core.engine.contract.failures import describe

_LOOK_SECONDS: Final = 1.0
_BUSY: Final = "models_measure_busy"
"""Session key: digest of the model that could not be measured now, and why."""


def measures(entry: ModelEntry) -> None:
    """Draw the numbers that the file has, those that were measured when asked, and the button that asks.

    The button stands beside the part that looks again and again, not in it: only a click that draws both
    begins the looking.
    """
    owner = current_owner()
    job = get_engine().begun(owner, _purpose(entry))
    running = job is not None and not job.finished
    st.fragment(_found, run_every=_LOOK_SECONDS if running else None)(owner, entry)
    if not running and (job is None or job.state != "done"):
        _asking(owner, entry)


def _found(owner: str, entry: ModelEntry) -> None:
    """Draw the numbers, how far the measuring is, and why there is no number."""
    job = get_engine().begun(owner, _purpose(entry))
    absent: list[str] = []
    if job is not None and job.state == "done":
        found = dict(job.result)
        absent = found.pop("absent")
        entry = replace(entry, metrics={**found, **entry.metrics})  # the file's are of all held-out images
    _numbers(entry)
    for why in absent:
        st.caption(f":material/info: {plain(why[:1].upper() + why[1:], longest=400)}.")
    if job is not None and not job.finished:
        st.progress(job.progress, text=plain(job.message or "waiting for those before"))
    elif job is not None and job.state == "failed":
        st.caption(f":red[:material/error: {plain(job.error, longest=600)}]")


def _numbers(entry: ModelEntry) -> None:
    measured = model_metrics(entry)
    with st.container(gap="xsmall"):
        for name, value, meaning in measured:
            st.markdown(f"**{plain(name)} {plain(value)}** :small[:gray[{meaning}]]")
        if shares := class_shares(entry.metrics, entry.image_set.get("label_names") or []):
            st.markdown(f"**What samples show** :small[{shares}] :small[:gray[To that classifier.]]")
        if not measured:
            st.caption(why_unmeasured(entry))
    information = information_figure(entry.metrics, entry.card.get("factor_names") or [])
    if information is not None:
        st.markdown("**What each dimension tells of each known factor**")
        st.plotly_chart(information, config={"displayModeBar": False}, key="models_information")


def _asking(owner: str, entry: ModelEntry) -> None:
    st.button(
        "Measure more",
        key="models_measure",
        icon=":material/straighten:",
        help="Samples, codes and a tighter bound of log p(x), on up to 2,000 held-out images. It takes half "
        "a minute or more, and what is found stays here for a while; the file is not changed.",
        on_click=_measure,
        args=(owner, entry),
    )
    if st.session_state.get(_BUSY, ("", ""))[0] == entry.digest:
        st.caption(f":red[:material/error: {plain(st.session_state[_BUSY][1])}]")


def _measure(owner: str, entry: ModelEntry) -> None:
    st.session_state.pop(_BUSY, None)
    running = get_engine().begun(owner, _purpose(entry))
    if running is not None and not running.finished:
        return
    try:
        get_engine().begin_anew(owner, _purpose(entry), "measure", bundle=str(entry.path))
    except EngineBusyError as error:
        st.session_state[_BUSY] = (entry.digest, describe(error))


def _purpose(entry: ModelEntry) -> str:
    return f"measure {entry.digest}"
