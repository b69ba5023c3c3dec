"""The engine on one machine: what the app may ask of it. Every call returns at once."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.config.effort import step_effort
from vae_core.config.settings import LIVE
from vae_core.engine.contract.info import EngineBusyError, Job, RunInfo
from vae_core.engine.contract.memory import check_run
from vae_core.engine.parts import Parts
from vae_core.engine.runs.branching import branch_of, link_model
from vae_core.engine.runs.keyframes import find_keyframe, keyframe_path
from vae_core.engine.runs.run import PROBE, SNAPSHOT, Run
from vae_core.engine.watching.subscription import Subscription
from vae_core.images.loading import image_sets
from vae_core.images.own_sets import FOLDER, NAME, SUFFIX, take_set
from vae_core.storage.home import latent_home, new_id, owner_folder, owner_hash


class Engine:
    """Run trainings and jobs in worker processes.

    Every call that names a run, a keyframe or a job raises `KeyError` where there is none of that name, and
    `PermissionError` where it is someone else's. What has to be put on disk raises `OSError` where the disk
    is full.

    Args:
        home: folder of all data; by default LATENT_HOME.
    """

    def __init__(self, home: Path | None = None) -> None:
        self._parts = Parts(home or latent_home())
        self._lock = self._parts.lock
        self._scheduler = self._parts.scheduler
        self._jobs = self._parts.jobs

    # Runs

    def start_run(
        self,
        owner: str,
        *,
        image_set: str,
        model: ModelConfig,
        train: TrainConfig,
        title: str = "",
        begin_with: Path | None = None,
    ) -> RunInfo:
        """Start a run; an active one of the same owner is stopped first and stays on disk.

        Args:
            owner: whose run it is.
            image_set: name of a set that everyone has, or of one of the owner's own; of those the run keeps
                what it learns from, whatever becomes of the set.
            model: what is trained.
            train: how.
            title: the run's title; by default the name of its images.
            begin_with: a bundle of the same net, whose weights are the run's first; None begins untrained.

        Raises:
            ValueError: settings that do not fit together or the images, or a model to begin with that does
                not fit them.
            EngineBusyError: the owner has started many within a minute.
        """
        own = owner_folder(self.home, owner) / FOLDER / f"{image_set}{SUFFIX}"
        is_own = bool(NAME.fullmatch(image_set)) and own.exists()
        if not is_own and all(known.name != image_set for known in image_sets()):
            raise ValueError(f"There is no image set {image_set!r}.")
        check_run(str(own) if is_own else image_set, model, train)
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
        try:
            if is_own:
                take_set(own, run.images_file)
            if begin_with is not None:
                run.begins_with = link_model(begin_with, run)
            with self._lock:
                self._scheduler.start(run)
                return run.info()
        except (OSError, ValueError, EngineBusyError):
            if run.id not in self._scheduler.archive.runs:
                shutil.rmtree(run.folder, ignore_errors=True)
            raise

    def current_run(self, owner: str) -> RunInfo | None:
        """Return the run that the owner last let train, or chose, whatever its state, or None."""
        with self._lock:
            runs = self._scheduler.archive.of_owner(owner_hash(owner))
            if not runs:
                return None
            current = max(runs, key=lambda run: run.chosen or run.created)
            current.touch()
            return current.info()

    def runs(self, owner: str) -> tuple[RunInfo, ...]:
        """Return all of the owner's runs, the newest first."""
        with self._lock:
            return tuple(run.info() for run in self._scheduler.archive.of_owner(owner_hash(owner)))

    def damaged_runs(self, owner: str) -> tuple[str, ...]:
        """Return the names of the owner's runs that lie on disk and cannot be read: they are left out."""
        with self._lock:
            return self._scheduler.archive.damaged_of(owner_hash(owner))

    def run(self, owner: str, run_id: str) -> RunInfo:
        """Return a run."""
        with self._lock:
            return self._run(owner, run_id).info()

    def choose(self, owner: str, run_id: str) -> RunInfo:
        """Make a run the current one, as it stands; what trains meanwhile goes on."""
        return self._ask(owner, run_id, self._scheduler.choose)

    def pause(self, owner: str, run_id: str) -> RunInfo:
        """Let a run rest; it keeps its place in memory."""
        return self._ask(owner, run_id, self._scheduler.pause)

    def resume(self, owner: str, run_id: str) -> RunInfo:
        """Go on with a paused, stopped, failed or parked run."""
        return self._ask(owner, run_id, self._scheduler.resume)

    def step(self, owner: str, run_id: str, steps: int = 1) -> RunInfo:
        """Take so many optimiser steps, then rest.

        Raises:
            ValueError: fewer than one step.
        """
        if steps < 1:
            raise ValueError(f"steps must be at least 1; got {steps}")
        return self._ask(owner, run_id, self._scheduler.take_steps, steps)

    def epoch(self, owner: str, run_id: str) -> RunInfo:
        """Train to the end of the epoch, a whole one at its beginning, then rest."""
        return self._ask(owner, run_id, self._scheduler.take_steps, None)

    def explain(self, owner: str, run_id: str) -> RunInfo:
        """Take one step and rest; the watchers get a "detail" of all that happened in it.

        Raises:
            ValueError: a step of the run's family cannot be taken apart.
        """
        return self._ask(owner, run_id, self._scheduler.explain)

    def stop(self, owner: str, run_id: str) -> RunInfo:
        """End a run; it stays on disk and can be resumed."""
        return self._ask(owner, run_id, self._scheduler.stop)

    def set(self, owner: str, run_id: str, **settings: float) -> RunInfo:
        """Change settings that are live, from the next step on.

        Raises:
            ValueError: another setting, or a value out of range.
        """
        fixed = sorted(set(settings) - set(LIVE))
        if fixed:
            raise ValueError(f"{', '.join(fixed)} cannot change while a run trains; {', '.join(LIVE)} can")
        return self._ask(owner, run_id, self._scheduler.change, settings)

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
            EngineBusyError: the owner has started many within a minute.
        """
        with self._lock:
            parent = self._run(owner, run_id)
            check_run(parent.images, parent.model, train)
            if step == parent.step and parent.state != "running":
                step = None  # that is where it stands
            run = branch_of(parent, step, train, title)
            self._scheduler.branch(parent, run, step)
            return run.info()

    def keyframe(self, owner: str, run_id: str, step: int) -> Path:
        """Return the file of a keyframe: a message of kind "snapshot" with the decoder's weights."""
        with self._lock:
            run = self._run(owner, run_id)
            find_keyframe(run.keyframes, step)
            return keyframe_path(run.folder, step)

    def step_seconds(self, model: ModelConfig, train: TrainConfig) -> float:
        """Return about how long an optimiser step would take on this machine, for one who trains alone."""
        return step_effort(model, train) / self._scheduler.speed

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

    def begin(
        self, owner: str, purpose: str, function: str, *, is_shared: bool = False, **arguments: Any
    ) -> Job:
        """Return the job that serves a purpose; start it where there is none, or where it failed long ago.

        Args:
            owner: whose job it is.
            purpose: what it serves: same purpose, same job, also after a reload.
            function: a name in `vae_core.engine.tasks.functions`.
            is_shared: whether its result is the same for everyone with that purpose. What is private is
                named by a digest, then.
            arguments: the function's, JSON-able values or bytes.

        Raises:
            ValueError: there is no such function.
            EngineBusyError: the owner has too many jobs waiting.
        """
        with self._lock:
            found = self.begun(owner, purpose)
            if found is not None and not found.worth_another_try:
                return found
            holder = owner_hash(owner)
            return self._jobs.submit(holder, function, arguments, purpose=purpose, is_shared=is_shared)

    def begin_anew(self, owner: str, purpose: str, function: str, **arguments: Any) -> Job:
        """Start a job that serves a purpose, in place of the one before; otherwise as `begin`."""
        return self._jobs.submit(owner_hash(owner), function, arguments, purpose=purpose)

    def begun(self, owner: str, purpose: str) -> Job | None:
        """Return the last job that served a purpose, whatever its state; None when that is long over."""
        return self._jobs.serving(owner_hash(owner), purpose)

    def job(self, owner: str, job_id: str) -> Job:
        """Return a job; one that is long over is there no more."""
        return self._jobs.job(owner_hash(owner), job_id)

    def film(self, owner: str, run_id: str) -> Job:
        """Draw the run's keyframes as a GIF, which is the job's result; its purpose is `film of <run>`.

        Raises:
            EngineBusyError: the owner has too many jobs waiting.
        """
        with self._lock:
            run = self._run(owner, run_id)
            arguments = {
                "folder": str(run.folder),
                "title": run.title,
                "family": run.model.family,
                "categories": run.model.categories,
            }
            return self._jobs.submit(run.owner, "film", arguments, purpose=f"film of {run.id}")

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
            ValueError: the keyframe has just been thinned out.
            EngineBusyError: the owner has too many jobs waiting.
        """
        with self._lock:
            run = self._run(owner, run_id)
            if step is not None:
                find_keyframe(run.keyframes, step)
            if step is None or (step == run.step and run.state != "running"):  # that is how it is now
                return self._parts.saving.save_now(run, path, title)
            return self._parts.saving.save_keyframe(run, step, path, title)

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
            EngineBusyError: too many watch it already.
        """
        with self._lock:
            return self._scheduler.watchers.subscribe(self._run(owner, run_id), loop, wake)

    def subscribe_guest(
        self, holder: str, run_id: str, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]
    ) -> Subscription:
        """Watch a run that its owner, named by the hash, lets others see; otherwise as `subscribe`.

        Guests neither keep it going nor push its owner out.
        """
        with self._lock:
            run = self._scheduler.archive.get(holder, run_id, touch=False)
            return self._scheduler.watchers.subscribe(run, loop, wake, is_guest=True)

    def shared_keyframe(self, holder: str, run_id: str, step: int) -> Path:
        """Return a keyframe of a run that its owner, named by the hash, lets others see; see `keyframe`."""
        with self._lock:
            run = self._scheduler.archive.get(holder, run_id, touch=False)
            find_keyframe(run.keyframes, step)
            return keyframe_path(run.folder, step)

    def shared_run(self, holder: str, run_id: str) -> RunInfo:
        """Return a run that its owner, named by the hash, lets others see."""
        with self._lock:
            return self._scheduler.archive.get(holder, run_id, touch=False).info()

    def stored_map(self, owner: str, run_id: str) -> tuple[bytes, bytes]:
        """Return what is kept of a run's map: its images and labels, and where they lie.

        Both are messages in the safetensors layout; the second is at most some seconds old.

        Raises:
            OSError: it has not been put on disk yet.
        """
        with self._lock:
            folder = self._run(owner, run_id).folder
        return (folder / PROBE).read_bytes(), (folder / SNAPSHOT).read_bytes()

    # For whoever runs the server

    def all_runs(self) -> tuple[tuple[RunInfo, int], ...]:
        """Return the runs of all owners who were here lately, and how many watch each, the newest first."""
        with self._lock:
            runs = sorted(self._scheduler.archive.runs.values(), key=lambda run: run.created, reverse=True)
            return tuple((run.info(), len(run.watchers)) for run in runs)

    def all_jobs(self) -> tuple[Job, ...]:
        """Return the jobs of all owners that run or wait."""
        return tuple(self._jobs.unfinished())

    def stop_any(self, run_id: str) -> None:
        """Stop a run, whoever's it is; nothing happens when it is gone."""
        with self._lock:
            if (run := self._scheduler.archive.runs.get(run_id)) is not None:
                self._scheduler.stop(run)

    def park_any(self, run_id: str) -> None:
        """Put a run aside, whoever's it is; nothing happens when it is gone or at rest."""
        with self._lock:
            if (run := self._scheduler.archive.runs.get(run_id)) is not None:
                self._scheduler.park(run)

    def worker_pids(self) -> dict[str, int]:
        """Return the running worker processes: "train" and the pools of jobs."""
        with self._lock:
            return self._parts.supervisor.pids()

    # The engine itself

    @property
    def home(self) -> Path:
        """The folder of all data."""
        return self._parts.home

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._parts.closed.is_set()

    def keep_for(self, is_here: Callable[[str], bool]) -> None:
        """Park no run whose owner is here.

        Args:
            is_here: asked with the hash of the owner's name, and with the engine's lock held.
        """
        with self._lock:
            self._parts.attendance.is_here = is_here

    def warm(self, seconds: float = 0.0) -> None:
        """Start the workers that are needed first, so many seconds from now."""
        self._parts.warm_at = time.monotonic() + seconds

    def close(self) -> None:
        """Put all runs on disk and end the workers; takes two seconds at most."""
        self._parts.close()

    def _ask(self, owner: str, run_id: str, command: Callable[..., None], *arguments: Any) -> RunInfo:
        """Do with a run what its owner asks for, and say how it stands then."""
        with self._lock:
            run = self._run(owner, run_id)
            command(run, *arguments)
            return run.info()

    def _run(self, owner: str, run_id: str) -> Run:
        return self._scheduler.archive.get(owner_hash(owner), run_id)
