"""What the engine consists of, and the thread that keeps it going: one lock around worker processes."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Final

from vae_core.engine.jobs.queue import JobQueue
from vae_core.engine.processes.supervisor import Supervisor
from vae_core.engine.scheduling.attendance import Attendance
from vae_core.engine.scheduling.reports import make_scheduler
from vae_core.engine.scheduling.saving import Saving

LOG: Final = logging.getLogger(__name__)
TICK_SECONDS: Final = 0.25
CLOSE_SECONDS: Final = 2.0


class Parts:
    """Hold the engine's parts, and do in time what is due.

    Args:
        home: folder of all data.

    Attributes:
        lock: held by whoever uses a part.
        supervisor: looks after the processes.
        scheduler: has the runs.
        attendance: parks those of owners who are away.
        jobs: has the jobs.
        saving: makes models of runs.
        warm_at: when the first workers are to be started, on the monotonic clock.
        closed: set at the end.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.lock = threading.RLock()
        self.supervisor = Supervisor(home, self.lock)
        self.scheduler = make_scheduler(home, self.lock, self.supervisor)
        self.attendance = Attendance(self.scheduler)
        self.jobs = JobQueue(self.supervisor, self.lock)
        self.saving = Saving(home, self.scheduler.loaded, self.jobs)
        self.warm_at: float | None = None
        self.closed = threading.Event()
        threading.Thread(target=self._keep_house, name="engine", daemon=True).start()

    def close(self) -> None:
        """Put all runs on disk and end the workers; takes two seconds at most."""
        if self.closed.is_set():
            return
        self.closed.set()
        with self.lock:
            self.scheduler.close()
            self.jobs.close()
            workers = self.supervisor.close()
        until = time.monotonic() + CLOSE_SECONDS
        for worker in workers:
            if not worker.wait(max(0.05, until - time.monotonic())):
                worker.kill()

    def _keep_house(self) -> None:
        while not self.closed.wait(TICK_SECONDS):
            try:
                now = time.monotonic()
                with self.lock:
                    self._tick(now)
                self.scheduler.archive.clear(now, self.lock)
            except Exception:  # what failed now may work a moment later; the house must be kept
                LOG.exception("the engine's housekeeping failed")

    def _tick(self, now: float) -> None:
        self.supervisor.tick(now)
        self.scheduler.tick(now)
        self.attendance.tick(now)
        self.jobs.tick(now)
        if self.warm_at is not None and now >= self.warm_at:
            self.warm_at = None
            self.scheduler.worker.ready()
            self.jobs.warm()
