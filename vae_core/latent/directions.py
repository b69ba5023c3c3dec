"""Directions that stand for an attribute: from the images without it to those with it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.latent.codes import floating

FOLDS = 5


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
    with_it, without_it = floating(with_it), floating(without_it)
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
