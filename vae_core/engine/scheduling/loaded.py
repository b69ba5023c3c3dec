"""Which runs are in the worker's memory: loaded, given orders, dropped, and loaded again by the next worker.

All of it happens with the engine's lock held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vae_core.engine.contract.memory import together
from vae_core.engine.processes.training_process import TrainWorker
from vae_core.engine.runs.run import Run
from vae_core.engine.scheduling.waiting import room

Flushed = Callable[[bool, str], None]
"""Called with whether a state was written, and what went wrong where the worker could not write it."""


@dataclass(eq=False)
class Residents:
    """Keep the worker's memory and what the server believes of it alike.

    Attributes:
        runs: all runs that the server has in memory, by their names.
        worker: the process that trains.
        on_load: called with each run that was given to the worker.
    """

    runs: Mapping[str, Run]
    worker: TrainWorker
    on_load: Callable[[Run], None]
    _lost: list[Run] = field(default_factory=list)
    _flushes: dict[str, Flushed] = field(default_factory=dict)

    def tell(self, run: Run, kind: str, **more: Any) -> None:
        """Give the worker an order for a run, if it has that run."""
        if run.loaded:
            self.worker.send({"kind": kind, "run": run.id, "generation": run.generation, **more})

    def load(self, run: Run, *, new: bool = True) -> None:
        """Give a run to the worker, which takes its state from disk if there is one.

        While there is no worker, the run waits for the next one.

        Args:
            run: the run.
            new: whether its first turn comes before all others'; runs that rest make room for it.
        """
        if not self.worker.ready():
            if run not in self._lost:
                self._lost.append(run)
            return
        if new:
            self._make_room(run)
        run.generation += 1
        run.loaded = True
        self.tell(
            run,
            "load",
            folder=str(run.folder),
            image_set=run.image_set,
            model=run.model.to_dict(),
            train=run.train.to_dict(),
            paused=run.state != "running",
            is_branch=run.parent is not None,
            new=new,
        )
        self.on_load(run)

    def unload(self, run: Run) -> None:
        """Take a run out of the worker's memory; it is put on disk first."""
        self.tell(run, "drop")
        run.stepping = 0
        self.has_left(run)
        self.give_up(run)

    def has_left(self, run: Run) -> None:
        """Note that a run is not in the worker's memory any more."""
        run.loaded, run.snapshot, run.weights_asked = False, None, False

    def waits_for_worker(self, run: Run) -> bool:
        """Whether a run will be loaded as soon as there is a worker."""
        return run in self._lost

    def give_up(self, run: Run) -> None:
        """Do not load a run when there is a worker again."""
        if run in self._lost:
            self._lost.remove(run)

    def load_lost(self) -> None:
        """Give a new worker what the one before it had."""
        lost, self._lost = self._lost, []
        for run in lost:
            self.load(run, new=False)

    def lose(self) -> list[Run]:
        """Note that the worker has died; returns the runs that the next one is to have."""
        flushes, self._flushes = self._flushes, {}
        for then in flushes.values():
            then(False, "")
        self._lost = [run for run in self.runs.values() if run.loaded]  # nobody waited for it: it was there
        for run in self._lost:
            self.has_left(run)
        return list(self._lost)

    @property
    def is_worker_needed(self) -> bool:
        """Whether a run waits for a worker."""
        return bool(self._lost)

    def flush(self, run: Run, path: Path, then: Flushed) -> None:
        """Write a run's present state at `path`, if the worker has it; then the state on disk is its last.

        Args:
            run: the run.
            path: a new file.
            then: called when all earlier orders were obeyed.
        """
        if self.worker.process is None:
            then(False, "")
            return
        self._flushes[str(path)] = then
        order = {"kind": "flush", "run": run.id, "generation": run.generation if run.loaded else 0}
        self.worker.send({**order, "path": str(path), "token": str(path)})

    def flushed(self, token: str, done: bool, error: str) -> None:
        """Take the worker's answer to a flush."""
        then = self._flushes.pop(token, None)
        if then is not None:
            then(done, error)

    def _make_room(self, run: Run) -> None:
        """Keep runs that rest in a pause only on disk, if another needs their memory."""
        loaded = [other for other in self.runs.values() if other.loaded and other is not run]
        resting = sorted((other for other in loaded if not other.trains), key=lambda other: other.seen)
        there_is = room() if resting else 0.0
        while resting and together([run.need, *(other.need for other in loaded)]) > there_is:
            longest = resting.pop(0)
            loaded.remove(longest)
            self.unload(longest)
