"""Under which names this server may be asked for.

A page elsewhere can make a name of its own lead to this machine and then read what a browser here may read
(DNS rebinding). So a request counts only under a name that nobody else can own: an address in numbers,
localhost, this machine's names, and those that whoever runs the server has given.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ui.library.address import PUBLIC_URL

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HOSTS: Final = "LATENT_HOSTS"
"""Environment variable: more names under which the server may be asked for, with commas; * for any."""


def is_known(host: str | None) -> bool:
    """Whether a request's Host is one that this server goes by.

    Args:
        host: the header, with or without a port; None where there was none: no browser leaves it out.
    """
    if host is None:
        return True
    name = (urlsplit(f"//{host}").hostname or "").rstrip(".") if _is_plain(host) else ""
    if not name:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        given = _given(os.environ.get(HOSTS, ""), os.environ.get(PUBLIC_URL, ""))
        return (
            name == "localhost"
            or name.endswith(".localhost")
            or name in _own_names()
            or bool({name, "*"} & given)
        )
    return True


class KnownHost:
    """Refuse requests and sockets under names that this server does not go by, and say what to set."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) < 2 and is_known(hosts[0] if hosts else None):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403})
        else:
            sentence = (
                "This server does not know itself under the name in the address. Whoever runs it can allow "
                f"the name where the server is started: {HOSTS}=name, or {PUBLIC_URL}=http://name:port.\n"
            )
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
            await send({"type": "http.response.start", "status": 421, "headers": headers})
            await send({"type": "http.response.body", "body": sentence.encode()})


def _is_plain(host: str) -> bool:
    """Whether a header can be a host at all."""
    return len(host) < 300 and not any(sign in host for sign in "/\\@?# \t")


@lru_cache(maxsize=8)
def _given(hosts: str, public_url: str) -> frozenset[str]:
    """Return the names that the environment allows, in small letters."""
    names = {each.strip().lower().rstrip(".") for each in hosts.split(",")}
    if public_url:
        names.add((urlsplit(public_url).hostname or "").lower())
    return frozenset(names - {""})


@lru_cache(maxsize=1)
def _own_names() -> frozenset[str]:
    """Return the names of this machine, also as it is found in a local network without a name server."""
    name = socket.gethostname().lower().rstrip(".")
    short = name.split(".")[0]
    return frozenset(
        {name, short, f"{short}.local", f"{short}.lan", f"{short}.home.arpa", f"{short}.fritz.box"} - {""}
    )
