"""Whose page is drawn next: scripts run one by one, and whoever rests longest between two goes first.

All scripts share one interpreter: thirty at once make each take thirty times as long, and two already hold up
what is sent meanwhile, while no more gets done. What counts is how long an owner usually rests before asking
again: who presses without pause does not, and waits for oneself; who touches a field now and then is next.
What someone has waited is held against nobody.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

LONGEST_REST: Final = 10.0
"""Seconds; who rests longer may be away."""

NEWEST_SHARE: Final = 0.3
"""Of the newest rest in the mean: three quick clicks after a rest are no haste yet."""

NEWCOMER: Final = 1.0
"""Seconds of rest for someone who was not here before.

Less than who works here takes, more than who presses without pause: a class that arrives holds up neither."""

FORGIVEN: Final = 0.3
"""Seconds of rest that a second of waiting makes up for: nobody waits for ever behind those who rest more."""

SLOW: Final = 0.5
"""Seconds after which another script begins beside one that waits for a disk, or hangs."""

_MOST_OWNERS: Final = 1_000


@dataclass(eq=False)
class _Waiting:
    owner: str
    since: float
    go: threading.Event = field(default_factory=threading.Event)


class ScriptTurns:
    """Give the scripts of pages their turns.

    Args:
        clock: seconds, growing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._running = 0
        self._began = -math.inf  # when a script was let run last
        self._waiting: list[_Waiting] = []
        self._rests: dict[str, tuple[float, float]] = {}  # the mean, and when the last script ended
        self._lock = threading.Lock()
        self._mine = threading.local()

    @contextmanager
    def turn(self, owner: str) -> Iterator[float]:
        """Wait for one's turn, and have it for as long as the context lasts.

        Args:
            owner: whose page it is.

        Yields:
            How many seconds were waited.
        """
        waited = self._begin(owner)
        self._mine.owner = owner
        try:
            yield waited
        finally:
            self._mine.owner = None
            self._end(owner)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let others have their turns while this thread's script waits; then wait for another."""
        owner: str | None = getattr(self._mine, "owner", None)
        if owner is not None:
            self._end(owner)
        try:
            yield
        finally:
            if owner is not None:
                self._begin(owner)

    def _begin(self, owner: str) -> float:
        with self._lock:
            self._note_rest(owner)
            if not self._running and not self._waiting:
                self._let_run(None)
                return 0.0
            mine = _Waiting(owner, self._clock())
            self._waiting.append(mine)
        while not mine.go.wait(SLOW):
            with self._lock:
                if self._clock() - self._began >= SLOW and not mine.go.is_set():
                    self._let_run(self._first())
        return self._clock() - mine.since

    def _end(self, owner: str) -> None:
        with self._lock:
            self._rests[owner] = (self._rest(owner), self._clock())
            if len(self._rests) > _MOST_OWNERS:  # those who were here longest ago count as new
                kept = sorted(self._rests.items(), key=lambda each: each[1][1])[_MOST_OWNERS // 2 :]
                self._rests = dict(kept)
            self._running -= 1
            if not self._running and self._waiting:
                self._let_run(self._first())

    def _note_rest(self, owner: str) -> None:
        """Take the rest that has just ended into an owner's mean."""
        if owner in self._rests:
            mean, ended = self._rests[owner]
            rest = min(LONGEST_REST, self._clock() - ended)
            self._rests[owner] = (mean + NEWEST_SHARE * (rest - mean), ended)

    def _rest(self, owner: str) -> float:
        return self._rests.get(owner, (NEWCOMER, 0.0))[0]

    def _let_run(self, waiting: _Waiting | None) -> None:
        """Begin a script that has come just now, or one that waits."""
        self._running += 1
        self._began = self._clock()
        if waiting is not None:
            self._waiting.remove(waiting)
            waiting.go.set()

    def _first(self) -> _Waiting:
        """Return who has the longest rest, what was waited now taken into account."""
        now = self._clock()
        return max(self._waiting, key=lambda each: self._rest(each.owner) + FORGIVEN * (now - each.since))


TURNS: Final = ScriptTurns()
"""Those of this server."""
