"""The runs: who may do what with them, which of them train, and the worker process that trains them.

All of it happens with the engine's lock held; the worker's thread delivers what the worker says.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vae_core.engine import record
from vae_core.engine.failures import CANNOT_START, DIED_AGAIN, RESTARTED
from vae_core.engine.info import RunState
from vae_core.engine.messages import NO_ARRAYS, metadata_of
from vae_core.engine.pipe import Facts
from vae_core.engine.process import WorkerProcess
from vae_core.engine.record import Run, read_run
from vae_core.engine.subscription import Subscription

LOG: Final = logging.getLogger(__name__)

MAX_ACTIVE: Final = 40
"""Runs that train at a time; more form a line."""

LINE_SECONDS: Final = 5.0
"""So often those who wait in the line are told how long it may take."""

MAX_RUNS: Final = 12
MAX_RUN_BYTES: Final = 1_000_000_000
"""Runs of one owner that are kept on disk; the oldest go first."""

EXPIRY_SECONDS: Final = 14 * 24 * 3600.0
SWEEP_SECONDS: Final = 3600.0
FORGET_SECONDS: Final = 1800.0
"""After this long without a sign of its owner, a run at rest is only on disk."""

MAX_DEATHS: Final = 5
MAX_FAILED_STARTS: Final = 5
LONG_LIFE: Final = 20.0
LONGEST_REST: Final = 30.0
SHORT_STEPS: Final = 20
"""So few steps are over before anyone could read "running"."""

RUN_ID: Final = re.compile(r"[0-9a-f]{32}")


def park_seconds() -> float:
    """Return after how long without its owner a run is parked (LATENT_PARK_MINUTES, 10; 0 for never)."""
    return 60.0 * float(os.environ.get("LATENT_PARK_MINUTES", "10"))


@dataclass(eq=False)
class Trainings:
    """Keep the runs, and their worker busy.

    Attributes:
        home: folder of all data.
        lock: the engine's lock.
        runs: those that are known: all of every owner who was here lately.
        worker: the process that trains, once it was needed.
    """

    home: Path
    lock: threading.RLock
    runs: dict[str, Run] = field(default_factory=dict)
    worker: WorkerProcess | None = None
    _line: list[Run] = field(default_factory=list)
    _lost: list[Run] = field(default_factory=list)
    _owners: set[str] = field(default_factory=set)
    _flushes: dict[str, Callable[[bool], None]] = field(default_factory=dict)
    _busy_with: str = ""
    _started_at: float = 0.0
    _restart_at: float | None = None
    _deaths: int = 0
    _failed_starts: int = 0
    _hands: int = 0
    _requests: int = 0
    _line_told_at: float = 0.0
    _swept_at: float = field(default_factory=time.monotonic)
    _closing: bool = False

    # What owners ask for

    def of_owner(self, owner: str) -> list[Run]:
        """Return an owner's runs, the newest first; they are read from disk when first asked for."""
        if owner not in self._owners:
            self._owners.add(owner)
            with suppress(OSError):
                for folder in (self.home / "owners" / owner / "runs").iterdir():
                    if folder.name not in self.runs and RUN_ID.fullmatch(folder.name):
                        found = read_run(folder)
                        if found is not None and found.owner == owner:
                            self.runs[found.id] = found
        mine = [run for run in self.runs.values() if run.owner == owner]
        return sorted(mine, key=lambda run: run.created, reverse=True)

    def get(self, owner: str, run_id: str) -> Run:
        """Return an owner's run.

        Raises:
            KeyError: there is no such run.
            PermissionError: it is someone else's.
        """
        if RUN_ID.fullmatch(run_id):
            self.of_owner(owner)
        run = self.runs[run_id]
        if run.owner != owner:
            raise PermissionError(run_id)
        run.touch()
        return run

    def start(self, run: Run) -> None:
        """Take in a new run and let it train, or wait in the line.

        Raises:
            OSError: it could not be put on disk.
        """
        mine = self.of_owner(run.owner)
        run.write()
        self._stop_others(run)
        room = MAX_RUN_BYTES
        for place, old in enumerate([old for old in mine if not old.info().active], start=1):
            room -= old.size()
            if place >= MAX_RUNS or room < 0:
                self._forget(old, delete=True)
        self.runs[run.id] = run
        self._go(run)

    def pause(self, run: Run) -> None:
        """Let a run rest; it stays in the worker's memory."""
        if run.state in ("queued", "running"):
            self._tell(run, "pause")
            self._settle(run, "paused")

    def resume(self, run: Run) -> None:
        """Go on with a run that rests."""
        if run.state in ("paused", "stopped", "failed", "parked"):
            self._stop_others(run)
            run.stepping, run.deaths, run.note = 0, 0, ""
            self._go(run)

    def step(self, run: Run, steps: int) -> None:
        """Take some steps and rest."""
        if run.state in ("done", "queued"):
            return
        self._stop_others(run)
        if not run.loaded:
            run.state = "paused"
            self._load(run, new=True)
        self._requests += 1
        run.stepping = self._requests
        self._tell(run, "step", steps=steps, request=run.stepping)
        self._settle(run, "paused" if steps <= SHORT_STEPS else "running")

    def stop(self, run: Run) -> None:
        """End a run; it stays on disk."""
        if run.state in ("queued", "running", "paused", "parked"):
            self._unload(run)
            self._settle(run, "stopped")

    def set(self, run: Run, changes: Mapping[str, Any]) -> None:
        """Change settings from the next step on.

        Raises:
            ValueError: a setting out of range.
        """
        run.train = run.train.replace(**changes)
        self._tell(run, "set", values=dict(changes))
        self._settle(run, run.state)

    def flush(self, run: Run, path: Path, then: Callable[[bool], None]) -> None:
        """Write a loaded run's present state at `path`; `then` is called with whether it worked."""
        token = path.name
        self._flushes[token] = then
        self._tell(run, "flush", path=str(path), token=token)

    # Watchers

    def watch(self, run: Run, subscription: Subscription) -> None:
        """Tell a new watcher all that is known, and the worker that someone watches."""
        run.watchers.append(subscription)
        self._put_hello(run, [subscription])
        if run.snapshot is not None:
            subscription.put("snapshot", *run.snapshot)
        elif not run.loaded:
            self._put_stored(run, subscription, "snapshot", record.SNAPSHOT)
        subscription.put("state", run.state_facts())
        self._tell_watch(run)

    def unwatch(self, run: Run, subscription: Subscription) -> None:
        """Forget a watcher that has left."""
        run.watchers.remove(subscription)
        run.touch()
        self._count_hands()
        self._tell_watch(run)

    def hand(self, run: Run, subscription: Subscription, on: bool) -> None:
        """Let weights go to a watcher whose hand is on."""
        self._count_hands()
        self._tell_watch(run)
        if on and run.loaded:
            self._tell(run, "weights")
        elif on:
            self._put_stored(run, subscription, "weights", record.WEIGHTS)

    # What time brings

    def tick(self, now: float) -> None:
        """Do what is due: start a worker again, park runs without owners, forget what is old."""
        if self._restart_at is not None and now >= self._restart_at and not self._closing:
            self._restart_at = None
            self._start_worker()
        if self._line and now - self._line_told_at > LINE_SECONDS:
            self._line_told_at = now
            self._number_line(again=True)
        limit = park_seconds()
        for run in list(self.runs.values()):
            if run.watchers:
                run.seen = now
            away = now - run.seen
            if limit and away > limit and run.state in ("queued", "running", "paused"):
                LOG.info("run %s is parked: its owner is away", run.id)
                self._unload(run)
                self._settle(run, "parked")
            elif away > FORGET_SECONDS and run.state not in ("queued", "running", "paused"):
                self._forget(run)
        if now - self._swept_at > SWEEP_SECONDS:
            self._swept_at = now
            self.sweep()

    def sweep(self) -> None:
        """Delete runs that nobody has used for a fortnight."""
        oldest = time.time() - EXPIRY_SECONDS
        for folder in (self.home / "owners").glob("*/runs/*"):
            known = self.runs.get(folder.name)
            with suppress(OSError):
                unused = (folder / record.RECORD).stat().st_mtime < oldest
                if unused and (known is None or not known.info().active):
                    LOG.info("run %s is deleted: unused for 14 days", folder.name)
                    shutil.rmtree(folder, ignore_errors=True)
                    self.runs.pop(folder.name, None)

    def warm(self) -> None:
        """Start the worker before the first run comes."""
        if self.worker is None and self._restart_at is None:
            self._start_worker()

    def close(self) -> list[WorkerProcess]:
        """Let the worker put its runs on disk and end; returns what to wait for."""
        self._closing = True
        for run in self.runs.values():
            for subscription in list(run.watchers):
                subscription.close()
        if self.worker is None:
            return []
        self.worker.close()
        return [self.worker]

    # How runs come and go

    def _go(self, run: Run) -> None:
        """Let a run train now, or put it into the line."""
        training = sum(other.state == "running" and other is not run for other in self.runs.values())
        if training < MAX_ACTIVE:
            self._activate(run)
        else:
            self._line.append(run)
            self._settle(run, "queued")

    def _activate(self, run: Run) -> None:
        run.state = "running"
        if run.loaded:
            self._tell(run, "resume")
        else:
            self._load(run, new=True)
        self._settle(run, "running")

    def _settle(self, run: Run, state: RunState, error: str = "") -> None:
        """Note a run's state, on disk too, tell its watchers, and let the next in line train."""
        run.state, run.error = state, error
        if state != "running":
            run.eta_seconds = None
        if state != "queued" and run in self._line:
            self._line.remove(run)
        try:
            run.write()
        except OSError as problem:
            LOG.warning("run %s: its record cannot be written: %s", run.id, problem)
        self._put(run, "state", run.state_facts())
        training = sum(other.state == "running" for other in self.runs.values())
        while self._line and training < MAX_ACTIVE and not self._closing:
            training += 1
            self._activate(self._line.pop(0))
        self._number_line()

    def _number_line(self, *, again: bool = False) -> None:
        """Tell everyone in the line whose place has changed, or everyone again, how long it may take."""
        training = [run for run in self.runs.values() if run.state == "running"]
        ends = sorted(run.eta_seconds for run in training if run.eta_seconds)
        for index, run in enumerate(self._line):
            run.wait_seconds = ends[index] if index < len(ends) else None
            if run.place != index + 1 or again:
                run.place = index + 1
                self._put(run, "state", run.state_facts())
        for run in self.runs.values():
            if run.state != "queued":
                run.place, run.wait_seconds = 0, None

    def _stop_others(self, run: Run) -> None:
        """Stop what else this owner has going: one run at a time."""
        for other in self.of_owner(run.owner):
            if other is not run and other.state in ("queued", "running", "paused"):
                self._unload(other)
                self._settle(other, "stopped")

    def _load(self, run: Run, *, new: bool) -> None:
        """Give a run to the worker, which takes its state from disk if there is one."""
        if self.worker is None and self._restart_at is None:
            self._start_worker()
        if self.worker is None:
            self._lost.append(run)
            return
        run.generation += 1
        run.loaded = True
        self._tell(
            run,
            "load",
            folder=str(run.folder),
            image_set=run.image_set,
            model=run.model.to_dict(),
            train=run.train.to_dict(),
            paused=run.state == "paused",
            new=new,
        )
        self._tell_watch(run)

    def _unload(self, run: Run) -> None:
        """Take a run out of the worker's memory; it is put on disk first."""
        self._tell(run, "drop")
        run.loaded, run.stepping, run.snapshot = False, 0, None
        if run in self._lost:
            self._lost.remove(run)

    def _forget(self, run: Run, *, delete: bool = False) -> None:
        """Keep a run only on disk, or not even there."""
        self._unload(run)
        self.runs.pop(run.id, None)
        self._owners.discard(run.owner)
        if delete:
            run.delete()

    # The worker

    def _start_worker(self) -> None:
        """Start the worker, and give it what the one before it had."""
        self._started_at, self._busy_with = time.monotonic(), ""
        try:
            self.worker = WorkerProcess("train", self.home, self._message, self._exit)
        except OSError as problem:
            LOG.error("the training process cannot be started: %s", problem)
            self._restart_at = time.monotonic() + LONGEST_REST
            return
        lost, self._lost = self._lost, []
        for run in lost:
            self._load(run, new=False)

    def _tell(self, run: Run, kind: str, **more: Any) -> None:
        if run.loaded and self.worker is not None:
            self.worker.send({"kind": kind, "run": run.id, "generation": run.generation, **more})

    def _tell_watch(self, run: Run) -> None:
        hands = sum(watcher.has_hand for watcher in run.watchers)
        self._tell(run, "watch", watchers=len(run.watchers), hands=hands, all_hands=self._hands)

    def _count_hands(self) -> None:
        """Let everyone's weights come less often as the hands grow."""
        before = self._hands
        self._hands = sum(watcher.has_hand for run in self.runs.values() for watcher in run.watchers)
        if self._hands != before:
            for run in self.runs.values():
                if run.loaded and any(watcher.has_hand for watcher in run.watchers):
                    self._tell_watch(run)

    def _message(self, worker: WorkerProcess, facts: Facts, body: bytes) -> None:
        """Take what the worker says; called in the thread that reads from it."""
        with self.lock:
            if worker is not self.worker or self._closing:
                return
            kind = facts["kind"]
            if kind == "begin":
                self._busy_with = facts["run"]
            elif kind == "ready":
                self._failed_starts = 0
            elif kind == "flushed":
                then = self._flushes.pop(facts["token"], None)
                if then is not None:
                    then(bool(facts["done"]))
            else:
                run = self.runs.get(facts["run"])
                if run is not None and run.generation == facts["generation"]:
                    self._heard(run, kind, facts, body)

    def _heard(self, run: Run, kind: str, facts: Facts, body: bytes) -> None:
        """Take what the worker says of a run that it has, or has just put on disk."""
        more: Mapping[str, Any] = facts.get("facts", {})
        run.adopt({**more, "history_tail": facts.get("history_tail", ())})
        if kind == "frame":
            self._put(run, "frame", more, body)
        elif kind == "snapshot":
            run.snapshot = (more, body) if run.loaded else None
            self._put(run, "snapshot", more, body)
        elif kind == "weights":
            self._put(run, "weights", more, body)
        elif kind == "saved":
            run.deaths = self._deaths = 0
        elif not run.loaded:
            return
        elif kind == "loaded":
            self._put_hello(run, run.watchers)
            self._put(run, "state", run.state_facts())
        elif kind == "rested" and run.stepping == facts["request"] != 0:
            run.stepping = 0
            self._settle(run, "paused")
        elif kind == "done":
            run.loaded, run.snapshot = False, None
            self._settle(run, "done")
        elif kind == "failed":
            run.loaded, run.snapshot = False, None
            self._settle(run, "failed", facts["error"])

    def _exit(self, worker: WorkerProcess) -> None:
        """Start a worker that ended unasked again; its runs go on from what is on disk."""
        with self.lock:
            if worker is not self.worker or self._closing:
                return
            self.worker = None
            now = time.monotonic()
            LOG.warning("the training process ended unexpectedly; its run: %s", self._busy_with or "none")
            flushes, self._flushes = self._flushes, {}
            for then in flushes.values():
                then(False)
            self._failed_starts += 1
            self._deaths += 1
            self._lost = [run for run in self.runs.values() if run.loaded] + self._lost
            culprit = self.runs.get(self._busy_with)
            for run in list(self._lost):
                run.loaded, run.snapshot, run.stepping = False, None, 0
                run.deaths += run is culprit
                if run.deaths >= MAX_DEATHS or self._failed_starts >= MAX_FAILED_STARTS:
                    self._lost.remove(run)
                    self._settle(run, "failed", DIED_AGAIN if run.deaths >= MAX_DEATHS else CANNOT_START)
                else:
                    run.note = RESTARTED
                    self._put(run, "state", run.state_facts())
            rest = 0.0 if self._deaths == 1 else min(LONGEST_REST, 0.25 * 2**self._deaths)
            if self._lost or self._failed_starts == 1:
                self._restart_at = now + rest
                if rest == 0.0:
                    self._restart_at = None
                    self._start_worker()
            else:
                self._failed_starts = 0

    # Watchers

    def _put(self, run: Run, kind: str, facts: Mapping[str, Any], body: bytes = NO_ARRAYS) -> None:
        for watcher in run.watchers:
            watcher.put(kind, facts, body)

    def _put_hello(self, run: Run, watchers: Iterable[Subscription]) -> None:
        """Give watchers the images on the map, once there are any."""
        with suppress(OSError):
            data = (run.folder / record.PROBE).read_bytes()
            for watcher in watchers:
                watcher.put("hello", {}, data)

    def _put_stored(self, run: Run, subscription: Subscription, kind: str, name: str) -> None:
        """Give a watcher what the worker once put on disk for it."""
        with suppress(OSError, ValueError, KeyError):
            data = (run.folder / name).read_bytes()
            subscription.put(kind, json.loads(metadata_of(data)["json"]), data)
