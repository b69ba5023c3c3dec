"""Sentences about models, image sets and runs, in Markdown, with foreign text disarmed."""

from __future__ import annotations

import math
from typing import Final

from ui.library.entry import ModelEntry
from ui.page.text import count, duration, plain
from vae_core import ModelConfig, TrainConfig
from vae_core.engine import RunInfo

STATES: Final = {
    "queued": "Waiting for its turn",
    "running": "Training",
    "paused": "Paused",
    "done": "Done",
    "stopped": "Stopped",
    "failed": "Stopped by itself",
    "parked": "Put aside",
}

METRICS: Final = (
    ("elbo", "ELBO", "{:.1f} nats", "Lower bound of log p(x): held-out images, {pixels} pixels."),
    ("nll", "−log p(x)", "≤ {:.1f} nats", "A tighter bound: importance-weighted, {samples} samples."),
    ("active_units", "Active dimensions", "{:.0f} of {dims}", "Those whose mean has a variance above 0.01."),
    ("kl", "KL", "{:.1f} nats", "What the code of an image costs: what the latents tell about it."),
    ("reconstruction_mse", "Pixel error", "{:.4f}", "Mean squared error of reconstructed pixels, 0 to 1."),
    ("knn_accuracy", "Class by neighbours", "{:.0%}", "How often the 10 nearest codes tell the class."),
    ("reconstruction_knn_accuracy", "Class kept", "{:.0%}", "How often a reconstruction shows its class."),
)
"""What may be measured: its name in a bundle and for people, how its value is written, what it means."""


def model_facts(entry: ModelEntry) -> str:
    """Say what a model is: its images, its latent space, its nets."""
    config = entry.model_config
    images = plain(str(entry.image_set.get("title") or entry.image_set.get("name") or "own images"))
    parts = [images, count(config.latent_dim, "latent dimension"), f"{config.family}, {config.architecture}"]
    beta = entry.train_config.beta
    if config.has_likelihood and beta != 1:
        parts.append(f"beta {beta:g}")
    return " · ".join(parts)


def model_metrics(entry: ModelEntry) -> tuple[tuple[str, str, str], ...]:
    """Return what was measured, as (name, value, what it means); absent numbers are left out."""
    metrics = entry.metrics
    pixels = {"grey": "grey", "binarized": "binarised"}.get(str(metrics.get("pixels")), "any")
    words = {
        "dims": entry.model_config.latent_dim,
        "pixels": pixels,
        "samples": metrics.get("nll_samples") or "many",
    }
    found = []
    for key, name, value, meaning in METRICS:
        number = metrics.get(key)
        if isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number):
            found.append((name, value.format(number, **words).replace("-", "−"), meaning.format(**words)))
    return tuple(found)


def run_title(images: str, model: ModelConfig, train: TrainConfig) -> str:
    """Return what to call a run, and the model that it makes, until someone finds a better title."""
    parts = [images, count(model.latent_dim, "dimension")]
    if model.has_likelihood and train.beta != 1:
        parts.append(f"beta {train.beta:g}")
    return ", ".join(parts if model.has_likelihood else [*parts, model.family])


def run_facts(run: RunInfo) -> str:
    """Say what a run trains: the fields beside it may say something else by now."""
    model, train = run.model, run.train
    parts = [plain(run.image_set), f"{model.family}, {model.architecture}, {plain(model.likelihood)}"]
    parts.append(count(model.latent_dim, "latent dimension"))
    if model.has_likelihood:
        parts.append(f"beta {train.beta:g}")
    return f"This run: {' · '.join(parts)} · learning rate {train.learning_rate:g}"


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
