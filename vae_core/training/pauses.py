"""Work with pauses: a generator that yields where others may have their turn, and returns what it made."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


def finished(work: Generator[None, None, T]) -> T:
    """Do all of it without a pause, and return what it makes."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            made: T = end.value
            return made
