"""The jobs that wait and run, and the worker processes that do them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, assert_never

from vae_core.engine.contract import limits
from vae_core.engine.contract.failures import PROCESS_DIED, PROCESS_HUNG
from vae_core.engine.contract.info import EngineBusyError, Job, JobState
from vae_core.engine.jobs.efforts import seconds_for
from vae_core.engine.jobs.pools import POOLS, QUICK, TASKS, Pool
from vae_core.engine.jobs.results import Results
from vae_core.engine.processes.messages import (
    JobDone,
    JobFailed,
    JobMessage,
    JobProgress,
    JobWaits,
    Message,
)
from vae_core.engine.processes.orders import CancelJob, DoJob
from vae_core.engine.processes.supervisor import Death, Supervisor, Worker
from vae_core.storage.home import new_id

CANCEL_SECONDS: Final = 1.5
"""How long a job may take to notice that it was cancelled; then its process is ended."""

MAX_ATTEMPTS: Final = 2


@dataclass(eq=False)
class _Entry:
    job: Job
    pool: Pool
    arguments: Mapping[str, Any]
    then: Callable[[Job], None] | None = None
    held: bool = False
    files: tuple[Path, ...] = ()
    purpose: str = ""
    is_shared: bool = False
    attempts: int = 0
    deadline: float = 0.0
    cancelled_at: float | None = None


@dataclass(eq=False)
class _PoolState:
    worker: Worker
    running: _Entry | None = None
    idle_since: float = field(default_factory=time.monotonic)


class JobQueue:
    """Give jobs to the pools' processes: two of an owner at a time, whoever has fewest first, then in turn.

    Args:
        supervisor: looks after the processes.
        lock: the engine's lock.
    """

    def __init__(self, supervisor: Supervisor, lock: threading.RLock) -> None:
        self._lock = lock
        self._entries: dict[str, _Entry] = {}
        self._results = Results()
        self._pools = {pool: _PoolState(self._employ(supervisor, pool)) for pool in POOLS}
        self._turns: dict[str, int] = {}  # of owners: which was the last, counted from 1
        self._closing = False

    def _employ(self, supervisor: Supervisor, pool: Pool) -> Worker:
        return supervisor.employ(
            pool.name,
            on_message=lambda message: self._hear(pool, message),
            on_start=self._dispatch,
            on_death=lambda death: self._bury(pool, death),
        )

    def submit(
        self,
        owner: str,
        function: str,
        arguments: Mapping[str, Any],
        *,
        then: Callable[[Job], None] | None = None,
        held: bool = False,
        files: tuple[Path, ...] = (),
        purpose: str = "",
        is_shared: bool = False,
    ) -> Job:
        """Put a job into the queue.

        Args:
            owner: hash of the owner's name.
            function: a name from `TASKS`.
            arguments: its arguments: JSON-able values and bytes.
            then: called, with the lock held, when it is done.
            held: keep it waiting until `release`, with the arguments that say how long it takes.
            files: short-lived ones that it reads; they go when it is over, however it ends, and not before:
                a process that dies leaves them to the next attempt.
            purpose: what it serves, by which it is found again (`serving`), in place of the one before.
            is_shared: whether its result is the same for everyone with that purpose.

        Raises:
            ValueError: there is no such function.
            EngineBusyError: the owner has too many jobs waiting.
        """
        if function not in TASKS:
            raise ValueError(f"there is no job {function!r}; there are {', '.join(sorted(TASKS))}")
        with self._lock:
            most = limits.WAITING_JOBS.value()
            if sum(job.owner == owner and job.state == "waiting" for job in self.unfinished()) >= most:
                raise EngineBusyError(f"You have {most:g} jobs waiting. Wait until some are done.")
            job = Job(new_id(), owner, function, _on_cancel=self.cancel)
            pool = TASKS[function].pool_for(seconds_for(function, arguments))
            self._entries[job.id] = _Entry(job, pool, dict(arguments), then, held, files, purpose, is_shared)
            self._dispatch()
            return job

    def release(self, job: Job, arguments: Mapping[str, Any]) -> None:
        """Let a held job go on, with these arguments."""
        with self._lock:
            entry = self._entries.get(job.id)
            if entry is not None:
                entry.arguments, entry.held = dict(arguments), False
                self._dispatch()

    def job(self, owner: str, job_id: str) -> Job:
        """Return a job; KeyError and PermissionError say what they say."""
        with self._lock:
            job = self._results.get(job_id) or self._entries[job_id].job
        if job.owner != owner:
            raise PermissionError(job_id)
        return job

    def serving(self, owner: str, purpose: str) -> Job | None:
        """Return the last job that serves a purpose, whatever its state; None when there is none."""
        with self._lock:
            for entry in reversed(self._entries.values()):
                if entry.purpose == purpose and entry.job.owner == owner:
                    return entry.job
            return self._results.serving(owner, purpose)

    def cancel(self, job: Job) -> None:
        """Take a job out of the queue, or tell its worker to stop."""
        with self._lock:
            entry = self._entries.get(job.id)
            if entry is None:
                return
            state = self._pools[entry.pool]
            if state.running is not entry:
                self._finish(entry, "cancelled")
            elif entry.cancelled_at is None:
                entry.cancelled_at = time.monotonic()
                state.worker.send(CancelJob(job.id))

    def warm(self) -> None:
        """Start the process for short jobs before the first of them comes."""
        with self._lock:
            self._pools[QUICK].worker.ready()

    def tick(self, now: float) -> None:
        """Do what is due: give up what takes too long, end idle processes, forget old results."""
        with self._lock:
            for pool, state in self._pools.items():
                entry = state.running
                if entry is None:
                    if now - state.idle_since > pool.idle:
                        state.worker.retire()
                    continue
                hangs = entry.cancelled_at is not None and now - entry.cancelled_at > CANCEL_SECONDS
                if now > entry.deadline and not entry.job.finished:
                    error = f"This took longer than {pool.limit / 60:.0f} minutes."
                    self._finish(entry, "failed", error=error)
                    hangs = True
                if hangs:
                    state.worker.end()
            self._results.forget_old(now)
            here = {job.owner for job in self.unfinished()}
            self._turns = {owner: turn for owner, turn in self._turns.items() if owner in here}
            self._dispatch()

    def unfinished(self) -> list[Job]:
        """Return the jobs that run or wait."""
        with self._lock:
            return [entry.job for entry in self._entries.values()]

    def close(self) -> None:
        """Take no more jobs, and give up those that are left."""
        with self._lock:
            self._closing = True
            for entry in list(self._entries.values()):
                self._finish(entry, "cancelled")

    def _dispatch(self) -> None:
        """Give every idle process its next job."""
        if self._closing:
            return
        for pool, state in self._pools.items():
            entry = self._next(pool) if state.running is None else None
            if entry is None or not state.worker.ready() or state.running is not None:
                continue
            self._turns[entry.job.owner] = max(self._turns.values(), default=0) + 1
            entry.attempts += 1
            entry.deadline = time.monotonic() + pool.limit
            entry.job.state = "running"
            state.running = entry
            state.worker.send(DoJob(entry.job.id, entry.job.function, entry.arguments))

    def _next(self, pool: Pool) -> _Entry | None:
        """Return the job that comes next: of who has fewest running, and waited longest for a turn."""
        running: dict[str, int] = {}
        for entry in self._entries.values():
            if entry.job.state == "running":
                running[entry.job.owner] = running.get(entry.job.owner, 0) + 1
        waiting = [
            entry
            for entry in self._entries.values()
            if entry.pool is pool
            and entry.job.state == "waiting"
            and not entry.held
            and running.get(entry.job.owner, 0) < limits.JOBS.value()
        ]

        def turn(entry: _Entry) -> tuple[int, int]:
            return running.get(entry.job.owner, 0), self._turns.get(entry.job.owner, 0)

        return min(waiting, key=turn, default=None)

    def _hear(self, pool: Pool, message: Message) -> None:
        """Take what a process says of its job."""
        state = self._pools[pool]
        entry = state.running
        if entry is None or not isinstance(message, JobMessage) or message.job != entry.job.id:
            return
        match message:
            case JobProgress(progress=progress, message=phrase):
                entry.job.progress, entry.job.message = progress, phrase
                return
            case JobWaits():
                return
            case JobDone(result=result):
                self._finish(entry, "done", result=result)
            case JobFailed(error=error):
                cancelled = entry.cancelled_at is not None
                self._finish(entry, "cancelled" if cancelled else "failed", error=error)
            case _:
                assert_never(message)
        self._free(state)
        self._dispatch()

    def _bury(self, pool: Pool, death: Death) -> None:
        """Try a job once more whose process has ended in the middle of it."""
        state = self._pools[pool]
        entry = state.running
        self._free(state)
        if self._closing:
            return
        if entry is not None and not entry.job.finished:
            if entry.cancelled_at is not None:
                self._finish(entry, "cancelled")
            elif entry.attempts < MAX_ATTEMPTS:
                entry.job.state, entry.job.progress = "waiting", 0.0
            else:
                self._finish(entry, "failed", error=PROCESS_HUNG if death.cause == "hung" else PROCESS_DIED)
        self._dispatch()

    def _free(self, state: _PoolState) -> None:
        state.running, state.idle_since = None, time.monotonic()

    def _finish(self, entry: _Entry, outcome: JobState, *, result: Any = None, error: str = "") -> None:
        job = entry.job
        if job.finished:
            return
        job.result, job.error = result, error if outcome == "failed" else ""
        job.progress = 1.0 if outcome == "done" else job.progress
        job.state, job.finished_at = outcome, time.monotonic()
        entry.arguments = {}
        del self._entries[job.id]
        self._results.add(job, purpose=entry.purpose, is_shared=entry.is_shared)
        for file in entry.files:
            with suppress(OSError):
                file.unlink()
        job._finished.set()
        if outcome == "done" and entry.then is not None:
            with suppress(EngineBusyError):
                entry.then(job)
