"""Which runs are in the worker's memory: loaded, given orders, dropped, and loaded again by the next worker.

All of it happens with the engine's lock held.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from vae_core.engine.contract.memory import together
from vae_core.engine.processes.messages import Flushed
from vae_core.engine.processes.orders import Drop, Flush, Load, RunOrder
from vae_core.engine.processes.supervisor import Worker
from vae_core.engine.runs.run import Run
from vae_core.engine.scheduling.waiting import room
from vae_core.storage.home import is_short_lived

Written = Callable[[bool, str], None]
"""Called with whether a state was written, and what went wrong where the worker could not write it."""


FLUSH_SECONDS: Final = 45.0
"""So long it is waited for a run's newest state: a dear step of someone else may come first."""


@dataclass(frozen=True)
class _Flush:
    then: Written
    until: float


@dataclass(eq=False)
class LoadedRuns:
    """Keep the worker's memory and what the server believes of it alike.

    Attributes:
        runs: all runs that the server has in memory, by their names.
        worker: the process that trains.
        on_load: called with each run that was given to the worker.
    """

    runs: Mapping[str, Run]
    worker: Worker
    on_load: Callable[[Run], None]
    _lost: list[Run] = field(default_factory=list)
    _flushes: dict[str, _Flush] = field(default_factory=dict)

    def order(self, run: Run, order: RunOrder) -> None:
        """Give the worker an order for a run, if it has that run."""
        if run.loaded:
            self.worker.send(order)

    def load(self, run: Run, *, new: bool = True) -> None:
        """Give a run to the worker, which takes its state from disk if there is one.

        While there is no worker, the run waits for the next one.

        Args:
            run: the run.
            new: whether its first turn comes early; runs that rest make room for it.
        """
        if not self.worker.ready():
            if run not in self._lost:
                self._lost.append(run)
            return
        if new:
            self._make_room(run)
        run.generation += 1
        run.loaded, run.leaving = True, False
        order = Load(
            run.key,
            owner=run.owner,
            folder=str(run.folder),
            image_set=run.images,
            model=run.model,
            train=run.train,
            paused=run.state != "running",
            has_origin=run.has_origin,
            is_new=new,
        )
        self.worker.send(order)
        self.on_load(run)

    def unload(self, run: Run) -> None:
        """Take a run out of the worker's memory; it is put on disk first, and leaving until that is done."""
        if run.loaded:
            self.worker.send(Drop(run.key))
            run.leaving = True
        run.stepping = 0
        self.has_left(run)
        self.give_up(run)

    def has_left(self, run: Run) -> None:
        """Note that a run is not in the worker's memory any more."""
        run.loaded, run.snapshot, run.detail, run.weights_asked = False, None, None, False

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
        for flush in flushes.values():
            flush.then(False, "")
        self._lost = [run for run in self.runs.values() if run.loaded]  # nobody waited for it: it was there
        for run in self._lost:
            self.has_left(run)
        return list(self._lost)

    @property
    def is_worker_needed(self) -> bool:
        """Whether a run waits for a worker."""
        return bool(self._lost)

    def flush(self, run: Run, path: Path, then: Written) -> None:
        """Write a run's present state at `path`, if the worker has it; then the state on disk is its last.

        Args:
            run: the run.
            path: a new file.
            then: called when all earlier orders were obeyed.
        """
        if self.worker.process is None:
            then(False, "")
            return
        self._flushes[str(path)] = _Flush(then, time.monotonic() + FLUSH_SECONDS)
        key = run.key if run.loaded else replace(run.key, generation=0)
        self.worker.send(Flush(key, str(path)))

    def flushed(self, answer: Flushed) -> None:
        """Take the worker's answer to a flush."""
        flush = self._flushes.pop(answer.path, None)
        if flush is not None:
            flush.then(answer.written, answer.error)
        elif is_short_lived(path := Path(answer.path)):  # nobody waits for it any more
            with suppress(OSError):
                path.unlink()

    def tick(self, now: float) -> None:
        """Wait no longer for states that the worker does not come to write: those on disk will do."""
        for path, flush in list(self._flushes.items()):
            if now > flush.until:
                del self._flushes[path]
                flush.then(False, "")

    def _make_room(self, run: Run) -> None:
        """Keep runs that rest in a pause only on disk, if another needs their memory."""
        loaded = [other for other in self.runs.values() if other.loaded and other is not run]
        resting = sorted((other for other in loaded if not other.trains), key=lambda other: other.seen)
        there_is = room() if resting else 0.0
        while resting and together([run.need, *(other.need for other in loaded)]) > there_is:
            longest = resting.pop(0)
            loaded.remove(longest)
            self.unload(longest)
