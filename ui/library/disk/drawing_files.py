"""Drawings on disk: each written once, whole, as the model saw it, and never changed.

LATENT_HOME/owners/<hash>/drawings/<id>.drawing   one drawing: pixels, label, who drew it, when
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from vae_core.pictures.sheets import png
from vae_core.storage import tensorfile
from vae_core.storage.home import holder_folder, latent_home, write_whole

FOLDER: Final = "drawings"
"""Of an owner's collection, in the owner's folder."""

SIDE: Final = 28
"""Rows and columns of a drawing, which is grey: those of the digits that it is to stand beside."""

PIXELS: Final = SIDE * SIDE
LONGEST_LABEL: Final = 20

_SUFFIX: Final = ".drawing"
_NAME: Final = re.compile(rf"[0-9a-f]{{32}}{re.escape(_SUFFIX)}")
_FORMAT: Final = "latent-explorer drawing 1"


@dataclass(frozen=True)
class Drawing:
    """Hold what was kept.

    Attributes:
        id: names it, and follows from all below but the time: what is sent twice is kept once.
        label: what it shows, "" where that was not said.
        by: hash of the name of the browser it came from, which is shown to nobody.
        created: in seconds since 1970.
        pixels: as the model saw them, (28, 28), a byte each.
    """

    id: str
    label: str
    by: str
    created: float
    pixels: bytes

    def picture(self) -> bytes:
        """Return it as a PNG."""
        return png(np.frombuffer(self.pixels, np.uint8).reshape(1, SIDE, SIDE))


def new_drawing(pixels: bytes, label: str, by: str) -> Drawing:
    """Return a drawing that someone has just drawn."""
    name = hashlib.blake2b(f"{by}\n{label}\n".encode() + pixels, digest_size=16).hexdigest()
    return Drawing(name, label, by, time.time(), pixels)


def write_drawing(holder: str, drawing: Drawing) -> None:
    """Put a drawing into a collection, on disk before this returns.

    Args:
        holder: hash of the name of whose collection it is.
        drawing: the drawing.

    Raises:
        OSError: the disk is full.
    """
    about = {
        "format": _FORMAT,
        "label": drawing.label,
        "by": drawing.by,
        "created": repr(drawing.created),
    }
    image = np.frombuffer(drawing.pixels, np.uint8).reshape(SIDE, SIDE)
    write_whole(_folder(holder) / f"{drawing.id}{_SUFFIX}", tensorfile.pack({"image": image}, about))


def drawings_of(holder: str) -> list[Drawing]:
    """Return all drawings of a collection, the newest first; what cannot be read is left out."""
    found = []
    for path in collection_files(_folder(holder).parent):
        with suppress(OSError, ValueError, KeyError):
            found.append(_read(path))
    return sorted(found, key=lambda drawing: (-drawing.created, drawing.id))


def delete_drawing(holder: str, name: str) -> None:
    """Delete a drawing that is in a collection, or was a moment ago.

    Args:
        holder: hash of the name of whose collection it is.
        name: the drawing's id.
    """
    (_folder(holder) / f"{name}{_SUFFIX}").unlink(missing_ok=True)


def collection_files(owner: Path) -> list[str]:
    """Return the paths of the drawings in an owner's folder."""
    folder = str(owner / FOLDER)
    try:
        return [f"{folder}{os.sep}{name}" for name in os.listdir(folder) if _NAME.fullmatch(name)]
    except OSError:
        return []


def _folder(holder: str) -> Path:
    return holder_folder(latent_home(), holder) / FOLDER


@lru_cache(maxsize=20_000)
def _read(path: str) -> Drawing:
    """Read a drawing's file, once: it never changes."""
    about, arrays = tensorfile.unpack(Path(path).read_bytes())
    pixels = arrays["image"]
    if about.get("format") != _FORMAT or pixels.shape != (SIDE, SIDE) or pixels.dtype != np.uint8:
        raise ValueError("it is no drawing")
    label = about["label"][:LONGEST_LABEL]
    return Drawing(Path(path).stem, label, about["by"], float(about["created"]), pixels.tobytes())
