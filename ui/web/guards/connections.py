"""Connections that never come to a request, and those of nobody in particular: both are bounded.

A request whose head does not come to an end is never seen by the app, yet it holds an open file. So the
server's own list of connections is looked through once a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse

from ui.identity.owner import owner_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HEAD_SECONDS: Final = 15.0
"""So long a request's head may take."""

MOST_UNFINISHED: Final = 512
"""So many connections of one address may be without a request: a class is one address, and so is a proxy."""

MOST_REQUESTS: Final = 512
MOST_SOCKETS: Final = 256
"""So many requests and sockets without a cookie may one address have open."""

LOOK_SECONDS: Final = 1.0
MOST_FILES: Final = 65_536


@dataclass(eq=False)
class UnfinishedHeads:
    """Find connections whose request does not come.

    Attributes:
        clock: seconds that only grow.
    """

    clock: Callable[[], float] = time.monotonic
    _since: dict[Any, tuple[Any, float]] = field(default_factory=dict)

    def overdue(self, connections: Iterable[Any]) -> list[Any]:
        """Return the connections to be closed: those that take too long, and the oldest of too many.

        Args:
            connections: the server's, of uvicorn's protocols; sockets are left alone.
        """
        now, unfinished = self.clock(), {}
        for connection in connections:
            if _waits_for_a_head(connection):
                cycle = connection.cycle
                before = self._since.get(connection)
                unfinished[connection] = before if before is not None and before[0] is cycle else (cycle, now)
        self._since = unfinished
        by_address: defaultdict[str, list[Any]] = defaultdict(list)
        for connection in sorted(unfinished, key=lambda each: unfinished[each][1]):
            by_address[connection.client[0] if connection.client else ""].append(connection)
        found = [each for each, (_, since) in unfinished.items() if now - since >= HEAD_SECONDS]
        for of_address in by_address.values():
            found += of_address[: max(0, len(of_address) - MOST_UNFINISHED)]
        return list(dict.fromkeys(found))


class WatchedConnections:
    """Let every connection send at once, and close those whose request does not come, while the app lives.

    It asks uvicorn, whose lifespan gives its settings, for every connection that is made. With another server
    nothing is watched.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection, or the whole life of the app."""
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        raise_file_limit()
        config = getattr(getattr(receive, "__self__", None), "config", None)
        watching = asyncio.create_task(_watch(config)) if hasattr(config, "http_protocol_class") else None
        try:
            await self.app(scope, receive, send)
        finally:
            if watching is not None:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching


class BoundedConnections:
    """Refuse more requests and sockets without a cookie than one address can need at a time."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.open: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        kind = scope["type"]
        if kind not in ("http", "websocket") or owner_of(HTTPConnection(scope)) is not None:
            await self.app(scope, receive, send)
            return
        key = kind, scope["client"][0] if scope.get("client") else ""
        if self.open[key] >= (MOST_SOCKETS if kind == "websocket" else MOST_REQUESTS):
            await _refuse(scope, receive, send)
            return
        self.open[key] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.open[key] -= 1
            if not self.open[key]:
                del self.open[key]


def raise_file_limit() -> None:
    """Let this process have as many open files as it may: each connection is one."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _watch(config: Any) -> None:
    """Look through the connections of a server, once it has made the first."""
    make, heads = config.http_protocol_class, UnfinishedHeads()
    connections: set[Any] = set()

    def noting(*arguments: Any, **keywords: Any) -> Any:
        nonlocal connections
        made = make(*arguments, **keywords)
        connections = made.connections  # the server's own set of all
        _send_at_once(made)
        return made

    config.http_protocol_class = noting
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for connection in heads.overdue(list(connections)):
            connection.transport.abort()


def _send_at_once(connection: Any) -> None:
    """Have a connection hold nothing back until the browser has confirmed what it got before.

    Nagle's algorithm would: a response is a head and then a body, and a browser confirms the head only
    after 40 ms. asyncio turns it off on sockets that name their protocol; those that Streamlit binds do not.
    """
    begin = connection.connection_made

    def begun(transport: asyncio.Transport) -> None:
        with contextlib.suppress(OSError, AttributeError):  # a Unix socket has none; a test's has no socket
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin(transport)

    connection.connection_made = begun


def _waits_for_a_head(connection: Any) -> bool:
    """Whether a connection has begun no request, and has not been told to wait for its next one.

    Between requests a connection may rest for some seconds, which uvicorn counts itself until a byte comes.
    """
    if not hasattr(connection, "cycle") or connection.transport is None:
        return False  # a WebSocket
    cycle = connection.cycle
    return (cycle is None or cycle.response_complete) and connection.timeout_keep_alive_task is None


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1013})
        return
    said = "Very many from your network are here without cookies. Allow cookies for this page, or come later."
    await PlainTextResponse(said, 503, {"Retry-After": "20", "Connection": "close"})(scope, receive, send)
