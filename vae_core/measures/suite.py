"""What a finished model is worth, in numbers that can be compared between models.

A 10-nearest-neighbour classifier is the judge twice: on posterior means, whether the map keeps classes
apart; on pixels, whether a reconstruction still shows what its original showed. A linear classifier on
posterior means says whether straight cuts would do. All learn from the training split and are scored on the
test split.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vae_core.latent.codes import encode_images
from vae_core.measures.aggregate_gap import aggregate_gap
from vae_core.measures.disentanglement import BINS, mutual_information_gap
from vae_core.measures.evaluate import active_units, importance_nll, reconstruction_error
from vae_core.measures.samples import sample_metrics
from vae_core.models.distributions import Posterior, one_hot
from vae_core.models.objective import value_of
from vae_core.models.passing import UNSAID

if TYPE_CHECKING:
    from vae_core.config.configs import ModelConfig
    from vae_core.images.loading import ImageSet
    from vae_core.measures.classifier import Classifier
    from vae_core.models.passing import Learning
    from vae_core.models.vae import VAE

NEIGHBOURS: Final = 10
ELBO_SAMPLES: Final = 8
CHUNK: Final = 500
CHUNK_PIXELS: Final = 512_000
"""So many images are measured at once, or as many as have so many pixels: it bounds memory."""

MOST_FACTORS: Final = 40

NO_ENCODER: Final = (
    "a model without an encoder places no image: there is no likelihood, rate or distortion of images to "
    "measure, no reconstruction, and no codes that could say anything of classes or factors"
)

OF_CATEGORIES: Final = (
    "categories have no order and no spread: there are no active dimensions, no gap of all codes to the "
    "prior and no correlation of ranks to measure"
)

Array = npt.NDArray[Any]


def measure(
    model: VAE,
    train_set: ImageSet,
    test_set: ImageSet,
    *,
    binarized: bool = False,
    nll_samples: int = 0,
    seed: int = 0,
    learning: Learning = UNSAID,
    classifier: Classifier | None = None,
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
        learning: how the model learned; `train_set` says from how many images, if this does not.
        classifier: learned from labelled images; None leaves out what is measured in samples.

    Returns:
        A bundle's metrics by name: those of `held_out_metrics`; where the images have labels knn_accuracy,
        linear_accuracy and reconstruction_knn_accuracy (fractions; categories are told one-hot); where they
        have factors, of codes that have an order the best |Spearman| of each with any dimension
        (spearman_<factor>), and those of `factor_metrics`; with a
        classifier, where there is a prior, those of `sample_metrics`. A model without an encoder has these
        alone.

    Raises:
        ValueError: the model has no encoder, and there is no classifier.
    """
    of_samples: dict[str, Any] = {}
    if classifier is not None and model.config.traits.has_prior:
        of_samples = sample_metrics(model, train_set, test_set, classifier, seed=seed)
    if not model.config.has_encoder:
        if not of_samples:
            raise ValueError(NO_ENCODER)
        return {"pixels": "grey", "test_images": len(test_set)} | of_samples
    generator = torch.Generator().manual_seed(seed)
    grey = test_set.images.float() / 255
    x = torch.bernoulli(grey, generator=generator) if binarized else grey
    y = test_set.labels if model.config.n_classes else None
    learning = replace(learning, images=learning.images or len(train_set.images))
    metrics = held_out_metrics(
        model, x, y, binarized=binarized, nll_samples=nll_samples, seed=seed, learning=learning
    )

    codes = encode_images(model, test_set.images, labels=y).mean
    reconstructions = _decode_images(model, codes, y)  # (N, C, H, W)
    metrics["reconstruction_mse"] = float((reconstructions - grey).square().mean())
    if train_set.labels is not None and test_set.labels is not None:
        known, asked = train_set.labels.numpy(), test_set.labels.numpy()
        learned = encode_images(
            model, train_set.images, labels=train_set.labels if model.config.n_classes else None
        ).mean
        points = [_as_points(each, model.config).numpy() for each in (learned, codes)]
        metrics["knn_accuracy"] = knn_accuracy(points[0], known, points[1], asked)
        metrics["linear_accuracy"] = linear_accuracy(points[0], known, points[1], asked)
        pixels = train_set.images.flatten(1).numpy() / np.float32(255)
        shown = reconstructions.flatten(1).numpy()
        metrics["reconstruction_knn_accuracy"] = knn_accuracy(pixels, known, shown, asked)
    if test_set.factors is not None:
        if not model.config.categories:
            table = factor_correlations(codes.numpy(), test_set.factors.numpy())  # (F, D)
            names = test_set.factor_names
            metrics |= {f"spearman_{name}": float(row.max()) for name, row in zip(names, table)}
        metrics |= factor_metrics(codes, test_set.factors, categories=model.config.categories)
    return metrics | of_samples


