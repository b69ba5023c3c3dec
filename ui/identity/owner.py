"""Who this browser is: a random cookie, set with the first HTML, read by pages and routes alike."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, Final

import streamlit as st
from starlette.requests import HTTPConnection

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "latent_owner"
COOKIE_SECONDS: Final = 365 * 24 * 3600
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_FALLBACK: Final = "_latent_owner"


def new_owner() -> str:
    """Return a name that nobody has or can guess: 256 bits."""
    return secrets.token_urlsafe(32)


def current_owner() -> str:
    """Return the name of the browser that runs this page: for the server's own use, never to be shown.

    A browser without cookies, and a test, gets a name for this Streamlit session.
    """
    found = _proper(st.context.cookies.get(COOKIE))
    if found is not None:
        return found
    if _FALLBACK not in st.session_state:
        st.session_state[_FALLBACK] = new_owner()
    return str(st.session_state[_FALLBACK])


def owner_of(connection: HTTPConnection) -> str | None:
    """Return the name of the browser behind a request or a WebSocket; None without a proper cookie."""
    return _proper(connection.cookies.get(COOKIE))


def cookie_header(owner: str, path: str, *, secure: bool) -> bytes:
    """Write the Set-Cookie header that makes a browser this owner.

    Args:
        owner: the name.
        path: the app's base path, "" or "/name".
        secure: whether the page came over https.
    """
    parts = [f"{COOKIE}={owner}", f"Max-Age={COOKIE_SECONDS}", f"Path={path or '/'}"]
    return "; ".join([*parts, "HttpOnly", "SameSite=Lax", *["Secure"] * secure]).encode("ascii")


class OwnerCookie:
    """Give a browser that has no name one, together with the first HTML. Nothing here may be slow."""

    def __init__(self, app: ASGIApp, path: str = "") -> None:
        self.app = app
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or owner_of(HTTPConnection(scope)) is not None:
            await self.app(scope, receive, send)
            return
        wants_html = any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message, wants_html):
                cookie = cookie_header(new_owner(), self.path, secure=scope.get("scheme") == "https")
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"cache-control"]
                added = [(b"cache-control", b"private, no-cache"), (b"set-cookie", cookie)]
                message = {**message, "headers": kept + added}
            await send(message)

        await self.app(scope, receive, named)


def _proper(value: Any) -> str | None:
    """Accept only what `new_owner` could have made; under AppTest cookies are mocks."""
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


def _is_page(message: Message, wants_html: bool) -> bool:
    """Whether a response is HTML, or says that the HTML the browser has is still good."""
    kinds = [value for name, value in message.get("headers", ()) if name.lower() == b"content-type"]
    if any(kind.startswith(b"text/html") for kind in kinds):
        return bool(message["status"] < 400)
    return wants_html and message["status"] == 304
