"""The engine on one machine: threads and one lock around worker processes. Every call returns at once."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.config.settings import LIVE
from vae_core.engine.contract.info import Job, RunInfo
from vae_core.engine.contract.memory import check_run
from vae_core.engine.jobs.queue import JobQueue
from vae_core.engine.processes.supervisor import Supervisor
from vae_core.engine.runs.branching import branch_of
from vae_core.engine.runs.keyframes import find_keyframe, keyframe_path
from vae_core.engine.runs.run import PROBE, SNAPSHOT, Run
from vae_core.engine.scheduling.commands import Trainings
from vae_core.engine.scheduling.saving import Saving
from vae_core.engine.watching.subscription import Subscription
from vae_core.storage.home import latent_home, new_id, owner_folder, owner_hash

LOG: Final = logging.getLogger(__name__)
TICK_SECONDS: Final = 0.25
CLOSE_SECONDS: Final = 2.0


class Engine:
    """Run trainings and jobs in worker processes.

    Args:
        home: folder of all data; by default LATENT_HOME.
    """

    def __init__(self, home: Path | None = None) -> None:
        self.home = home or latent_home()
        self._lock = threading.RLock()
        self._supervisor = Supervisor(self.home, self._lock)
        self._trainings = Trainings(self.home, self._lock, self._supervisor)
        self._jobs = JobQueue(self._supervisor, self._lock)
        self._saving = Saving(self.home, self._trainings.residents, self._jobs)
        self._closed = threading.Event()
        self._warm_at: float | None = None
        threading.Thread(target=self._keep_house, name="engine", daemon=True).start()

    # Runs

    def start_run(
        self, owner: str, *, image_set: str, model: ModelConfig, train: TrainConfig, title: str = ""
    ) -> RunInfo:
        """Start a run; an active one of the same owner is stopped first and stays on disk.

        Raises:
            ValueError: settings that do not fit together or the images.
            OSError: the disk is full.
        """
        check_run(image_set, model, train)
        run_id = new_id()
        run = Run(
            id=run_id,
            owner=owner_hash(owner),
            folder=owner_folder(self.home, owner) / "runs" / run_id,
            title=title or image_set,
            image_set=image_set,
            model=model,
            train=train,
            created=time.time(),
        )
        with self._lock:
            self._trainings.start(run)
            return run.info()

    def current_run(self, owner: str) -> RunInfo | None:
        """Return the run that the owner last let train, or chose, whatever its state, or None."""
        with self._lock:
            runs = self._trainings.archive.of_owner(owner_hash(owner))
            if not runs:
                return None
            current = max(runs, key=lambda run: run.chosen or run.created)
            current.touch()
            return current.info()

    def choose(self, owner: str, run_id: str) -> RunInfo:
        """Make a run the current one, as it stands; what trains meanwhile goes on.

        Raises:
            KeyError: there is no such run.
            PermissionError: it is someone else's.
        """
        return self._ask(owner, run_id, self._trainings.choose)

    def runs(self, owner: str) -> tuple[RunInfo, ...]:
        """Return all of the owner's runs, the newest first."""
        with self._lock:
            return tuple(run.info() for run in self._trainings.archive.of_owner(owner_hash(owner)))

    def run(self, owner: str, run_id: str) -> RunInfo:
        """Return a run.

        Raises:
            KeyError: there is no such run.
            PermissionError: it is someone else's.
        """
        with self._lock:
            return self._run(owner, run_id).info()

    def pause(self, owner: str, run_id: str) -> RunInfo:
        """Let a run rest; it keeps its place in memory."""
        return self._ask(owner, run_id, self._trainings.pause)

    def resume(self, owner: str, run_id: str) -> RunInfo:
        """Go on with a paused, stopped, failed or parked run."""
        return self._ask(owner, run_id, self._trainings.resume)

    def step(self, owner: str, run_id: str, steps: int = 1) -> RunInfo:
        """Take so many optimiser steps, then rest.

        Raises:
            ValueError: fewer than one step.
        """
        if steps < 1:
            raise ValueError(f"steps must be at least 1; got {steps}")
        return self._ask(owner, run_id, self._trainings.step, steps)

    def epoch(self, owner: str, run_id: str) -> RunInfo:
        """Train to the end of the epoch, a whole one at its beginning, then rest."""
        return self._ask(owner, run_id, self._trainings.step, None)

    def explain(self, owner: str, run_id: str) -> RunInfo:
        """Take one step and rest; the watchers get a "detail" of all that happened in it."""
        return self._ask(owner, run_id, self._trainings.explain)

    def branch(
        self, owner: str, run_id: str, step: int | None = None, *, train: TrainConfig, title: str = ""
    ) -> RunInfo:
        """Train on from a keyframe of a run, or from where it stands now, with other settings.

        The run rests; the branch is a run of its own, on the same axis of epochs, and the current one. Its
        optimiser's moments are fresh unless it begins at the newest state.

        Args:
            owner: whose run it is.
            run_id: the run.
            step: of the keyframe; None for the newest state.
            train: the branch's settings; its epochs are counted from the run's beginning.
            title: the branch's title.

        Raises:
            ValueError: settings that do not fit, or nothing would be left to train.
            KeyError: there is no such run or keyframe.
            OSError: the disk is full.
        """
        with self._lock:
            parent = self._run(owner, run_id)
            check_run(parent.image_set, parent.model, train)
            if step == parent.step and parent.state != "running":
                step = None  # that is where it stands
            run = branch_of(parent, step, train, title)
            self._trainings.branch(parent, run, step)
            return run.info()

    def keyframe(self, owner: str, run_id: str, step: int) -> Path:
        """Return the file of a keyframe: a message of kind "snapshot" with the decoder's weights.

        Raises:
            KeyError: there is no such run or keyframe.
            PermissionError: it is someone else's.
        """
        with self._lock:
            run = self._run(owner, run_id)
            find_keyframe(run.keyframes, step)
            return keyframe_path(run.folder, step)

    def film(self, owner: str, run_id: str) -> Job:
        """Draw the run's keyframes as a GIF, which is the job's result.

        Raises:
            KeyError: there is no such run.
            PermissionError: it is someone else's.
            EngineBusyError: the owner has too many jobs waiting.
        """
        with self._lock:
            run = self._run(owner, run_id)
            return self._jobs.submit(run.owner, "film", {"folder": str(run.folder), "title": run.title})

    def stop(self, owner: str, run_id: str) -> RunInfo:
        """End a run; it stays on disk and can be resumed."""
        return self._ask(owner, run_id, self._trainings.stop)

    def set(self, owner: str, run_id: str, **settings: float) -> RunInfo:
        """Change settings that are live, from the next step on.

        Raises:
            ValueError: another setting, or a value out of range.
        """
        fixed = sorted(set(settings) - set(LIVE))
        if fixed:
            raise ValueError(f"{', '.join(fixed)} cannot change while a run trains; {', '.join(LIVE)} can")
        return self._ask(owner, run_id, self._trainings.set, settings)

    def save_run(
        self, owner: str, run_id: str, path: Path, title: str = "", *, step: int | None = None
    ) -> Job:
        """Write the run's model as a bundle at `path`; a UMAP is added to it afterwards.

        The job's result is `{"path": ..., "name": ...}`.

        Args:
            owner: whose run it is.
            run_id: the run.
            path: where the bundle goes.
            title: the model's title.
            step: of the keyframe to save; None for the model as it is now.

        Raises:
            KeyError: there is no such run or keyframe.
            ValueError: the keyframe has just been thinned out.
            PermissionError: it is someone else's.
            OSError: the disk is full.
        """
        with self._lock:
            run = self._run(owner, run_id)
            if step is not None:
                find_keyframe(run.keyframes, step)
            if step is None or (step == run.step and run.state != "running"):  # that is how it is now
                return self._saving.save_now(run, path, title)
            return self._saving.save_keyframe(run, step, path, title)

    # Jobs

    def submit(self, owner: str, function: str, **arguments: Any) -> Job:
        """Start a job.

        Args:
            owner: whose job it is.
            function: a name in `vae_core.engine.tasks.functions`.
            arguments: the function's, JSON-able values or bytes.

        Raises:
            ValueError: there is no such function.
            EngineBusyError: the owner has too many jobs waiting.
        """
        return self._jobs.submit(owner_hash(owner), function, arguments)

    def job(self, owner: str, job_id: str) -> Job:
        """Return a job.

        Raises:
            KeyError: there is no such job, or it is long over.
            PermissionError: it is someone else's.
        """
        return self._jobs.job(owner_hash(owner), job_id)

    # Watching

    def subscribe(
        self, owner: str, run_id: str, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]
    ) -> Subscription:
        """Watch a run.

        Args:
            owner: who asks.
            run_id: the run.
            loop: the client's event loop.
            wake: called in it whenever there may be something to take.

        Raises:
            KeyError: there is no such run.
            PermissionError: it is someone else's.
            EngineBusyError: too many watch it already.
        """
        with self._lock:
            return self._trainings.watchers.subscribe(self._run(owner, run_id), loop, wake)

    def shared_run(self, holder: str, run_id: str) -> RunInfo:
        """Return a run that its owner lets others see.

        Args:
            holder: hash of the owner's name, from the link.
            run_id: the run, from the link.

        Raises:
            KeyError: there is no such run any more.
            PermissionError: it is another owner's.
        """
        with self._lock:
            return self._trainings.archive.get(holder, run_id, touch=False).info()

    def stored_map(self, owner: str, run_id: str) -> tuple[bytes, bytes]:
        """Return what is kept of a run's map: its images and labels, and where they lie.

        Both are messages in the safetensors layout; the second is at most some seconds old.

        Raises:
            KeyError: there is no such run.
            PermissionError: it is someone else's.
            OSError: it has not been put on disk yet.
        """
        with self._lock:
            folder = self._run(owner, run_id).folder
        return (folder / PROBE).read_bytes(), (folder / SNAPSHOT).read_bytes()

    def subscribe_guest(
        self, holder: str, run_id: str, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]
    ) -> Subscription:
        """Watch a run that its owner lets others see; guests neither keep it going nor push its owner out.

        Raises:
            KeyError: there is no such run any more.
            PermissionError: it is another owner's.
            EngineBusyError: too many watch it already.
        """
        with self._lock:
            run = self._trainings.archive.get(holder, run_id, touch=False)
            return self._trainings.watchers.subscribe(run, loop, wake, is_guest=True)

    # For whoever runs the server

    def all_runs(self) -> tuple[tuple[RunInfo, int], ...]:
        """Return the runs of all owners who were here lately, and how many watch each, the newest first."""
        with self._lock:
            runs = sorted(self._trainings.archive.runs.values(), key=lambda run: run.created, reverse=True)
            return tuple((run.info(), len(run.watchers)) for run in runs)

    def all_jobs(self) -> tuple[Job, ...]:
        """Return the jobs of all owners that run or wait."""
        return tuple(self._jobs.unfinished())

    def stop_any(self, run_id: str) -> None:
        """Stop a run, whoever's it is; nothing happens when it is gone."""
        with self._lock:
            run = self._trainings.archive.runs.get(run_id)
            if run is not None:
                self._trainings.stop(run)

    def park_any(self, run_id: str) -> None:
        """Put a run aside, whoever's it is; nothing happens when it is gone or at rest."""
        with self._lock:
            run = self._trainings.archive.runs.get(run_id)
            if run is not None:
                self._trainings.park(run)

    # The engine itself

    def worker_pids(self) -> dict[str, int]:
        """Return the running worker processes: "train" and the pools of jobs."""
        with self._lock:
            return self._supervisor.pids()

    def keep_for(self, is_here: Callable[[str], bool]) -> None:
        """Park no run whose owner is here.

        Args:
            is_here: asked with the hash of the owner's name, and with the engine's lock held.
        """
        with self._lock:
            self._trainings.is_here = is_here

    def warm(self, seconds: float = 0.0) -> None:
        """Start the workers that are needed first, so many seconds from now."""
        self._warm_at = time.monotonic() + seconds

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._closed.is_set()

    def close(self) -> None:
        """Put all runs on disk and end the workers; takes two seconds at most."""
        if self._closed.is_set():
            return
        self._closed.set()
        with self._lock:
            self._trainings.close()
            self._jobs.close()
            workers = self._supervisor.close()
        until = time.monotonic() + CLOSE_SECONDS
        for worker in workers:
            if not worker.wait(max(0.05, until - time.monotonic())):
                worker.kill()

    def _ask(self, owner: str, run_id: str, order: Callable[..., None], *arguments: Any) -> RunInfo:
        """Do with a run what its owner asks for, and say how it stands then."""
        with self._lock:
            run = self._run(owner, run_id)
            order(run, *arguments)
            return run.info()

    def _run(self, owner: str, run_id: str) -> Run:
        return self._trainings.archive.get(owner_hash(owner), run_id)

    def _keep_house(self) -> None:
        while not self._closed.wait(TICK_SECONDS):
            try:
                now = time.monotonic()
                with self._lock:
                    self._tick(now)
                self._trainings.clear(now)
            except Exception:  # what failed now may work a moment later; the house must be kept
                LOG.exception("the engine's housekeeping failed")

    def _tick(self, now: float) -> None:
        self._supervisor.tick(now)
        self._trainings.tick(now)
        self._jobs.tick(now)
        if self._warm_at is not None and now >= self._warm_at:
            self._warm_at = None
            self._trainings.worker.ready()
            self._jobs.warm()
