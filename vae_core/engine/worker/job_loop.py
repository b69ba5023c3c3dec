"""The jobs' side of a worker: one job after another, each with its progress, its result or its error."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from vae_core.engine.contract.failures import describe
from vae_core.engine.jobs.pools import TASKS
from vae_core.engine.processes.messages import JobDone, JobFailed, JobProgress, JobWaits
from vae_core.engine.processes.orders import DoJob
from vae_core.engine.tasks.functions import TABLE

if TYPE_CHECKING:
    from vae_core.engine.processes.orders import JobOrder
    from vae_core.engine.worker.inbox import Inbox
    from vae_core.engine.worker.outbox import Outbox

REPORT_SECONDS: Final = 0.1

WAITING_SECONDS: Final = 3.0
"""So often a job that waits by nature says so."""


class CancelledError(Exception):
    """Leave a job that its owner has cancelled."""


def do_jobs(inbox: Inbox[JobOrder], outbox: Outbox, cancelled: set[str]) -> None:
    """Do jobs until the pipe ends.

    Args:
        inbox: orders.
        outbox: answers.
        cancelled: names of cancelled jobs; another thread adds to it.
    """
    while (order := inbox.take(wait=True)) is not None:
        if isinstance(order, DoJob):
            _do(order, outbox, cancelled)
        cancelled.discard(order.job)  # a job that is cancelled is over by now


def _do(order: DoJob, outbox: Outbox, cancelled: set[str]) -> None:
    """Do one job and say what came of it."""
    told = 0.0

    def report(progress: float, message: str) -> None:
        nonlocal told
        if order.job in cancelled:
            raise CancelledError
        if time.monotonic() - told >= REPORT_SECONDS or progress >= 1.0:
            told = time.monotonic()
            outbox.put(JobProgress(order.job, float(progress), message))

    waits = order.function in TASKS and TASKS[order.function].waits
    try:
        report(0.0, "")
        with _saying_so(order.job, outbox) if waits else nullcontext():
            result = TABLE[order.function](report, **order.arguments)
        outbox.put(JobDone(order.job, result))
    except CancelledError:
        outbox.put(JobFailed(order.job, ""))
    except Exception as error:
        if not isinstance(error, ValueError):
            traceback.print_exc()
        outbox.put(JobFailed(order.job, describe(error)))


@contextmanager
def _saying_so(job: str, outbox: Outbox) -> Iterator[None]:
    """Say now and then that a job waits by nature: its process would be ended as one that hangs."""
    over = threading.Event()

    def say() -> None:
        while not over.wait(WAITING_SECONDS):
            outbox.put(JobWaits(job))

    speaker = threading.Thread(target=say, name="waiting", daemon=True)
    speaker.start()
    try:
        yield
    finally:
        over.set()
        speaker.join()
