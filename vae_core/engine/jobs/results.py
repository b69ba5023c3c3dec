"""The results of finished jobs, kept in one place: for a while, within bounds; the longest unasked go first.

Some serve a purpose, by which their owner finds them again after a reload, and some of those show the same to
whoever asks: a contact sheet of an image set is drawn once.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from vae_core.engine.contract.info import Job

KEPT_SECONDS: Final = 1800.0
KEPT_JOBS: Final = 100
"""How long, and how many of one owner."""

OWNERS_BYTES: Final = 16_000_000
SHARED_BYTES: Final = 32_000_000
ALL_BYTES: Final = 128_000_000
"""How much of one owner, of what is everyone's, and of all together: a film takes a million or more."""


@dataclass(eq=False)
class _Kept:
    job: Job
    purpose: str
    is_shared: bool
    asked_at: float


@dataclass(eq=False)
class Results:
    """Hold finished jobs, with the engine's lock held.

    Attributes:
        clock: seconds that only grow.
    """

    clock: Callable[[], float] = time.monotonic
    _kept: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)  # the longest unasked first

    def get(self, job_id: str) -> Job | None:
        """Return a finished job; None when it is long over, or was none."""
        found = self._kept.get(job_id)
        return None if found is None else found.job

    def serving(self, owner: str, purpose: str) -> Job | None:
        """Return the last job that served a purpose of an owner, or anyone's that is everyone's; or None."""
        found = [
            kept
            for kept in self._kept.values()
            if kept.purpose == purpose
            and (kept.job.owner == owner or (kept.is_shared and kept.job.state == "done"))
        ]
        if not found:
            return None
        found[-1].asked_at = self.clock()
        self._kept.move_to_end(found[-1].job.id)
        return found[-1].job

    def add(self, job: Job, *, purpose: str = "", is_shared: bool = False) -> None:
        """Take in a job that has just finished; it stays, whatever its size: someone waits for it.

        Args:
            job: the job.
            purpose: what it serves, in place of the one before; "" for nothing that is asked for again.
            is_shared: whether it serves everyone who has that purpose.
        """
        if purpose:
            self._drop(
                kept
                for kept in list(self._kept.values())
                if kept.purpose == purpose and kept.job.owner == job.owner
            )
        before = list(self._kept.values())
        self._kept[job.id] = _Kept(job, purpose, is_shared, self.clock())
        like_it = [kept for kept in before if _payer(kept) == _payer(self._kept[job.id])]
        self._drop(like_it[: -KEPT_JOBS + 1])
        self._drop(_beyond(like_it, (SHARED_BYTES if is_shared else OWNERS_BYTES) - job.held_bytes))
        self._drop(_beyond(list(self._kept.values())[:-1], ALL_BYTES - job.held_bytes))

    def forget_old(self, now: float) -> None:
        """Drop what nobody has asked for in time."""
        self._drop([kept for kept in self._kept.values() if now - kept.asked_at > KEPT_SECONDS])

    def _drop(self, gone: Iterable[_Kept]) -> None:
        for kept in gone:
            self._kept.pop(kept.job.id, None)


def _payer(kept: _Kept) -> str:
    """Return whose bound counts a result: what is everyone's counts against nobody."""
    return "" if kept.is_shared else kept.job.owner


def _beyond(kept: Iterable[_Kept], most: int) -> list[_Kept]:
    """Return those with bytes, the first first, that must go so that the others hold at most so many."""
    holding = [each for each in kept if each.job.held_bytes]
    excess, gone = sum(each.job.held_bytes for each in holding) - most, []
    for each in holding:
        if excess > 0:
            excess -= each.job.held_bytes
            gone.append(each)
    return gone
