"""Whose owners are here: the runs of others are parked, and kept only on disk once they rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vae_core.engine.contract import limits
from vae_core.engine.scheduling.scheduler import Scheduler

ASK_SECONDS: Final = 5.0
"""So often it is asked who has a page open."""

FORGET_SECONDS: Final = 1800.0
"""After this long without a sign of its owner, a run at rest is only on disk."""


@dataclass(eq=False)
class Attendance:
    """Look after runs whose owners have gone, with the engine's lock held.

    Attributes:
        scheduler: has the runs.
        is_here: whether an owner, named by the hash, has a page of the app open, whichever it is.
    """

    scheduler: Scheduler
    is_here: Callable[[str], bool] = lambda owner: False
    _asked_at: float = 0.0

    def tick(self, now: float) -> None:
        """Note who is here; park runs whose owners are not, and let go of those that rest."""
        if asks := now - self._asked_at > ASK_SECONDS:
            self._asked_at = now
        limit = 60 * limits.PARK_MINUTES.value()
        archive = self.scheduler.archive
        for run in list(archive.runs.values()):
            is_watched = not all(watcher.is_guest for watcher in run.watchers)
            if is_watched or (asks and run.active and self.is_here(run.owner)):
                run.seen = now
            away = now - run.seen
            if limit and away > limit and run.active:
                self.scheduler.park(run)
            elif away > FORGET_SECONDS and not run.active and not run.watchers:
                archive.forget(run)
