"""The jobs' side of a worker: one job after another, each with its progress, its result or its error."""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING, Final

from vae_core.engine.contract.failures import describe
from vae_core.engine.processes.pipe import join_bytes, part_bytes
from vae_core.engine.tasks.functions import TABLE

if TYPE_CHECKING:
    from vae_core.engine.processes.pipe import Inbox
    from vae_core.engine.worker.outbox import Outbox

REPORT_SECONDS: Final = 0.1


class CancelledError(Exception):
    """Leave a job that its owner has cancelled."""


def do_jobs(inbox: Inbox, outbox: Outbox, cancelled: set[str]) -> None:
    """Do jobs until the pipe ends.

    Args:
        inbox: orders.
        outbox: answers.
        cancelled: names of cancelled jobs; another thread adds to it.
    """
    while (order := inbox.get()) is not None:
        facts, body = order
        job, told = facts["job"], [0.0]

        def report(progress: float, message: str, job: str = job, told: list[float] = told) -> None:
            if job in cancelled:
                raise CancelledError
            if time.monotonic() - told[0] >= REPORT_SECONDS or progress >= 1.0:
                told[0] = time.monotonic()
                outbox.put({"kind": "progress", "job": job, "progress": progress, "message": message})

        try:
            report(0.0, "")
            result = TABLE[facts["function"]](report, **join_bytes(facts["arguments"], body))
            parted, data = part_bytes(result)
            outbox.put({"kind": "result", "job": job, "result": parted}, data)
        except CancelledError:
            outbox.put({"kind": "error", "job": job, "error": ""})
        except Exception as error:
            if not isinstance(error, ValueError):
                traceback.print_exc()
            outbox.put({"kind": "error", "job": job, "error": describe(error)})
        cancelled.discard(job)
