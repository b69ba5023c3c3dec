"""The scheduler of runs: who trains, who waits, who rests. What owners ask for, and what follows from it.

All of it happens with the engine's lock held. What the worker says about runs is taken in by
`vae_core.engine.scheduling.reports`.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vae_core.config.effort import step_effort
from vae_core.engine.contract.info import RunState
from vae_core.engine.processes.orders import Change, Explain, Pause, Resume, Step
from vae_core.engine.processes.supervisor import Worker
from vae_core.engine.runs.archive import Archive
from vae_core.engine.runs.branching import link_images, link_last, link_origin
from vae_core.engine.runs.changes import with_change
from vae_core.engine.runs.run import ORIGIN, Run, StepRequest
from vae_core.engine.scheduling.loaded import LoadedRuns
from vae_core.engine.scheduling.starts import Starts
from vae_core.engine.scheduling.waiting import WaitingList, room, why_not
from vae_core.engine.watching.watchers import Watchers

LOG: Final = logging.getLogger(__name__)

WAITING_SECONDS: Final = 5.0
"""So often those who wait are told how long it may take."""

SHORT_STEPS: Final = 20
SHORT_SECONDS: Final = 1.0
"""So few steps, if they take no longer, are over before anyone could read "running"."""

TYPICAL_SPEED: Final = 1.5e10
"""Multiply-adds a second, on one thread, until the worker has measured it."""


@dataclass(eq=False)
class Scheduler:
    """Take runs from one state to the next.

    Attributes:
        archive: where the runs are.
        lock: the engine's lock.
        worker: the process that trains.
        waiting: who waits.
        starts: how many runs each owner has started lately.
        speed: multiply-adds a second that the worker does, as it has measured.
        loaded: which runs the worker has in memory.
        watchers: who gets to know.
    """

    archive: Archive
    lock: threading.RLock
    worker: Worker
    waiting: WaitingList = field(default_factory=WaitingList)
    starts: Starts = field(default_factory=Starts)
    speed: float = TYPICAL_SPEED
    _requests: int = 0
    _told_at: float = 0.0
    _closing: bool = False

    def __post_init__(self) -> None:
        runs = self.archive.runs
        self.loaded = LoadedRuns(runs, self.worker, on_load=lambda run: self.watchers.report(run))
        self.watchers = Watchers(self.lock, runs, self.loaded.order)

    # What owners ask for

    def start(self, run: Run) -> None:
        """Take in a new run and let it train, or wait.

        Raises:
            EngineBusyError: its owner starts too many.
            OSError: it could not be put on disk.
        """
        self.starts.count(run.owner)
        run.chosen = time.time()
        self.archive.add(run)
        self._stop_others(run)
        self._admit(run)

    def branch(self, parent: Run, run: Run, step: int | None) -> None:
        """Take in a run that goes on from another one's keyframe, or from where that stands now.

        The other one rests, and leaves the worker's memory.

        Args:
            parent: the other run.
            run: the new one.
            step: of the keyframe; None for the newest state.

        Raises:
            ValueError: there is nothing there to begin with.
            EngineBusyError: its owner starts too many.
            OSError: it could not be put on disk.
        """
        self.starts.count(run.owner)

        def then(written: bool, error: str) -> None:
            if error:  # the branch could not be put on disk either
                self.loaded.unload(run)
                run.generation += 1  # what the worker still says of its attempt is out of date
                run.leaving = False
                self.settle(run, "failed", error)
            elif not written:
                link_last(parent, run)

        is_newest = step is None and parent.loaded
        run.chosen = time.time()
        try:
            link_images(parent, run)
            if not is_newest:
                link_origin(parent, run, step)
            self.archive.add(run)
        except OSError:
            shutil.rmtree(run.folder, ignore_errors=True)
            raise
        if is_newest:
            self.loaded.flush(parent, run.folder / ORIGIN, then)
        if parent.active:
            self._put_aside(parent, "paused")
        self._stop_others(run)
        self._admit(run)

    def choose(self, run: Run) -> None:
        """Make a run its owner's current one, whatever it does."""
        run.chosen = time.time()
        self.settle(run, run.state, run.error)

    def pause(self, run: Run) -> None:
        """Let a run rest; it stays in the worker's memory."""
        if run.state in ("queued", "running"):
            self.loaded.order(run, Pause(run.key))
            self.settle(run, "paused")

    def resume(self, run: Run) -> None:
        """Go on with a run that rests."""
        if run.resumable:
            self._stop_others(run)
            run.stepping, run.deaths, run.note, run.chosen = 0, 0, "", time.time()
            run.requested = None
            self._admit(run)

    def take_steps(self, run: Run, steps: int | None) -> None:
        """Take some steps, or those to the end of an epoch, and rest."""
        is_short = steps is not None and steps <= SHORT_STEPS and self._are_short(run, steps)
        self._for_a_while(run, StepRequest(steps, "paused" if is_short else "running"))

    def explain(self, run: Run) -> None:
        """Take one step, tell the watchers all that happened in it, and rest.

        Raises:
            ValueError: a step of the run's family cannot be taken apart.
        """
        if not run.model.traits.explained:
            raise ValueError(
                f"A step of {run.model.family} is more than one pass and a loss of each image's own: "
                "it cannot be shown in slow motion."
            )
        state: RunState = "paused" if self._are_short(run, 1) else "running"
        self._for_a_while(run, StepRequest(1, state, is_explained=True))

    def stop(self, run: Run) -> None:
        """End a run; it stays on disk."""
        if run.active or run.state == "parked":
            self._put_aside(run, "stopped")

    def park(self, run: Run) -> None:
        """Put a run aside on disk, from where its owner can go on with it."""
        if run.active:
            self._put_aside(run, "parked")

    def change(self, run: Run, changes: Mapping[str, Any]) -> None:
        """Change settings from the next step on.

        Raises:
            ValueError: a setting out of range.
        """
        before, run.train = run.train, run.train.replace(**changes)
        self.loaded.order(run, Change(run.key, dict(changes)))
        run.marks = with_change(run.marks, run.step, run.epoch, before, run.train)
        self.settle(run, run.state)
        self.watchers.put_timeline(run)

    # What follows from it

    def settle(self, run: Run, state: RunState, error: str = "") -> None:
        """Note a run's state, on disk too, tell its watchers, and let those train for whom there is room."""
        run.state, run.error = state, error
        if run.logged != state:
            run.logged = state
            LOG.info("run %s of %s: %s at step %d", run.id[:6], run.owner[:6], state, run.step)
        if state != "running":
            run.eta_seconds = None
        if state != "queued":
            self.waiting.remove(run)
            run.place, run.wait_seconds, run.why = 0, None, ""
        try:
            run.write()
        except OSError as problem:
            LOG.warning("run %s: its record cannot be written: %s", run.id, problem)
        self.watchers.put_state(run)
        self.move_up()

    def move_up(self, *, again: bool = False) -> None:
        """Let those train for whom there is room, and tell the others their place and how long it may take.

        Args:
            again: tell also those for whom nothing has changed.
        """
        while not self._closing and (first := self.waiting.first(self._training())) is not None:
            self.waiting.remove(first)
            self._activate(first)
        for run in self.waiting.number(self._training(), again=again):
            self.watchers.put_state(run)

    def tick(self, now: float) -> None:
        """Tell those who wait, now and then, how long it may take; there may be room by now, too."""
        self.loaded.tick(now)
        if len(self.waiting) and now - self._told_at > WAITING_SECONDS:
            self._told_at = now
            self.move_up(again=True)

    def close(self) -> None:
        """Let nobody move up any more, and show the watchers out."""
        self._closing = True
        self.watchers.close()

    def _admit(self, run: Run) -> None:
        """Let a run train now, or wait."""
        if why_not(run, self._training(), room()):
            self.waiting.add(run)
            self.settle(run, "queued")
        else:
            self._activate(run)

    def _activate(self, run: Run) -> None:
        """Let a run train, or do what it was asked to do before it rests."""
        requested, run.requested = run.requested, None
        if requested is None:
            run.state = "running"
            if run.loaded:
                self.loaded.order(run, Resume(run.key))
            else:
                self.loaded.load(run)
            self.settle(run, "running")
            return
        if not run.loaded:
            run.state = "paused"
            self.loaded.load(run)
        if not run.loaded:  # there is no worker now: it rests until it is asked again
            self.settle(run, "paused")
            return
        self._requests += 1
        run.stepping = self._requests
        if requested.is_explained:
            self.loaded.order(run, Explain(run.key, run.stepping))
        else:
            self.loaded.order(run, Step(run.key, requested.steps, run.stepping))
        self.settle(run, requested.state)

    def _for_a_while(self, run: Run, requested: StepRequest) -> None:
        """Let a run do something after which it rests."""
        if run.state in ("done", "queued"):
            return
        self._stop_others(run)
        run.requested, run.chosen = requested, time.time()
        if run.loaded:
            self._activate(run)
        else:
            self._admit(run)

    def _are_short(self, run: Run, steps: int) -> bool:
        """Whether some steps are over before anyone could read "running"."""
        return steps * step_effort(run.model, run.train) < SHORT_SECONDS * self.speed

    def _put_aside(self, run: Run, state: RunState) -> None:
        """Take a run out of the worker's memory; it stays on disk, in this state."""
        self.loaded.unload(run)
        self.settle(run, state)

    def _stop_others(self, run: Run) -> None:
        """Stop what else this owner has going: one run at a time. What rests on disk costs nothing."""
        for other in self.archive.of_owner(run.owner):
            at_rest = other.state == "paused" and not other.loaded
            if other.active and other is not run and (not at_rest or self.loaded.waits_for_worker(other)):
                self._put_aside(other, "stopped")

    def _training(self) -> list[Run]:
        return [run for run in self.archive.runs.values() if run.trains]
