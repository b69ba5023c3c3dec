"""How many runs an owner may start in a minute: each is made, measured, drawn and put on disk."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from vae_core.engine.contract import limits
from vae_core.engine.contract.info import EngineBusyError

WINDOW: Final = 60.0
TOO_MANY: Final = (
    "You have started {} runs within a minute, as many as one browser may. "
    "The next can start in {} s; the run that is here goes on meanwhile."
)


@dataclass(eq=False)
class Starts:
    """Count starts, with the engine's lock held.

    Attributes:
        clock: seconds that only grow.
    """

    clock: Callable[[], float] = time.monotonic
    _started: dict[str, deque[float]] = field(default_factory=dict)  # by owner, who started last stands last

    def count(self, owner: str) -> None:
        """Count a start.

        Raises:
            EngineBusyError: it would be one too many; when the next may come.
        """
        now, most = self.clock(), limits.STARTS.value()
        self._forget(now)
        started = self._started.pop(owner, deque())
        while started and now - started[0] >= WINDOW:
            started.popleft()
        self._started[owner] = started
        if len(started) >= most:
            wait = math.ceil(WINDOW - (now - started[len(started) - int(most)]))
            raise EngineBusyError(TOO_MANY.format(f"{most:g}", wait))
        started.append(now)

    def _forget(self, now: float) -> None:
        """Forget owners whose last start was long ago."""
        while self._started:
            owner, started = next(iter(self._started.items()))
            if started and now - started[-1] < WINDOW:
                return
            del self._started[owner]
