"""All runs of all owners: on disk, and of those who were here lately in memory too."""

from __future__ import annotations

import logging
import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vae_core.engine import limits
from vae_core.engine.record import RECORD, Run, read_run

LOG: Final = logging.getLogger(__name__)

DAY_SECONDS: Final = 24 * 3600.0
RUN_ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(eq=False)
class Archive:
    """Find, keep and delete runs.

    Attributes:
        home: folder of all data.
        runs: those that are in memory: all of every owner who was here lately.
    """

    home: Path
    runs: dict[str, Run] = field(default_factory=dict)
    _owners: set[str] = field(default_factory=set)

    def of_owner(self, owner: str) -> list[Run]:
        """Return an owner's runs, the newest first; they are read from disk when first asked for."""
        if owner not in self._owners:
            self._owners.add(owner)
            with suppress(OSError):
                for folder in (self.home / "owners" / owner / "runs").iterdir():
                    if folder.name not in self.runs and RUN_ID.fullmatch(folder.name):
                        found = read_run(folder)
                        if found is not None and found.owner == owner:
                            self.runs[found.id] = found
        mine = [run for run in self.runs.values() if run.owner == owner]
        return sorted(mine, key=lambda run: run.created, reverse=True)

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
        """Take in a new run; the owner's oldest at rest go when there are too many.

        Raises:
            OSError: it could not be put on disk.
        """
        run.write()
        room = 1e6 * limits.RUN_MEGABYTES.value()
        for place, old in enumerate([old for old in self.of_owner(run.owner) if old is not run], start=1):
            room -= old.size()
            if (place >= limits.RUNS.value() or room < 0) and not old.active:
                self.forget(old)
                shutil.rmtree(old.folder, ignore_errors=True)
        self.runs[run.id] = run

    def delete(self, run: Run) -> None:
        """Delete a run, on disk too."""
        self.runs.pop(run.id, None)
        shutil.rmtree(run.folder, ignore_errors=True)

    def forget(self, run: Run) -> None:
        """Keep a run only on disk."""
        self.runs.pop(run.id, None)
        self._owners.discard(run.owner)

    def sweep(self) -> None:
        """Delete runs that nobody has used for long (`limits.KEEP_DAYS`), and what is left of failed ones."""
        oldest = time.time() - DAY_SECONDS * limits.KEEP_DAYS.value()
        for folder in (self.home / "owners").glob("*/runs/*"):
            known = self.runs.get(folder.name)
            with suppress(OSError):
                record = folder / RECORD
                unused = (record if record.exists() else folder).stat().st_mtime < oldest
                if unused and (known is None or not known.active):
                    LOG.info("run %s is deleted: nobody used it", folder.name[:6])
                    shutil.rmtree(folder, ignore_errors=True)
                    self.runs.pop(folder.name, None)
