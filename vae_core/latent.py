"""The latent space itself: put images into it, walk through it, ask which way an attribute lies.

All functions take and return tensors; codes are `(N, D)`, one code `(D,)`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vae_core.model import Posterior

if TYPE_CHECKING:
    from vae_core.model import VAE

__all__ = [
    "AttributeVector",
    "attribute_vector",
    "encode_images",
    "interpolate",
    "neighbours",
    "prior_values",
    "traverse",
]

LEAST_SINE = 1e-3  # of the angle between two codes, below which slerp walks straight
FOLDS = 5


def encode_images(
    model: VAE, images: Tensor, *, labels: Tensor | None = None, batch_size: int = 1024
) -> Posterior:
    """Encode images in batches, without gradients, in the model's present mode.

    Args:
        model: the model; its mode and its device stay as they are.
        images: uint8, (N, C, H, W), 0..255.
        labels: int64, (N,), for a model with classes.
        batch_size: how many images at once.

    Returns:
        The posterior of all N, on the images' device: mean (N, D), logvar (N, D) or None.

    Raises:
        ValueError: the images are not uint8, or do not fit the model.
    """
    if images.dtype != torch.uint8:
        raise ValueError(f"images must be torch.uint8, 0..255, not {images.dtype}")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    weight = next(model.parameters())
    means, logvars = [], []
    with torch.no_grad():
        for start in range(0, max(1, len(images)), batch_size):
            batch = images[start : start + batch_size].to(weight.device)
            y = None if labels is None else labels[start : start + batch_size].to(weight.device)
            posterior = model.encode(batch.to(weight.dtype) / 255, y)
            means.append(posterior.mean.to(images.device))
            if posterior.logvar is not None:
                logvars.append(posterior.logvar.to(images.device))
    return Posterior(torch.cat(means), torch.cat(logvars) if logvars else None)


def traverse(z: Tensor, dim: int, values: Tensor | Sequence[float]) -> Tensor:
    """Repeat one code with one of its dimensions replaced.

    Args:
        z: the code, (D,).
        dim: which dimension, 0..D-1.
        values: what it is replaced by, (V,).

    Returns:
        Codes, (V, D).

    Raises:
        ValueError: no such dimension, or shapes that do not fit.
    """
    z = _floating(z)
    replaced = torch.as_tensor(values, dtype=z.dtype, device=z.device)
    if z.ndim != 1 or replaced.ndim != 1:
        raise ValueError(
            f"z and values must have one axis each, not {tuple(z.shape)} and {tuple(replaced.shape)}"
        )
    if not 0 <= dim < len(z):
        raise ValueError(f"dim must be 0 to {len(z) - 1}, not {dim}")
    codes = z.repeat(len(replaced), 1)  # (V, D)
    codes[:, dim] = replaced
    return codes


def prior_values(count: int, *, coverage: float = 0.95) -> Tensor:
    """Return evenly spaced values between two quantiles of the prior N(0, 1): the stops of a traversal.

    Args:
        count: how many.
        coverage: the prior's probability between the first and the last value, between 0 and 1.

    Returns:
        Ascending values, symmetric about 0, (count,); the single one is 0.

    Raises:
        ValueError: a count below 1, or a coverage outside (0, 1).
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must lie between 0 and 1, not {coverage}")
    if count == 1:
        return torch.zeros(1)
    reach = math.sqrt(2) * float(torch.erfinv(torch.tensor(coverage, dtype=torch.float64)))
    return torch.linspace(-reach, reach, count)


def interpolate(a: Tensor, b: Tensor, steps: int, *, method: str = "linear") -> Tensor:
    """Walk from one code to another.

    "slerp" turns the direction at constant speed (Shoemake 1985; for latents arXiv:1609.04468): weights
    sin((1-t) w) / sin w and sin(t w) / sin w on the codes as they are, w the angle between them. Where the
    angle says nothing (parallel, opposite, a code of zeros; sine below 1e-3) it walks straight: there
    opposite codes of different lengths would be led far away.

    Args:
        a: the first code, (D,).
        b: the last code, (D,).
        steps: how many codes, both ends included; at least 2.
        method: "linear" or "slerp".

    Returns:
        Codes, (steps, D); the first is exactly `a`, the last exactly `b`.

    Raises:
        ValueError: fewer than 2 steps, an unknown method, or codes of different shapes.
    """
    if steps < 2:
        raise ValueError(f"a walk has at least 2 steps, its two ends; not {steps}")
    if method not in ("linear", "slerp"):
        raise ValueError(f"method must be 'linear' or 'slerp', not {method!r}")
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(
            f"both codes must have the same shape (D,), not {tuple(a.shape)} and {tuple(b.shape)}"
        )
    a, b = _floating(a), _floating(b)
    start, end = a.double(), b.double()
    t = torch.linspace(0, 1, steps, dtype=torch.float64, device=a.device)[:, None]  # (steps, 1)
    weight_a, weight_b = 1 - t, t
    if method == "slerp":
        angle = _angle(start, end)
        if math.sin(angle) >= LEAST_SINE:
            weight_a = torch.sin((1 - t) * angle) / math.sin(angle)
            weight_b = torch.sin(t * angle) / math.sin(angle)
    walk = (weight_a * start + weight_b * end).to(a.dtype)
    walk[0], walk[-1] = a, b
    return walk


