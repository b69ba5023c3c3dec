"""The runs: who may do what with them, which of them train, and the worker process that trains them.

All of it happens with the engine's lock held; the worker's thread delivers what the worker says.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vae_core.engine import limits, record
from vae_core.engine.archive import Archive
from vae_core.engine.failures import CANNOT_START, DIED_AGAIN, RESTARTED
from vae_core.engine.home import link_or_copy
from vae_core.engine.info import RunState
from vae_core.engine.keyframes import encoder_path, keyframe_path
from vae_core.engine.line import Line, room, why_not
from vae_core.engine.marks import Mark, gone_back, with_change
from vae_core.engine.memory import together
from vae_core.engine.messages import NO_ARRAYS, metadata_of
from vae_core.engine.pipe import Facts
from vae_core.engine.process import WorkerProcess
from vae_core.engine.record import Run
from vae_core.engine.subscription import Subscription
from vae_core.engine.trainworker import TrainWorker

LOG: Final = logging.getLogger(__name__)

LINE_SECONDS: Final = 5.0
"""So often those who wait in the line are told how long it may take."""

ASK_SECONDS: Final = 5.0
"""So often it is asked who has a page open."""

SWEEP_SECONDS: Final = 3600.0
FORGET_SECONDS: Final = 1800.0
"""After this long without a sign of its owner, a run at rest is only on disk."""

MAX_DEATHS: Final = 5
SHORT_STEPS: Final = 20
"""So few steps are over before anyone could read "running"."""


@dataclass(eq=False)
class Trainings:
    """Keep the runs, and their worker busy.

    Attributes:
        home: folder of all data.
        lock: the engine's lock.
        archive: where the runs are.
        worker: the process that trains.
        is_here: whether an owner, named by the hash, has a page of the app open, whichever it is.
    """

    home: Path
    lock: threading.RLock
    is_here: Callable[[str], bool] = lambda owner: False
    _line: Line = field(default_factory=Line)
    _lost: list[Run] = field(default_factory=list)
    _flushes: dict[str, Callable[[bool], None]] = field(default_factory=dict)
    _hands: int = 0
    _requests: int = 0
    _line_told_at: float = 0.0
    _asked_at: float = 0.0
    _swept_at: float = field(default_factory=time.monotonic)
    _closing: bool = False

    def __post_init__(self) -> None:
        self.archive = Archive(self.home)
        self.worker = TrainWorker(
            self.home, self.lock, self._message, self._worker_started, self._worker_died
        )

    # What owners ask for

    def start(self, run: Run) -> None:
        """Take in a new run and let it train, or wait in the line.

        Raises:
            OSError: it could not be put on disk.
        """
        run.chosen = time.time()
        self.archive.add(run)
        self._stop_others(run)
        self._go(run)

    def branch(self, parent: Run, run: Run, step: int | None) -> None:
        """Take in a run that goes on from another one's keyframe, or from where that stands now.

        The other one rests, and leaves the worker's memory.

        Args:
            parent: the other run.
            run: the new one.
            step: of the keyframe; None for the newest state.

        Raises:
            ValueError: there is nothing there to begin with.
            OSError: it could not be put on disk.
        """
        run.chosen = time.time()
        if step is None and parent.loaded:
            self._tell(parent, "flush", path=str(run.folder / record.ORIGIN), token=run.id)
        else:
            self._link_origin(parent, run, step)
        self.archive.add(run)  # after that: an old run may have to go for it
        if parent.active:
            self._unload(parent)
            self._settle(parent, "paused")
        self._stop_others(run)
        self._go(run)

    def _link_origin(self, parent: Run, run: Run, step: int | None) -> None:
        """Give a branch what it begins with; files are replaced, never changed, so a link will do."""
        wanted = {record.ORIGIN: parent.folder / record.STATE}
        if step is not None:
            wanted = {
                record.ORIGIN: keyframe_path(parent.folder, step),
                record.ORIGIN_ENCODER: encoder_path(parent.folder, step),
            }
        try:
            for name, path in wanted.items():
                link_or_copy(path, run.folder / name)
        except FileNotFoundError:
            self.archive.delete(run)
            raise ValueError("There is nothing there to branch from; take another moment.") from None

    def pause(self, run: Run) -> None:
        """Let a run rest; it stays in the worker's memory."""
        if run.state in ("queued", "running"):
            self._tell(run, "pause")
            self._settle(run, "paused")

    def resume(self, run: Run) -> None:
        """Go on with a run that rests."""
        if run.state in ("paused", "stopped", "failed", "parked"):
            self._stop_others(run)
            run.stepping, run.deaths, run.note, run.chosen = 0, 0, "", time.time()
            run.errand = None
            self._go(run)

    def step(self, run: Run, steps: int | None) -> None:
        """Take some steps, or those to the end of an epoch, and rest."""
        short = steps is not None and steps <= SHORT_STEPS
        self._for_a_while(run, "step", "paused" if short else "running", steps=steps)

    def explain(self, run: Run) -> None:
        """Take one step, tell the watchers all that happened in it, and rest."""
        self._for_a_while(run, "explain", "paused")

    def _for_a_while(self, run: Run, kind: str, state: RunState, **more: Any) -> None:
        """Let a run do something after which it rests."""
        if run.state in ("done", "queued"):
            return
        self._stop_others(run)
        run.chosen = time.time()
        run.errand = kind, state, more
        if run.loaded:
            self._activate(run)
        else:
            self._go(run)

    def stop(self, run: Run) -> None:
        """End a run; it stays on disk."""
        if run.state in ("queued", "running", "paused", "parked"):
            self._unload(run)
            self._settle(run, "stopped")

    def park(self, run: Run) -> None:
        """Put a run aside on disk, from where its owner can go on with it."""
        if run.active:
            self._unload(run)
            self._settle(run, "parked")

    def set(self, run: Run, changes: Mapping[str, Any]) -> None:
        """Change settings from the next step on.

        Raises:
            ValueError: a setting out of range.
        """
        before, run.train = run.train, run.train.replace(**changes)
        self._tell(run, "set", values=dict(changes))
        run.marks = with_change(run.marks, run.step, run.epoch, before, run.train)
        self._settle(run, run.state)
        self._put(run, "timeline", run.timeline_facts())

    def flush(self, run: Run, path: Path, then: Callable[[bool], None]) -> None:
        """Write a run's present state at `path`, if the worker has it; then the state on disk is its last.

        Args:
            run: the run.
            path: a new file.
            then: called with whether it was written; in either case after all earlier orders were obeyed.
        """
        if self.worker.process is None:
            then(False)
            return
        self._flushes[path.name] = then
        order = {"kind": "flush", "run": run.id, "generation": run.generation if run.loaded else 0}
        self.worker.send({**order, "path": str(path), "token": path.name})

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
        if not subscription.is_guest:
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
        self.worker.tick(now)
        if self._line and now - self._line_told_at > LINE_SECONDS:
            self._line_told_at = now
            self._move_line(again=True)
        if asks := now - self._asked_at > ASK_SECONDS:
            self._asked_at = now
        limit = 60 * limits.PARK_MINUTES.value()
        for run in list(self.archive.runs.values()):
            is_watched = not all(watcher.is_guest for watcher in run.watchers)
            if is_watched or (asks and run.active and self.is_here(run.owner)):
                run.seen = now
            away = now - run.seen
            if limit and away > limit and run.active:
                self.park(run)
            elif away > FORGET_SECONDS and not run.active and not run.watchers:
                self.archive.forget(run)
        if now - self._swept_at > SWEEP_SECONDS:
            self._swept_at = now
            self.archive.sweep()

    def warm(self) -> None:
        """Start the worker before the first run comes."""
        self.worker.ready()

    def close(self) -> list[WorkerProcess]:
        """Let the worker put its runs on disk and end; returns what to wait for."""
        self._closing = True
        for run in self.archive.runs.values():
            for subscription in list(run.watchers):
                subscription.close()
        return self.worker.close()

    # How runs come and go

    def _go(self, run: Run) -> None:
        """Let a run train now, or put it into the line."""
        if why_not(run, self._training()):
            self._line.add(run)
            self._settle(run, "queued")
        else:
            self._activate(run)

    def _activate(self, run: Run) -> None:
        """Let a run train, or do what it was asked to do before it rests."""
        if run.errand is None:
            run.state = "running"
            if run.loaded:
                self._tell(run, "resume")
            else:
                self._load(run, new=True)
            self._settle(run, "running")
            return
        (kind, state, more), run.errand = run.errand, None
        if not run.loaded:
            run.state = "paused"
            self._load(run, new=True)
        if not run.loaded:  # there is no worker now: it rests until it is asked again
            self._settle(run, "paused")
            return
        self._requests += 1
        run.stepping = self._requests
        self._tell(run, kind, request=run.stepping, **more)
        self._settle(run, state)

    def _training(self) -> list[Run]:
        return [run for run in self.archive.runs.values() if run.trains]

    def _settle(self, run: Run, state: RunState, error: str = "") -> None:
        """Note a run's state, on disk too, tell its watchers, and let the next in line train."""
        run.state, run.error = state, error
        if run.logged != state:
            run.logged = state
            LOG.info("run %s of %s: %s at step %d", run.id[:6], run.owner[:6], state, run.step)
        if state != "running":
            run.eta_seconds = None
        if state != "queued":
            self._line.remove(run)
            run.place, run.wait_seconds, run.why = 0, None, ""
        try:
            run.write()
        except OSError as problem:
            LOG.warning("run %s: its record cannot be written: %s", run.id, problem)
        self._put(run, "state", run.state_facts())
        self._move_line()

    def _move_line(self, *, again: bool = False) -> None:
        """Let those train for whom there is room, and tell the others their place and how long it may take.

        Args:
            again: tell also those for whom nothing has changed.
        """
        while not self._closing and (first := self._line.first(self._training())) is not None:
            self._line.remove(first)
            self._activate(first)
        for run in self._line.number(self._training(), again=again):
            self._put(run, "state", run.state_facts())

    def _stop_others(self, run: Run) -> None:
        """Stop what else this owner has going: one run at a time. What rests on disk costs nothing."""
        for other in self.archive.of_owner(run.owner):
            at_rest = other.state == "paused" and not other.loaded and other not in self._lost
            if other is not run and other.active and not at_rest:
                self._unload(other)
                self._settle(other, "stopped")

    def _load(self, run: Run, *, new: bool) -> None:
        """Give a run to the worker, which takes its state from disk if there is one."""
        if not self.worker.ready():
            self._lost.append(run)
            return
        if new:
            self._make_room(run)
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
            is_branch=run.parent is not None,
            new=new,
        )
        self._tell_watch(run)

    def _make_room(self, run: Run) -> None:
        """Keep runs that rest in a pause only on disk, if another needs their memory."""
        loaded = [other for other in self.archive.runs.values() if other.loaded and other is not run]
        resting = sorted((other for other in loaded if not other.trains), key=lambda other: other.seen)
        while resting and together([run.need, *(other.need for other in loaded)]) > room():
            longest = resting.pop(0)
            loaded.remove(longest)
            self._unload(longest)

    def _unload(self, run: Run) -> None:
        """Take a run out of the worker's memory; it is put on disk first."""
        self._tell(run, "drop")
        run.loaded, run.stepping, run.snapshot = False, 0, None
        if run in self._lost:
            self._lost.remove(run)

    # The worker

    def _worker_started(self) -> None:
        """Give a new worker what the one before it had."""
        lost, self._lost = self._lost, []
        for run in lost:
            self._load(run, new=False)

    def _worker_died(self, busy_with: str, hopeless: bool) -> bool:
        """Let the runs go on from what is on disk; says whether there are any."""
        flushes, self._flushes = self._flushes, {}
        for then in flushes.values():
            then(False)
        self._lost = [run for run in self.archive.runs.values() if run.loaded] + self._lost
        for run in list(self._lost):
            was_to_rest = run.stepping and run.state == "running"
            run.loaded, run.snapshot, run.stepping = False, None, 0
            run.deaths += run.id == busy_with
            if run.deaths >= MAX_DEATHS or hopeless:
                self._lost.remove(run)
                self._settle(run, "failed", DIED_AGAIN if run.deaths >= MAX_DEATHS else CANNOT_START)
            else:
                run.note = RESTARTED
                if was_to_rest:  # or it would train to the end
                    self._settle(run, "paused")
                else:
                    self._put(run, "state", run.state_facts())
        return bool(self._lost)

    def _tell(self, run: Run, kind: str, **more: Any) -> None:
        if run.loaded:
            self.worker.send({"kind": kind, "run": run.id, "generation": run.generation, **more})

    def _tell_watch(self, run: Run) -> None:
        hands = sum(watcher.has_hand for watcher in run.watchers)
        self._tell(run, "watch", watchers=len(run.watchers), hands=hands, all_hands=self._hands)

    def _count_hands(self) -> None:
        """Let everyone's weights come less often as the hands grow."""
        before = self._hands
        self._hands = sum(watcher.has_hand for run in self.archive.runs.values() for watcher in run.watchers)
        if self._hands != before:
            for run in self.archive.runs.values():
                if run.loaded and any(watcher.has_hand for watcher in run.watchers):
                    self._tell_watch(run)

    def _message(self, facts: Facts, body: bytes) -> None:
        """Take what the worker says."""
        if facts["kind"] == "flushed":
            then = self._flushes.pop(facts["token"], None)
            if then is not None:
                then(bool(facts["done"]))
            return
        run = self.archive.runs.get(facts["run"])
        if run is not None and run.generation == facts["generation"]:
            self._heard(run, facts["kind"], facts, body)

    def _heard(self, run: Run, kind: str, facts: Facts, body: bytes) -> None:
        """Take what the worker says of a run that it has, or has just put on disk."""
        more: Mapping[str, Any] = facts.get("facts", {})
        run.adopt({**more, "history_tail": facts.get("history_tail", ())})
        if run.state != "running":
            run.eta_seconds = None
        if kind == "frame":
            self._put(run, "frame", more, body)
        elif kind == "snapshot":
            run.snapshot = (more, body) if run.loaded else None
            self._put(run, "snapshot", more, body)
        elif kind == "weights":
            self._put(run, "weights", more, body)
        elif kind == "saved":
            run.deaths = 0
        elif kind == "detail":
            self._put(run, "detail", more, body)
        elif kind == "keyframes":
            run.keyframes = list(facts["keyframes"])
            self._put(run, "timeline", run.timeline_facts())
        elif not run.loaded:
            return
        elif kind == "loaded":
            self._note_beginning(run, facts.get("began"))
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
            self._note_return(run, facts.get("back"))
            self._settle(run, "failed", facts["error"])

    def _note_beginning(self, run: Run, began: Mapping[str, Any] | None) -> None:
        """Mark where a branch began, as its worker found it."""
        if began is None or run.parent is None:
            return
        fresh = ", with fresh optimiser moments" if began["fresh"] else ""
        note = f"branched from step {began['step']:,}{fresh}"
        run.marks = [Mark(run.step, run.epoch, {}, note)]
        run.parent |= {"step": began["step"], "epoch": run.epoch}
        self._settle(run, run.state)

    def _note_return(self, run: Run, back: Mapping[str, Any] | None) -> None:
        """Mark that a run went back to a keyframe, if it did."""
        if back is not None:
            note = f"went back here from step {run.step:,}: the loss was no longer a number"
            run.adopt(back)
            run.marks = gone_back(run.marks, run.step, run.epoch, run.train, note)
            self._put(run, "timeline", run.timeline_facts())

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
