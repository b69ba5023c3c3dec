"""The waiting list: who waits for a place among the runs that train, or for memory, why, and for how long.

Whoever fits goes first: one who asks for much must not keep thirty others waiting. With nobody else there
anyone fits, so that nobody waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vae_core.engine.contract import limits
from vae_core.engine.contract.memory import MARGIN, memory_for_runs, together

if TYPE_CHECKING:
    from vae_core.engine.runs.run import Run

NO_PLACE: Final = "This server trains up to {} at a time; this run starts when one of them ends or rests."
NO_ROOM: Final = (
    "It needs {} MB of memory more, and all runs together may take {} MB; it starts when there is room. "
    "A smaller model, batch or image set may fit at once."
)


@dataclass(eq=False)
class WaitingList:
    """Hold the runs that wait.

    Attributes:
        waiting: those runs, who came first stands first.
    """

    waiting: list[Run] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.waiting)

    def __contains__(self, run: Run) -> bool:
        return run in self.waiting

    def add(self, run: Run) -> None:
        """Let a run wait, behind all others."""
        self.waiting.append(run)

    def remove(self, run: Run) -> None:
        """Let a run wait no longer."""
        if run in self.waiting:
            self.waiting.remove(run)

    def first(self, training: Sequence[Run]) -> Run | None:
        """Return who may train beside those that do, or None."""
        there_is = room() if self.waiting else 0.0
        return next((run for run in self.waiting if not why_not(run, training, there_is)), None)

    def number(self, training: Sequence[Run], *, again: bool = False) -> Iterator[Run]:
        """Give everyone a place and an expected wait.

        Args:
            training: who trains.
            again: whether everyone is to be told.

        Yields:
            whose place or reason has changed.
        """
        ends = sorted((run for run in training if run.eta_seconds), key=lambda run: run.eta_seconds or 0.0)
        there_is = room() if self.waiting else 0.0
        for place, run in enumerate(self.waiting, start=1):
            before = run.place, run.why
            run.place, run.why = place, why_not(run, training, there_is) or run.why
            run.wait_seconds = _wait(run, place, training, ends, there_is)
            if again or before != (run.place, run.why):
                yield run


def why_not(run: Run, training: Iterable[Run], there_is: float) -> str:
    """Say in a sentence why a run cannot train beside others now; "" when it can.

    Args:
        run: who would like to.
        training: who trains.
        there_is: bytes that all together may take, from `room`.
    """
    others = [other for other in training if other is not run]
    if len(others) >= limits.ACTIVE_RUNS.value():
        return NO_PLACE.format(f"{limits.ACTIVE_RUNS.value():,g}")
    taken = [other.need for other in others]
    needed = together([*taken, run.need])
    if not others or needed <= there_is:
        return ""
    more = max(1, round((needed - together(taken)) / 1e6))
    return NO_ROOM.format(f"{more:,}", f"{there_is / 1e6:,.0f}")


def room() -> float:
    """Return how many bytes all runs may take together: as the limit says, and no more than there are now."""
    limit = 1e6 * limits.MEMORY_MEGABYTES.value()
    there_are = memory_for_runs()
    return limit if there_are is None else min(limit, MARGIN * there_are)


def _wait(
    run: Run, place: int, training: Sequence[Run], ends: Sequence[Run], there_is: float
) -> float | None:
    """Return in how many seconds so many will have ended that a run has its turn; None when unknown."""
    left = list(training)
    for count, ended in enumerate(ends, start=1):
        left.remove(ended)
        if count >= place and not why_not(run, left, there_is):
            return ended.eta_seconds
    return None
