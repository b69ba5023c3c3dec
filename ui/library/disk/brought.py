"""What a browser brings before any of it is kept: one upload of each, on disk, for a day at most.

    LATENT_HOME/uploads/<hash of the owner>/<id>/came/<name>   what came, under its own name
    LATENT_HOME/uploads/<hash of the owner>/<id>/made/         what workers made of it: `ui.images.preview`
    LATENT_HOME/uploads/<hash of the owner>/exports/           sets as zips: `ui.library.image_library`

Who brings something anew lets go what came before. All of it is bounded: what one browser may bring, what all
together have lying here, and how full the disk may become.
"""

from __future__ import annotations

import re
import shutil
import threading
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ui.page.text import file_size, tidy
from vae_core.engine.contract import limits
from vae_core.engine.contract.failures import DISK_FULL
from vae_core.storage.home import latent_home, make_folder, new_id, owner_hash, put_in_place

FOLDER: Final = "uploads"
EXPORTS: Final = "exports"
KEPT_SECONDS: Final = 24 * 3600.0
SPARED_BYTES: Final = 200_000_000
"""So much of the disk is left free, for the runs and models of all."""

PART: Final = ".part"
LONGEST_NAME: Final = 80
LONGEST_ENDING: Final = 8
"""Of a file's name, in bytes and in characters."""

_ID: Final = re.compile(r"[0-9a-f]{32}")
_UNFIT: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]')
_LOCK: Final = threading.Lock()
_COMING: Final[dict[str, int]] = {}
"""Uploads on their way: bytes that were announced, by the owner's hash."""


class NoRoomError(Exception):
    """Say why an upload cannot be taken.

    Attributes:
        status: what HTTP calls that.
    """

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Brought:
    """Describe what came.

    Attributes:
        id: names it.
        path: the file.
        size_bytes: its size.
    """

    id: str
    path: Path
    size_bytes: int

    @property
    def made(self) -> Path:
        """The folder of what workers make of it."""
        return self.path.parent.parent / "made"


class Arriving:
    """Take in an upload, or leave nothing of it.

    Args:
        owner: whose it is.
        name: the file's name in the browser.
        size: bytes that are announced.

    Raises:
        NoRoomError: there is no room for it.
        OSError: the folder cannot be made.
    """

    def __init__(self, owner: str, name: str, size: int) -> None:
        self._holder = owner_hash(owner)
        self._name = file_name(name)
        with _LOCK:
            check_room(owner, size)
            _COMING[self._holder] = size
        try:
            discard(owner)
            self.id = new_id()
            self.part = _folder(self._holder) / self.id / "came" / PART
            make_folder(self.part.parent)
        except BaseException:
            self.end()
            raise

    def keep(self) -> None:
        """Give what came whole its name."""
        put_in_place(self.part, self.part.with_name(self._name), durable=False)

    def end(self) -> None:
        """Note that it is over; what did not come whole goes."""
        with _LOCK:
            _COMING.pop(self._holder, None)
        with suppress(AttributeError):
            if not self.part.with_name(self._name).exists():
                shutil.rmtree(self.part.parents[1], ignore_errors=True)


def check_room(owner: str, size: int) -> None:
    """Refuse an upload for which there is no room.

    Args:
        owner: who brings it.
        size: its bytes.

    Raises:
        NoRoomError: why.
    """
    each, everyone = most_bytes(), 1e6 * limits.IMAGE_UPLOADS_MEGABYTES.value()
    holder = owner_hash(owner)
    if size > each:
        raise NoRoomError(
            f"This has {file_size(size)}; at most {file_size(int(each))} can be brought at a time. "
            "Bring a part of it.",
            413,
        )
    if holder in _COMING:
        raise NoRoomError(
            "Something else is on its way from this browser. Wait for it, or cancel it there.", 409
        )
    others = sum(_COMING.values())
    for folder in _owners():
        if folder.name != holder and folder.name not in _COMING:
            others += _size(folder)
    if others + size > everyone:
        raise NoRoomError("Many bring images at this moment. Wait a little, then try again.", 503)
    make_folder(latent_home())
    if shutil.disk_usage(latent_home()).free < size + SPARED_BYTES:
        raise NoRoomError(DISK_FULL, 507)


def most_bytes() -> int:
    """Return how many bytes one browser may bring at a time."""
    return int(1e6 * limits.IMAGE_UPLOAD_MEGABYTES.value())


def current(owner: str) -> Brought | None:
    """Return what an owner brought and has not kept yet; None for nothing."""
    for folder in _uploads(_folder(owner_hash(owner))):
        with suppress(OSError):
            for path in (folder / "came").iterdir():
                if path.name != PART:
                    return Brought(folder.name, path, path.stat().st_size)
    return None


def discard(owner: str) -> None:
    """Let go what an owner brought and has not kept."""
    for folder in _uploads(_folder(owner_hash(owner))):
        shutil.rmtree(folder, ignore_errors=True)


def export_path(owner: str, name: str) -> Path:
    """Return where a set's zip lies, or is to lie; its folder is there then.

    Raises:
        OSError: it cannot be made.
    """
    folder = _folder(owner_hash(owner)) / EXPORTS
    make_folder(folder)
    return folder / f"{name}.zip"


def sweep(oldest: float) -> None:
    """Let go what nobody has kept.

    Args:
        oldest: what is older goes, in seconds since 1970.
    """
    for owner in _owners():
        for folder in _uploads(owner):
            if folder.name not in _COMING and _age(folder / "came") < oldest:
                shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            for path in (owner / EXPORTS).iterdir():
                if _age(path) < oldest:
                    path.unlink(missing_ok=True)
        for empty in (owner / EXPORTS, owner):
            with suppress(OSError):
                empty.rmdir()


def file_name(given: str) -> str:
    """Return a file's name as it can lie on a disk, whatever a browser said."""
    plain = unicodedata.normalize("NFC", tidy(given))
    whole = _UNFIT.sub("_", plain).strip(". ")
    stem, dot, ending = whole.rpartition(".")
    if not dot or len(ending) > LONGEST_ENDING:
        stem, ending = whole, ""
    while len(stem.encode()) > LONGEST_NAME:
        stem = stem[:-1]
    return ".".join(filter(None, [stem or "images", ending]))


def _folder(holder: str) -> Path:
    return latent_home() / FOLDER / holder


def _owners() -> list[Path]:
    try:
        return [path for path in (latent_home() / FOLDER).iterdir() if path.is_dir()]
    except OSError:
        return []


def _uploads(folder: Path) -> list[Path]:
    """Return an owner's uploads, the newest first."""
    try:
        found = [path for path in folder.iterdir() if _ID.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(found, key=_age, reverse=True)


def _age(path: Path) -> float:
    """Return when something was written, in seconds since 1970; now is never too old."""
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size
    return total
