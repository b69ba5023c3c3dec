"""What there is room for: of drawings in a collection, of each browser's in it, and of those within a minute.

Each browser has bounds of its own, so that nobody who presses at random takes the room of others.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from ui.library.disk.drawing_files import Drawing, drawings_of
from vae_core.engine.contract import limits

WINDOW_SECONDS: Final = 60.0


class DrawingError(ValueError):
    """Refuse what cannot be done with a drawing; the text says what to do.

    Attributes:
        status: what HTTP calls that.
    """

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


_LOCK: Final = threading.Lock()
_COMING: Final[dict[str, dict[str, str]]] = {}
"""Drawings on their way to disk: ids and from whom, by the hash of whose collection it is."""


@contextmanager
def room(holder: str, drawing: Drawing) -> Iterator[None]:
    """Have a place for a drawing while it is written; many are written at a time.

    Args:
        holder: hash of the name of whose collection it is.
        drawing: the drawing.

    Raises:
        DrawingError: there is none.
    """
    with _LOCK:
        known = {each.id: each.by for each in drawings_of(holder)} | _COMING.get(holder, {})
        known.pop(drawing.id, None)  # the same again takes its own place
        most, each = int(limits.DRAWINGS.value()), int(limits.DRAWINGS_OF_A_GUEST.value())
        if len(known) >= most:
            raise DrawingError(f"The collection is full: it has {most:,} drawings. Nothing was kept.", 409)
        if drawing.by != holder and sum(by == drawing.by for by in known.values()) >= each:
            raise DrawingError(
                f"{each:,} drawings have come from this browser, as many as may. Delete one of them first.",
                409,
            )
        _COMING.setdefault(holder, {})[drawing.id] = drawing.by
    try:
        yield
    finally:
        with _LOCK:
            coming = _COMING.get(holder, {})
            coming.pop(drawing.id, None)
            if not coming:
                _COMING.pop(holder, None)


@dataclass
class Pace:
    """Count the drawings that each browser sends within a minute.

    Attributes:
        clock: seconds that only grow.
    """

    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sent: dict[str, deque[float]] = field(default_factory=dict)  # who sent last stands last

    def note(self, who: str) -> None:
        """Count one more.

        Args:
            who: hash of the browser's name.

        Raises:
            DrawingError: it would be one too many.
        """
        most = limits.DRAWINGS_A_MINUTE.value()
        with self._lock:
            oldest = self.clock() - WINDOW_SECONDS
            for other in [name for name, times in self._sent.items() if times[-1] <= oldest]:
                del self._sent[other]
            sent = self._sent.pop(who, deque())
            while sent and sent[0] <= oldest:
                sent.popleft()
            if len(sent) < most:
                sent.append(self.clock())
                self._sent[who] = sent
                return
            self._sent[who] = sent
        raise DrawingError(f"{most:g} drawings came within a minute. Wait a little, then press again.", 429)


_PACE: Final = Pace()


def note_sent(who: str) -> None:
    """Count a drawing that a browser sends; raises as `Pace.note`."""
    _PACE.note(who)
