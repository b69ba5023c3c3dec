"""The addresses of what the browser fetches, and where those files lie."""

from __future__ import annotations

import hashlib
import importlib.util
import math
import time
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from streamlit import config

EXPLORER: Final = Path(__file__).resolve().parents[2] / "assets" / "explorer"

KINDS: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".wasm": "application/wasm",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".safetensors": "application/octet-stream",
}

PLOTLY_VERSION: Final = version("plotly")
"""Asked for once: asked by several threads at a time, Python 3.11 may say that there is no such package."""

LOOK_SECONDS: Final = 1.0
"""So often the explorer's folder is looked through: a page asks for a hundred of its files at once."""

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


def style_sheets() -> list[Path]:
    """Return the explorer's style sheets in the order in which they take effect, that of their names."""
    return sorted(EXPLORER.rglob("*.css"), key=lambda path: path.name)


def new_owner_url() -> str:
    """Return the link that makes this browser someone new, base path included."""
    return f"{base_path()}/latent/new-owner"


def explorer_file(named: str, file: str) -> Path | None:
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
def plotly_file() -> Path | None:
    """Find Plotly.js in the installed package, without importing it."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
    return path if path.is_file() else None
