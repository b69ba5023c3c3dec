"""The route that carries a run's past to the browser: `runs/<run id>/keyframes/<step>.safetensors`.

Its owner's alone; for anyone else, as for a run or step that is not there, the answer is 404.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from ui.owner import owner_of
from vae_core.engine import get_engine

if TYPE_CHECKING:
    from starlette.requests import Request

CACHING: Final = "private, no-store"
"""A run that went back may come to the same step another way."""

STEP: Final = re.compile(r"[0-9]{1,16}")
HEADERS: Final = {
    "Cache-Control": CACHING,
    "Vary": "Cookie",
    "Content-Encoding": "identity",  # weights hardly shrink, and the hand on the scrubber waits
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def keyframe(request: Request) -> Response:
    """Serve a keyframe's file as it lies on disk."""
    try:
        data = await run_in_threadpool(
            _read, owner_of(request), request.path_params["run"], request.path_params["step"]
        )
    except (KeyError, PermissionError, OSError):
        return PlainTextResponse("Not found", 404, {"Cache-Control": "no-store"})
    return Response(data, headers=dict(HEADERS), media_type="application/octet-stream")


def _read(owner: str | None, run_id: str, step: str) -> bytes:
    """Read a keyframe; KeyError, PermissionError or OSError when that cannot be."""
    if owner is None:
        raise PermissionError("no owner")
    if not STEP.fullmatch(step):  # Python refuses to read thousands of digits
        raise KeyError(step)
    return get_engine().keyframe(owner, run_id, int(step)).read_bytes()
