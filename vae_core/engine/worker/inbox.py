"""What a worker has been ordered to do and has not done yet."""

from __future__ import annotations

import queue
from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class _Mark(Enum):
    UNKNOWN = "an order that could not be understood"
    END = "the end of the pipe"


class Inbox(Generic[T]):
    """Hold orders as they came, and say when there is nothing left to do.

    Args:
        on_idle: called with how many orders have been taken, before waiting for the next.

    Attributes:
        closed: whether the pipe has ended and all before its end was taken.
    """

    def __init__(self, on_idle: Callable[[int], None]) -> None:
        self.closed = False
        self._on_idle = on_idle
        self._orders: queue.SimpleQueue[T | _Mark] = queue.SimpleQueue()
        self._taken = 0

    @property
    def empty(self) -> bool:
        """Whether no order waits."""
        return self._orders.empty()

    def put(self, order: T | None) -> None:
        """Add an order; None stands for one that could not be understood, which counts as obeyed."""
        self._orders.put(_Mark.UNKNOWN if order is None else order)

    def close(self) -> None:
        """Note that no more will come."""
        self._orders.put(_Mark.END)

    def take(self, *, wait: bool) -> T | None:
        """Return the next order; None when there is none, or none will come any more (`closed`).

        Args:
            wait: whether to wait for one: nothing else is to do.
        """
        while not self.closed:
            if wait and self._orders.empty():
                self._on_idle(self._taken)
            try:
                order = self._orders.get(block=wait)
            except queue.Empty:
                return None
            if order is _Mark.END:
                self.closed = True
                return None
            self._taken += 1
            if not isinstance(order, _Mark):
                return order
        return None
