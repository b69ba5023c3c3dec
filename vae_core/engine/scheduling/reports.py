"""What the process that trains says about its runs, and its death: what each means for the runs' states.

All of it happens with the engine's lock held.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Final, assert_never

from vae_core.engine.contract.failures import (
    CANNOT_START,
    CUT_SHORT,
    DIED_AGAIN,
    NOT_KEPT,
    RESTARTED,
    RESTARTED_HUNG,
)
from vae_core.engine.processes import messages
from vae_core.engine.processes.supervisor import Death, Supervisor
from vae_core.engine.runs.archive import Archive
from vae_core.engine.runs.changes import Mark, gone_back
from vae_core.engine.runs.run import Run
from vae_core.engine.scheduling.scheduler import Scheduler

LOG: Final = logging.getLogger(__name__)

MAX_DEATHS: Final = 5


def make_scheduler(home: Path, lock: threading.RLock, supervisor: Supervisor) -> Scheduler:
    """Make the scheduler of all runs, and employ the process that trains them.

    Args:
        home: folder of all data.
        lock: the engine's lock.
        supervisor: looks after the process.
    """
    worker = supervisor.employ(
        "train",
        on_message=lambda message: hear(scheduler, message),
        on_start=lambda: scheduler.loaded.load_lost(),
        on_death=lambda death: bury(scheduler, death),
    )
    scheduler = Scheduler(Archive(home), lock, worker)
    return scheduler


def hear(scheduler: Scheduler, message: messages.Message) -> None:
    """Take what the worker says; of a run that was loaded anew since, it is out of date."""
    if isinstance(message, messages.Flushed):
        scheduler.loaded.flushed(message)
    elif isinstance(message, messages.Measured):
        scheduler.speed = message.multiply_adds
    elif isinstance(message, messages.RunMessage):
        run = scheduler.archive.runs.get(message.key.run)
        if run is not None and run.key == message.key:
            _hear_of(scheduler, run, message)


def bury(scheduler: Scheduler, death: Death) -> None:
    """Let the runs go on from what is on disk, as soon as there is another process."""
    for run in scheduler.loaded.lose():
        was_to_rest = run.stepping and run.state == "running"
        run.stepping = 0
        run.deaths += run.id == death.busy_with
        if run.deaths >= MAX_DEATHS or death.hopeless:
            scheduler.loaded.give_up(run)
            scheduler.settle(run, "failed", DIED_AGAIN if run.deaths >= MAX_DEATHS else CANNOT_START)
        else:
            run.note = RESTARTED_HUNG if death.cause == "hung" else RESTARTED
            if was_to_rest:  # or it would train to the end
                scheduler.settle(run, "paused")
            else:
                scheduler.watchers.put_state(run)
    for run in [run for run in scheduler.archive.runs.values() if run.leaving]:
        run.leaving, run.note = False, CUT_SHORT
        run.read_progress()
        scheduler.settle(run, run.state, run.error)
    if death.count == 1 or scheduler.loaded.is_worker_needed:
        scheduler.worker.ready()


def _hear_of(scheduler: Scheduler, run: Run, message: messages.RunMessage) -> None:
    """Take what the worker says of a run that it has, or has just put on disk."""
    match message:
        case messages.Progressed() | messages.Frame() | messages.Snapshot():
            _show(scheduler, run, message)
        case messages.Weights(step=step, data=data):
            run.weights_asked = False
            scheduler.watchers.put(run, "weights", {"step": step}, data)
        case messages.Detail(progress=progress, measured=measured, data=data):
            run.adopt(asdict(progress))
            run.detail = ({**asdict(progress), **measured}, data)
            scheduler.watchers.put(run, "detail", *run.detail)
        case messages.Saved():
            run.deaths = 0
        case messages.Keyframes(keyframes=keyframes):
            run.keyframes = [asdict(each) for each in keyframes]
            scheduler.watchers.put_timeline(run)
        case messages.Loaded():
            _note_beginning(scheduler, run, message)
        case messages.Dropped():
            run.leaving = False
            scheduler.watchers.put_state(run)
        case messages.Failed() if not run.loaded:
            _note_loss(scheduler, run, message)
        case _ if not run.loaded:
            pass
        case messages.Rested(request=request):
            if run.stepping == request != 0:
                run.stepping = 0
                scheduler.settle(run, "paused")
        case messages.Done():
            scheduler.loaded.has_left(run)
            scheduler.watchers.put_stored_weights(run)  # it may be over before the worker knew of a hand
            scheduler.settle(run, "done")
        case messages.Failed(error=error, back=back):
            scheduler.loaded.has_left(run)
            _note_return(scheduler, run, back)
            scheduler.settle(run, "failed", error)
        case _:
            assert_never(message)


def _show(scheduler: Scheduler, run: Run, message: messages.ShownMessage) -> None:
    """Take over how far a run is, and let its watchers see it."""
    facts = {**asdict(message.progress), **asdict(message.pace)}
    run.adopt({**facts, "history_tail": message.history_tail})
    if run.state != "running":
        run.eta_seconds = None
    match message:
        case messages.Frame(measured=measured, data=data):
            scheduler.watchers.put(run, "frame", {**facts, **measured}, data)
        case messages.Snapshot(measured=measured, data=data):
            run.snapshot = ({**facts, **measured}, data) if run.loaded else None
            scheduler.watchers.put(run, "snapshot", {**facts, **measured}, data)


def _note_loss(scheduler: Scheduler, run: Run, failed: messages.Failed) -> None:
    """Say that a run that was put aside could not be put on disk as it was last."""
    LOG.warning("run %s: its last state is not on disk: %s", run.id[:6], failed.error)
    _note_return(scheduler, run, failed.back)
    run.note, run.leaving = failed.error if failed.back else NOT_KEPT.format(failed.error), False
    scheduler.settle(run, run.state)


def _note_beginning(scheduler: Scheduler, run: Run, loaded: messages.Loaded) -> None:
    """Take over what a run is that was loaded, and mark where a branch began, as its worker found it."""
    names = {"label_names": loaded.label_names, "factor_names": loaded.factor_names}
    run.adopt({**asdict(loaded.progress), **names, "history": loaded.history})
    if (began := loaded.began) is not None and run.parent is not None:
        fresh = ", with fresh optimiser moments" if began.fresh else ""
        run.marks = [Mark(run.step, run.epoch, {}, f"branched from step {began.step:,}{fresh}")]
        run.parent |= {"step": began.step, "epoch": run.epoch}
        scheduler.settle(run, run.state)
    scheduler.watchers.put_hello(run)
    scheduler.watchers.put_state(run)


def _note_return(scheduler: Scheduler, run: Run, back: messages.Position | None) -> None:
    """Mark that a run went back to a keyframe, if it did."""
    if back is not None:
        note = f"went back here from step {run.step:,}: the loss was no longer a number"
        run.adopt(asdict(back))
        run.marks = gone_back(run.marks, run.step, run.epoch, run.train, note)
        scheduler.watchers.put_timeline(run)
