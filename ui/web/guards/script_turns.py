"""Whose page is drawn next: scripts run one by one, and whoever rests longest between two goes first.

All scripts share one interpreter: thirty at once make each take thirty times as long, and two already hold up
what is sent meanwhile, while no more gets done. What counts is how long an owner usually rests before asking
again: who presses without pause does not, and waits for oneself; who touches a field now and then is next.
What someone has waited is held against nobody. Between the scripts of several who do not rest there is a
pause as long as each of them, for the others and for training.
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

HASTE: Final = 0.5
"""Seconds: who rests less presses without pause."""

LONGEST_PAUSE: Final = 0.25
"""Seconds between two who do not rest, however long a script takes."""

SLOW: Final = 0.5
"""Seconds after which another script begins beside one that waits for a disk, or hangs."""

_MOST_OWNERS: Final = 1_000


@dataclass(eq=False)
class _Waiting:
    owner: str
    since: float
    go: threading.Event = field(default_factory=threading.Event)


def _later(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


class ScriptTurns:
    """Give the scripts of pages their turns.

    Args:
        clock: seconds, growing.
        later: calls something after so many seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        later: Callable[[float, Callable[[], None]], object] = _later,
    ) -> None:
        self._clock = clock
        self._later = later
        self._running = 0
        self._began = -math.inf  # when a script was let run last
        self._pausing = False
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
            is_free = not self._waiting or (self._pausing and not self._is_hasty(owner))
            if not self._running and is_free:
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
            if self._running or not self._waiting:
                return
            first, spent = self._first(), min(LONGEST_PAUSE, self._clock() - self._began)
            if len(self._waiting) > 1 and self._is_hasty(owner) and self._is_hasty(first.owner):
                self._pausing = True
                self._later(spent, self._go_on)
            else:
                self._let_run(first)

    def _go_on(self) -> None:
        """Let the next run after a pause, unless someone has come meanwhile who rests."""
        with self._lock:
            self._pausing = False
            if not self._running and self._waiting:
                self._let_run(self._first())

    def _note_rest(self, owner: str) -> None:
        """Take the rest that has just ended into an owner's mean."""
        if owner in self._rests:
            mean, ended = self._rests[owner]
            rest = min(LONGEST_REST, self._clock() - ended)
            self._rests[owner] = (mean + NEWEST_SHARE * (rest - mean), ended)

    def _is_hasty(self, owner: str) -> bool:
        return self._rest(owner) < HASTE

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
