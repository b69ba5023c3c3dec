"""The jobs: functions of the core with progress and a result that can travel.

Each takes `report(progress 0..1, message)` first, which also is where a cancelled job ends. Files are named
by path: the server's side knows whose they are. `vae_core.engine.jobs.pools` says
which process does which.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import torch

from vae_core.bundles.bundle import load_bundle
from vae_core.bundles.splits import splits_of
from vae_core.config.configs import ModelConfig, count_multiply_adds
from vae_core.engine.tasks.bundles import check_bundle, fit_umap, save_keyframe, save_run
from vae_core.engine.tasks.contact_sheets import gif, set_sample, thumbnails
from vae_core.engine.tasks.film import film
from vae_core.engine.tasks.own_images import export_images, look_at_images, preview_images
from vae_core.images.loading import load_image_set
from vae_core.models.passing import UNSAID, Learning
from vae_core.storage import tensorfile

if TYPE_CHECKING:
    from vae_core.engine.contract.info import Report

MAX_ENCODED: Final = 100_000
MAX_LEARNED: Final = 10_000
MAX_MEASURED: Final = 2_000
MEASURING: Final = 1_000_000_000_000
"""Multiply-adds that measuring a model may take: a dear one is measured on fewer images, for others wait."""


def importance_nll(
    report: Report, *, bundle: str, n_samples: int = 256, count: int = 500, seed: int = 0
) -> dict[str, Any]:
    """Estimate -log p(x) of a bundle's model on held-out images, in nats per image (arXiv:1509.00519).

    Where its set is not here, as with a model from elsewhere, these are images that came with it.
    """
    from vae_core.measures.evaluate import importance_nll as estimate

    loaded = load_bundle(bundle)
    binarized = loaded.train_config is not None and loaded.train_config.binarize == "dynamic"
    held_out = splits_of(loaded, limit=count)[1]
    images = held_out.images.float() / 255
    labels = held_out.labels if loaded.model_config.n_classes else None
    generator = torch.Generator().manual_seed(seed)
    if binarized:
        images = torch.bernoulli(images, generator=generator)
    parts = []
    for start in range(0, len(images), 20):
        report(start / len(images), f"{start:,} of {len(images):,} images")
        part = slice(start, start + 20)
        y = None if labels is None else labels[part]
        with torch.no_grad():
            parts.append(estimate(loaded.model, images[part], n_samples=n_samples, generator=generator, y=y))
    values = torch.cat(parts).double()
    return {
        "nll": float(values.mean()),
        "standard_error": float(values.std() / math.sqrt(len(values))) if len(values) > 1 else None,
        "n_samples": n_samples,
        "count": len(values),
        "pixels": "binarized" if binarized else "grey",
    }


def measured_share(config: ModelConfig) -> float:
    """Return which share of all that is measured of a small model a dear one can bear, above 0, at most 1."""
    passes = MAX_LEARNED + 10 * MAX_MEASURED + 256 * 500
    return min(1.0, MEASURING / (passes * count_multiply_adds(config)))


def measure(report: Report, *, bundle: str) -> dict[str, Any]:
    """Measure a bundle's model: all that `vae_core.measures.suite.measure` says, and a tighter bound.

    It is measured on at most 2,000 held-out images; neighbours, straight cuts and a classifier are learned
    from 10,000 of the training split; the bound is that of `importance_nll` here, on 500 images. A model
    whose pictures are dear is measured on fewer.

    Returns:
        The metrics by name, and `absent`: a sentence for each kind that makes no sense for the model.
    """
    from vae_core.measures import suite
    from vae_core.measures.classifier import learn_classifier
    from vae_core.measures.samples import NO_PRIOR, can_be_told_apart

    report(0, "reading the images")
    loaded = load_bundle(bundle)
    config, train = loaded.model_config, loaded.train_config
    share = measured_share(config)
    learned, held_out = splits_of(loaded, limit=max(200, round(share * MAX_LEARNED)))
    held_out = held_out.take(torch.arange(min(len(held_out), max(100, round(share * MAX_MEASURED)))))
    absent, classifier = [], None
    if not config.traits.has_prior:
        absent.append(NO_PRIOR)
    elif not can_be_told_apart(learned, held_out):
        absent.append("samples are measured by a classifier, which wants images of two classes or more")
    else:
        classifier = learn_classifier(learned, progress=lambda done: report(done / 2, "learning the classes"))
    found: dict[str, Any] = {}
    if config.has_encoder or classifier is not None:
        report(0.5, "measuring")
        found = suite.measure(
            loaded.model,
            learned,
            held_out,
            binarized=train is not None and train.binarize != "none",
            seed=0 if train is None else train.seed,
            learning=UNSAID if train is None else Learning(train),
            classifier=classifier,
        )
    if not config.has_encoder:
        absent.append(suite.NO_ENCODER)
    elif config.has_likelihood:
        bound = importance_nll(
            lambda done, words: report(0.7 + 0.3 * done, words),
            bundle=bundle,
            n_samples=max(1, round(share * 256)),
            count=min(500, len(held_out)),
        )
        found |= {"nll": bound["nll"], "nll_samples": bound["n_samples"]}
    else:
        absent.append("a model without a likelihood has no p(x), hence no bound on it")
    if config.categories:
        absent.append(suite.OF_CATEGORIES)
    return {**found, "absent": absent}


def download_set(report: Report, *, name: str) -> dict[str, Any]:
    """Fetch an image set."""
    loaded = load_image_set(name, download=True, progress=report)
    return {"name": name, "size": len(loaded)}


def encode(
    report: Report,
    *,
    bundle: str,
    images: bytes | None = None,
    image_set: str | None = None,
    split: str = "test",
    label: int = 0,
) -> bytes:
    """Encode images with a bundle's model.

    Args:
        report: progress.
        bundle: the model's file.
        images: safetensors bytes with `images`, uint8, (N, C, H, W), or
        image_set: the name of an image set, of which the
        split: is taken.
        label: the class that a model with classes is told of `images`; of an image set each one's own is.

    Returns:
        Safetensors bytes with `mean` and `logvar` (absent for an autoencoder), float32, (N, D).
    """
    from vae_core.latent.codes import encode_images

    loaded = load_bundle(bundle)
    labels = None
    if images is not None:
        pixels = torch.from_numpy(tensorfile.unpack(images)[1]["images"].copy())
    elif image_set is not None:
        loaded_set = load_image_set(image_set, split=split)
        pixels, labels = loaded_set.images, loaded_set.labels
    else:
        raise ValueError("encode needs images or an image_set")
    shape = loaded.model_config.image_shape
    if pixels.dtype != torch.uint8 or tuple(pixels.shape[1:]) != shape or not 1 <= len(pixels) <= MAX_ENCODED:
        raise ValueError(
            f"this model takes 1 to {MAX_ENCODED:,} images of shape {shape} as uint8; "
            f"got {tuple(pixels.shape)} as {pixels.dtype}"
        )
    if loaded.model_config.n_classes == 0:
        labels = None
    elif labels is None:
        labels = torch.full((len(pixels),), label)
    parts = []
    for start in range(0, len(pixels), 4096):
        report(start / len(pixels), f"{start:,} of {len(pixels):,} images")
        part = slice(start, start + 4096)
        told = None if labels is None else labels[part]
        parts.append(encode_images(loaded.model, pixels[part], labels=told))
    arrays = {"mean": torch.cat([part.mean for part in parts]).numpy()}
    if parts[0].logvar is not None:
        arrays["logvar"] = torch.cat([part.logvar for part in parts if part.logvar is not None]).numpy()
    return tensorfile.pack(arrays, {})


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "check_bundle": check_bundle,
    "download_set": download_set,
    "encode": encode,
    "export_images": export_images,
    "film": film,
    "fit_umap": fit_umap,
    "gif": gif,
    "importance_nll": importance_nll,
    "look_at_images": look_at_images,
    "measure": measure,
    "preview_images": preview_images,
    "save_keyframe": save_keyframe,
    "save_run": save_run,
    "set_sample": set_sample,
    "thumbnails": thumbnails,
}
