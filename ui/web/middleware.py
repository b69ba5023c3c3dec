"""What stands before every request: tricks with paths refused, safe headers, sockets let go at the end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from starlette.responses import PlainTextResponse
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
