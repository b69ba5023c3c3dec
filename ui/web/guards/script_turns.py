"""Whose page is drawn next: scripts run one after the other, and whoever has asked least lately goes first.

All scripts share one interpreter: thirty at once make each take thirty times as long, and two already hold up
what is sent meanwhile, while no more gets done. What counts is how long an owner's scripts have waited and
run lately: who presses without pause has always one on the way; who touches a field now and then is next.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

HALF_LIFE: Final = 10.0
"""Seconds after which half of the time that an owner's scripts were on the way is forgotten."""

NEWCOMER: Final = 4.0
"""Seconds that someone counts as having been on the way who was not here before.

More than who works here has, less than who presses without pause: a class that arrives holds up neither."""

FORGIVEN: Final = 0.2
"""Seconds that a second of waiting outweighs: nobody waits for ever behind those who asked less."""

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
        self._spent: dict[str, tuple[float, float]] = {}
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
        came = self._clock()
        waited = self._begin(owner)
        self._mine.owner = owner
        try:
            yield waited
        finally:
            self._mine.owner = None
            self._end(owner, self._clock() - came)

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

    def _end(self, owner: str, spent: float) -> None:
        with self._lock:
            now = self._clock()
            before = self._lately(owner, now) if owner in self._spent else 0.0
            self._spent[owner] = (before + spent, now)
            if len(self._spent) > _MOST_OWNERS:  # those who have asked least count as new
                kept = sorted(self._spent, key=lambda each: self._lately(each, now))[_MOST_OWNERS // 2 :]
                self._spent = {each: self._spent[each] for each in kept}
            self._running -= 1
            if not self._running and self._waiting:
                self._let_run(self._first())

    def _let_run(self, waiting: _Waiting | None) -> None:
        """Begin a script that has come just now, or one that waits."""
        self._running += 1
        self._began = self._clock()
        if waiting is not None:
            self._waiting.remove(waiting)
            waiting.go.set()

    def _first(self) -> _Waiting:
        now = self._clock()
        return min(self._waiting, key=lambda each: self._standing(each, now))

    def _lately(self, owner: str, now: float) -> float:
        """Return how long an owner's scripts were on the way lately, in seconds."""
        spent, at = self._spent.get(owner, (NEWCOMER, now))
        return spent * math.exp2((at - now) / HALF_LIFE)

    def _standing(self, waiting: _Waiting, now: float) -> float:
        """Return what the next turn goes by: the least is first."""
        return self._lately(waiting.owner, now) - FORGIVEN * (now - waiting.since)


TURNS: Final = ScriptTurns()
"""Those of this server."""
