"""Whether the person at this page sits at the server's own machine."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Final

import streamlit as st

from ui.identity.origin import host_of

LOCAL_ADMIN: Final = "LATENT_LOCAL_ADMIN"
"""Environment variable: 0 where a request from this machine says nothing, because a forwarder runs on it."""

_FORWARDING: Final = re.compile(r"x-forwarded.*|forwarded|via|x-real-ip|true-client-ip|.*-connecting-ip")
_OWN_NAMES: Final = re.compile(r"(localhost|127(\.\d+){3}|\[::1\])(:\d+)?")


def is_local() -> bool:
    """Whether the browser runs on the server's machine; a forwarded request never counts as local.

    Nor does one for another name than the machine has for itself: a page elsewhere can make a name of its
    own lead to this machine, and let a browser here ask for it. Some forwarders cannot be told from a browser
    here, because they add no header: LATENT_LOCAL_ADMIN=0 lets nobody count as local.
    """
    if not trusts_this_machine():
        return False
    address = st.context.ip_address  # None for most ways to write the machine's own
    if isinstance(address, str) and not _is_loopback(address):
        return False
    sent = {name.lower(): value for name, value in _headers().items()}
    if any(_FORWARDING.fullmatch(name) for name in sent):
        return False
    # Some proxies say nothing and ask in their own name: where the page came from still is in Origin.
    names = [sent.get("host"), host_of(sent["origin"]) if "origin" in sent else None]
    return all(name is None or _OWN_NAMES.fullmatch(name.lower()) for name in names)


def trusts_this_machine() -> bool:
    """Whether to sit at the server's machine counts for anything."""
    return os.environ.get(LOCAL_ADMIN, "").strip() != "0"


def _is_loopback(address: str) -> bool:
    """Whether an address is the machine's own, also as one who listens to IPv6 sees it: ::ffff:127.0.0.1."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def downloads_allowed() -> bool:
    """Whether this person may make the server fetch image sets.

    On one's own machine yes, on a shared server only where LATENT_DOWNLOADS=1 says so; LATENT_DOWNLOADS=0
    forbids it everywhere.
    """
    said = os.environ.get("LATENT_DOWNLOADS", "")
    return said == "1" if said else is_local()


def _headers() -> dict[str, str]:
    """Return the request's headers; under AppTest there are none."""
    pairs = st.context.headers.items()
    try:
        return {str(name): str(value) for name, value in pairs}
    except (TypeError, ValueError):  # a mock
        return {}
