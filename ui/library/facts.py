"""What a model is and what was measured of it, in Markdown, with foreign text disarmed."""

from __future__ import annotations

import math
from typing import Final

from ui.library.entry import ModelEntry
from ui.page.text import count, plain

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
