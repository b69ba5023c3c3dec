"""Drawings that were kept, as the model saw them: a collection of each browser's own, which a class can join.

    LATENT_HOME/owners/<hash>/drawings/<id>.drawing   one drawing: pixels, label, who drew it, when

Each is written once, whole, and never changed. Whoever has the link to a collection adds drawings to it, sees
how many there are, and deletes those that came from the same browser; its owner sees and deletes any. What
someone may do is asked at each deed, not when a page was drawn: a link is taken back at any time.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from ui.library import links
from ui.library.image_library import ImageLibrary
from ui.page.text import count
from vae_core.engine.contract import limits
from vae_core.images.image_set import MOST_CLASSES
from vae_core.images.order import held_out_rows
from vae_core.images.own_sets import SUFFIX as SET_SUFFIX
from vae_core.images.own_sets import OwnSet, write_arrays
from vae_core.images.uploads.labels import Labels, by_number
from vae_core.pictures.sheets import png
from vae_core.storage import tensorfile
from vae_core.storage.home import holder_folder, incoming, latent_home, owner_hash, write_whole

FOLDER: Final = "drawings"
"""Of an owner's collection, in the owner's folder."""

SIDE: Final = 28
"""Rows and columns of a drawing, which is grey: those of the digits that it is to stand beside."""

PIXELS: Final = SIDE * SIDE
LONGEST_LABEL: Final = 20
LEAST_OF_A_SET: Final = 10
WINDOW_SECONDS: Final = 60.0

CLOSED: Final = "This collection is closed: whoever opened it takes no more drawings. Nothing was done."
NOT_A_DRAWING: Final = (
    f"A drawing has {SIDE} × {SIDE} grey pixels. This was something else, and was not kept."
)
EMPTY: Final = "There is nothing to see on it, so it was not kept."
NOT_YOURS: Final = "This drawing came from another browser, or is not here any more. Nothing was deleted."

_SUFFIX: Final = ".drawing"
_NAME: Final = re.compile(rf"[0-9a-f]{{32}}{re.escape(_SUFFIX)}")
_FORMAT: Final = "latent-explorer drawing 1"


class DrawingError(ValueError):
    """Refuse what cannot be done with a drawing; the text says what to do.

    Attributes:
        status: what HTTP calls that.
    """

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


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


@dataclass(frozen=True)
class Collection:
    """A collection as one browser reaches it.

    Attributes:
        owner: the browser's name.
        token: of the link to another's collection; "" for its own.
    """

    owner: str
    token: str = ""

    @property
    def is_own(self) -> bool:
        """Whether it is this browser's, also where it comes by the link it made.

        Raises:
            DrawingError: the link was taken back.
        """
        return self._holder() == owner_hash(self.owner)

    def keep(self, pixels: bytes, label: str = "") -> Drawing:
        """Put a drawing there, on disk before this returns.

        Args:
            pixels: as the model sees it, (28, 28), a byte each.
            label: what it shows; "" for nothing said.

        Raises:
            DrawingError: it is none, its label will not do, there is no room, or the link was taken back.
            OSError: the disk is full.
        """
        holder, me, label = self._holder(), owner_hash(self.owner), proper_label(label)
        if len(pixels) != PIXELS:
            raise DrawingError(NOT_A_DRAWING)
        if len(set(pixels)) < 2:
            raise DrawingError(EMPTY)
        _PACE.note(me)
        name = hashlib.blake2b(f"{me}\n{label}\n".encode() + pixels, digest_size=16).hexdigest()
        drawing = Drawing(name, label, me, time.time(), pixels)
        with _room(holder, drawing):
            about = {"format": _FORMAT, "label": label, "by": me, "created": repr(drawing.created)}
            image = np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)
            write_whole(_path(holder, name), tensorfile.pack({"image": image}, about))
        return drawing

    def counts(self) -> tuple[int, int]:
        """Return how many drawings there are, and how many of them came from this browser.

        Raises:
            DrawingError: the link was taken back.
        """
        found, me = _drawings(self._holder()), owner_hash(self.owner)
        return len(found), sum(drawing.by == me for drawing in found)

    def drawings(self) -> tuple[Drawing, ...]:
        """Return the drawings that this browser may see, the newest first: of another's collection its own.

        Raises:
            DrawingError: the link was taken back.
        """
        holder, me = self._holder(), owner_hash(self.owner)
        return tuple(drawing for drawing in _drawings(holder) if me in (holder, drawing.by))

    def delete(self, *ids: str) -> None:
        """Delete drawings that this browser may see.

        Raises:
            DrawingError: the link was taken back, or one of them is another's or gone already; the others go.
        """
        mine = {drawing.id for drawing in self.drawings()}
        for name in mine.intersection(ids):
            _path(self._holder(), name).unlink(missing_ok=True)
        if not mine.issuperset(ids):
            raise DrawingError(NOT_YOURS, 403)

    def make_set(self, title: str) -> OwnSet:
        """Make an image set of all that is in one's own collection, which stays as it is.

        Args:
            title: of the set.

        Raises:
            DrawingError: it is another's, or holds too few drawings or too many labels.
            ImageLibraryError: there is no room for a set, or no title.
            OSError: the disk is full.
        """
        if not self.is_own:
            raise DrawingError("Only who opened this collection makes a set of it.", 403)
        found = self.drawings()[::-1]
        if len(found) < LEAST_OF_A_SET:
            here = f"here {'is' if len(found) == 1 else 'are'} {count(len(found), 'drawing')}"
            raise DrawingError(f"A set has {LEAST_OF_A_SET} drawings or more; {here}.")
        has_classes = any(drawing.label for drawing in found)
        labels = by_number([drawing.label for drawing in found], ()) if has_classes else Labels((), ())
        if len(labels.names) > MOST_CLASSES:
            raise DrawingError(
                f"These drawings have {len(labels.names):,} labels; a set has {MOST_CLASSES:,} at most."
            )
        pixels = np.frombuffer(b"".join(drawing.pixels for drawing in found), np.uint8)
        classes = np.array(labels.of or [0] * len(found), np.int64)
        made = incoming(latent_home(), SET_SUFFIX)
        try:
            write_arrays(
                made,
                pixels.reshape(-1, 1, SIDE, SIDE),
                classes if has_classes else None,
                held_out_rows(classes),
                title=title,
                label_names=labels.names,
                source=_account(found, len(labels.names)),
            )
            return ImageLibrary(self.owner).keep(made, title)
        finally:
            made.unlink(missing_ok=True)

    def _holder(self) -> str:
        """Return the hash of whose collection it is; DrawingError when the link leads nowhere any more."""
        if not self.token:
            return owner_hash(self.owner)
        link = links.find(self.token, "drawings")
        if link is None:
            raise DrawingError(CLOSED, 403)
        return link.owner


def proper_label(given: str) -> str:
    """Return a label as it is kept.

    Raises:
        DrawingError: it is too long, or has control characters in it.
    """
    label = unicodedata.normalize("NFC", given).strip()
    if not label.isprintable():
        raise DrawingError("A label is text on one line, without invisible characters. Nothing was kept.")
    if len(label) > LONGEST_LABEL:
        raise DrawingError(
            f"A label has {LONGEST_LABEL} characters at most; this one has {len(label)}. Nothing was kept."
        )
    return label


def collection_files(owner: Path) -> list[Path]:
    """Return the files of the drawings in an owner's folder."""
    try:
        return [path for path in (owner / FOLDER).iterdir() if _NAME.fullmatch(path.name)]
    except OSError:
        return []


