"""The image sets of a browser's own: kept from what it brought, renamed, deleted, shared by link."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from ui.library import links
from ui.library.disk import brought
from ui.library.entry import slug
from ui.page.text import count, tidy
from vae_core import ImageSetInfo
from vae_core.engine.contract import limits
from vae_core.images.own_sets import (
    FOLDER,
    MAX_TITLE,
    NAME,
    SUFFIX,
    OwnSet,
    delete_set,
    describe_set,
    new_name,
    own_sets,
    rename_set,
    set_files,
    take_set,
)
from vae_core.storage.home import holder_folder, latent_home, make_folder, owner_folder, put_in_place

GONE: Final = "These images are not here any more."
NO_LINK: Final = "Their owner has stopped sharing these images, so no copy was made."
HAVE_THEM: Final = "You have these images already."

_LOCK: Final = threading.Lock()


class ImageLibraryError(ValueError):
    """Refuse what cannot be done with someone's images; the text says what to do."""


class ImageLibrary:
    """Hold the image sets of one owner.

    Args:
        owner: the browser's name.
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.folder = owner_folder(latent_home(), owner) / FOLDER

    def sets(self) -> tuple[OwnSet, ...]:
        """Return all own sets, the newest first."""
        return own_sets(self.folder)

    def infos(self) -> tuple[ImageSetInfo, ...]:
        """Return what is known of all own sets, the newest first."""
        return tuple(each.info for each in self.sets())

    def get(self, name: str) -> OwnSet:
        """Return one set.

        Raises:
            KeyError: this owner has none of that name.
        """
        with suppress(OSError, ValueError):
            return describe_set(self._path(name))
        raise KeyError(name)

    def usage(self) -> tuple[int, int]:
        """Return how many own sets there are, and their bytes."""
        sizes = []
        for path in set_files(self.folder):
            with suppress(OSError):
                sizes.append(path.stat().st_size)
        return len(sizes), sum(sizes)

    def check_room(self, new_bytes: int) -> None:
        """Refuse one more set of so many bytes if it would not fit.

        Raises:
            ImageLibraryError: what to do.
        """
        sets, size = self.usage()
        most, most_bytes = int(limits.IMAGE_SETS.value()), 1e6 * limits.IMAGE_SETS_MEGABYTES.value()
        if sets >= most:
            raise ImageLibraryError(
                f"You have {count(sets, 'image set')} of your own, the limit is {most:,}. "
                "Delete one, or export it first."
            )
        if size + new_bytes > most_bytes:
            raise ImageLibraryError(
                f"Your image sets have {size / 1e6:.0f} MB and this one {new_bytes / 1e6:.0f} MB; the limit "
                f"is {most_bytes / 1e6:.0f} MB. Delete one, export it first, or choose a smaller size."
            )

    def keep(self, made: Path, title: str) -> OwnSet:
        """Take a set that a worker has written, from now on one of this owner's.

        Args:
            made: its file, which goes from there.
            title: its title; the beginning of its name follows from it.

        Raises:
            ImageLibraryError: there is no room, or no title.
            OSError: the disk is full, or the file is not there any more.
            ValueError: the file is damaged.
        """
        title = _proper(title)
        found = describe_set(made)
        with _LOCK:
            self.check_room(found.size_bytes)
            path = self._path(new_name(slug(title)))
            make_folder(path.parent)
            put_in_place(made, path)
        if title != found.info.title:
            rename_set(path, title)
        return describe_set(path)

    def rename(self, name: str, title: str) -> OwnSet:
        """Give a set another title; its name stays, by which runs, models and links know it.

        Raises:
            KeyError: there is no such set.
            ImageLibraryError: the title is empty or too long.
            OSError: the disk is full.
        """
        path = Path(self.get(name).info.path)
        rename_set(path, _proper(title))
        return self.get(name)

    def delete(self, name: str) -> None:
        """Delete a set, and the link to it; what runs learn from, they have in their own folders.

        Raises:
            KeyError: there is no such set.
        """
        path = Path(self.get(name).info.path)
        links.stop_sharing(self.owner, "images", name)
        delete_set(path)
        brought.export_path(self.owner, name).unlink(missing_ok=True)

    def keep_copy(self, token: str) -> OwnSet:
        """Put another's set among the own ones, if its link leads to it now; it keeps its name.

        Raises:
            ImageLibraryError: the link was taken back, or there is no room.
            OSError: the disk is full.
        """
        found = shared_set(token)
        if found is None:
            raise ImageLibraryError(NO_LINK)
        path = self._path(found.info.name)
        if path.exists():
            raise ImageLibraryError(HAVE_THEM)
        with _LOCK:
            self.check_room(found.size_bytes)
            try:
                take_set(Path(found.info.path), path)
            except FileNotFoundError:
                raise ImageLibraryError(NO_LINK) from None
        return self.get(found.info.name)

    def _path(self, name: str) -> Path:
        """Return where a set of this name lies; KeyError where none could."""
        if not NAME.fullmatch(name):
            raise KeyError(name)
        return self.folder / f"{name}{SUFFIX}"


def shared_set(token: str) -> OwnSet | None:
    """Return the set that a link leads to; None when it leads nowhere, or not any more."""
    link = links.find(token, "images")
    if link is not None and NAME.fullmatch(link.what):
        with suppress(OSError, ValueError):
            return describe_set(holder_folder(latent_home(), link.owner) / FOLDER / f"{link.what}{SUFFIX}")
    return None


def _proper(title: str) -> str:
    """Return a title on one line.

    Raises:
        ImageLibraryError: it is empty or too long.
    """
    title = tidy(title)
    if not 1 <= len(title) <= MAX_TITLE:
        raise ImageLibraryError(f"A title has 1 to {MAX_TITLE} characters; this one has {len(title)}.")
    return title
