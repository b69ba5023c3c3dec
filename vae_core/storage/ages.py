"""How far ages of files can be trusted: they are told by the wall clock, which may be set, and so jump."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

JUMP_SECONDS: Final = 120.0
"""When the wall clock has moved so much more, or less, than time has gone by, it was set."""


def steady_seconds() -> float:
    """Return seconds that only grow, also while the machine sleeps where the system can tell."""
    if (clock := getattr(time, "CLOCK_BOOTTIME", None)) is not None:
        return time.clock_gettime(clock)
    return time.monotonic()


@dataclass(eq=False)
class WallClock:
    """Compare the wall clock with one that is never set.

    Attributes:
        wall: seconds since 1970, as the system says.
        steady: seconds that only grow.
        began: when it was first looked at, or has jumped since; in steady seconds.
    """

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = steady_seconds
    began: float = field(init=False)
    _apart: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.steady()
        self._apart = self.wall() - self.began

    def jumped(self) -> float:
        """Return by how many seconds the wall clock was set since the last call; 0 when it was not."""
        now = self.steady()
        apart = self.wall() - now
        moved, self._apart = (
            apart - self._apart,
            apart,
        )  # what it was adjusted a little each time adds up to nothing
        if abs(moved) < JUMP_SECONDS:
            return 0.0
        self.began = now
        return moved

    def ran_for(self) -> float:
        """Return for how many seconds it has run without a jump, as far as has been looked."""
        return self.steady() - self.began
