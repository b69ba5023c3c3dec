"""What a run in the worker's memory has to say to the server."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from vae_core.engine.outbox import Outbox
    from vae_core.trainer import Trainer

WITH_HISTORY: Final = ("progress", "frame", "snapshot")
"""Kinds that bring what is new in the history."""


class News:
    """Speak for one run.

    It knows nothing that knows it: the memory of a run that is dropped is free at once, not when Python's
    collector of cycles next looks that far, which may be hours later.

    Args:
        order: the server's order to load the run.
        outbox: where messages go.

    Attributes:
        dated_at: when the server last heard how far the run is, on the monotonic clock.
    """

    def __init__(self, order: Mapping[str, Any], outbox: Outbox) -> None:
        self.dated_at = -math.inf
        self._of = {"run": order["run"], "generation": order["generation"]}
        self._outbox = outbox
        self._trainer: Trainer | None = None
        self._told = 0

    def begin(self, trainer: Trainer) -> None:
        """Take the history as it is now for known; also after a run has gone back."""
        self._trainer, self._told = trainer, len(trainer.history)

    def tell(self, kind: str, body: bytes = b"", **more: Any) -> None:
        """Say something, with what is new in the history."""
        if kind in WITH_HISTORY and self._trainer is not None:
            self.dated_at = time.monotonic()
            more["history_tail"] = self._trainer.history[self._told :]
            self._told = len(self._trainer.history)
        self._outbox.put({"kind": kind, **self._of, **more}, body)
