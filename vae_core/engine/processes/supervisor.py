"""The supervisor of all workers: each is started when it is needed and replaced when it dies or hangs.

A worker *hangs* when it has something to do, but for `HUNG_SECONDS` neither says anything nor uses the
processor. A long step or a compiler uses the processor, and is left alone; a task that waits by nature, such
as a download, says so now and then. Silence counts only while the supervisor itself ran: after a laptop has
slept, everyone's begins anew.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from vae_core.engine.processes.messages import BusyWith, Idle, JobDone, JobFailed, Message, Ready, Saved
from vae_core.engine.processes.orders import Order
from vae_core.engine.processes.process import WorkerProcess

LOG: Final = logging.getLogger(__name__)

HUNG_SECONDS: Final = 15.0
LATE_SECONDS: Final = 3.0
"""When the supervisor's turn comes so late, the machine stood still, or nearly."""

WORKING: Final = 0.05
"""Seconds of processor time by which a process shows that it works; a thread that only waits takes less."""

MAX_FAILED_STARTS: Final = 5
LONGEST_REST: Final = 30.0

Clock = Callable[[], float]


@dataclass(frozen=True)
class Death:
    """Say how a worker's process ended.

    Attributes:
        cause: "died" (by itself, or from outside), "hung" or "ended" (by `Worker.end`).
        busy_with: the run it was at; "" for none.
        count: how many have died, one after the other, without having got anywhere.
        hopeless: whether it seems that none can be started at all.
    """

    cause: Literal["died", "hung", "ended"]
    busy_with: str
    count: int
    hopeless: bool


