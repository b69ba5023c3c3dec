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
    new-owner                              start as someone new, then to the first page

Anything else below `/latent/` is 404: Streamlit would answer it with its page. `<base>/explore` leads to the
first page, whose path Streamlit wants to be `/`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import time
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from streamlit import config

from ui.entry import ModelEntry
from ui.following import follow, follow_run, followed_model, lead
from ui.library import shared_model
from ui.owner import Library, cookie_header, new_owner, owner_of
from ui.packed import Packed, PackedFiles
from ui.run_routes import keyframe
from ui.stream import host_of, stream, watch

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

EXPLORER: Final = Path(__file__).resolve().parent.parent / "assets" / "explorer"
KINDS: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".safetensors": "application/octet-stream",
}
PUBLIC: Final = "public, max-age=31536000, immutable"
PRIVATE: Final = "private, no-cache"

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

PLOTLY_VERSION: Final = version("plotly")
"""Asked for once: asked by several threads at a time, Python 3.11 may say that there is no such package."""

LOOK_SECONDS: Final = 1.0
"""So often the explorer's folder is looked through: a page asks for a hundred of its files at once."""

_PACKED = PackedFiles()
_SEEN: Final[dict[Path, tuple[float, dict[str, tuple[Path, int, int]]]]] = {}


def base_path() -> str:
    """Return what stands before every path of the app: "" or "/name", without a slash at its end."""
    given = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{given}" if given else ""


def explorer_version() -> str:
    """Return the name of the present state of the browser's modules, part of their URL."""
    return _digest_of(tuple((name, found[1], found[2]) for name, found in _explorer_files().items()))


def explorer_url() -> str:
    """Return the folder of the browser's modules, base path included, without a slash at its end."""
    return f"{base_path()}/latent/js/{explorer_version()}"


def plotly_url() -> str:
    """Return where the browser gets Plotly.js, base path included."""
    return f"{base_path()}/latent/plotly/{PLOTLY_VERSION}/plotly.min.js"


def new_owner_url() -> str:
    """Return the link that makes this browser someone new, base path included."""
    return f"{base_path()}/latent/new-owner"


def routes() -> list[BaseRoute]:
    """Return the routes for `st.App`, in their order."""
    top = f"{base_path()}/latent"
    return [
        Route(f"{top}/js/{{version}}/{{file:path}}", _explorer_file),
        Route(f"{top}/plotly/{{version}}/plotly.min.js", _plotly),
        Route(f"{top}/models/{{name}}/{{file}}", _model),
        Route(f"{top}/shared/{{token}}/{{file}}", _shared),
        Route(f"{top}/runs/{{run}}/keyframes/{{step}}.safetensors", keyframe),
        Route(f"{top}/new-owner", _new_owner),
        WebSocketRoute(f"{top}/stream/{{run}}", stream),
        WebSocketRoute(f"{top}/watch/{{token}}", watch),
        Route(f"{top}/follow/{{token}}/model/{{file}}", _followed),
        WebSocketRoute(f"{top}/lead", partial(lead, base=base_path())),
        WebSocketRoute(f"{top}/follow/{{token}}", follow),
        WebSocketRoute(f"{top}/follow/{{token}}/run/{{run}}", follow_run),
        Route(top, _nothing, methods=METHODS),
        Route(f"{top}/{{rest:path}}", _nothing, methods=METHODS),
        Route(f"{base_path()}/explore", _explore),
        WebSocketRoute(f"{top}/{{rest:path}}", stream),
    ]


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


async def _explorer_file(request: Request) -> Response:
    """Serve a module or style of the explorer; only files that are there by their own names."""
    path = await run_in_threadpool(_module, request.path_params["version"], request.path_params["file"])
    return await (_nothing(request) if path is None else _send_file(request, path, PUBLIC))


async def _plotly(request: Request) -> Response:
    path = await run_in_threadpool(_plotly_file)
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
    return await _bundle(request, followed_model(request.path_params["token"]))


async def _bundle(request: Request, entry: ModelEntry | None) -> Response:
    """Serve a bundle under the name of its present content."""
    if entry is None or request.path_params["file"] != f"{entry.digest}.safetensors":
        return await _nothing(request)
    response = await _send_file(request, entry.path, PUBLIC if entry.shipped else PRIVATE)
    if request.query_params.get("download"):
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


async def _explore(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{base_path()}/{query}")


async def _nothing(_request: Request) -> Response:
    return PlainTextResponse("Not found", 404, {"Cache-Control": "no-store"})


async def _send_file(request: Request, path: Path, caching: str) -> Response:
    """Send a file's bytes, compressed once for all."""
    try:
        packed = await run_in_threadpool(_PACKED.get, path)
    except OSError:
        return await _nothing(request)
    tag = f'"{packed.digest}"'
    headers = {
        "Cache-Control": caching,
        "ETag": tag,
        "Vary": "Accept-Encoding" if caching == PUBLIC else "Accept-Encoding, Cookie",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if tag in request.headers.get("if-none-match", ""):
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


def _module(named: str, file: str) -> Path | None:
    """Find one of the explorer's files, if it is asked for by the version that there is now."""
    found = _explorer_files().get(file)
    return found[0] if found is not None and named == explorer_version() else None


def _explorer_files() -> dict[str, tuple[Path, int, int]]:
    """Return the explorer's files by their path below its folder, with time and size; a moment old."""
    looked, found = _SEEN.get(EXPLORER, (-math.inf, {}))
    if time.monotonic() - looked < LOOK_SECONDS:
        return found
    found = {}
    for path in sorted(EXPLORER.rglob("*")):
        if path.is_file() and path.suffix in KINDS:
            state = path.stat()
            found[path.relative_to(EXPLORER).as_posix()] = (path, state.st_mtime_ns, state.st_size)
    _SEEN[EXPLORER] = time.monotonic(), found
    return found


@lru_cache(maxsize=8)
def _digest_of(files: tuple[tuple[str, int, int], ...]) -> str:
    """Return a digest of the explorer's files; their times and sizes only tell when to look again."""
    digest = hashlib.sha256()
    for name, _, _ in files:
        content = (EXPLORER / name).read_bytes()
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest()[:16]


@lru_cache(maxsize=1)
def _plotly_file() -> Path | None:
    """Find Plotly.js in the installed package, without importing it."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
    return path if path.is_file() else None
