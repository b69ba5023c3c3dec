"""Saving: a run's model, as it is now or as a keyframe kept it, becomes a bundle. A job writes it.

What the job reads is a file of its own: the run may train on, and the keyframe be thinned out, before the
job's turn comes.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae_core.engine.contract.info import EngineBusyError, Job
from vae_core.engine.jobs.queue import JobQueue
from vae_core.engine.runs.changes import settings_at
from vae_core.engine.runs.keyframes import encoder_path, keyframe_path
from vae_core.engine.runs.run import STATE, Run
from vae_core.engine.scheduling.loaded import LoadedRuns
from vae_core.storage.home import incoming, link_or_copy


@dataclass(frozen=True)
class Saving:
    """Save runs, with the engine's lock held.

    Attributes:
        home: folder of all data.
        loaded: the runs in the worker's memory, whose states are newer than those on disk.
        jobs: where the jobs go.
    """

    home: Path
    loaded: LoadedRuns
    jobs: JobQueue

    def save_now(self, run: Run, path: Path, title: str) -> Job:
        """Save a run as it stands now.

        Raises:
            OSError: the disk is full.
            EngineBusyError: the owner has too many jobs waiting.
        """
        kept = incoming(self.home, ".state")
        then = self._with_umap(run, path)
        arguments = _arguments(run, path, title)
        job = self.jobs.submit(run.owner, "save_run", arguments, then=then, held=True, files=(kept,))
        job.message = "as soon as the step is taken that is being taken"

        def release(written: bool, error: str) -> None:
            if job.finished:  # it was cancelled before the file was there
                with suppress(OSError):
                    kept.unlink()
                return
            state = {"state": str(kept if written else run.folder / STATE)}
            train = {"train": run.train.to_dict()}
            self.jobs.release(job, {**arguments, **state, **train})

        self.loaded.flush(run, kept, release)
        return job

    def save_keyframe(self, run: Run, step: int, path: Path, title: str) -> Job:
        """Save a run as its keyframe of a step kept it.

        Raises:
            ValueError: the keyframe has just been thinned out.
            OSError: the disk is full.
            EngineBusyError: the owner has too many jobs waiting.
        """
        shown = incoming(self.home, ".state")
        encoder = shown.with_suffix(".encoder")
        more = {
            "shown": str(shown),
            "encoder": str(encoder),
            "train": settings_at(run.train, run.marks, step).to_dict(),
            "history": [dict(each) for each in run.history],
        }
        arguments = {**_arguments(run, path, title), **more}
        try:
            link_or_copy(keyframe_path(run.folder, step), shown)
            link_or_copy(encoder_path(run.folder, step), encoder)
            then = self._with_umap(run, path)
            return self.jobs.submit(run.owner, "save_keyframe", arguments, then=then, files=(shown, encoder))
        except (OSError, EngineBusyError) as problem:
            for file in (shown, encoder):
                file.unlink(missing_ok=True)
            if isinstance(problem, FileNotFoundError):
                raise ValueError("This moment is not kept any more. Choose another one.") from None
            raise

    def _with_umap(self, run: Run, path: Path) -> Any:
        """Return what is done once the bundle is there: a map of more than two dimensions is added to it."""

        def add_umap(job: Job) -> None:
            if run.model.latent_dim > 2:
                self.jobs.submit(job.owner, "fit_umap", {"bundle": str(path), "write": True})

        return add_umap


def _arguments(run: Run, path: Path, title: str) -> dict[str, Any]:
    """Return what both jobs take."""
    return {
        "image_set": run.images,
        "model": run.model.to_dict(),
        "title": title or run.title,
        "path": str(path),
    }
