"""The states of runs: who trains and who waits in the line, and what the worker's news changes about it.

All of it happens with the engine's lock held; the worker's thread delivers what the worker says.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass, field
from typing import Final, assert_never

from vae_core.engine.contract.failures import CANNOT_START, DIED_AGAIN, NOT_KEPT, RESTARTED, RESTARTED_HUNG
from vae_core.engine.contract.info import RunState
from vae_core.engine.processes import messages
from vae_core.engine.processes.orders import Explain, Resume, Step
from vae_core.engine.processes.supervisor import Death, Supervisor
from vae_core.engine.runs.archive import Archive
from vae_core.engine.runs.changes import Mark, gone_back
from vae_core.engine.runs.run import Run
from vae_core.engine.scheduling.loaded import Residents
from vae_core.engine.scheduling.waiting import Line, room, why_not
from vae_core.engine.watching.watchers import Watchers

LOG: Final = logging.getLogger(__name__)

MAX_DEATHS: Final = 5


@dataclass(eq=False)
class Lifecycle:
    """Take runs from one state to the next.

    Attributes:
        archive: where the runs are.
        lock: the engine's lock.
        supervisor: looks after the process that trains.
        line: who waits.
        worker: the process that trains.
        residents: which runs it has in memory.
        watchers: who gets to know.
    """

    archive: Archive
    lock: threading.RLock
    supervisor: Supervisor
    line: Line = field(default_factory=Line)
    _requests: int = 0
    _closing: bool = False

    def __post_init__(self) -> None:
        runs = self.archive.runs
        self.worker = self.supervisor.employ(
            "train", on_message=self._message, on_start=self._started, on_death=self._died
        )
        self.residents = Residents(runs, self.worker, on_load=lambda run: self.watchers.report(run))
        self.watchers = Watchers(self.lock, runs, self.residents.tell)

    def go(self, run: Run) -> None:
        """Let a run train now, or put it into the line."""
        if why_not(run, self._training(), room()):
            self.line.add(run)
            self.settle(run, "queued")
        else:
            self.activate(run)

    def activate(self, run: Run) -> None:
        """Let a run train, or do what it was asked to do before it rests."""
        if run.requested is None:
            run.state = "running"
            if run.loaded:
                self.residents.tell(run, Resume(run.key))
            else:
                self.residents.load(run)
            self.settle(run, "running")
            return
        requested, run.requested = run.requested, None
        if not run.loaded:
            run.state = "paused"
            self.residents.load(run)
        if not run.loaded:  # there is no worker now: it rests until it is asked again
            self.settle(run, "paused")
            return
        self._requests += 1
        run.stepping = self._requests
        if requested.is_explained:
            self.residents.tell(run, Explain(run.key, run.stepping))
        else:
            self.residents.tell(run, Step(run.key, requested.steps, run.stepping))
        self.settle(run, requested.state)

    def put_aside(self, run: Run, state: RunState) -> None:
        """Take a run out of the worker's memory; it stays on disk, in this state."""
        self.residents.unload(run)
        self.settle(run, state)

    def fail(self, run: Run, error: str) -> None:
        """End a run that has nothing to begin with; what the worker still says of its attempt is no news."""
        self.residents.unload(run)
        run.generation += 1
        self.settle(run, "failed", error)

    def stop_others(self, run: Run) -> None:
        """Stop what else this owner has going: one run at a time. What rests on disk costs nothing."""
        for other in self.archive.of_owner(run.owner):
            at_rest = other.state == "paused" and not other.loaded
            if other.active and other is not run and (not at_rest or self.residents.waits_for_worker(other)):
                self.put_aside(other, "stopped")

    def settle(self, run: Run, state: RunState, error: str = "") -> None:
        """Note a run's state, on disk too, tell its watchers, and let the next in line train."""
        run.state, run.error = state, error
        if run.logged != state:
            run.logged = state
            LOG.info("run %s of %s: %s at step %d", run.id[:6], run.owner[:6], state, run.step)
        if state != "running":
            run.eta_seconds = None
        if state != "queued":
            self.line.remove(run)
            run.place, run.wait_seconds, run.why = 0, None, ""
        try:
            run.write()
        except OSError as problem:
            LOG.warning("run %s: its record cannot be written: %s", run.id, problem)
        self.watchers.put_state(run)
        self.move_line()

    def move_line(self, *, again: bool = False) -> None:
        """Let those train for whom there is room, and tell the others their place and how long it may take.

        Args:
            again: tell also those for whom nothing has changed.
        """
        while not self._closing and (first := self.line.first(self._training())) is not None:
            self.line.remove(first)
            self.activate(first)
        for run in self.line.number(self._training(), again=again):
            self.watchers.put_state(run)

    def close(self) -> None:
        """Let nobody move up any more."""
        self._closing = True

    def _training(self) -> list[Run]:
        return [run for run in self.archive.runs.values() if run.trains]

    # What the worker says

    def _started(self) -> None:
        self.residents.load_lost()

    def _died(self, death: Death) -> None:
        """Let the runs go on from what is on disk, as soon as there is another process."""
        for run in self.residents.lose():
            was_to_rest = run.stepping and run.state == "running"
            run.stepping = 0
            run.deaths += run.id == death.busy_with
            if run.deaths >= MAX_DEATHS or death.hopeless:
                self.residents.give_up(run)
                self.settle(run, "failed", DIED_AGAIN if run.deaths >= MAX_DEATHS else CANNOT_START)
            else:
                run.note = RESTARTED_HUNG if death.cause == "hung" else RESTARTED
                if was_to_rest:  # or it would train to the end
                    self.settle(run, "paused")
                else:
                    self.watchers.put_state(run)
        if death.count == 1 or self.residents.is_worker_needed:
            self.worker.ready()

    def _message(self, message: messages.Message) -> None:
        if isinstance(message, messages.Flushed):
            self.residents.flushed(message)
        elif isinstance(message, messages.RunMessage):
            run = self.archive.runs.get(message.key.run)
            if run is not None and run.key == message.key:
                self._heard(run, message)

    def _heard(self, run: Run, message: messages.RunMessage) -> None:
        """Take what the worker says of a run that it has, or has just put on disk."""
        match message:
            case messages.Progressed() | messages.Frame() | messages.Snapshot():
                self._show(run, message)
            case messages.Weights(step=step, data=data):
                run.weights_asked = False
                self.watchers.put(run, "weights", {"step": step}, data)
            case messages.Detail(progress=progress, measured=measured, data=data):
                run.adopt(asdict(progress))
                self.watchers.put(run, "detail", {**asdict(progress), **measured}, data)
            case messages.Saved():
                run.deaths = 0
            case messages.Keyframes(keyframes=keyframes):
                run.keyframes = [asdict(each) for each in keyframes]
                self.watchers.put_timeline(run)
            case messages.Loaded():
                self._note_beginning(run, message)
            case messages.Failed() if not run.loaded:
                self._note_loss(run, message)
            case _ if not run.loaded:
                pass
            case messages.Rested(request=request):
                if run.stepping == request != 0:
                    run.stepping = 0
                    self.settle(run, "paused")
            case messages.Done():
                self.residents.has_left(run)
                self.watchers.put_stored_weights(run)  # it may be over before the worker knew of a hand
                self.settle(run, "done")
            case messages.Failed():
                self.residents.has_left(run)
                self._note_return(run, message.back)
                self.settle(run, "failed", message.error)
            case _:
                assert_never(message)

    def _show(self, run: Run, message: messages.ShownMessage) -> None:
        """Take over how far a run is, and let its watchers see it."""
        facts = {**asdict(message.progress), **asdict(message.pace)}
        run.adopt({**facts, "history_tail": message.history_tail})
        if run.state != "running":
            run.eta_seconds = None
        match message:
            case messages.Frame(measured=measured, data=data):
                self.watchers.put(run, "frame", {**facts, **measured}, data)
            case messages.Snapshot(measured=measured, data=data):
                run.snapshot = ({**facts, **measured}, data) if run.loaded else None
                self.watchers.put(run, "snapshot", {**facts, **measured}, data)

    def _note_loss(self, run: Run, failed: messages.Failed) -> None:
        """Say that a run that was put aside could not be put on disk as it was last."""
        error, back = failed.error, failed.back
        LOG.warning("run %s: its last state is not on disk: %s", run.id[:6], error)
        self._note_return(run, back)
        run.note = error if back else NOT_KEPT.format(error)
        self.settle(run, run.state)

    def _note_beginning(self, run: Run, loaded: messages.Loaded) -> None:
        """Take over what a run is that was loaded, and mark where a branch began, as its worker found it."""
        names = {"label_names": loaded.label_names, "factor_names": loaded.factor_names}
        run.adopt({**asdict(loaded.progress), **names, "history": loaded.history})
        if (began := loaded.began) is not None and run.parent is not None:
            fresh = ", with fresh optimiser moments" if began.fresh else ""
            run.marks = [Mark(run.step, run.epoch, {}, f"branched from step {began.step:,}{fresh}")]
            run.parent |= {"step": began.step, "epoch": run.epoch}
            self.settle(run, run.state)
        self.watchers.put_hello(run)
        self.watchers.put_state(run)

    def _note_return(self, run: Run, back: messages.Position | None) -> None:
        """Mark that a run went back to a keyframe, if it did."""
        if back is not None:
            note = f"went back here from step {run.step:,}: the loss was no longer a number"
            run.adopt(asdict(back))
            run.marks = gone_back(run.marks, run.step, run.epoch, run.train, note)
            self.watchers.put_timeline(run)
