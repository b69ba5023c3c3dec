"""What a finished model is worth, in numbers that can be compared between models.

A 10-nearest-neighbour classifier is the judge twice: on posterior means, whether the map keeps classes
apart; on pixels, whether a reconstruction still shows what its original showed. Both learn from the
training split and are scored on the test split.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vae_core.latent.codes import encode_images
from vae_core.measures.evaluate import active_units, importance_nll, reconstruction_error
from vae_core.models.objective import value_of

if TYPE_CHECKING:
    from vae_core.config.configs import ModelConfig
    from vae_core.images.loading import ImageSet
    from vae_core.models.vae import VAE

NEIGHBOURS: Final = 10
ELBO_SAMPLES: Final = 8
CHUNK: Final = 500
CHUNK_PIXELS: Final = 512_000
"""So many images are measured at once, or as many as have so many pixels: it bounds memory."""

Array = npt.NDArray[Any]


def measure(
    model: VAE,
    train_set: ImageSet,
    test_set: ImageSet,
    *,
    binarized: bool = False,
    nll_samples: int = 0,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure a model on a whole test split.

    Args:
        model: the model, in eval mode.
        train_set: what the classifiers learn from.
        test_set: what is measured.
        binarized: whether pixels are drawn black or white, once, before likelihoods are taken; codes,
            reconstructions and accuracies are always those of the grey images.
        nll_samples: importance samples per image; 0 leaves the NLL out.
        seed: of the pixels and all noise.

    Returns:
        A bundle's metrics by name: those of `held_out_metrics`, and, where the images have labels or
        factors, knn_accuracy and reconstruction_knn_accuracy (fractions) and the best |Spearman| of each
        factor with any dimension (spearman_<factor>).
    """
    generator = torch.Generator().manual_seed(seed)
    grey = test_set.images.float() / 255
    x = torch.bernoulli(grey, generator=generator) if binarized else grey
    y = test_set.labels if model.config.n_classes else None
    metrics = held_out_metrics(model, x, y, binarized=binarized, nll_samples=nll_samples, seed=seed)

    codes = encode_images(model, test_set.images, labels=y).mean
    reconstructions = _decode_images(model, codes, y)  # (N, C, H, W)
    metrics["reconstruction_mse"] = float((reconstructions - grey).square().mean())
    if train_set.labels is not None and test_set.labels is not None:
        known, asked = train_set.labels.numpy(), test_set.labels.numpy()
        learned = encode_images(
            model, train_set.images, labels=train_set.labels if model.config.n_classes else None
        ).mean
        metrics["knn_accuracy"] = knn_accuracy(learned.numpy(), known, codes.numpy(), asked)
        pixels = train_set.images.flatten(1).numpy() / np.float32(255)
        shown = reconstructions.flatten(1).numpy()
        metrics["reconstruction_knn_accuracy"] = knn_accuracy(pixels, known, shown, asked)
    if test_set.factors is not None:
        table = factor_correlations(codes.numpy(), test_set.factors.numpy())  # (F, D)
        metrics |= {f"spearman_{name}": float(row.max()) for name, row in zip(test_set.factor_names, table)}
    return metrics


def held_out_metrics(
    model: VAE,
    x: Tensor,
    y: Tensor | None = None,
    *,
    binarized: bool = False,
    nll_samples: int = 0,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure what needs no training images: likelihoods, active units and reconstruction error.

    Args:
        model: the model, in eval mode.
        x: images in [0, 1], (N, C, H, W).
        y: their labels, (N,), for a model with classes.
        binarized: whether x is black and white; only said on in the metrics.
        nll_samples: importance samples per image; 0 leaves the NLL out.
        seed: of all noise.

    Returns:
        pixels ("grey" or "binarized"), test_images, the family's terms by name (those of "vae" are
        log_likelihood, kl and elbo), nll, nll_samples (nats per image), active_units, reconstruction_mse.
        What the family does not have is left out.
    """
    generator = torch.Generator().manual_seed(seed)
    traits = model.config.traits
    nll_samples = nll_samples if traits.has_likelihood else 0
    sums = dict.fromkeys([term.name for term in traits.computed], 0.0) | {"reconstruction_mse": 0.0}
    sums |= {"nll": 0.0} if nll_samples else {}
    means = []
    with torch.no_grad():
        for part in chunks(len(x), model.config):
            images, labels = x[part], None if y is None else y[part]
            terms = model.objective.measured(
                model, images, generator=generator, n_samples=ELBO_SAMPLES, y=labels
            )
            for term in traits.computed:
                sums[term.name] += float(value_of(term, terms).sum())
            if nll_samples:
                bound = importance_nll(model, images, n_samples=nll_samples, generator=generator, y=labels)
                sums["nll"] += float(bound.sum())
            means.append(model.encode(images, labels).mean)
            sums["reconstruction_mse"] += float(reconstruction_error(model, images, labels).sum())
    metrics: dict[str, Any] = {"pixels": "binarized" if binarized else "grey", "test_images": len(x)}
    metrics |= {name: total / len(x) for name, total in sums.items()}
    metrics |= {term.name: traits.value(term, metrics) for term in traits.terms if term.parts}
    if traits.has_term("kl"):
        metrics["active_units"] = active_units(torch.cat(means))
    if nll_samples:
        metrics["nll_samples"] = nll_samples
    return metrics


def knn_accuracy(points: Array, labels: Array, asked: Array, truth: Array) -> float:
    """Score a 10-nearest-neighbour classifier.

    Args:
        points: what it learns from, (N, K).
        labels: their classes, (N,).
        asked: what it is asked about, (M, K).
        truth: the classes that would be right, (M,).

    Returns:
        The fraction it gets right.
    """
    from sklearn.neighbors import KNeighborsClassifier

    neighbours = min(NEIGHBOURS, len(points))
    return float(KNeighborsClassifier(neighbours).fit(points, labels).score(asked, truth))


def factor_correlations(codes: Array, factors: Array) -> Array:
    """Return |Spearman's rank correlation| of each known factor with each latent dimension.

    Args:
        codes: (N, D).
        factors: (N, F).

    Returns:
        (F, D), 0..1; 0 where a column is constant.
    """
    from scipy.stats import rankdata

    ranks = [rankdata(values, axis=0) for values in (factors, codes)]
    centred = [values - values.mean(axis=0) for values in ranks]
    lengths = [np.sqrt((values**2).sum(axis=0)) for values in centred]
    product = np.outer(*lengths)
    table: Array = np.abs(centred[0].T @ centred[1])
    return np.asarray(np.divide(table, product, out=np.zeros_like(table), where=product > 0))


def chunks(count: int, config: ModelConfig) -> Iterator[slice]:
    """Go through so many images of a model in parts that bound memory."""
    size = max(1, min(CHUNK, CHUNK_PIXELS // math.prod(config.image_shape)))
    return (slice(start, start + size) for start in range(0, count, size))


def _decode_images(model: VAE, z: Tensor, y: Tensor | None) -> Tensor:
    """Decode codes (N, D) to images in [0, 1], (N, C, H, W)."""
    with torch.no_grad():
        parts = [
            model.decode_images(z[part], None if y is None else y[part])
            for part in chunks(len(z), model.config)
        ]
    return torch.cat(parts)