@dataclass(frozen=True, eq=False)
class AttributeVector:
    """Hold the direction in which an attribute grows.

    Attributes:
        direction: mean of the codes with it minus mean of those without, (D,): adding it to a code without
            the attribute leads to where codes with it lie.
        trust: how well the direction tells codes it was not made from apart, 0..1: the chance that a code
            with the attribute lies further along it than one without (area under the ROC curve). 1 always,
            0.5 as by tossing a coin, below 0.5 it points the wrong way as often as not.
    """

    direction: Tensor
    trust: float


def attribute_vector(with_it: Tensor, without_it: Tensor) -> AttributeVector:
    """Find the direction of an attribute from examples (arXiv:1609.04468), and how far it can be trusted.

    Trust is cross-validated: both groups are dealt into at most five folds; each fold is ordered along the
    direction that the other folds give; the areas under the ROC curves are averaged. With a single example
    in a group nothing can be held out, and trust is 0.5.

    Args:
        with_it: codes of images that have the attribute, (N, D).
        without_it: codes of images that have it not, (M, D).

    Raises:
        ValueError: an empty group, shapes that do not fit, or codes that are not finite.
    """
    if with_it.ndim != 2 or without_it.ndim != 2 or with_it.shape[1] != without_it.shape[1]:
        shapes = f"{tuple(with_it.shape)} and {tuple(without_it.shape)}"
        raise ValueError(f"both groups must be codes of the same dimensions, (N, D) and (M, D), not {shapes}")
    if len(with_it) == 0 or len(without_it) == 0:
        raise ValueError("an attribute needs at least one image with it and one without it")
    with_it, without_it = _floating(with_it), _floating(without_it)
    if not bool(with_it.isfinite().all() and without_it.isfinite().all()):
        raise ValueError("the codes hold NaN or infinite numbers: the model has diverged")
    direction = with_it.mean(dim=0) - without_it.mean(dim=0)
    folds = min(FOLDS, len(with_it), len(without_it))
    if folds < 2:
        return AttributeVector(direction, 0.5)
    has, lacks = with_it.double(), without_it.double()
    fold_of_has, fold_of_lacks = _deal(len(has), folds), _deal(len(lacks), folds)
    areas = []
    for fold in range(folds):
        held_has, held_lacks = fold_of_has == fold, fold_of_lacks == fold
        along = has[~held_has].mean(dim=0) - lacks[~held_lacks].mean(dim=0)
        areas.append(_area_under_roc(has[held_has] @ along, lacks[held_lacks] @ along))
    return AttributeVector(direction, sum(areas) / folds)


def neighbours(z: Tensor, latents: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Find the codes nearest to given ones.

    Args:
        z: codes to ask about, (M, D).
        latents: codes to choose from, (N, D).
        k: how many; all N if there are fewer.

    Returns:
        Indices into `latents`, int64, (M, K), the nearest first, and Euclidean distances, (M, K).

    Raises:
        ValueError: shapes that do not fit, nothing to choose from, or k below 1.
    """
    if z.ndim != 2 or latents.ndim != 2 or z.shape[1] != latents.shape[1]:
        raise ValueError(f"codes must be (M, D) and (N, D), not {tuple(z.shape)} and {tuple(latents.shape)}")
    if len(latents) == 0 or k < 1:
        raise ValueError(f"no {k} nearest of {len(latents)} codes can be found")
    k = min(k, len(latents))
    found = [_nearest(z[start : start + 1024], latents, k) for start in range(0, max(1, len(z)), 1024)]
    return torch.cat([indices for indices, _ in found]), torch.cat([distances for _, distances in found])


def _nearest(z: Tensor, latents: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Answer `neighbours` for a chunk; without the matrix product that loses small distances far from 0."""
    distances = torch.cdist(z, latents, compute_mode="donot_use_mm_for_euclid_dist")  # (M, N)
    nearest = distances.topk(k, dim=1, largest=False)
    return nearest.indices, nearest.values


def _angle(a: Tensor, b: Tensor) -> float:
    """Return the angle between two vectors in radians, right also near 0 and pi; 0 if one is zero."""
    length_a, length_b = a.norm(), b.norm()
    if length_a == 0 or length_b == 0:
        return 0.0
    a, b = a / length_a, b / length_b
    return 2 * math.atan2(float((a - b).norm()), float((a + b).norm()))


def _floating(codes: Tensor) -> Tensor:
    """Return codes that lie between whole numbers too."""
    return codes if codes.is_floating_point() else codes.float()


def _deal(count: int, folds: int) -> Tensor:
    """Deal `count` codes into folds at random, always the same way: fold of each, (count,)."""
    shuffled = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    return shuffled % folds


def _area_under_roc(has: Tensor, lacks: Tensor) -> float:
    """Return the share of pairs in which the one that has it scores higher; a tie counts half."""
    ordered = lacks.sort().values
    below = torch.searchsorted(ordered, has, side="left")
    not_above = torch.searchsorted(ordered, has, side="right")
    return float((below + not_above).double().mean() / (2 * len(lacks)))
