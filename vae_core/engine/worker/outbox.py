"""What a worker has to say, written by a thread of its own: a server slow to read never stops training."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from vae_core.engine.processes.pipe import write_message
from vae_core.training.trainer import Trainer

REPLACED: Final = ("frame", "weights")
"""Kinds of which only the newest for a run counts."""

DATED: Final = ("loaded", "progress", "snapshot")
"""Kinds after which a frame must stay, because both bring parts of the history."""


class Outbox:
    """Hold messages until they are written, in order.

    Args:
        pipe: where to.
    """

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._waiting: list[tuple[Mapping[str, Any], bytes]] = []
        self._news = threading.Condition()
        self._writing = False
        self._broken = False
        threading.Thread(target=self._write, name="outbox", daemon=True).start()

    def put(self, facts: Mapping[str, Any], body: bytes = b"") -> None:
        """Add a message; of frames and weights a newer one takes the place of an older.

        What is new in the history is never lost with a frame.
        """
        with self._news:
            if facts["kind"] in REPLACED:
                for index in range(len(self._waiting) - 1, -1, -1):
                    older = self._waiting[index][0]
                    if older["kind"] in DATED and older["run"] == facts["run"]:
                        break
                    if older["kind"] == facts["kind"] and older["run"] == facts["run"]:
                        tail = [*older.get("history_tail", ()), *facts.get("history_tail", ())]
                        self._waiting[index] = ({**facts, "history_tail": tail}, body)
                        return
            self._waiting.append((facts, body))
            self._news.notify_all()

    def drain(self, seconds: float) -> None:
        """Wait until all is written, or nobody reads, or time is up."""
        with self._news:
            self._news.wait_for(lambda: self._broken or not (self._waiting or self._writing), seconds)

    def _write(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: bool(self._waiting))
                facts, body = self._waiting.pop(0)
                self._writing = True
            broken = True
            with suppress(OSError, ValueError):
                write_message(self._pipe, facts, body)
                broken = False
            with self._news:
                self._writing, self._broken = False, broken
                self._news.notify_all()
            if broken:
                return


if TYPE_CHECKING:
    from vae_core.engine.worker.outbox import Outbox
    from vae_core.training.trainer import Trainer

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
