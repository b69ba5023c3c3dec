"""A drawing on its way from the pad to a collection.

POST  drawings?label=<what it shows>&collection=<token>   its pixels, (28, 28), a byte each, as the body

Without a token it goes into the browser's own collection. The answer, once it lies on disk, is how many are
there and how many of them are this browser's; whatever is in the way is said in a sentence.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ui.identity.origin import is_own_origin
from ui.identity.owner import owner_of
from ui.library.disk.drawing_files import PIXELS
from ui.library.disk.drawing_room import DrawingError
from ui.library.drawings import NOT_A_DRAWING, Collection
from vae_core.engine.contract.failures import describe

STALL_SECONDS: Final = 10.0
NO_COOKIES: Final = "This browser refuses cookies, so nothing of its own can lie here. Allow them and reload."
NOT_WHOLE: Final = "The drawing did not come whole, and was not kept. Try again."
HEADERS: Final = {"Cache-Control": "no-store"}


async def take_drawing(request: Request) -> Response:
    """Keep a drawing."""
    owner = owner_of(request)
    if owner is None or not is_own_origin(request.headers):
        return _said(403, NO_COOKIES)
    if request.headers.get("content-length") != str(PIXELS):  # nothing longer is even read
        return _said(400, NOT_A_DRAWING)
    try:
        async with asyncio.timeout(STALL_SECONDS):
            pixels = await request.body()
        asked = request.query_params
        collection = Collection(owner, asked.get("collection", ""))
        counts = await run_in_threadpool(_keep, collection, pixels, asked.get("label", ""))
    except (TimeoutError, ClientDisconnect):
        return _said(400, NOT_WHOLE)
    except DrawingError as refused:
        return _said(refused.status, str(refused))
    except OSError as error:
        return _said(507, describe(error))
    return JSONResponse(dict(zip(("all", "mine"), counts, strict=True)), headers=HEADERS)


def _keep(collection: Collection, pixels: bytes, label: str) -> tuple[int, int]:
    collection.keep(pixels, label)
    return collection.counts()


def _said(status: int, sentence: str) -> Response:
    return PlainTextResponse(sentence, status, {**HEADERS, "Connection": "close"})
