"""Whose turn it is: a short first turn for what is new, then everyone in a ring.

One person alone gets long turns, so that nothing is lost on changing over; many get short ones, so that no
map stands still for longer than a round.
"""

from __future__ import annotations

from collections import deque
from typing import Final

FIRST_TURN: Final = 0.5
LONGEST_TURN: Final = 2.0
ROUND: Final = 14.0
"""Seconds that a round of all runs may take; the fifteenth is for what is between the turns."""


class Schedule:
    """Order the runs that train in one process."""

    def __init__(self) -> None:
        self._new: deque[str] = deque()
        self._ring: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._new) + len(self._ring)

    def __contains__(self, run: str) -> bool:
        return run in self._ring or run in self._new

    @property
    def urgent(self) -> bool:
        """Whether someone waits for a first turn, before which a longer one should end."""
        return bool(self._new)

    def add(self, run: str, *, new: bool) -> None:
        """Let a run take turns.

        Args:
            run: its name; one that takes turns already keeps its place.
            new: whether its first turn comes before all others.
        """
        if run not in self:
            (self._new if new else self._ring).append(run)

    def remove(self, run: str) -> None:
        """Let a run take no more turns."""
        for waiting in (self._new, self._ring):
            if run in waiting:
                waiting.remove(run)

    def turn(self) -> tuple[str, float] | None:
        """Return whose turn it is and for how many seconds; None when nobody is there."""
        if self._new:
            run = self._new.popleft()
            self._ring.append(run)
            return run, min(FIRST_TURN, self.length())
        if not self._ring:
            return None
        run = self._ring.popleft()
        self._ring.append(run)
        return run, self.length()

    def length(self) -> float:
        """Return the length of an ordinary turn in seconds."""
        return min(LONGEST_TURN, ROUND / max(1, len(self)))
