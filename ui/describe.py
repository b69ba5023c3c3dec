"""Sentences about models, image sets and runs, in Markdown, with foreign text disarmed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ui.owner import ModelEntry
from ui.text import count, duration, plain
from vae_core.engine import RunInfo

STATES: Final = {
    "queued": "Waiting",
    "running": "Training",
    "paused": "Paused",
    "done": "Finished",
    "stopped": "Stopped",
    "failed": "Failed",
    "parked": "Parked",
}


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
    return tuple(_metrics(entry.metrics, entry.model_config.latent_dim))


def _metrics(metrics: Mapping[str, Any], latent_dim: int) -> Iterator[tuple[str, str, str]]:
    def value(name: str) -> float:
        found = metrics.get(name)
        real = isinstance(found, (int, float)) and not isinstance(found, bool)
        return float(found) if real and math.isfinite(found) else math.nan

    pixels = {"grey": "grey pixels", "binarized": "binarised pixels"}.get(
        str(metrics.get("pixels")), "pixels"
    )
    held_out = f"held-out images, {pixels}, nats per image"
    if not math.isnan(elbo := value("elbo")):
        yield "ELBO", f"{elbo:.1f}", f"Lower bound of log p(x). {held_out}. Higher is better."
    if not math.isnan(nll := value("nll")):
        samples = value("nll_samples")
        how = "" if math.isnan(samples) else f", importance-weighted with {count(int(samples), 'sample')}"
        yield (
            "−log p(x)",
            f"≤ {nll:.1f}",
            f"{held_out.capitalize()}{how}: tighter than the ELBO. Lower is better.",
        )
    if not math.isnan(kl := value("kl")):
        yield (
            "KL",
            f"{kl:.1f}",
            "Nats per image that the code costs: what the latents tell about an image.",
        )
    if not math.isnan(active := value("active_units")):
        meaning = "Dimensions whose posterior mean varies from image to image (variance above 0.01)."
        yield "Active", f"{active:.0f} of {latent_dim}", meaning
    if not math.isnan(mse := value("reconstruction_mse")):
        yield (
            "Pixel error",
            f"{mse:.4f}",
            "Mean squared error per pixel of the reconstructions; pixels go from 0 to 1.",
        )
    if not math.isnan(knn := value("knn_accuracy")):
        meaning = "How often the ten nearest neighbours in latent space tell the class of a test image."
        yield "Class by neighbours", f"{knn:.0%}", meaning
    if not math.isnan(kept := value("reconstruction_knn_accuracy")):
        meaning = "How often a reconstruction still looks like its class to a classifier on real pixels."
        yield "Class kept", f"{kept:.0%}", meaning


def run_title(run: RunInfo) -> str:
    """Return a run's title, or what to call it."""
    return run.title or f"{run.image_set} {run.model.latent_dim}-D"


def run_status(run: RunInfo) -> str:
    """Say in one line what a run does: state, place in its epochs, time left."""
    parts = [f"**{STATES[run.state]}**"]
    if run.state == "queued":
        if run.place:
            parts.append(f"place {run.place} in the line")
        if run.wait_seconds is not None:
            parts.append(f"about {duration(run.wait_seconds)} to wait")
    parts.append(f"{plain(run.image_set)}, {run.model.architecture}, {run.model.latent_dim}-D")
    epochs = run.train.epochs
    parts.append(f"epoch {min(math.floor(run.epoch) + (run.state != 'done'), epochs)} of {epochs}")
    if run.step:
        parts.append(f"step {run.step:,}" + (f" of {run.total_steps:,}" if run.total_steps else ""))
    if run.state == "running" and run.eta_seconds is not None:
        parts.append(f"{duration(run.eta_seconds)} left")
    if run.state == "running" and run.images_per_second:
        parts.append(f"{run.images_per_second:,.0f} images a second")
    return " · ".join(parts)
