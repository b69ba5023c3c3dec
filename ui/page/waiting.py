"""Tell someone that the page has waited for its turn."""

from __future__ import annotations

import time
from typing import Final

import streamlit as st

LONG: Final = 1.5
"""Seconds that nobody takes for an instant."""

SELDOM: Final = 30.0
"""Seconds between two such words on one page."""

_SAID: Final = "waiting_said"
"""Session key: when it was said last, on the monotonic clock."""


def say_waited(seconds: float) -> None:
    """Say so where a page has waited long for its turn, now and then.

    Args:
        seconds: that it has waited.
    """
    now = time.monotonic()
    if seconds > LONG and now - st.session_state.get(_SAID, -SELDOM) >= SELDOM:
        st.session_state[_SAID] = now
        st.toast(
            f"This page has waited {seconds:.1f} s for its turn: many use this server now. "
            "Whoever presses less often comes first.",
            icon=":material/hourglass_top:",
        )
