"""HTTP and WebSocket routes that carry bytes to the browser, nearly all below `<base>/latent/`.

    js/<version>/<file>                    the explorer's modules and styles       public, for a year
    plotly/<version>/plotly.min.js         from the installed plotly               public, for a year
    models/<name>/<digest>.safetensors     a shipped model                         public, for a year
                                           an own model                            private, its owner's alone
    shared/<token>/<digest>.safetensors    a model by its owner's link             whoever has the link
    runs/<run id>/keyframes/<step>.safetensors   a moment of a run's past          its owner's alone
    stream/<run id>                        WebSocket: a run as it trains           its owner's alone
    watch/<token>                          WebSocket: a run by its owner's link    whoever has the link
    lead                                   WebSocket: what is shown to followers   from the leader's browser
    follow/<token>                         WebSocket: what the leader shows        whoever has the link
    follow/<token>/model/<digest>...       the leader's own model, while shown     whoever has the link
    follow/<token>/run/<run id>            WebSocket: the leader's run, while shown  whoever has the link
    follow/<token>/run/<run id>/keyframes/<step>.safetensors   a moment of its past, while shown
    lesson/<token>                         WebSocket: a lesson done together       whoever has the link
    images/upload                          images brought to this browser's own    see `ui.web.image_uploads`
    images/<name>.zip                      an own image set, once exported         its owner's alone
    drawings                               a drawing for a collection              see `ui.web.drawings`
    new-owner                              start as someone new, then to the first page

Anything else below `/latent/` is 404: Streamlit would answer it with its page. `<base>/explore` leads to the
first page, whose path Streamlit wants to be `/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute

from ui.identity.origin import host_of
from ui.identity.owner import cookie_header, new_owner, owner_of
from ui.library.entry import ModelEntry
from ui.library.library import Library, shared_model
from ui.page import urls
from ui.page.urls import KINDS, PLOTLY_VERSION, base_path
from ui.web.compressed import LARGE_BYTES, Packed, PackedFiles, pieces
from ui.web.drawings import take_drawing
from ui.web.image_uploads import exported_images, room_for_images, take_images
from ui.web.sockets.following import (
    followed_keyframe,
    followed_model,
    serve_followed_run,
    serve_follower,
    serve_leader,
)
from ui.web.sockets.lesson_sockets import serve_room
from ui.web.sockets.stream import stream, watch
from vae_core.bundles.older import with_layers
from vae_core.engine import get_engine

PUBLIC: Final = "public, max-age=31536000, immutable"
PRIVATE: Final = "private, no-cache"

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


_PACKED = PackedFiles()


def routes() -> list[BaseRoute]:
    """Return the routes for `st.App`, in their order."""
    top = f"{base_path()}/latent"
    return [
        Route(f"{top}/js/{{version}}/{{file:path}}", _explorer_file),
        Route(f"{top}/plotly/{{version}}/plotly.min.js", _plotly),
        Route(f"{top}/models/{{name}}/{{file}}", _model),
        Route(f"{top}/shared/{{token}}/{{file}}", _shared),
        Route(f"{top}/runs/{{run}}/keyframes/{{step}}.safetensors", keyframe),
        Route(f"{top}/follow/{{token}}/run/{{run}}/keyframes/{{step}}.safetensors", keyframe),
        Route(f"{top}/images/upload", room_for_images, methods=("GET",)),
        Route(f"{top}/images/upload", take_images, methods=("POST",)),
        Route(f"{top}/images/{{name}}.zip", exported_images),
        Route(f"{top}/drawings", take_drawing, methods=("POST",)),
        Route(f"{top}/new-owner", _new_owner),
        WebSocketRoute(f"{top}/stream/{{run}}", stream),
        WebSocketRoute(f"{top}/watch/{{token}}", watch),
        Route(f"{top}/follow/{{token}}/model/{{file}}", _followed),
        WebSocketRoute(f"{top}/lead", partial(serve_leader, base=base_path())),
        WebSocketRoute(f"{top}/follow/{{token}}", serve_follower),
        WebSocketRoute(f"{top}/follow/{{token}}/run/{{run}}", serve_followed_run),
        WebSocketRoute(f"{top}/lesson/{{token}}", serve_room),
        Route(top, _nothing, methods=METHODS),
        Route(f"{top}/{{rest:path}}", _nothing, methods=METHODS),
        WebSocketRoute(f"{top}/{{rest:path}}", stream),
    ]


async def _explorer_file(request: Request) -> Response:
    """Serve a module or style of the explorer; only files that are there by their own names."""
    path = await run_in_threadpool(
        urls.explorer_file, request.path_params["version"], request.path_params["file"]
    )
    return await (_nothing(request) if path is None else _send_file(request, path, PUBLIC))


async def _plotly(request: Request) -> Response:
    path = await run_in_threadpool(urls.plotly_file)
    if path is None or request.path_params["version"] != PLOTLY_VERSION:
        return await _nothing(request)
    return await _send_file(request, path, PUBLIC)


async def _model(request: Request) -> Response:
    """Serve a bundle: a shipped one to all, an own one to its owner."""
    try:
        entry = await run_in_threadpool(Library(owner_of(request)).get, request.path_params["name"])
    except KeyError:
        return await _nothing(request)
    return await _bundle(request, entry)


async def _shared(request: Request) -> Response:
    """Serve a bundle to whoever has the link that its owner made."""
    return await _bundle(request, await run_in_threadpool(shared_model, request.path_params["token"]))


async def _followed(request: Request) -> Response:
    """Serve a follower the leader's own model, for as long as it is shown."""
    return await _bundle(request, await run_in_threadpool(followed_model, request.path_params["token"]))


