"""Which class this session is in: the one with whose lessons it goes along."""

from __future__ import annotations

from typing import Final

import streamlit as st

_CLASS: Final = "class_joined"
"""Session key: the token of the link, and the opening that was gone to last."""


def joined() -> tuple[str, int]:
    """Return the token of the class that this session is in, "" for none, and the opening gone to last."""
    token, turn = st.session_state.get(_CLASS) or ("", 0)
    return str(token), int(turn)


def join(token: str, turn: int) -> None:
    """Be in a class from now on, and at an opening."""
    st.session_state[_CLASS] = (token, turn)


def leave() -> None:
    """Be in no class any more."""
    st.session_state.pop(_CLASS, None)
