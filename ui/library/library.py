"""The library of models: those that ship, read-only and everyone's, and the owner's own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from ui.library import links
from ui.library.disk.foreign import refuse_foreign
from ui.library.entry import (
    NAME,
    SUFFIX,
    ModelEntry,
    UnreadableFile,
    bundles_in,
    read_entry,
    read_reason,
    slug,
    with_title,
)
from vae_core.bundles.bundle import read_header
from vae_core.bundles.header import MAX_BYTES, MAX_TITLE
from vae_core.bundles.header_checks import one_line
from vae_core.bundles.older import with_layers
from vae_core.engine import Job, get_engine
from vae_core.engine.contract import limits
from vae_core.storage.home import (
    holder_folder,
    incoming,
    latent_home,
    make_folder,
    owner_folder,
    put_in_place,
    write_whole,
)
from vae_core.storage.tensorfile import content_digest

SHIPPED: Final = Path(__file__).resolve().parents[2] / "assets" / "bundles"
CHECK_SECONDS: Final = 60.0
CHANGED: Final = (
    "This model has changed since the page was drawn, or is not here any more. Look again, then try again."
)
NO_LINK: Final = "Its owner has stopped sharing this model, so no copy was made."
OTHER_MODEL: Final = (
    "The link leads to another model than when this page was drawn. You see it now: press again to keep it."
)
_LOCK: Final = threading.Lock()
_PROMISED: Final[dict[Path, Job]] = {}
"""Files that jobs are going to write: their names are taken."""

NO_COOKIES: Final = "This browser refuses cookies, so it has no library of its own. Allow them and reload."


class LibraryError(ValueError):
    """Refuse what the library cannot do; the text says what was wrong and what to do."""


def max_models() -> int:
    """Return how many own models one owner may keep."""
    return int(limits.MODELS.value())


def max_bytes() -> int:
    """Return how many bytes of own models one owner may keep."""
    return int(limits.MODEL_MEGABYTES.value() * 1e6)


class Library:
    """Hold the models that one owner sees: the shipped ones and, with an owner, their own."""

    def __init__(self, owner: str | None) -> None:
        self.owner = owner or ""
        self.folder = None if owner is None else owner_folder(latent_home(), owner) / "models"

    def models(self) -> tuple[ModelEntry, ...]:
        """Return all models: the shipped ones by name, then the own ones, newest first.

        A file that cannot be read is left out; `unreadable` names it.
        """
        shipped = [read_entry(path, shipped=True) for path in bundles_in(SHIPPED)]
        own = [read_entry(path, shipped=False) for path in bundles_in(self.folder)]
        taken = {entry.name for entry in shipped if entry}
        newest = sorted(
            (entry for entry in own if entry and entry.name not in taken),
            key=lambda entry: (-entry.modified, entry.name),
        )
        return (*(entry for entry in shipped if entry), *newest)

    def unreadable(self) -> tuple[UnreadableFile, ...]:
        """Return the own files that cannot be read, by name."""
        return tuple(found for path in bundles_in(self.folder) if (found := read_reason(path)))

    def get(self, name: str) -> ModelEntry:
        """Return one model.

        Raises:
            KeyError: this owner has no model of that name.
        """
        if NAME.fullmatch(name):
            for folder, shipped in ((SHIPPED, True), (self.folder, False)):
                if folder is not None:
                    entry = read_entry(folder / f"{name}{SUFFIX}", shipped=shipped)
                    if entry is not None:
                        return entry
        raise KeyError(name)

    def usage(self) -> tuple[int, int]:
        """Return how many own models there are, and their bytes."""
        sizes = []
        for path in bundles_in(self.folder):
            with contextlib.suppress(OSError):
                sizes.append(path.stat().st_size)
        return len(sizes), sum(sizes)

    def path_for_new(self, title: str) -> Path:
        """Return the path where a model of this title can be saved.

        Raises:
            LibraryError: the library is full.
        """
        self.check_room()
        return self._free(title)

    def save_as(self, title: str, begin: Callable[[Path], Job]) -> tuple[str, Job]:
        """Let a job write a new model; its name is taken from now on, whoever saves under the same title.

        Args:
            title: the name follows from it.
            begin: starts the job, which writes a file of this path.

        Returns:
            The model's name, and the job.

        Raises:
            LibraryError: the library is full.
        """
        with _LOCK:
            path = self.path_for_new(title)
            links.stop_sharing(self.owner, "model", path.stem)  # of one that once bore the name
            job = _PROMISED[path] = begin(path)
        return path.stem, job

    def check_room(self, new_bytes: int = 0) -> None:
        """Refuse one more model of so many bytes if it would not fit.

        Raises:
            LibraryError: the library is full.
        """
        count, size = self.usage()
        count += sum(path.parent == self.folder and not path.exists() for path in _promised())
        if count >= max_models():
            raise LibraryError(
                f"Your library is full: it holds {count} models, the limit is {max_models()}. "
                "Delete one, or download it first."
            )
        if size + new_bytes > max_bytes():
            raise LibraryError(
                f"Your library is full: it holds {size / 1e6:.0f} MB of at most {max_bytes() / 1e6:.0f} MB. "
                "Delete a model, or download it first."
            )

    def rename(self, name: str, title: str, digest: str = "") -> ModelEntry:
        """Give an own model a new title, and the name that follows from it.

        Args:
            name: the model's name.
            title: the new title.
            digest: of the content that is meant; "" for whatever bears the name.

        Raises:
            KeyError: there is no such model.
            LibraryError: it ships with the app, it is another one by now, or the title is empty or too long.
        """
        entry = self._own(name, "renamed")
        if digest and entry.digest != digest:
            raise LibraryError(CHANGED)
        title = one_line(title) if len(title) <= MAX_TITLE else title
        if not title or len(title) > MAX_TITLE:
            raise LibraryError(f"A title has 1 to {MAX_TITLE} characters; this one has {len(title)}.")
        with _LOCK:
            path = entry.path if slug(title) == name else self._free(title)
            write_whole(path, with_title(entry.path.read_bytes(), title))
            if path != entry.path:
                entry.path.unlink()
                links.moved(self.owner, "model", name, path.stem)
        return self.get(path.stem)

    def delete(self, name: str, digest: str = "") -> None:
        """Delete an own model, or an own file that cannot be read.

        Args:
            name: the model's name.
            digest: of the content that is meant; "" for whatever bears the name.

        Raises:
            KeyError: there is no such model.
            LibraryError: it ships with the app, or it is another one by now.
        """
        unreadable = {file.name: file for file in self.unreadable()}
        found = unreadable.get(name) or self._own(name, "deleted")
        if digest and (isinstance(found, UnreadableFile) or found.digest != digest):
            raise LibraryError(CHANGED)
        with _LOCK:
            links.stop_sharing(self.owner, "model", name)  # the name may be another model's one day
            found.path.unlink(missing_ok=True)

    def add_upload(self, name: str, data: bytes) -> ModelEntry:
        """Take in a bundle from outside; it is opened by a worker first, so this waits a few seconds.

        Args:
            name: the file's name or a title; the model's name follows from it.
            data: the file.

        Raises:
            LibraryError: the library is full.
            ValueError: what is wrong with the file.
        """
        if self.folder is None:
            raise LibraryError(NO_COOKIES)
        refuse_foreign(name, data)
        if len(data) > MAX_BYTES:
            raise ValueError(f"The file has {len(data) / 1e6:,.0f} MB; the limit is {MAX_BYTES / 1e6:g} MB.")
        self.check_room(len(data))
        waiting = incoming(latent_home(), SUFFIX)
        try:
            write_whole(waiting, data)
            self._refuse_bad(waiting, name)
            with _LOCK:
                self.check_room(len(data))
                stem = name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) else name
                path = self._free(stem)
                make_folder(path.parent)
                put_in_place(waiting, path)
        finally:
            with contextlib.suppress(OSError):
                waiting.unlink(missing_ok=True)
        return self.get(path.stem)

    def keep_copy(self, token: str, digest: str) -> ModelEntry:
        """Put a copy of another's model among the own ones, if its link leads to it now.

        Args:
            token: the link.
            digest: of the content that was seen.

        Raises:
            LibraryError: the link was taken back or leads to something else by now, or the library is full.
            OSError: the disk is full.
        """
        with contextlib.suppress(FileNotFoundError):
            entry = shared_model(token)
            data = b"" if entry is None else entry.path.read_bytes()
            if entry is not None and entry.digest == digest == content_digest(with_layers(data)):
                with _LOCK:
                    self.check_room(len(data))
                    path = self._free(entry.title)
                    write_whole(path, data)
                return self.get(path.stem)
        raise LibraryError(NO_LINK if shared_model(token) is None else OTHER_MODEL)

    def _own(self, name: str, done: str) -> ModelEntry:
        entry = self.get(name)
        if entry.shipped:
            raise LibraryError(f"{entry.title} comes with the app and cannot be {done}.")
        return entry

    def _refuse_bad(self, path: Path, name: str) -> None:
        """Open an upload in a worker; ValueError says what is wrong with it."""
        try:
            read_header(path)
        except ValueError as error:
            raise ValueError(str(error).replace(path.name, name)) from None
        job = get_engine().submit(self.owner, "check_bundle", path=str(path)).wait(CHECK_SECONDS)
        if not job.finished:
            job.cancel()
            raise ValueError(f"{name} could not be checked within {CHECK_SECONDS:.0f} s. Try again later.")
        if job.state != "done":
            raise ValueError(job.error.replace(path.name, name))

    def _free(self, title: str) -> Path:
        """Return the path of the first free name that follows from a title."""
        if self.folder is None:
            raise LibraryError(NO_COOKIES)
        stem = slug(title)
        taken = {path.stem for folder in (SHIPPED, self.folder) for path in bundles_in(folder)}
        taken |= {path.stem for path in _promised() if path.parent == self.folder}
        name, number = stem, 2
        while name in taken:
            ending = f"-{number}"
            name, number = stem[: 48 - len(ending)].rstrip("-") + ending, number + 1
        return self.folder / f"{name}{SUFFIX}"


def _promised() -> list[Path]:
    """Return the files that are still to be written; the names of those that never came are free again."""
    for path, job in list(_PROMISED.items()):
        if job.finished:
            _PROMISED.pop(path, None)
    return list(_PROMISED)


def shared_model(token: str) -> ModelEntry | None:
    """Return the model that a link leads to, read-only; None when the link leads nowhere (any more)."""
    link = links.find(token, "model")
    return None if link is None else held_model(link.owner, link.what, f"/latent/shared/{token}")


def held_model(holder: str, name: str, below: str) -> ModelEntry | None:
    """Return someone's own model for the eyes of others.

    Args:
        holder: hash of the owner's name.
        name: the model's name.
        below: the path at which others get it, below the server's base path.
    """
    folder = holder_folder(latent_home(), holder) / "models"
    entry = read_entry(folder / f"{name}{SUFFIX}", shipped=False) if NAME.fullmatch(name) else None
    return entry and replace(entry, url=f"{below}/{entry.digest}{SUFFIX}")