async def _bundle(request: Request, entry: ModelEntry | None) -> Response:
    """Serve a bundle under the name of its present content."""
    if entry is None or request.path_params["file"] != f"{entry.digest}.safetensors":
        return await _nothing(request)
    is_download = bool(request.query_params.get("download"))
    caching, change = PUBLIC if entry.shipped else PRIVATE, None if is_download else with_layers
    if not is_download and _has_it(request, entry.digest):
        return Response(status_code=304, headers=_headers(entry.digest, caching))
    if entry.size_bytes < LARGE_BYTES:
        digest = "" if is_download else entry.digest
        response = await _send_file(request, entry.path, caching, change, digest)
    else:
        response = await _stream_file(request, entry, caching, as_it_lies=is_download)
    if is_download:
        response.headers["Content-Disposition"] = f'attachment; filename="{entry.name}.safetensors"'
    return response


async def _new_owner(request: Request) -> Response:
    """Forget who this browser is. A link on a foreign page must not be able to do that."""
    site, referer = request.headers.get("sec-fetch-site"), request.headers.get("referer", "")
    own = site == "same-origin" if site else host_of(referer) == request.headers.get("host")
    if not own:
        return await _nothing(request)
    response = RedirectResponse(f"{base_path()}/", 303, {"Cache-Control": "no-store"})
    secure = request.url.scheme == "https"
    response.raw_headers.append((b"set-cookie", cookie_header(new_owner(), base_path(), secure=secure)))
    return response


async def _nothing(_request: Request) -> Response:
    return PlainTextResponse("Not found", 404, {"Cache-Control": "no-store"})


def _headers(digest: str, caching: str) -> dict[str, str]:
    """Return the headers of a file, sent or known already."""
    return {
        "Cache-Control": caching,
        "ETag": f'"{digest}"',
        "Vary": "Accept-Encoding" if caching == PUBLIC else "Accept-Encoding, Cookie",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def _has_it(request: Request, digest: str) -> bool:
    """Whether the browser says that it has this very content."""
    return f'"{digest}"' in request.headers.get("if-none-match", "")


async def _stream_file(request: Request, entry: ModelEntry, caching: str, *, as_it_lies: bool) -> Response:
    """Send a large model piece by piece, never compressed."""
    try:
        size, body = await run_in_threadpool(
            pieces, entry.path, entry.modified, entry.size_bytes, as_it_lies=as_it_lies
        )
    except (OSError, ValueError):
        return await _nothing(request)
    headers = {
        **_headers(entry.digest + "-file" * as_it_lies, caching),
        "Content-Encoding": "identity",
        "Content-Length": str(size),
    }
    kind = KINDS[entry.path.suffix]
    if request.method == "HEAD":
        body.close()
        return Response(headers=headers, media_type=kind)
    return StreamingResponse(body, headers=headers, media_type=kind)


async def _send_file(
    request: Request,
    path: Path,
    caching: str,
    change: Callable[[bytes], bytes] | None = None,
    digest: str = "",
) -> Response:
    """Send a file's bytes, or what `change` makes of them, compressed once for all.

    Where the digest of what is sent is known, nothing else is.
    """
    try:
        packed = await run_in_threadpool(_PACKED.get, path, change)
    except (OSError, ValueError):
        return await _nothing(request)
    if digest not in ("", packed.digest):
        return await _nothing(request)
    headers = _headers(packed.digest, caching)
    if _has_it(request, packed.digest):
        return Response(status_code=304, headers=headers)
    body, encoding = await run_in_threadpool(_body_for, request.headers.get("accept-encoding", ""), packed)
    headers["Content-Encoding"] = encoding
    return Response(body, headers=headers, media_type=KINDS.get(path.suffix, "application/octet-stream"))


def _body_for(accepted: str, packed: Packed) -> tuple[bytes, str]:
    """Return the bytes a client can take, and their encoding.

    "identity" is said aloud: without a Content-Encoding, Streamlit's middleware would compress each answer.
    """
    if packed.encoding and "gzip" in accepted:
        return packed.body, packed.encoding
    return packed.plain(), "identity"


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
        data = await run_in_threadpool(_read, owner_of(request), **request.path_params)
    except (KeyError, PermissionError, OSError):
        return PlainTextResponse("Not found", 404, {"Cache-Control": "no-store"})
    return Response(data, headers=dict(HEADERS), media_type="application/octet-stream")


def _read(owner: str | None, *, run: str, step: str, token: str = "") -> bytes:
    """Read a keyframe, by a link its leader's; KeyError, PermissionError or OSError when that cannot be."""
    if not STEP.fullmatch(step):  # Python refuses to read thousands of digits
        raise KeyError(step)
    if token:
        return followed_keyframe(token, run, int(step)).read_bytes()
    if owner is None:
        raise PermissionError("no owner")
    return get_engine().keyframe(owner, run, int(step)).read_bytes()
