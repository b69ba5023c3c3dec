"""One server for one folder of data: it is locked as long as the server, or a worker of it, is alive.

The lock belongs to an open file, which every worker inherits: a server that is killed leaves the folder
locked until its last worker has put its runs on disk and ended. (On Windows files are not inherited so;
there the lock goes with the server, whose workers end a moment later.) Who holds it stands in a file beside
it.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil
from filelock import lock_descriptor

from vae_core.storage.home import make_folder, write_whole

LOG: Final = logging.getLogger(__name__)
LOCK_FILE: Final = "server.lock"
NOTE_FILE: Final = "server.json"
PATIENCE_SECONDS: Final = 5.0
"""So long a start waits for a server that is just ending."""

_LOOK_SECONDS: Final = 0.1
_HELD: Final[dict[Path, int]] = {}
_CHANGES: Final = threading.Lock()


class HomeInUseError(RuntimeError):
    """Say that another server has this folder of data, where that one is, and what to do."""


def lock_home(home: Path, address: str, *, patience: float = PATIENCE_SECONDS) -> None:
    """Keep all other servers from a folder of data until `unlock_home`; this may wait.

    Where the file system knows no locks, a warning is logged, and that is all.

    Args:
        home: the folder; it is made if need be.
        address: where this server is found.
        patience: seconds to wait for one that is ending.

    Raises:
        HomeInUseError: another server has it.
    """
    try:
        make_folder(home)
        file = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        LOG.warning("the data folder cannot be locked (%s): let no second server use it", error.strerror)
        return
    try:
        until = time.monotonic() + patience
        while not lock_descriptor(file, blocking=False):
            if time.monotonic() >= until:
                raise HomeInUseError(_holder(home))
            time.sleep(_LOOK_SECONDS)
    except OSError as error:
        os.close(file)
        LOG.warning("the data folder cannot be locked (%s): let no second server use it", error.strerror)
        return
    except HomeInUseError:
        os.close(file)
        raise
    with _CHANGES:
        _HELD[home] = file
    with suppress(OSError):  # it only says who it is
        note = {"address": address, "pid": os.getpid()}
        write_whole(home / NOTE_FILE, json.dumps(note).encode(), durable=False)


def unlock_home(home: Path) -> None:
    """Let others have a folder of data, once the workers that are left have ended."""
    with _CHANGES:
        file = _HELD.pop(home, None)
    if file is not None:
        os.close(file)  # not unlocked: that would unlock it for the workers, too


def files_to_inherit(home: Path) -> tuple[int, ...]:
    """Return the open files that a worker must hold as long as it lives: the lock, if there is one."""
    file = _HELD.get(home)
    return () if file is None or os.name == "nt" else (file,)


def _holder(home: Path) -> str:
    """Say who has the folder, and what to do."""
    address, pid = "", 0
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads((home / NOTE_FILE).read_bytes())
        address, pid = str(note["address"]), int(note["pid"])
    if pid and not psutil.pid_exists(pid):
        return (
            f"A process of the server that ran at {address} has not ended yet and still uses the data in "
            f"{home}. End it (its command is python -m vae_core.engine.worker), then start again."
        )
    where = f"the server at {address} (process {pid})" if address else "another server"
    return (
        f"The data in {home} is in use by {where}. Open that one, or end it first; "
        "for a second server beside it, set LATENT_HOME to another folder."
    )
