"""Work with pauses, and what it takes of the processor itself: in the pauses others work."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Generic, TypeVar

T = TypeVar("T")


class Timed(Generic[T]):
    """Do a piece of work with pauses.

    Args:
        work: what yields in each pause, and returns what it made.

    Attributes:
        seconds: of the processor's time that it has taken.
    """

    def __init__(self, work: Generator[None, None, T]) -> None:
        self.seconds = 0.0
        self._work = work

    def going_on(self) -> Generator[None, None, T]:
        """Do the work; closed in a pause, it is given up."""
        try:
            while True:
                began = time.thread_time()
                try:
                    next(self._work)
                except StopIteration as end:
                    made: T = end.value
                    return made
                finally:
                    self.seconds += time.thread_time() - began
                yield
        finally:
            self._work.close()
