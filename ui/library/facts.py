"""What a model is and what was measured of it, in Markdown, with foreign text disarmed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ui.library.entry import ModelEntry
from ui.page.text import count, plain
from vae_core.config.families import LOG_LIKELIHOOD

TIGHTER: Final = "−log p(x)"
"""What people call the number that says much the same as the ELBO, and stands in a model's details alone."""

METRICS: Final = (
    ("elbo", "ELBO", "{:.1f} nats", "Lower bound of log p(x): {images}, {pixels} pixels."),
    ("nll", TIGHTER, "≤ {:.1f} nats", "A tighter bound: importance-weighted, {samples} samples."),
    ("active_units", "Active dimensions", "{:.0f} of {dims}", "Those whose mean has a variance above 0.01."),
    ("kl", "KL", "{:.1f} nats", "What the code of an image costs: what the latents tell about it."),
    (
        "distortion",
        "Distortion",
        "{:.1f} nats",
        "−log p(x|z), what reconstructions lack; the KL is the rate.",
    ),
    (
        "aggregate_gap",
        "Gap to the prior",
        "{:.1f} nats",
        "KL of all codes together, the mean of their posteriors, from the prior that samples are drawn from.",
    ),
    (
        "mig",
        "Factor gap (MIG)",
        "{:.2f}",
        "What the best dimension tells of a known factor more than the second does, as a share of all there "
        "is to tell. From 20 equal bins of means and factors; other estimators give other numbers.",
    ),
    ("reconstruction_mse", "Pixel error", "{:.4f}", "Mean squared error of reconstructed pixels, 0 to 1."),
    ("knn_accuracy", "Class by neighbours", "{:.0%}", "How often the 10 nearest codes tell the class."),
    (
        "linear_accuracy",
        "Class by straight cuts",
        "{:.0%}",
        "How often a linear classifier of codes is right.",
    ),
    ("reconstruction_knn_accuracy", "Class kept", "{:.0%}", "How often a reconstruction shows its class."),
    (
        "precision",
        "Precision of samples",
        "{:.0%}",
        "Which share of them lies among held-out images: do they look real? Near is what a small classifier "
        "of these images finds alike; it is no FID.",
    ),
    (
        "recall",
        "Recall of samples",
        "{:.0%}",
        "Which share of held-out images lies among the samples: is each kind of image there?",
    ),
    (
        "class_shares_gap",
        "Samples of the wrong class",
        "{:.0%}",
        "Which share of them would have to show another class for each to be as frequent as among images.",
    ),
)
"""What may be measured: its name in a bundle and for people, how its value is written, what it means."""


def model_facts(entry: ModelEntry) -> str:
    """Say what a model is: its images, its latent space, its nets."""
    config = entry.model_config
    images = plain(str(entry.image_set.get("title") or entry.image_set.get("name") or "own images"))
    return " · ".join([images, count(config.latent_dim, "latent dimension"), net_facts(entry)])


def net_facts(entry: ModelEntry) -> str:
    """Say what a model's nets are, and beta where it is another than 1."""
    config = entry.model_config
    beta = entry.train_config.beta if entry.train_config else 1
    nets = f"{config.family}, {config.architecture}"
    return f"{nets} · beta {beta:g}" if config.has_likelihood and beta != 1 else nets


def why_unmeasured(entry: ModelEntry) -> str:
    """Say why nothing was measured of a model."""
    if entry.model_config.has_encoder:
        return "Nothing was measured."
    return (
        "Nothing was measured: without an encoder no image has a code, hence no likelihood, rate, distortion "
        "or factor gap."
    )


def class_shares(metrics: Mapping[str, Any], label_names: Sequence[str]) -> str:
    """Say which share of a model's samples shows each class, to a small classifier; "": not measured."""
    shares = metrics.get("class_shares")
    if not isinstance(shares, (list, tuple)) or len(shares) != len(label_names):
        return ""
    return " · ".join(f"{plain(name)} {share:.0%}" for name, share in zip(label_names, shares))


def model_metrics(entry: ModelEntry) -> tuple[tuple[str, str, str], ...]:
    """Return what was measured, as (name, value, what it means); absent numbers are left out."""
    metrics = entry.metrics
    pixels = {"grey": "grey", "binarized": "binarised"}.get(str(metrics.get("pixels")), "any")
    words = {
        "dims": entry.model_config.latent_dim,
        "pixels": pixels,
        "images": "held-out images" if entry.train_config else "the images that came with it",
        "samples": metrics.get("nll_samples") or "many",
    }
    found = []
    known = {key for key, *_ in METRICS} | {LOG_LIKELIHOOD.name}
    own = [
        (term.name, term.title, f"{{:.1f}} {term.unit}".strip(), f"{term.caption}.")
        for term in entry.model_config.traits.terms
        if term.name not in known
    ]
    for key, name, value, meaning in (*METRICS, *own):
        number = metrics.get(key)
        if isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number):
            found.append((name, value.format(number, **words).replace("-", "−"), meaning.format(**words)))
    return tuple(found)