@dataclass(eq=False)
class Worker:
    """Fill one role with a process; everything here happens with the engine's lock held.

    Attributes:
        role: what it does: "train", or the name of a pool of jobs.
        home: folder of all data.
        lock: the engine's lock.
        on_message: called with what the process says of its work.
        on_start: called when a process has been started and can be given orders.
        on_death: called when it ended unasked; `ready` says there whether it is needed again.
        clock: seconds that only grow.
        process: the process, while there is one.
        restart_at: when the next may be started, in the clock's seconds.
    """

    role: str
    home: Path
    lock: threading.RLock
    on_message: Callable[[Message], None]
    on_start: Callable[[], None]
    on_death: Callable[[Death], None]
    clock: Clock = time.monotonic
    process: WorkerProcess | None = None
    restart_at: float = -math.inf
    _is_wanted: bool = False
    _busy_with: str = ""
    _orders: int = 0
    _obeyed: int = -1  # orders that it has obeyed, as it last said; -1 while it gets ready
    _alive_at: float = 0.0
    _used: float = 0.0
    _deaths: int = 0
    _failed_starts: int = 0
    _closing: bool = False

    @property
    def rests(self) -> bool:
        """Whether someone needs the process and it will be started later."""
        return self.process is None and self._is_wanted

    def ready(self) -> bool:
        """Start the process if need be; while it rests after dying, note that it is needed: False."""
        if self.process is None and not self._closing:
            if self.clock() >= self.restart_at:
                self._start()
            else:
                self._is_wanted = True
        return self.process is not None

    def send(self, order: Order) -> None:
        """Give an order, if there is a process."""
        if self.process is not None:
            if self._obeyed == self._orders:  # it had nothing to do
                self._alive_at = self.clock()
            self._orders += 1
            self.process.send(order)

    def retire(self) -> None:
        """Let the process finish and end, as nobody needs it; its end is no news."""
        if self.process is not None:
            self.process.close()
            self.process = None

    def end(self) -> None:
        """End the process at once, whatever it does."""
        self._kill("ended")

    def tick(self, now: float, *, awake: bool) -> None:
        """Start the process when it has rested, and end one that hangs.

        Args:
            now: in the clock's seconds.
            awake: whether the supervisor has looked after it all the time since the tick before.
        """
        if self.process is None:
            if self._is_wanted and now >= self.restart_at and not self._closing:
                self._start()
            return
        if self._obeyed == self._orders:
            return
        used = self.process.processor_seconds()
        if used is None or used - self._used >= WORKING:
            self._used, self._alive_at = used or 0.0, now
        elif not awake:
            self._alive_at = now
        elif now - self._alive_at >= HUNG_SECONDS:
            LOG.warning("the %s process hangs; its run: %s", self.role, self._busy_with or "-")
            self._kill("hung")

    def close(self) -> list[WorkerProcess]:
        """Let the process put on disk what it has, and end; returns what to wait for."""
        self._closing = True
        if self.process is None:
            return []
        self.process.close()
        return [self.process]

    def _start(self) -> None:
        self._busy_with, self._orders, self._obeyed = "", 0, -1
        self._alive_at, self._used = self.clock(), 0.0
        try:
            self.process = WorkerProcess(self.role, self.home, self._hear, self._exit)
        except OSError as problem:
            LOG.error("the %s process cannot be started: %s", self.role, problem)
            self._is_wanted, self.restart_at = True, self.clock() + LONGEST_REST
            return
        self._is_wanted = False
        self.on_start()

    def _hear(self, process: WorkerProcess, message: Message) -> None:
        """Take what the process says; called in the thread that reads from it."""
        with self.lock:
            if process is not self.process or self._closing:
                return
            self._alive_at = self.clock()
            match message:
                case BusyWith(run=run):
                    self._busy_with = run
                case Ready():
                    self._failed_starts = 0
                case Idle(orders=orders):
                    self._obeyed = orders
                case _:
                    if isinstance(message, (Saved, JobDone, JobFailed)):
                        self._deaths = 0  # it got somewhere: what ends it now is another matter
                    self.on_message(message)

    def _exit(self, process: WorkerProcess) -> None:
        """Take note that the process has ended; called in the thread that reads from it."""
        with self.lock:
            if process is self.process and not self._closing:
                LOG.warning(
                    "the %s process ended unexpectedly; its run: %s", self.role, self._busy_with or "-"
                )
                self.process = None
                self._replace("died")

    def _kill(self, cause: Literal["hung", "ended"]) -> None:
        """End the process and go on without waiting for its end: one that cannot even die is no use."""
        if self.process is not None:
            process, self.process = self.process, None
            process.kill()
            self._replace(cause)

    def _replace(self, cause: Literal["died", "hung", "ended"]) -> None:
        """Start another process if one is needed: at once the first time, then after ever longer rests."""
        if cause != "ended":
            self._deaths += 1
            self._failed_starts += 1
        self.restart_at = math.inf  # whoever asks for it meanwhile waits with the others
        hopeless = self._failed_starts >= MAX_FAILED_STARTS
        self._is_wanted = False
        self.on_death(Death(cause, self._busy_with, self._deaths, hopeless))
        rest = min(LONGEST_REST, 0.25 * 2**self._deaths) if self._deaths > 1 and cause != "ended" else 0.0
        self.restart_at = self.clock() + rest
        if not self._is_wanted:  # until someone needs it
            self._failed_starts = 0
            self.restart_at = -math.inf
        elif not rest:
            self._start()


@dataclass(eq=False)
class Supervisor:
    """Look after all workers, with the engine's lock held.

    Attributes:
        home: folder of all data.
        lock: the engine's lock.
        clock: seconds that only grow.
    """

    home: Path
    lock: threading.RLock
    clock: Clock = time.monotonic
    _workers: list[Worker] = field(default_factory=list)
    _ticked_at: float = math.inf

    def employ(
        self,
        role: str,
        *,
        on_message: Callable[[Message], None],
        on_start: Callable[[], None],
        on_death: Callable[[Death], None],
    ) -> Worker:
        """Return a worker for a role; its process is started when it is first needed."""
        worker = Worker(role, self.home, self.lock, on_message, on_start, on_death, self.clock)
        self._workers.append(worker)
        return worker

    def tick(self, now: float) -> None:
        """Look after everyone."""
        awake = now - self._ticked_at < LATE_SECONDS
        self._ticked_at = now
        for worker in self._workers:
            worker.tick(now, awake=awake)

    def pids(self) -> dict[str, int]:
        """Return the running processes by role."""
        return {worker.role: worker.process.pid for worker in self._workers if worker.process is not None}

    def close(self) -> list[WorkerProcess]:
        """Let all processes put on disk what they have, and end; returns those to wait for."""
        return [process for worker in self._workers for process in worker.close()]
