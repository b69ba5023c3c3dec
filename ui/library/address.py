"""Where others find this server: on its own machine it knows itself only as localhost."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import segno
import streamlit as st
from streamlit import config

from ui.page.urls import base_path

PUBLIC_URL: Final = "LATENT_PUBLIC_URL"
"""Environment variable: the address under which others find this server, behind a proxy for example."""

_OWN: Final = re.compile(r"(?i)(.*\.)?localhost|127(\.\d+){3}|\[?::1?\]?|0\.0\.0\.0")
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.:_\-\[\]]{1,200}(/[A-Za-z0-9._~/-]{0,200})?")


def addresses() -> tuple[str, ...]:
    """Return the addresses at which others may reach this server, the likeliest first.

    LATENT_PUBLIC_URL is one that whoever runs the server knows better. Next comes what this page was
    opened with, if that means something on another machine; then this machine's own on its networks.
    """
    found = []
    given = proper(os.environ.get(PUBLIC_URL, ""))
    here = urlsplit(_url_of_page())
    if given:
        found.append(given)
    if here.hostname and not _OWN.fullmatch(here.hostname):
        found.append(f"{here.scheme}://{here.netloc}{base_path()}")
    scheme = "https" if config.get_option("server.sslCertFile") else "http"
    port = config.get_option("server.port")
    found += [f"{scheme}://{_bracketed(address)}:{port}{base_path()}" for address in _own_addresses()]
    return tuple(dict.fromkeys(found)) or (f"{scheme}://localhost:{port}{base_path()}",)


def link_to(path: str) -> str:
    """Return an address for others to open, from a path such as `/train?watch=...`."""
    return addresses()[0] + path


def proper(text: str) -> str:
    """Return an address that someone typed as it can be opened; "" when it is none."""
    text = text.strip()
    if text and "://" not in text:
        text = f"http://{text}"
    with suppress(ValueError):
        if _ADDRESS.fullmatch(text) and urlsplit(text).hostname:
            urlsplit(text).port  # noqa: B018  (raises when it is none)
            return text.rstrip("/")
    return ""


def only_here() -> bool:
    """Whether the server was started so that no other machine can reach it."""
    return bool(_OWN.fullmatch(str(config.get_option("server.address") or ""))) and config.get_option(
        "server.address"
    ) not in ("0.0.0.0", "::")


def _url_of_page() -> str:
    url = st.context.url
    return url if isinstance(url, str) else ""


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _own_addresses() -> list[str]:
    """Return this machine's addresses on its networks, the one it speaks to the world from first."""
    found = []
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        # A datagram socket that is "connected" has chosen its own address; nothing is sent.
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            found.append(probe.getsockname()[0])
    with suppress(OSError):
        found += [str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None)]
    usable = []
    for text in dict.fromkeys(found):
        with suppress(ValueError):
            address = ipaddress.ip_address(text)
            if not (address.is_loopback or address.is_link_local or address.is_unspecified):
                usable.append(text)
    return usable


def qr_url(text: str) -> str:
    """Draw a QR code with its quiet zone as an SVG; it holds no text, only squares.

    Args:
        text: what it says, at most some hundred characters.

    Returns:
        A data URL, fit for an image's `src`.
    """
    code = segno.make(text, error="m", micro=False)
    return str(code.svg_data_uri(omitsize=True, border=4, dark="#000", light="#fff", encode_minimal=False))
