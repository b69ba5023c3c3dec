"""The results of finished jobs: kept for a while, within bounds; the oldest go first."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from vae_core.engine.contract.info import Job

KEPT_SECONDS: Final = 1800.0
KEPT_JOBS: Final = 100
"""How long, and how many of one owner."""

OWNERS_BYTES: Final = 16_000_000
ALL_BYTES: Final = 96_000_000
"""How much of one owner, and of all together: a film takes a million or more."""


@dataclass(eq=False)
class Results:
    """Hold finished jobs, with the engine's lock held."""

    _kept: dict[str, Job] = field(default_factory=dict)  # in the order in which they finished
    _finished_at: dict[str, float] = field(default_factory=dict)

    def get(self, job_id: str) -> Job | None:
        """Return a finished job; None when it is long over, or was none."""
        return self._kept.get(job_id)

    def add(self, job: Job) -> None:
        """Take in a job that has just finished; it stays, whatever its size: someone waits for it."""
        before = list(self._kept.values())
        self._kept[job.id], self._finished_at[job.id] = job, time.monotonic()
        of_owner = [other for other in before if other.owner == job.owner]
        self._drop(of_owner[: -KEPT_JOBS + 1])
        self._drop(_beyond(of_owner, OWNERS_BYTES - job.held_bytes))
        self._drop(_beyond(list(self._kept.values())[:-1], ALL_BYTES - job.held_bytes))

    def forget_old(self, now: float) -> None:
        """Drop what nobody has asked for in time."""
        self._drop([job for job in self._kept.values() if now - self._finished_at[job.id] > KEPT_SECONDS])

    def _drop(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._kept.pop(job.id, None)
            self._finished_at.pop(job.id, None)


def _beyond(jobs: Iterable[Job], most: int) -> list[Job]:
    """Return the oldest jobs with bytes that must go so that the others hold at most so many."""
    holding = [job for job in jobs if job.held_bytes]
    excess, gone = sum(job.held_bytes for job in holding) - most, []
    for job in holding:
        if excess > 0:
            excess -= job.held_bytes
            gone.append(job)
    return gone
