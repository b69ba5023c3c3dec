"""Images on their way from a browser to disk, piece by piece: no more of them than a piece is ever in memory.

GET   images/upload?size=<bytes>   whether there is room; what is in the way stands in the answer
POST  images/upload?name=<name>    the file, as the request's body
GET   images/<name>.zip            an own set as a zip, once a worker has written it
"""

from __future__ import annotations

import asyncio
import json
from typing import BinaryIO, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from ui.identity.origin import is_own_origin
from ui.identity.owner import owner_of
from ui.library.disk import brought
from ui.library.disk.brought import Arriving, NoRoomError
from ui.library.entry import slug
from ui.library.image_library import ImageLibrary
from vae_core.engine.contract.failures import describe

STALL_SECONDS: Final = 30.0
"""An upload of which nothing has come for so long is given up."""

PIECE_BYTES: Final = 1_000_000
"""So much is written at once."""

NO_COOKIES: Final = "This browser refuses cookies, so nothing of its own can lie here. Allow them and reload."
BROKEN_OFF: Final = "It did not come whole. Try again."
STALLED: Final = "Nothing more of it came, so it was given up. Try again."


async def room_for_images(request: Request) -> Response:
    """Say whether there is room for an upload, before a browser begins to send it."""
    owner = owner_of(request)
    if owner is None:
        return _said(403, NO_COOKIES)
    size = request.query_params.get("size", "")
    if not (size.isascii() and size.isdigit() and len(size) < 16):
        return _said(400, "How large is it?")
    try:
        await run_in_threadpool(brought.check_room, owner, int(size))
    except NoRoomError as refused:
        return _said(refused.status, str(refused))
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


async def take_images(request: Request) -> Response:
    """Take an upload in; one that breaks off leaves nothing."""
    owner = owner_of(request)
    if owner is None or not is_own_origin(request.headers):
        return _said(403, NO_COOKIES)
    announced = request.headers.get("content-length", "")
    if not (announced.isdigit() and len(announced) < 16):
        return _said(411, "How large is it?")
    size = int(announced)
    try:
        arriving = await run_in_threadpool(Arriving, owner, request.query_params.get("name", ""), size)
    except NoRoomError as refused:
        return _said(refused.status, str(refused))
    except OSError as error:
        return _said(507, describe(error))
    try:
        file = await run_in_threadpool(arriving.part.open, "xb")
        try:
            came = await _write(request, file, size)
        finally:
            await run_in_threadpool(file.close)
        if came != size:
            return _said(400, BROKEN_OFF)
        await run_in_threadpool(arriving.keep)
    except TimeoutError:
        return _said(408, STALLED)
    except ClientDisconnect:
        return _said(400, BROKEN_OFF)  # to nobody
    except OSError as error:
        return _said(507, describe(error))
    finally:
        await asyncio.shield(run_in_threadpool(arriving.end))
    answer = json.dumps({"brought": arriving.id})
    return Response(answer, media_type="application/json", headers={"Cache-Control": "no-store"})


async def exported_images(request: Request) -> Response:
    """Serve an own set's zip to its owner."""
    owner, name = owner_of(request), request.path_params["name"]
    try:
        found = await run_in_threadpool(ImageLibrary(owner or "").get, name)
        path = await run_in_threadpool(brought.export_path, owner or "", name)
    except (KeyError, OSError):
        return _said(404, "Not found")
    if owner is None or not path.is_file():
        return _said(404, "Not found")
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Encoding": "identity",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    title = f"{slug(found.info.title)}.zip"
    return FileResponse(path, filename=title, media_type="application/zip", headers=headers)


async def _write(request: Request, file: BinaryIO, size: int) -> int:
    """Write a request's body to a file, and return how many bytes came.

    Raises:
        TimeoutError: nothing came for long.
        ClientDisconnect: the browser has gone.
        OSError: the disk is full.
    """
    stream, came, waiting = aiter(request.stream()), 0, bytearray()
    while came <= size:
        try:
            async with asyncio.timeout(STALL_SECONDS):
                piece = await anext(stream)
        except StopAsyncIteration:
            break
        waiting += piece
        came += len(piece)
        if len(waiting) >= PIECE_BYTES:
            await run_in_threadpool(file.write, bytes(waiting))
            waiting.clear()
    await run_in_threadpool(file.write, bytes(waiting))
    return came


def _said(status: int, sentence: str) -> Response:
    headers = {"Cache-Control": "no-store", "Connection": "close"}
    return PlainTextResponse(sentence, status, headers)
