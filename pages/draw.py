"""Draw: what a model makes of one's own drawing."""

from __future__ import annotations

import streamlit as st

from ui.draw.collection import collection, joined
from ui.explorer.component import chosen, explorer
from ui.explorer.link_checks import draw_check, map_of, map_values
from ui.explorer.link_view import in_step
from ui.explorer.model_row import model_row
from ui.page import state
from ui.page.navigation import link_notices

ALONE = (
    "**Draw on the pad**: after each line the model says what it sees, where that lies among its images, "
    "and what it would have drawn. Or put one of its images there, and turn a 4 into a 9."
)
IN_CLASS = (
    "Someone collects drawings. **Draw on the pad, say what it is, and send it to the class**; after each "
    "line the model says what it sees, and what it would have drawn."
)
token = joined()
entry, _ = model_row("Draw", IN_CLASS if token else ALONE, state.DRAW_MODEL)
notices = st.container()

if entry is not None:
    picked = map_values("draw", chosen("draw", entry))
    view = in_step("draw", entry.name, state.DRAW_VIEW, draw_check(entry), picked)
    axes, layers = map_of("draw", view)
    explorer(key="draw", mode="draw", entry=entry, axes=axes, layers=layers, collection=token)
collection(token)

link_notices(notices)
