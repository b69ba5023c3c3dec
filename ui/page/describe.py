"""Sentences about runs, in Markdown, with foreign text disarmed."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final

from ui.page.text import count, duration, plain
from vae_core import ModelConfig, TrainConfig
from vae_core.engine import RunInfo

STATES: Final = {
    "queued": "Waiting for its turn",
    "running": "Training",
    "paused": "Paused",
    "done": "Done",
    "stopping": "Stopping",
    "stopped": "Stopped",
    "failed": "Stopped by itself",
    "parked": "Put aside",
}


def run_title(images: str, model: ModelConfig, train: TrainConfig) -> str:
    """Return what to call a run, and the model that it makes, until someone finds a better title."""
    parts = [images, count(model.latent_dim, "dimension")]
    if model.has_likelihood and train.beta != 1:
        parts.append(f"beta {train.beta:g}")
    return ", ".join(parts if model.has_likelihood else [*parts, model.family])


def run_facts(run: RunInfo) -> str:
    """Say what a run trains: the fields beside it may say something else by now."""
    model, train = run.model, run.train
    nets = [model.family, model.architecture]
    if "likelihood" in model.traits.settings:
        nets.append(plain(model.likelihood))
    parts = [plain(run.image_set), ", ".join(nets)]
    parts.append(count(model.latent_dim, "latent dimension"))
    if model.has_likelihood:
        parts.append(f"beta {train.beta:g}")
    parts.append(f"learning rate {train.learning_rate:g}")
    if run.begins_with:
        parts.append(f"began as {plain(run.begins_with)}")
    return f"This run: {' · '.join(parts)}"


def of_later_version(names: Collection[str]) -> str:
    """Name what a later version wrote into a file, "" for nothing."""
    if not names:
        return ""
    listed = ", ".join(plain(name, longest=60) for name in sorted(names))
    return (
        f"A later version of this app wrote this. What this one does not know is kept and left out: {listed}."
    )


def run_in_brief(run: RunInfo, now: float) -> str:
    """Say what became of a run: state, images, place in its epochs, and how long ago it was started."""
    ago = max(0.0, now - run.created)
    began = f"started {duration(ago - ago % 60 if ago > 60 else ago)} ago"
    return f"{STATES[run.state]} · {plain(run.image_set)} · {_epoch(run)} · {began}"


def run_status(run: RunInfo) -> str:
    """Say in one line what a run does: state, place in its epochs, time left."""
    parts = [f"**{STATES[run.state]}**"]
    if run.state == "queued":
        if run.place:
            parts.append(f"place {run.place} in the line")
        if run.wait_seconds is not None:
            parts.append(f"about {duration(run.wait_seconds)} to wait")
    parts.append(f"{plain(run.image_set)}, {run.model.architecture}, {run.model.latent_dim}-D")
    parts.append(_epoch(run))
    if run.step:
        parts.append(f"step {run.step:,}" + (f" of {run.total_steps:,}" if run.total_steps else ""))
    if run.state == "running" and run.eta_seconds is not None:
        parts.append(f"{duration(run.eta_seconds)} left")
    if run.state == "running" and run.images_per_second:
        parts.append(f"{run.images_per_second:,.0f} images a second")
    return " · ".join(parts)


def _epoch(run: RunInfo) -> str:
    epochs = run.train.epochs
    return f"epoch {min(math.floor(run.epoch) + (run.state != 'done'), epochs)} of {epochs}"
