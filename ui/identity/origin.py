"""Whether a request comes from the app's own pages."""

from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from streamlit import config


def is_own_origin(headers: Headers) -> bool:
    """Whether a WebSocket was opened by a page of this app, or by something that is no page."""
    origin = headers.get("origin")
    if origin is None:
        return True
    hosts = {headers.get("host"), headers.get("x-forwarded-host")}  # a page can set neither
    if origin != "null" and host_of(origin) in hosts:
        return True
    return origin in (config.get_option("server.corsAllowedOrigins") or ())


def host_of(url: str) -> str:
    """Return host and port of an address that anyone may have sent; "" when it is none."""
    with contextlib.suppress(ValueError):
        return urlsplit(url).netloc
    return ""
