"""The runs of this browser that are not on Train's stage: kept for a while, each a click away."""

from __future__ import annotations

import time
from typing import Final

import streamlit as st

from ui.identity.owner import current_owner
from ui.page.describe import run_in_brief
from ui.page.text import plain
from ui.train.actions import open_run
from vae_core.engine import RunInfo, get_engine
from vae_core.engine.contract import limits

NAMED: Final = 3
"""So many damaged runs are named, the others counted."""


def other_runs(run: RunInfo | None) -> None:
    """Draw what else this browser has trained, folded away; nothing where there is nothing.

    Runs whose files are damaged are named beside it: whoever looks for one would not find it in the list.

    Args:
        run: the one on the stage.
    """
    if damaged := get_engine().damaged_runs(current_owner()):
        names = ", ".join(f"“{plain(name, longest=80)}”" for name in damaged[:NAMED])
        more = f" and {len(damaged) - NAMED} more" if len(damaged) > NAMED else ""
        st.caption(f":material/broken_image: Cannot be read, and left out: {names}{more}.")
    others = [each for each in get_engine().runs(current_owner()) if run is None or each.id != run.id]
    if not others:
        return
    with st.expander("Your other runs", icon=":material/history:", key="train_others"):
        _list(others)  # no fragment: a click in one would leave the stage and the fields as they are
        most, days = limits.RUNS.value(), limits.KEEP_DAYS.value()
        st.caption(f"The last {most:g} are kept, each until {days:g} days after its last use.")


def _list(runs: list[RunInfo]) -> None:
    now = time.time()
    for each in runs:
        with st.container(gap=None):
            st.button(
                plain(each.title, longest=80),
                key=f"train_other_{each.id}",
                icon=":material/undo:",
                type="tertiary",
                on_click=open_run,
                args=(each.id,),
            )
            st.caption(run_in_brief(each, now))
