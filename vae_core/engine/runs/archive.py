"""All runs of all owners: on disk, and of those who were here lately in memory too."""

from __future__ import annotations

import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vae_core.engine.contract import limits
from vae_core.engine.runs.run import PROGRESS, RECORD, STATE, Run, is_marked_active, legible_name, read_run
from vae_core.storage.ages import WallClock
from vae_core.storage.home import make_folder, new_id

LOG: Final = logging.getLogger(__name__)

DAY_SECONDS: Final = 24 * 3600.0
SWEEP_SECONDS: Final = 3600.0
"""So often it is looked for runs that are too old."""

AGED: Final = (RECORD, PROGRESS, STATE)
"""Files that say by their age when a run was last used."""

RUN_ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(eq=False)
class Archive:
    """Find, keep and delete runs.

    Attributes:
        home: folder of all data.
        runs: those that are in memory: all of every owner who was here lately.
        clock: tells how old runs are.
    """

    home: Path
    runs: dict[str, Run] = field(default_factory=dict)
    clock: WallClock = field(default_factory=WallClock)
    _owners: set[str] = field(default_factory=set)
    _damaged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _grown: set[str] = field(default_factory=set)
    _swept_at: float = field(
        default_factory=time.monotonic
    )  # so not in the first hour: the clock may be wrong

    def of_owner(self, owner: str) -> list[Run]:
        """Return an owner's runs, the newest first; they are read from disk when first asked for."""
        if owner not in self._owners:
            with suppress(OSError):  # who never trained has no folder, and is not remembered
                folders = list((self.home / "owners" / owner / "runs").iterdir())
                self._owners.add(owner)
                damaged = []
                for folder in folders:
                    if folder.name not in self.runs and RUN_ID.fullmatch(folder.name):
                        found = read_run(folder)
                        if found is not None and found.owner == owner:
                            self.runs[found.id] = found
                        elif found is None and (folder / RECORD).exists():
                            damaged.append(legible_name(folder))
                if damaged:
                    self._damaged[owner] = tuple(sorted(damaged))
        mine = [run for run in self.runs.values() if run.owner == owner]
        return sorted(mine, key=lambda run: run.created, reverse=True)

    def damaged_of(self, owner: str) -> tuple[str, ...]:
        """Return what those of an owner's runs are called that are on disk and cannot be read."""
        self.of_owner(owner)
        return self._damaged.get(owner, ())

    def get(self, owner: str, run_id: str, *, touch: bool = True) -> Run:
        """Return an owner's run.

        Args:
            owner: hash of the owner's name.
            run_id: the run.
            touch: whether it is the owner who asks, and so is there.

        Raises:
            KeyError: there is no such run.
            PermissionError: it is someone else's.
        """
        if RUN_ID.fullmatch(run_id):
            self.of_owner(owner)
        run = self.runs[run_id]
        if run.owner != owner:
            raise PermissionError(run_id)
        if touch:
            run.touch()
        return run

    def add(self, run: Run) -> None:
        """Take in a new run; `tidy` looks later whether its owner has too many now.

        Raises:
            OSError: it could not be put on disk.
        """
        run.write()
        self.runs[run.id] = run
        self._grown.add(run.owner)

    def forget(self, run: Run) -> None:
        """Keep a run only on disk."""
        self.runs.pop(run.id, None)
        self._owners.discard(run.owner)
        self._damaged.pop(run.owner, None)

    def clear(self, now: float, lock: threading.RLock) -> None:
        """Delete runs that are too many, and now and then those that are too old.

        Args:
            now: on the monotonic clock.
            lock: the engine's, not held: this takes a while.
        """
        self.tidy(lock)
        if jumped := self.clock.jumped():
            LOG.warning("the clock was set by %.0f s: runs are taken to be as old as before", jumped)
            self._shift(jumped)
            self._swept_at = now
        if now - self._swept_at > SWEEP_SECONDS:
            self._swept_at = now
            self.sweep(lock)

    def tidy(self, lock: threading.RLock) -> None:
        """Delete the oldest runs at rest of owners who have too many of late, and empty the bin.

        The lock is held for moments only: to look through a folder, or to delete it, takes many times longer.

        Args:
            lock: the engine's, not held.
        """
        while self._grown:
            with lock:
                owner = self._grown.pop()
                runs = self.of_owner(owner)
            room = 1e6 * limits.RUN_MEGABYTES.value()
            for place, old in enumerate(runs[1:], start=1):
                room -= old.size()
                if place >= limits.RUNS.value() or room < 0:
                    with lock:
                        self._throw_away(old.folder)
        self._empty_bin()

    def sweep(self, lock: threading.RLock) -> None:
        """Delete runs that nobody has used for long (`limits.KEEP_DAYS`), and what is left of failed ones.

        Args:
            lock: the engine's, not held.
        """
        oldest = self.clock.wall() - DAY_SECONDS * limits.KEEP_DAYS.value()
        for folder in self._folders():
            if self._used(folder) < oldest:
                with lock:
                    if self._used(folder) < oldest and not self._park(folder) and self._throw_away(folder):
                        LOG.info("run %s is deleted: nobody used it", folder.name[:6])
        self._empty_bin()

    def _folders(self) -> Iterator[Path]:
        return (self.home / "owners").glob("*/runs/*")

    def _park(self, folder: Path) -> bool:
        """Begin the age of a run anew that trained when a server ended, and was not asked for since."""
        if folder.name in self.runs or not is_marked_active(folder):
            return False
        found = read_run(folder)
        if found is None:
            return False
        with suppress(OSError):
            found.write()
            return True
        return False

    def _used(self, folder: Path) -> float:
        """Return when server or worker last used a run, in seconds since 1970; now, if it has gone."""
        found = [when for name in AGED if (when := _written(folder / name)) is not None]
        if not found and (when := _written(folder)) is not None:
            found.append(when)
        return max(found, default=self.clock.wall())

    def _shift(self, seconds: float) -> None:
        """Let runs be as old as they were before the wall clock was set by so many seconds."""
        now = self.clock.wall()
        for folder in self._folders():
            for path in (folder, *(folder / name for name in AGED)):
                when = _written(path)
                if when is not None and (when > now or (seconds > 0 and when + seconds <= now)):
                    with suppress(OSError):
                        moved = min(now, when + seconds)
                        os.utime(path, (moved, moved))

    def _throw_away(self, folder: Path) -> bool:
        """Move a run's folder into the bin, unless the run trains or waits; with the engine's lock held."""
        known = self.runs.get(folder.name)
        if known is not None and (known.active or known.leaving):
            return False
        self.runs.pop(folder.name, None)
        with suppress(OSError):
            make_folder(self._bin)
            folder.rename(self._bin / new_id())
            return True
        shutil.rmtree(folder, ignore_errors=True)  # a system that moves no folder with an open file in it
        return True

    def _empty_bin(self) -> None:
        with suppress(OSError):
            for folder in self._bin.iterdir():
                shutil.rmtree(folder, ignore_errors=True)

    @property
    def _bin(self) -> Path:
        return self.home / "bin"


def _written(path: Path) -> float | None:
    """Return when a file was written, in seconds since 1970; None when it is not there."""
    with suppress(OSError):
        return path.stat().st_mtime
    return None