def held_out_metrics(
    model: VAE,
    x: Tensor,
    y: Tensor | None = None,
    *,
    binarized: bool = False,
    nll_samples: int = 0,
    seed: int = 0,
    learning: Learning = UNSAID,
) -> dict[str, Any]:
    """Measure what needs no training images: likelihoods, active units and reconstruction error.

    Args:
        model: the model, in eval mode.
        x: images in [0, 1], (N, C, H, W).
        y: their labels, (N,), for a model with classes.
        binarized: whether x is black and white; only said on in the metrics.
        nll_samples: importance samples per image; 0 leaves the NLL out.
        seed: of all noise.
        learning: how the model learned.

    Returns:
        pixels ("grey" or "binarized"), test_images, the family's terms by name (those of "vae" are
        log_likelihood, kl and elbo), nll, nll_samples (nats per image), active_units, reconstruction_mse;
        where there is a p(x), rate and distortion (nats per image; arXiv:1711.00464: the KL to the prior and
        -log p(x|z), of which the loss is the sum); of Gaussian codes the aggregate_gap (nats). What the
        family does not have is left out.

    Raises:
        ValueError: the model has no encoder.
    """
    if not model.config.has_encoder:
        raise ValueError(NO_ENCODER)
    generator = torch.Generator().manual_seed(seed)
    traits = model.config.traits
    nll_samples = nll_samples if traits.has_likelihood else 0
    sums = dict.fromkeys([term.name for term in traits.computed], 0.0) | {"reconstruction_mse": 0.0}
    sums |= {"nll": 0.0} if nll_samples else {}
    posteriors = []
    with torch.no_grad():
        for part in chunks(len(x), model.config):
            images, labels = x[part], None if y is None else y[part]
            terms = model.objective.measured(
                model, images, generator=generator, n_samples=ELBO_SAMPLES, y=labels, learning=learning
            )
            for term in traits.computed:
                sums[term.name] += float(value_of(term, terms).sum())
            if nll_samples:
                bound = importance_nll(model, images, n_samples=nll_samples, generator=generator, y=labels)
                sums["nll"] += float(bound.sum())
            posteriors.append(model.encode(images, labels))
            sums["reconstruction_mse"] += float(reconstruction_error(model, images, labels).sum())
    metrics: dict[str, Any] = {"pixels": "binarized" if binarized else "grey", "test_images": len(x)}
    metrics |= {name: total / len(x) for name, total in sums.items()}
    metrics |= {term.name: traits.value(term, metrics) for term in traits.terms if term.parts}
    if traits.has_term("kl") and traits.latent_kind == "gaussian":
        metrics["active_units"] = active_units(torch.cat([each.mean for each in posteriors]))
    if traits.has_likelihood and traits.has_term("kl"):
        metrics |= {"rate": metrics["kl"], "distortion": -metrics["log_likelihood"]}
    if traits.latent_kind == "gaussian":
        whole = Posterior.joined(posteriors)
        metrics["aggregate_gap"] = aggregate_gap(whole, generator=torch.Generator().manual_seed(seed))
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


def linear_accuracy(points: Array, labels: Array, asked: Array, truth: Array) -> float:
    """Score a linear classifier, or "probe" (arXiv:1610.01644): logistic regression on standardised columns.

    Args:
        points: what it learns from, (N, K).
        labels: their classes, (N,).
        asked: what it is asked about, (M, K).
        truth: the classes that would be right, (M,).

    Returns:
        The fraction it gets right.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(np.unique(labels)) < 2:  # there is nothing to tell apart
        return float((truth == labels[0]).mean())
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    return float(probe.fit(points, labels).score(asked, truth))


def factor_metrics(codes: Tensor, factors: Tensor, *, categories: int = 0) -> dict[str, Any]:
    """Return the mutual information gap and what each dimension tells of each factor.

    Args:
        codes: posterior means, (N, D).
        factors: (N, F).
        categories: of each dimension, where codes are their numbers: each gets a bin of its own.

    Returns:
        mig, and information_<f> for each factor, by its index: a list of D numbers, in nats. Empty where no
        factor varies, or there are more than a table of metrics has room for.
    """
    if factors.shape[1] > MOST_FACTORS:
        return {}
    try:
        value, matrix = mutual_information_gap(codes, factors, bins=max(BINS, categories))
    except ValueError:
        return {}
    rows = [[round(each, 5) for each in row] for row in matrix.tolist()]
    return {"mig": value} | {f"information_{f}": row for f, row in enumerate(rows)}


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


def _as_points(codes: Tensor, config: ModelConfig) -> Tensor:
    """Return codes as points in a space in which distances mean something: categories one-hot."""
    return one_hot(codes, config.categories).flatten(1) if config.categories else codes


def _decode_images(model: VAE, z: Tensor, y: Tensor | None) -> Tensor:
    """Decode codes (N, D) to images in [0, 1], (N, C, H, W)."""
    with torch.no_grad():
        parts = [
            model.decode_images(z[part], None if y is None else y[part])
            for part in chunks(len(z), model.config)
        ]
    return torch.cat(parts)