def _account(found: tuple[Drawing, ...], classes: int) -> str:
    """Say what a set was made of, for its card."""
    by = len({drawing.by for drawing in found})
    named = f"in {count(classes, 'class', 'classes')}" if classes else "without labels"
    browsers = f", from {count(by, 'browser')}" * (by > 1)
    return f"drawn on the pad: {count(len(found), 'drawing')} {named}{browsers}; as the model saw them"


def _path(holder: str, name: str) -> Path:
    return holder_folder(latent_home(), holder) / FOLDER / f"{name}{_SUFFIX}"


def _drawings(holder: str) -> list[Drawing]:
    """Return all drawings of a collection, the newest first; what cannot be read is left out."""
    folder, found = holder_folder(latent_home(), holder) / FOLDER, []
    with suppress(OSError):
        for name in os.listdir(folder):
            if _NAME.fullmatch(name):
                with suppress(OSError, ValueError, KeyError):
                    found.append(_read(str(folder / name)))
    return sorted(found, key=lambda drawing: (-drawing.created, drawing.id))


@lru_cache(maxsize=20_000)
def _read(path: str) -> Drawing:
    """Read a drawing's file, once: it never changes."""
    about, arrays = tensorfile.unpack(Path(path).read_bytes())
    pixels = arrays["image"]
    if about.get("format") != _FORMAT or pixels.shape != (SIDE, SIDE) or pixels.dtype != np.uint8:
        raise ValueError("it is no drawing")
    label = about["label"][:LONGEST_LABEL]
    return Drawing(Path(path).stem, label, about["by"], float(about["created"]), pixels.tobytes())


_LOCK: Final = threading.Lock()
_COMING: Final[dict[str, dict[str, str]]] = {}
"""Drawings on their way to disk: ids and from whom, by the hash of whose collection it is."""


@contextmanager
def _room(holder: str, drawing: Drawing) -> Iterator[None]:
    """Have a place for a drawing while it is written; many are written at a time.

    Raises:
        DrawingError: there is none.
    """
    with _LOCK:
        known = {each.id: each.by for each in _drawings(holder)} | _COMING.get(holder, {})
        known.pop(drawing.id, None)  # the same again takes its own place
        most, each = int(limits.DRAWINGS.value()), int(limits.DRAWINGS_OF_A_GUEST.value())
        if len(known) >= most:
            raise DrawingError(f"The collection is full: it has {most:,} drawings. Nothing was kept.", 409)
        if drawing.by != holder and sum(by == drawing.by for by in known.values()) >= each:
            raise DrawingError(
                f"{each:,} drawings have come from this browser, as many as may. Delete one of them first.",
                409,
            )
        _COMING.setdefault(holder, {})[drawing.id] = drawing.by
    try:
        yield
    finally:
        with _LOCK:
            coming = _COMING.get(holder, {})
            coming.pop(drawing.id, None)
            if not coming:
                _COMING.pop(holder, None)


class _Pace:
    """Bound how many drawings a browser sends in a minute; each browser has its own bound."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: dict[str, deque[float]] = {}  # who sent last stands last

    def note(self, who: str) -> None:
        """Count one more, or refuse it with a DrawingError."""
        now, most = time.monotonic(), limits.DRAWINGS_A_MINUTE.value()
        with self._lock:
            sent = self._sent.pop(who, deque())
            while sent and now - sent[0] >= WINDOW_SECONDS:
                sent.popleft()
            self._sent[who] = sent
            if len(sent) >= most:
                raise DrawingError(
                    f"{most:g} drawings came within a minute. Wait a little, then press again.", 429
                )
            sent.append(now)
            while (oldest := next(iter(self._sent))) != who and now - self._sent[oldest][
                -1
            ] >= WINDOW_SECONDS:
                del self._sent[oldest]


_PACE: Final = _Pace()
