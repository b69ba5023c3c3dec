"""Whose page is drawn next: a page's script waits for a place, and whoever has used least lately goes first.

All scripts share one interpreter. Thirty that run at once make each take thirty times as long, also that of
someone who touches a field now and then. So two run at a time, and the others wait in the order of what
their owners have used: who presses without pause waits for oneself.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

PLACES: Final = 2
"""Scripts that run at once: while one waits for a disk, another computes."""

HALF_LIFE: Final = 10.0
"""Seconds after which half of what an owner has used is forgotten."""

NEWCOMER: Final = 0.5
"""Seconds that someone counts as having used who was not here before: what first page and start take.

A class that arrives does not hold up those who are at work."""

FORGIVEN: Final = 0.1
"""Seconds of use that a second of waiting outweighs: nobody waits for ever behind those who used less."""

LONGEST: Final = 10.0
"""Seconds after which a script runs, place or not: those before it hang."""

_MOST_OWNERS: Final = 1_000


@dataclass(eq=False)
class _Waiting:
    owner: str
    since: float
    go: threading.Event = field(default_factory=threading.Event)


class ScriptTurns:
    """Give the scripts of pages their turns.

    Args:
        places: how many run at once.
        clock: seconds, growing.
        used: seconds of a processor that the calling thread has used.
    """

    def __init__(
        self,
        places: int = PLACES,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.thread_time,
    ) -> None:
        self._free = places
        self._clock = clock
        self._thread_used = used
        self._waiting: list[_Waiting] = []
        self._used: dict[str, tuple[float, float]] = {}
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
        before = self._thread_used()
        self._mine.owner = owner
        try:
            yield waited
        finally:
            self._mine.owner = None
            self._end(owner, self._thread_used() - before)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let others have their turns while this thread's script waits; then wait for another."""
        owner: str | None = getattr(self._mine, "owner", None)
        if owner is not None:
            self._end(owner, 0.0)
        try:
            yield
        finally:
            if owner is not None:
                self._begin(owner)

    def _begin(self, owner: str) -> float:
        with self._lock:
            if self._free > 0 and not self._waiting:
                self._free -= 1
                return 0.0
            mine = _Waiting(owner, self._clock())
            self._waiting.append(mine)
        if not mine.go.wait(LONGEST):
            with self._lock:
                if not mine.go.is_set():
                    self._waiting.remove(mine)
                    self._free -= 1
        return self._clock() - mine.since

    def _end(self, owner: str, used: float) -> None:
        with self._lock:
            now = self._clock()
            before = self._use(owner, now) if owner in self._used else 0.0
            self._used[owner] = (before + used, now)
            if len(self._used) > _MOST_OWNERS:  # those who have used least count as new
                kept = sorted(self._used, key=lambda each: self._use(each, now))[_MOST_OWNERS // 2 :]
                self._used = {each: self._used[each] for each in kept}
            self._free += 1
            while self._free > 0 and self._waiting:
                first = min(self._waiting, key=lambda each: self._standing(each, now))
                self._waiting.remove(first)
                self._free -= 1
                first.go.set()

    def _use(self, owner: str, now: float) -> float:
        """Return what an owner has used lately, in seconds."""
        used, at = self._used.get(owner, (NEWCOMER, now))
        return used * math.exp2((at - now) / HALF_LIFE)

    def _standing(self, waiting: _Waiting, now: float) -> float:
        """Return what the next turn goes by: the least is first."""
        return self._use(waiting.owner, now) - FORGIVEN * (now - waiting.since)


TURNS: Final = ScriptTurns()
"""Those of this server."""
