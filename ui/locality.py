"""Whether the person at this page sits at the server's own machine."""

from __future__ import annotations

import os
from typing import Final

import streamlit as st

_FORWARDING: Final = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")


def is_local() -> bool:
    """Whether the browser runs on the server's machine; a forwarded request never counts as local."""
    said = [st.context.ip_address, *(st.context.headers.get(name) for name in _FORWARDING)]
    return not any(isinstance(value, str) for value in said)  # under AppTest all of these are mocks


def downloads_allowed() -> bool:
    """Whether this person may make the server fetch image sets.

    On one's own machine yes, on a shared server only where LATENT_DOWNLOADS=1 says so; LATENT_DOWNLOADS=0
    forbids it everywhere.
    """
    said = os.environ.get("LATENT_DOWNLOADS", "")
    return said == "1" if said else is_local()
