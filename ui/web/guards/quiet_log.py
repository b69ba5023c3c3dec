"""A log that cannot be filled: lines of one kind that come again and again are counted, not repeated."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

MOST_LINES: Final = 20
"""So many lines of one kind are written in a window of time; the next one begins with how many more came."""

WINDOW_SECONDS: Final = 10.0
MOST_KINDS: Final = 500
LOGGERS: Final = ("uvicorn.error", "uvicorn.access", "asyncio", "streamlit", "vae_core", "ui")
"""Whose lines are counted, with those of all loggers below them that hand theirs on."""


class Counted(logging.Filter):
    """Let so many lines of one kind pass in a window of time.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: OrderedDict[tuple[str, int, str], tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written."""
        kind = record.name, record.levelno, str(record.msg)[:200]
        now = self._clock()
        with self._lock:
            begun, count = self._kinds.pop(kind, (now, 0))
            if now - begun >= WINDOW_SECONDS:
                if (more := count - MOST_LINES) > 0:
                    record.msg = f"{record.msg} (and {more:,} more like it in the {now - begun:.0f} s before)"
                begun, count = now, 0
            self._kinds[kind] = begun, count + 1
            while len(self._kinds) > MOST_KINDS:
                self._kinds.popitem(last=False)
        return count < MOST_LINES


def count_repeated_lines() -> None:
    """Count what all loggers that a visitor can make speak say again and again."""
    counted = Counted()
    known = [name for name in logging.root.manager.loggerDict if name.startswith("streamlit")]
    for name in dict.fromkeys([*LOGGERS, *known]):
        logger = logging.getLogger(name)
        places: Sequence[logging.Filterer] = logger.handlers or [logger]  # a handler has all lines below, too
        for place in places:
            if not any(isinstance(each, Counted) for each in place.filters):
                place.addFilter(counted)
