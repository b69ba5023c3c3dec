"""The trainings: what owners ask of their runs, and what time brings.

All of it happens with the engine's lock held.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vae_core.engine.contract import limits
from vae_core.engine.processes.orders import Change, Pause
from vae_core.engine.processes.supervisor import Supervisor
from vae_core.engine.runs.archive import Archive
from vae_core.engine.runs.branching import link_last, link_origin
from vae_core.engine.runs.changes import with_change
from vae_core.engine.runs.run import ORIGIN, Run, StepRequest
from vae_core.engine.scheduling.lifecycle import Lifecycle

LINE_SECONDS: Final = 5.0
"""So often those who wait in the line are told how long it may take."""

ASK_SECONDS: Final = 5.0
"""So often it is asked who has a page open."""

SWEEP_SECONDS: Final = 3600.0
FORGET_SECONDS: Final = 1800.0
"""After this long without a sign of its owner, a run at rest is only on disk."""

SHORT_STEPS: Final = 20
"""So few steps are over before anyone could read "running"."""


@dataclass(eq=False)
class Trainings:
    """Do with runs what their owners ask for, and park or forget those whose owners have gone.

    Attributes:
        home: folder of all data.
        lock: the engine's lock.
        supervisor: looks after the process that trains.
        archive: where the runs are.
        lifecycle: the states they are in.
        residents: those that are in the worker's memory.
        watchers: who watches them.
        worker: the process that trains.
        is_here: whether an owner, named by the hash, has a page of the app open, whichever it is.
    """

    home: Path
    lock: threading.RLock
    supervisor: Supervisor
    is_here: Callable[[str], bool] = lambda owner: False
    _line_told_at: float = 0.0
    _asked_at: float = 0.0
    _swept_at: float = float("-inf")

    def __post_init__(self) -> None:
        self.archive = Archive(self.home)
        self.lifecycle = Lifecycle(self.archive, self.lock, self.supervisor)
        self.residents = self.lifecycle.residents
        self.watchers = self.lifecycle.watchers
        self.worker = self.lifecycle.worker

    # What owners ask for

    def start(self, run: Run) -> None:
        """Take in a new run and let it train, or wait in the line.

        Raises:
            OSError: it could not be put on disk.
        """
        run.chosen = time.time()
        self.archive.add(run)
        self.lifecycle.stop_others(run)
        self.lifecycle.go(run)

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

        def then(written: bool, error: str) -> None:
            if error:  # the branch could not be put on disk either
                self.lifecycle.fail(run, error)
            elif not written:
                link_last(parent, run)

        run.chosen = time.time()
        is_newest = step is None and parent.loaded
        try:
            if not is_newest:
                link_origin(parent, run, step)
            self.archive.add(run)
        except OSError:
            shutil.rmtree(run.folder, ignore_errors=True)
            raise
        if is_newest:
            self.residents.flush(parent, run.folder / ORIGIN, then)
        if parent.active:
            self.lifecycle.put_aside(parent, "paused")
        self.lifecycle.stop_others(run)
        self.lifecycle.go(run)

    def choose(self, run: Run) -> None:
        """Make a run its owner's current one, whatever it does."""
        run.chosen = time.time()
        self.lifecycle.settle(run, run.state, run.error)

    def pause(self, run: Run) -> None:
        """Let a run rest; it stays in the worker's memory."""
        if run.state in ("queued", "running"):
            self.residents.tell(run, Pause(run.key))
            self.lifecycle.settle(run, "paused")

    def resume(self, run: Run) -> None:
        """Go on with a run that rests."""
        if run.state in ("paused", "stopped", "failed", "parked"):
            self.lifecycle.stop_others(run)
            run.stepping, run.deaths, run.note, run.chosen = 0, 0, "", time.time()
            run.requested = None
            self.lifecycle.go(run)

    def step(self, run: Run, steps: int | None) -> None:
        """Take some steps, or those to the end of an epoch, and rest."""
        short = steps is not None and steps <= SHORT_STEPS
        self._for_a_while(run, StepRequest(steps=steps, state="paused" if short else "running"))

    def explain(self, run: Run) -> None:
        """Take one step, tell the watchers all that happened in it, and rest."""
        self._for_a_while(run, StepRequest(steps=1, is_explained=True, state="paused"))

    def _for_a_while(self, run: Run, requested: StepRequest) -> None:
        """Let a run do something after which it rests."""
        if run.state in ("done", "queued"):
            return
        self.lifecycle.stop_others(run)
        run.chosen = time.time()
        run.requested = requested
        if run.loaded:
            self.lifecycle.activate(run)
        else:
            self.lifecycle.go(run)

    def stop(self, run: Run) -> None:
        """End a run; it stays on disk."""
        if run.state in ("queued", "running", "paused", "parked"):
            self.lifecycle.put_aside(run, "stopped")

    def park(self, run: Run) -> None:
        """Put a run aside on disk, from where its owner can go on with it."""
        if run.active:
            self.lifecycle.put_aside(run, "parked")

    def set(self, run: Run, changes: Mapping[str, Any]) -> None:
        """Change settings from the next step on.

        Raises:
            ValueError: a setting out of range.
        """
        before, run.train = run.train, run.train.replace(**changes)
        self.residents.tell(run, Change(run.key, dict(changes)))
        run.marks = with_change(run.marks, run.step, run.epoch, before, run.train)
        self.lifecycle.settle(run, run.state)
        self.watchers.put_timeline(run)

    # What time brings

    def tick(self, now: float) -> None:
        """Do what is due: tell those who wait, park runs without owners, forget what is old."""
        if len(self.lifecycle.line) and now - self._line_told_at > LINE_SECONDS:
            self._line_told_at = now
            self.lifecycle.move_line(again=True)
        self._look_for_owners(now)

    def clear(self, now: float) -> None:
        """Delete runs that are too many, or too old; without the engine's lock, because it takes a while."""
        self.archive.tidy(self.lock)
        if now - self._swept_at > SWEEP_SECONDS:
            self._swept_at = now
            self.archive.sweep(self.lock)

    def _look_for_owners(self, now: float) -> None:
        """Park runs whose owners have been away for long, and keep those at rest only on disk."""
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

    def close(self) -> None:
        """Let nobody move up any more, and show the watchers out."""
        self.lifecycle.close()
        self.watchers.close()
