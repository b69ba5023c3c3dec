"""Uploads, bounded: what is coming in and what is held, for each session and for all together.

Streamlit takes files for any session at any page and holds them in memory. So the bytes are counted as they
pass, beside those that are held already; what would be too much is refused before it is there.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import PlainTextResponse
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.web.guards.refusals import tell_page
from vae_core.engine.contract import limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

STALL_SECONDS: Final = 30.0
"""An upload of which nothing has come for so long is given up."""


class BoundedUploads:
    """Refuse uploads for which there is no room.

    Args:
        app: what takes them in.
        base: the server's base path.
        held: returns the bytes that are held, by session.
        tell: lets a session's page say why a file was refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        base: str = "",
        held: Callable[[], Mapping[str, int]] | None = None,
        tell: Callable[[str, str], None] = tell_page,
    ) -> None:
        self.app = app
        self.top = f"{base}/_stcore/upload_file/"
        self.held = held or held_uploads
        self.tell = tell
        self.coming: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(self.top) or scope["method"] in ("GET", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        session = path.removeprefix(self.top).split("/")[0]
        begun, counted = False, 0

        async def counting() -> Message:
            nonlocal counted
            async with asyncio.timeout(STALL_SECONDS):
                message = await receive()
            size = len(message.get("body", b""))
            if size:
                self._check(session, size)
                self.coming[session] += size
                counted += size
            return message

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            self._check(session, _announced(scope))
            await self.app(scope, counting, noting)
        except (_NoRoomError, TimeoutError) as refused:
            if not begun:
                late = isinstance(refused, TimeoutError)
                said = "Nothing more of the file came. Try again." if late else str(refused)
                self.tell(session, said)
                answer = PlainTextResponse(said, 408 if late else 413, {"Connection": "close"})
                await answer(scope, receive, send)
        finally:
            self.coming[session] -= counted
            if self.coming[session] <= 0:
                del self.coming[session]

    def _check(self, session: str, more: int) -> None:
        held = self.held()
        each, everyone = 1e6 * limits.UPLOAD_MEGABYTES_EACH.value(), 1e6 * limits.UPLOAD_MEGABYTES.value()
        if held.get(session, 0) + self.coming[session] + more > each:
            raise _NoRoomError(
                f"A page may upload {each / 1e6:g} MB at a time. Take smaller files, or reload the page."
            )
        if sum(held.values()) + self.coming.total() + more > everyone:
            raise _NoRoomError("Many are uploading at this moment. Wait a little, then try again.")


class _NoRoomError(Exception):
    """Say that there is no room for an upload."""


def held_uploads() -> dict[str, int]:
    """Return how many bytes of uploads Streamlit holds, by session."""
    manager: Any = Runtime.instance().uploaded_file_mgr if Runtime.exists() else None
    if not isinstance(manager, MemoryUploadedFileManager):
        return {}
    with manager._lock:
        return {
            session: sum(len(file.data) for file in files.values())
            for session, files in manager.file_storage.items()
        }


def forget_upload(file_id: str) -> None:
    """Let go an uploaded file that has been used; otherwise it is held until its page is closed."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, file_id)


def _announced(scope: Scope) -> int:
    """Return how many bytes a request says it has."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and len(value) < 16:
            return int(value)
    return 0
