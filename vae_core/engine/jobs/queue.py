"""The jobs that wait and run, and the worker processes that do them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vae_core.engine.contract import limits
from vae_core.engine.contract.failures import PROCESS_DIED
from vae_core.engine.contract.info import EngineBusyError, Job, JobState
from vae_core.engine.jobs.lanes import FUNCTIONS, LANES, Lane
from vae_core.engine.jobs.results import Results
from vae_core.engine.processes.messages import JobDone, JobFailed, JobProgress, Message
from vae_core.engine.processes.orders import CancelJob, DoJob
from vae_core.engine.processes.process import WorkerProcess
from vae_core.storage.home import new_id

LOG: Final = logging.getLogger(__name__)

CANCEL_SECONDS: Final = 1.5
"""How long a job may take to notice that it was cancelled; then its process is ended."""

MAX_ATTEMPTS: Final = 2
SHORT_LIFE: Final = 5.0
LONGEST_REST: Final = 30.0


@dataclass(eq=False)
class _Entry:
    job: Job
    lane: Lane
    arguments: Mapping[str, Any]
    then: Callable[[Job], None] | None = None
    held: bool = False
    files: tuple[Path, ...] = ()
    attempts: int = 0
    deadline: float = 0.0
    cancelled_at: float | None = None


@dataclass(eq=False)
class _LaneState:
    worker: WorkerProcess | None = None
    running: _Entry | None = None
    started_at: float = 0.0
    idle_since: float = 0.0
    deaths: int = 0
    not_before: float = 0.0


@dataclass(eq=False)
class JobQueue:
    """Give jobs to the lanes' processes: two of an owner at a time, whoever has fewest first, then in turn.

    Attributes:
        home: folder of all data.
        lock: the engine's lock.
    """

    home: Path
    lock: threading.RLock
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _results: Results = field(default_factory=Results)
    _lanes: dict[str, _LaneState] = field(default_factory=lambda: {lane.name: _LaneState() for lane in LANES})
    _turns: dict[str, int] = field(default_factory=dict)  # of owners: which was the last, counted from 1
    _closing: bool = False

    def submit(
        self,
        owner: str,
        function: str,
        arguments: Mapping[str, Any],
        *,
        then: Callable[[Job], None] | None = None,
        held: bool = False,
        files: tuple[Path, ...] = (),
    ) -> Job:
        """Put a job into the line.

        Args:
            owner: hash of the owner's name.
            function: a name from `FUNCTIONS`.
            arguments: its arguments: JSON-able values and bytes.
            then: called, with the lock held, when it is done.
            held: keep it waiting until `release`.
            files: short-lived ones that it reads; they go when it is over, however it ends, and not before:
                a process that dies leaves them to the next attempt.

        Raises:
            ValueError: there is no such function.
            EngineBusyError: the owner has too many jobs waiting.
        """
        if function not in FUNCTIONS:
            raise ValueError(f"there is no job {function!r}; there are {', '.join(sorted(FUNCTIONS))}")
        with self.lock:
            most = limits.WAITING_JOBS.value()
            if sum(job.owner == owner and job.state == "waiting" for job in self.unfinished()) >= most:
                raise EngineBusyError(f"You have {most:g} jobs waiting. Wait until some are done.")
            job = Job(new_id(), owner, function, _on_cancel=self.cancel)
            self._entries[job.id] = _Entry(job, FUNCTIONS[function], dict(arguments), then, held, files)
            self._dispatch()
            return job

    def release(self, job: Job, arguments: Mapping[str, Any]) -> None:
        """Let a held job go on, with these arguments."""
        with self.lock:
            entry = self._entries.get(job.id)
            if entry is not None:
                entry.arguments, entry.held = dict(arguments), False
                self._dispatch()

    def job(self, owner: str, job_id: str) -> Job:
        """Return a job; KeyError and PermissionError say what they say."""
        with self.lock:
            job = self._results.get(job_id) or self._entries[job_id].job
        if job.owner != owner:
            raise PermissionError(job_id)
        return job

    def cancel(self, job: Job) -> None:
        """Take a job out of the line, or tell its worker to stop."""
        with self.lock:
            entry = self._entries.get(job.id)
            if entry is None:
                return
            state = self._lanes[entry.lane.name]
            if state.running is not entry or state.worker is None:
                self._finish(entry, "cancelled")
            elif entry.cancelled_at is None:
                entry.cancelled_at = time.monotonic()
                state.worker.send(CancelJob(job.id))

    def warm(self) -> None:
        """Start the process for short jobs before the first of them comes."""
        with self.lock:
            self._start(LANES[0])

    def tick(self, now: float) -> None:
        """Do what is due: give up what takes too long, end idle processes, forget old results."""
        with self.lock:
            for lane in LANES:
                state = self._lanes[lane.name]
                entry, worker = state.running, state.worker
                if worker is None:
                    continue
                if entry is None:
                    if now - state.idle_since > lane.idle:
                        state.worker = None  # its end is no news
                        worker.close()
                    continue
                hangs = entry.cancelled_at is not None and now - entry.cancelled_at > CANCEL_SECONDS
                if now > entry.deadline and not entry.job.finished:
                    self._finish(
                        entry, "failed", error=f"This took longer than {lane.limit / 60:.0f} minutes."
                    )
                    hangs = True
                if hangs:
                    worker.kill()
            self._results.forget_old(now)
            here = {job.owner for job in self.unfinished()}
            self._turns = {owner: turn for owner, turn in self._turns.items() if owner in here}
            self._dispatch()

    def unfinished(self) -> list[Job]:
        """Return the jobs that run or wait."""
        with self.lock:
            return [entry.job for entry in self._entries.values()]

    def workers(self) -> dict[str, WorkerProcess]:
        """Return the running processes by lane."""
        with self.lock:
            return {name: state.worker for name, state in self._lanes.items() if state.worker is not None}

    def close(self) -> list[WorkerProcess]:
        """Stop taking jobs and let the processes end; returns those to wait for."""
        with self.lock:
            self._closing = True
            running = list(self.workers().values())
            for entry in list(self._entries.values()):
                self._finish(entry, "cancelled")
        for worker in running:
            worker.close()
        return running

    def _dispatch(self) -> None:
        """Give every idle lane its next job."""
        if self._closing:
            return
        for lane in LANES:
            state = self._lanes[lane.name]
            if state.running is not None:
                continue
            entry = self._next(lane)
            if entry is None:
                continue
            worker = self._start(lane)
            if worker is None:
                continue
            self._turns[entry.job.owner] = max(self._turns.values(), default=0) + 1
            entry.attempts += 1
            entry.deadline = time.monotonic() + lane.limit
            entry.job.state = "running"
            state.running = entry
            worker.send(DoJob(entry.job.id, entry.job.function, entry.arguments))

    def _next(self, lane: Lane) -> _Entry | None:
        """Return the job that comes next: of who has fewest running, and waited longest for a turn."""
        running: dict[str, int] = {}
        for entry in self._entries.values():
            if entry.job.state == "running":
                running[entry.job.owner] = running.get(entry.job.owner, 0) + 1
        waiting = [
            entry
            for entry in self._entries.values()
            if entry.lane is lane
            and entry.job.state == "waiting"
            and not entry.held
            and running.get(entry.job.owner, 0) < limits.JOBS.value()
        ]

        def turn(entry: _Entry) -> tuple[int, int]:
            return running.get(entry.job.owner, 0), self._turns.get(entry.job.owner, 0)

        return min(waiting, key=turn, default=None)

    def _start(self, lane: Lane) -> WorkerProcess | None:
        """Return the lane's process, started if need be; None while it rests after dying."""
        state, now = self._lanes[lane.name], time.monotonic()
        if state.worker is None and now >= state.not_before and not self._closing:
            try:
                state.worker = WorkerProcess(lane.name, self.home, self._message, self._exit)
            except OSError as problem:
                LOG.error("the process of lane %r cannot be started: %s", lane.name, problem)
                state.not_before = now + LONGEST_REST
            state.started_at = state.idle_since = now
        return state.worker

    def _message(self, worker: WorkerProcess, message: Message) -> None:
        with self.lock:
            state = self._lanes[worker.lane]
            entry = state.running
            if not isinstance(message, (JobProgress, JobDone, JobFailed)):
                return
            if state.worker is not worker or entry is None or message.job != entry.job.id:
                return
            match message:
                case JobProgress(progress=progress, message=phrase):
                    entry.job.progress, entry.job.message = progress, phrase
                    return
                case JobDone(result=result):
                    self._finish(entry, "done", result=result)
                case JobFailed(error=error):
                    cancelled = entry.cancelled_at is not None
                    self._finish(entry, "cancelled" if cancelled else "failed", error=error)
            self._free(state)
            self._dispatch()

    def _exit(self, worker: WorkerProcess) -> None:
        with self.lock:
            state, now = self._lanes[worker.lane], time.monotonic()
            if state.worker is not worker:
                return
            state.worker = None
            entry = state.running
            self._free(state)
            if self._closing:
                return
            ended_by_us = entry is not None and (entry.job.finished or entry.cancelled_at is not None)
            if not ended_by_us:
                LOG.warning("the process of lane %r ended unexpectedly", worker.lane)
            short = now - state.started_at < SHORT_LIFE and not ended_by_us
            state.deaths = state.deaths + 1 if short else 0
            state.not_before = now + min(LONGEST_REST, 0.5 * 2**state.deaths) if short else 0.0
            if entry is not None and not entry.job.finished:
                if entry.cancelled_at is not None:
                    self._finish(entry, "cancelled")
                elif entry.attempts < MAX_ATTEMPTS:
                    entry.job.state, entry.job.progress = "waiting", 0.0
                else:
                    self._finish(entry, "failed", error=PROCESS_DIED)
            self._dispatch()

    def _free(self, state: _LaneState) -> None:
        state.running, state.idle_since = None, time.monotonic()

    def _finish(self, entry: _Entry, outcome: JobState, *, result: Any = None, error: str = "") -> None:
        job = entry.job
        if job.finished:
            return
        job.result, job.error = result, error if outcome == "failed" else ""
        job.progress = 1.0 if outcome == "done" else job.progress
        job.state = outcome
        entry.arguments = {}
        del self._entries[job.id]
        self._results.add(job)
        for file in entry.files:
            with suppress(OSError):
                file.unlink()
        job._finished.set()
        if outcome == "done" and entry.then is not None:
            with suppress(EngineBusyError):
                entry.then(job)
