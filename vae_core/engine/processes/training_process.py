"""The process that trains, kept alive: started when needed, replaced when it dies, rested in a crash loop."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vae_core.engine.processes.messages import BusyWith, Idle, Message, Ready, Saved
from vae_core.engine.processes.orders import RunOrder
from vae_core.engine.processes.process import WorkerProcess

LOG: Final = logging.getLogger(__name__)

MAX_FAILED_STARTS: Final = 5
LONGEST_REST: Final = 30.0


@dataclass(eq=False)
class TrainWorker:
    """Hold the training process; everything here happens with the engine's lock held.

    Attributes:
        home: folder of all data.
        lock: the engine's lock.
        on_message: called with what the process says of its runs.
        on_start: called when a process has been started and can be given orders.
        on_death: called when it ended unasked, with the run it was at ("" for none) and whether it seems that
            it cannot be started at all; says whether it is needed again.
        process: the process, while there is one.
        restart_at: when it will be started again, on the monotonic clock, while it rests.
    """

    home: Path
    lock: threading.RLock
    on_message: Callable[[Message], None]
    on_start: Callable[[], None]
    on_death: Callable[[str, bool], bool]
    process: WorkerProcess | None = None
    restart_at: float | None = None
    _busy_with: str = ""
    _deaths: int = 0
    _failed_starts: int = 0
    _closing: bool = False

    def ready(self) -> bool:
        """Start the process if need be; False while it rests after dying."""
        if self.process is None and self.restart_at is None and not self._closing:
            self._start()
        return self.process is not None

    def send(self, order: RunOrder) -> None:
        """Give an order, if there is a process."""
        if self.process is not None:
            self.process.send(order)

    def tick(self, now: float) -> None:
        """Start the process again when it has rested."""
        if self.restart_at is not None and now >= self.restart_at and not self._closing:
            self.restart_at = None
            self._start()

    def close(self) -> list[WorkerProcess]:
        """Let the process put its runs on disk and end; returns what to wait for."""
        self._closing = True
        if self.process is None:
            return []
        self.process.close()
        return [self.process]

    def _start(self) -> None:
        self._busy_with = ""
        try:
            self.process = WorkerProcess("train", self.home, self._message, self._exit)
        except OSError as problem:
            LOG.error("the training process cannot be started: %s", problem)
            self.restart_at = time.monotonic() + LONGEST_REST
            return
        self.on_start()

    def _message(self, process: WorkerProcess, message: Message) -> None:
        """Take what the process says; called in the thread that reads from it."""
        with self.lock:
            if process is not self.process or self._closing:
                return
            match message:
                case BusyWith(run=run):
                    self._busy_with = run
                case Ready():
                    self._failed_starts = 0
                case Idle():
                    pass
                case _:
                    if isinstance(message, Saved):  # it got somewhere: what ends it now is another matter
                        self._deaths = 0
                    self.on_message(message)

    def _exit(self, process: WorkerProcess) -> None:
        """Replace a process that ended unasked: at once the first time, then after ever longer rests."""
        with self.lock:
            if process is not self.process or self._closing:
                return
            LOG.warning("the training process ended unexpectedly; its run: %s", self._busy_with or "none")
            self.process = None
            self._deaths += 1
            self._failed_starts += 1
            self.restart_at = math.inf  # whoever moves up in the line now waits with the others
            needed = self.on_death(self._busy_with, self._failed_starts >= MAX_FAILED_STARTS)
            self.restart_at = None
            if self._deaths == 1:
                self._start()
            elif needed:
                self.restart_at = time.monotonic() + min(LONGEST_REST, 0.25 * 2**self._deaths)
            else:  # until someone needs it
                self._failed_starts = 0
