"""What a worker has to say, written by a thread of its own: a server slow to read never stops training."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO, Final

from vae_core.engine.processes.messages import Frame, Loaded, Message, Progressed, Snapshot, Weights
from vae_core.engine.processes.pipe import write_message
from vae_core.engine.processes.wire import to_wire

REPLACED: Final = (Frame, Weights)
"""Of these only the newest for a run counts."""

DATED: Final = (Loaded, Progressed, Snapshot)
"""After these a frame must stay, because both bring parts of the history."""


class Outbox:
    """Hold messages until they are written, in order.

    Args:
        pipe: where to.
    """

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._waiting: list[Message] = []
        self._changed = threading.Condition()
        self._writing = False
        self._broken = False
        threading.Thread(target=self._write, name="outbox", daemon=True).start()

    def put(self, message: Message) -> None:
        """Add a message; of frames and weights a newer one takes the place of an older.

        What is new in the history is never lost with a frame.
        """
        with self._changed:
            if not (isinstance(message, REPLACED) and self._replace(message)):
                self._waiting.append(message)
                self._changed.notify_all()

    def _replace(self, message: Frame | Weights) -> bool:
        """Put a message in the place of an older one of its kind; False when there is none."""
        for index in range(len(self._waiting) - 1, -1, -1):
            older = self._waiting[index]
            if isinstance(older, DATED) and older.key == message.key:
                return False
            if isinstance(older, Frame) and isinstance(message, Frame) and older.key == message.key:
                tail = (*older.history_tail, *message.history_tail)
                self._waiting[index] = replace(message, history_tail=tail)
                return True
            if isinstance(older, Weights) and isinstance(message, Weights) and older.key == message.key:
                self._waiting[index] = message
                return True
        return False

    def drain(self, seconds: float) -> None:
        """Wait until all is written, or nobody reads, or time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._broken or not (self._waiting or self._writing), seconds)

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                message = self._waiting.pop(0)
                self._writing = True
            broken = True
            with suppress(OSError, ValueError):
                write_message(self._pipe, *to_wire(message))
                broken = False
            with self._changed:
                self._writing, self._broken = False, broken
                self._changed.notify_all()
            if broken:
                return
