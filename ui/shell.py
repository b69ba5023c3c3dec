"""The frame around every page: the page table, the sidebar, and what a link asked for in vain.

Streamlit runs this file as its main script. It stands in `ui/` because a folder `pages/` beside the main
script would make a cold deep link run the page without its frame.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from ui.classroom.banner import banners
from ui.identity.arrivals import CrowdedError
from ui.identity.operator import is_operator
from ui.identity.owner import current_owner
from ui.identity.presence import note_session
from ui.library.library import Library
from ui.library.links import shared
from ui.page import state
from ui.page.describe import run_status
from ui.page.gc_freeze import freeze_modules
from ui.page.navigation import PLACES, link
from ui.page.new_owner import confirm_new_owner
from ui.page.returning import bring_back, keep, take_defaults
from ui.page.waiting import say_waited
from ui.train.settings import sets_here, stored_settings
from ui.web.guards.script_turns import TURNS
from vae_core.engine import get_engine

# The icon comes before the pages: the browser would ask another server for theirs.
st.set_page_config(page_icon=str(ROOT / "assets" / "icon.svg"), layout="wide", initial_sidebar_state=220)
st.html(ROOT / "assets" / "app.css")
st.logo(str(ROOT / "assets" / "logo.svg"), size="large")

try:
    owner = current_owner()
except CrowdedError as crowded:
    st.info(str(crowded), icon=":material/groups:")
    st.stop()

with TURNS.turn(owner) as waited:
    say_waited(waited)
    page = st.navigation(
        [
            st.Page(
                place.path,
                title=place.title,
                icon=place.icon,
                url_path=place.name,
                default=place is PLACES[0],
                visibility="visible" if place.is_listed or is_operator() else "hidden",
            )
            for place in PLACES
        ],
        expanded=True,
    )
    st.set_page_config(page_title=f"{page.title} · Latent Explorer")

    name = page.url_path or PLACES[0].name
    run = get_engine().current_run(owner)
    models = [entry.name for entry in Library(owner).models()]
    images = [info.name for info in sets_here()]
    if (before := state.current_page()) not in (
        "",
        name,
    ):  # what was set last may have found no time to be drawn
        keep(before, state.settings(before, models=models, images=images))
    settings = state.settings(name, models=models, images=images)
    of_run = state.link_values(stored_settings(run), settings) if run is not None and name == "train" else {}
    bring_back(name, settings, otherwise=of_run)
    take_defaults(name, settings)
    state.enter(name)
    note_session(owner, name)
    state.add_problems(state.link_problems(name, st.query_params.to_dict(), settings))
    st.query_params.pop(state.MISSING, None)  # said; a link to what is shown says nothing of it

    with st.sidebar:
        if run is not None and run.active and name != "train":
            link("train", "Your run")
            st.caption(run_status(run))
        if shared(owner, "follow") is not None:
            link("class", "You are leading", query={state.CLASS_PART: "follow"})
        if st.button(
            "Start as someone new", key="someone_new", icon=":material/person_add:", type="tertiary"
        ):
            confirm_new_owner()

    banners()
    page.run()
    keep(name, settings)
    freeze_modules(name)
