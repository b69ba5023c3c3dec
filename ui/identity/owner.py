"""Who this browser is: a random name in a signed cookie, set with the first HTML, read by pages and routes.

The cookie says when it was signed, so that it is given anew long before it runs out. Cookies of older
versions are the name alone: one whose name has data here is exchanged for a signed one; others name nobody.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamlit as st
from itsdangerous import BadSignature, TimestampSigner
from starlette.requests import HTTPConnection

from ui.identity import arrivals
from vae_core.storage.home import latent_home, make_folder, owner_hash

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "latent_owner"
COOKIE_SECONDS: Final = 365 * 24 * 3600
REFRESH_SECONDS: Final = 30 * 24 * 3600
"""Age at which a cookie is given anew, with the next page."""

SECRET_FILE: Final = "secret"
"""Name of the file in the data folder with which cookies are signed; without it all become new ones."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST: Final = 200
_FALLBACK: Final = "_latent_owner"
_LOCK: Final = threading.Lock()


def new_owner() -> str:
    """Return a name that nobody has or can guess: 256 bits."""
    return secrets.token_urlsafe(32)


def current_owner() -> str:
    """Return the name of the browser that runs this page: for the server's own use, never to be shown.

    A browser without cookies, and a test, gets a name for this Streamlit session.

    Raises:
        arrivals.CrowdedError: too many came from this address a moment ago.
    """
    found = owner_in(st.context.cookies.get(COOKIE))
    if found is not None:
        return found
    if _FALLBACK not in st.session_state:
        address = st.context.ip_address
        arrivals.admit(address if isinstance(address, str) else arrivals.THIS_MACHINE)
        st.session_state[_FALLBACK] = new_owner()
    return str(st.session_state[_FALLBACK])


def owner_of(connection: HTTPConnection) -> str | None:
    """Return the name of the browser behind a request or a WebSocket; None without a proper cookie."""
    return owner_in(connection.cookies.get(COOKIE))


def owner_in(cookie: Any) -> str | None:
    """Return the name in a cookie that this server signed, or that an older version gave to an owner.

    Args:
        cookie: what a browser sent, or None; under AppTest it is a mock.
    """
    if not isinstance(cookie, str) or len(cookie) > _LONGEST:
        return None
    if _NAME.fullmatch(cookie):
        return cookie if owner_hash(cookie) in _holders_of_before(latent_home()) else None
    with contextlib.suppress(BadSignature):
        name = _signer().unsign(cookie).decode()
        return name if _NAME.fullmatch(name) else None
    return None


def cookie_of(owner: str) -> str:
    """Return the cookie by which this server knows an owner again."""
    return _signer().sign(owner).decode()


def cookie_header(owner: str, path: str, *, secure: bool) -> bytes:
    """Write the Set-Cookie header that makes a browser this owner.

    Args:
        owner: the name.
        path: the app's base path, "" or "/name".
        secure: whether the page came over https.
    """
    parts = [f"{COOKIE}={cookie_of(owner)}", f"Max-Age={COOKIE_SECONDS}", f"Path={path or '/'}"]
    return "; ".join([*parts, "HttpOnly", "SameSite=Lax", *["Secure"] * secure]).encode("ascii")


class OwnerCookie:
    """Give a browser a name with its first HTML, and the cookie anew once a month; it must be quick."""

    def __init__(self, app: ASGIApp, path: str = "") -> None:
        self.app = app
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        cookie = connection.cookies.get(COOKIE)
        owner = owner_in(cookie)
        if owner is not None and not _is_old(cookie):
            await self.app(scope, receive, send)
            return
        wants_html = any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
        refused = False

        async def named(message: Message) -> None:
            nonlocal refused
            if refused:
                return
            if message["type"] == "http.response.start" and _is_page(message, wants_html):
                if owner is None:
                    try:
                        arrivals.admit(scope["client"][0] if scope.get("client") else arrivals.THIS_MACHINE)
                    except arrivals.CrowdedError as error:
                        refused = True
                        await _say(send, str(error))
                        return
                secure = scope.get("scheme") == "https"
                header = cookie_header(owner or new_owner(), self.path, secure=secure)
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"cache-control"]
                added = [(b"cache-control", b"private, no-cache"), (b"set-cookie", header)]
                message = {**message, "headers": kept + added}
            await send(message)

        await self.app(scope, receive, named)


async def _say(send: Send, sentence: str) -> None:
    """Answer a page with a sentence: come again in a moment."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"20")]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})


def _is_old(cookie: Any) -> bool:
    """Whether a proper cookie is one to be given anew: of an older version, or signed a month ago."""
    if _NAME.fullmatch(cookie):
        return True
    signed = _signer().unsign(cookie, return_timestamp=True)[1]
    return time.time() - signed.timestamp() > REFRESH_SECONDS


def _is_page(message: Message, wants_html: bool) -> bool:
    """Whether a response is HTML, or says that the HTML the browser has is still good."""
    kinds = [value for name, value in message.get("headers", ()) if name.lower() == b"content-type"]
    if any(kind.startswith(b"text/html") for kind in kinds):
        return bool(message["status"] < 400)
    return wants_html and message["status"] == 304


def _signer() -> TimestampSigner:
    return TimestampSigner(_secret(latent_home()), salt=COOKIE)


@lru_cache(maxsize=16)
def _secret(home: Path) -> bytes:
    """Return what this server signs with: made once, for its own eyes, and the same after a restart."""
    path = home / SECRET_FILE
    with _LOCK:
        make_folder(home)
        with contextlib.suppress(FileExistsError):
            partial = path.with_name(f".{SECRET_FILE}.{secrets.token_hex(4)}.part")
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
            try:
                _name_once(partial, path)
            finally:
                partial.unlink(missing_ok=True)
        return path.read_bytes()


def _name_once(partial: Path, path: Path) -> None:
    """Give a file its name unless there is one of that name; FileExistsError then.

    A file system without links has no such step in one; there the name is looked at first.
    """
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:
        if path.exists():
            raise FileExistsError(str(path)) from None
        os.replace(partial, path)


@lru_cache(maxsize=16)
def _holders_of_before(home: Path) -> frozenset[str]:
    """Return the hashes of those who have data here; one look does, because whoever comes later is signed."""
    with contextlib.suppress(OSError):
        return frozenset(os.listdir(home / "owners"))
    return frozenset()
