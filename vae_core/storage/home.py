"""Where data lies on disk, and how it is written there: whole or not at all.

Below LATENT_HOME, and by whom it is written:

    owners/<hash>/models/<name>.safetensors   models: a worker, named by `ui.library.library`
    owners/<hash>/runs/<run id>/              one run, see `vae_core.engine.runs.run`
    owners/<hash>/images/<name>.safetensors   image sets of one's own: `vae_core.images.own_sets`
    owners/<hash>/drawings/<id>.drawing       drawings kept by this owner: `ui.library.disk.drawing_files`
    owners/<hash>/seen                        its age is the browser's last visit: `ui.identity.presence`
    links/<token>.json                        each link of *Share*, *Follow* and *Task*: `ui.library.links`
    wall/                                     the maps on the wall: `ui.classroom.wall`
    leaders/, admitted/                       whom the operator lets lead, who gave the key: `ui.identity`
    images/                                   downloaded image sets: `vae_core.images.downloads`
    uploads/<hash>/                           images brought and not kept yet: `ui.library.disk.brought`
    incoming/                                 uploads that are not checked yet, and other short-lived files
    bin/                                      runs on their way out: `vae_core.engine.runs.archive`
    cache/numba/                              what umap-learn compiled
    secret                                    signs the cookies: `ui.identity.owner`
    server.lock, server.json                  which server has this folder: `vae_core.storage.home_lock`
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from functools import lru_cache
from pathlib import Path
from typing import Final

from vae_core.storage.ages import WallClock

INCOMING: Final = "incoming"

INCOMING_AGE: Final = 24 * 3600.0
"""Seconds after which a forgotten short-lived file goes."""

TRUST_SECONDS: Final = 3600.0
"""So long after a start, or after the clock was set, nothing is deleted for its age."""

_CLOCK: Final = WallClock()


def latent_home() -> Path:
    """Return the folder of all data: LATENT_HOME, or the user's data folder."""
    given = os.environ.get("LATENT_HOME")
    if given:
        return _resolved(given)
    from platformdirs import user_data_path

    return user_data_path("latent-explorer", appauthor=False)


@lru_cache(maxsize=16)
def _resolved(folder: str) -> Path:
    """Look up once where a folder really is: this is asked for in the server's event loop, too."""
    return Path(folder).expanduser().resolve()


def owner_hash(owner: str) -> str:
    """Return the name of an owner's folder: the cookie cannot be read from it."""
    return hashlib.sha256(f"latent-explorer:{owner}".encode()).hexdigest()[:32]


def owner_folder(home: Path, owner: str) -> Path:
    """Return the folder of an owner's data, which may not exist yet."""
    return holder_folder(home, owner_hash(owner))


def holder_folder(home: Path, holder: str) -> Path:
    """Return the folder of the data of an owner who is known by hash alone."""
    return home / "owners" / holder


def new_id() -> str:
    """Return a name that cannot be guessed: 128 bits, fit for URLs and file names."""
    return secrets.token_hex(16)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user's eyes alone; what is there stays.

    Raises:
        OSError: it cannot be made.
    """
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file so that a reader, and a crash, find either the old bytes or the new ones.

    Args:
        path: the file; its folder is made if need be.
        data: all of it.
        durable: whether that holds also when the power fails, which takes some milliseconds. Not so for what
            is written anew every few seconds and can be done without.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    make_folder(path.parent)
    partial = path.with_name(f".{path.name[:40]}.{secrets.token_hex(6)}.part")
    try:
        with partial.open("xb") as file:
            file.write(data)
            if durable:  # or the name may reach the disk before the bytes
                file.flush()
                os.fsync(file.fileno())
        put_in_place(partial, path, durable=durable)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def put_in_place(partial: Path, path: Path, *, durable: bool = True) -> None:
    """Give a whole file its name, in place of one that may bear it.

    On Windows someone who reads the old one holds that up for a moment.

    Args:
        partial: the file as it was written.
        path: what it is to be called.
        durable: whether the name is to survive a power cut.

    Raises:
        OSError: the folder cannot be written.
    """
    for _ in range(20):
        try:
            os.replace(partial, path)
            break
        except PermissionError:
            time.sleep(0.05)
    else:
        os.replace(partial, path)
    if durable:
        _put_names_on_disk(path.parent)


def _put_names_on_disk(folder: Path) -> None:
    """Let the names in a folder survive a power cut, too; Windows has no such call, and needs none."""
    if os.name != "nt":
        with contextlib.suppress(OSError):  # some file systems refuse it; the file is there all the same
            found = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(found)
            finally:
                os.close(found)


def link_or_copy(source: Path, path: Path) -> None:
    """Give a file that is never changed in place another name, which stays when the first one goes.

    Raises:
        FileNotFoundError: it is not there.
        OSError: the disk is full, or cannot be written.
    """
    make_folder(path.parent)
    try:
        os.link(source, path)
        with contextlib.suppress(OSError):
            os.utime(path)  # as young as its name: `incoming` drops what is old
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        shutil.copyfile(source, path)


def is_short_lived(path: Path) -> bool:
    """Whether a file is one that `incoming` gave its path."""
    return path.parent.name == INCOMING


def incoming(home: Path, suffix: str, clock: WallClock = _CLOCK) -> Path:
    """Return a fresh path for a short-lived file, and drop forgotten ones.

    Args:
        home: folder of all data.
        suffix: how the file's name is to end.
        clock: tells how old files are.
    """
    folder = home / INCOMING
    make_folder(folder)
    if not clock.jumped() and clock.ran_for() > TRUST_SECONDS:
        oldest = clock.wall() - INCOMING_AGE
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()
    return folder / f"{new_id()}{suffix}"
