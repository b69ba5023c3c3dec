"""How many wrong codes may be given: so few that nobody guesses one, so many that a class mistypes freely.

What is counted are the wrong ones of the last minute, of a browser and of an address: a script that is
someone new each time still has one address.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ui.identity.arrivals import network_of

OF_A_BROWSER: Final = 10
OF_AN_ADDRESS: Final = 100
SECONDS: Final = 60.0
MOST_REMEMBERED: Final = 4096
"""So many browsers and addresses; the one not seen for longest goes first."""


class TooManyError(Exception):
    """Say that no code is looked at now; the text is for whoever gave it."""


@dataclass
class WrongCodes:
    """Count wrong codes.

    Attributes:
        clock: seconds, from anywhere.
    """

    clock: Callable[[], float] = time.monotonic
    _times: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, owner: str, address: str) -> None:
        """Let a code be looked at.

        Args:
            owner: the browser's name.
            address: where it is.

        Raises:
            TooManyError: too many wrong ones came within the last minute.
        """
        with self._lock:
            crowded = [key for key, most in _limits(owner, address) if len(self._recent(key)) >= most]
        if crowded:
            raise TooManyError("Too many wrong codes within a minute. Wait a minute, then try again.")

    def note(self, owner: str, address: str) -> None:
        """Note that a code was wrong."""
        with self._lock:
            for key, _ in _limits(owner, address):
                self._times[key] = times = self._recent(key)
                self._times.move_to_end(key)
                times.append(self.clock())
            while len(self._times) > MOST_REMEMBERED:
                self._times.popitem(last=False)

    def _recent(self, key: str) -> deque[float]:
        times = self._times.get(key, deque())
        while times and times[0] <= self.clock() - SECONDS:
            times.popleft()
        return times


def _limits(owner: str, address: str) -> tuple[tuple[str, int], ...]:
    return (f"browser {owner}", OF_A_BROWSER), (f"address {network_of(address)}", OF_AN_ADDRESS)


WRONG: Final = WrongCodes()
