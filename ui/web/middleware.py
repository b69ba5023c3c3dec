"""Before every request: tricks with paths refused, lost ways led on, safe headers, sockets let go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from typing import Final
from urllib.parse import urlencode

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnected

from ui.web.guards import content_policy


class PathTricks:
    """Answer 404 to paths below `/latent/` that could mean another file to someone."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self.app = app
        self.top = f"{base}/latent/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith(self.top) and _is_trick(path):
            await PlainTextResponse("Not found", 404)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_trick(path: str) -> bool:
    return any(part in path for part in ("..", "//", "\\", "\0", ":", "%"))


class UnknownPages:
    """Lead an address at which no page lies to the first page, which says so.

    Streamlit answers every address with its frame, and lays words of its own over the first page.
    """

    def __init__(self, app: ASGIApp, pages: Collection[str], missing: str, base: str = "") -> None:
        """Take the pages there are.

        Args:
            app: what serves them.
            pages: their names in the address, the first page's first; it lies at the address without a name.
            missing: name in the first page's URL for what was asked for.
            base: path at which the app lies.
        """
        self.app = app
        self.first, *others = pages
        self.others = frozenset(others)
        self.missing = missing
        self.top = f"{base}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        name = self._asked(scope)
        if not name or name in self.others:
            await self.app(scope, receive, send)
            return
        query = scope.get("query_string", b"").decode("latin-1")
        if name != self.first:
            query = urlencode({self.missing: name[:100]})
        there = f"{self.top}?{query}" if query else self.top
        await RedirectResponse(there, 307, {"Cache-Control": "no-store"})(scope, receive, send)

    def _asked(self, scope: Scope) -> str:
        """Return the page's name in what a browser's window asks for; "" for all else."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or not path.startswith(self.top):
            return ""
        name = str(path).removeprefix(self.top).rstrip("/")
        accepted = b",".join(value for key, value in scope["headers"] if key.lower() == b"accept")
        is_name = name and not name.startswith("_") and not any(mark in name for mark in "/.")
        return name if is_name and b"text/html" in accepted else ""


class PageHeaders:
    """Send pages with the headers that keep foreign scripts and frames out; close what no page asks for.

    Streamlit's metrics say how many are here: that is for whoever runs the server, on a page of its own.
    """

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self.app = app
        self.closed = f"{base}/_stcore/metrics"
        self.headers = content_policy.headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if (
            scope.get("path", "").rstrip("/") == self.closed
        ):  # how many are here is for whoever runs the server
            await PlainTextResponse("Not found", 404)(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_html(message):
                ours = {name for name, _ in self.headers}
                kept = [pair for pair in message["headers"] if pair[0].lower() not in ours]
                message = {**message, "headers": [*kept, *self.headers]}
            await send(message)

        await self.app(scope, receive, guarded)


def _is_html(message: Message) -> bool:
    """Whether a response is a page, or says that the page the browser has is still good."""
    kinds = [value for name, value in message.get("headers", ()) if name.lower() == b"content-type"]
    return any(kind.startswith(b"text/html") for kind in kinds) or message["status"] == 304


SHUTDOWN_SECONDS: Final = 1.0


class LetGo:
    """Cut a WebSocket that hangs when the server ends.

    The server waits until every connection is closed, and a connection is closed once its last bytes are
    sent. A browser that no longer reads (a laptop lid, a lost network) would hold it up for minutes, so a
    second after the server has said goodbye the connection is dropped. This asks uvicorn's connection for
    its transport; where there is none (another server, a test), nothing is done.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        transport = getattr(getattr(receive, "__self__", None), "transport", None)

        async def listening() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect" and isinstance(transport, asyncio.Transport):
                asyncio.get_running_loop().call_later(SHUTDOWN_SECONDS, transport.abort)
            return message

        with contextlib.suppress(WebSocketDisconnected):  # Streamlit's own: the browser left meanwhile
            await self.app(scope, listening, send)
