"""What a run looks like at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Hold what a run looks like at one moment. What a family has not, or was not measured, is None.

    Attributes:
        step: optimiser steps taken.
        epoch: passes over the training images; 2.5 is in the middle of the third.
        seconds: time spent in training so far.
        beta: weight of the KL in effect now, warm-up included.
        learning_rate: in effect now.
        images_per_second: training speed since the snapshot before.
        terms: the family's terms by name, means per image since the snapshot before: a number, or (D,) where
            there is one for each latent dimension.
        test_terms: the same of at most 1,000 held-out images, with the same noise each time.
        probe_mean: posterior means of the probe, (P, D); None where there is no encoder.
        probe_logvar: log variances of their posteriors, (P, D).
        reconstructions: of the probe's first images, in [0, 1], (R, C, H, W).
        samples: decoded from the same draws of the prior each time, in [0, 1], (S, C, H, W).
        decoded_noise: where there is no prior to draw from, decoded from draws of N(0, I) all the same, in
            [0, 1], (S, C, H, W).
        weights: the model's `state_dict`, copied, on request.
    """

    step: int
    epoch: float
    seconds: float
    beta: float
    learning_rate: float
    images_per_second: float | None
    terms: Mapping[str, float | Tensor | None]
    test_terms: Mapping[str, float | Tensor | None] = field(default_factory=dict)
    probe_mean: Tensor | None = None
    probe_logvar: Tensor | None = None
    reconstructions: Tensor | None = None
    samples: Tensor | None = None
    decoded_noise: Tensor | None = None
    weights: dict[str, Tensor] | None = None

    @property
    def log_likelihood(self) -> float | None:
        """Mean log p(x|z) per image since the snapshot before, in nats."""
        return _number(self.terms, "log_likelihood")

    @property
    def kl_per_dim(self) -> Tensor | None:
        """Mean KL per latent dimension since the snapshot before, in nats, (D,)."""
        return _per_dim(self.terms, "kl")

    @property
    def test_log_likelihood(self) -> float | None:
        """Mean log p(x|z) of held-out images, in nats."""
        return _number(self.test_terms, "log_likelihood")

    @property
    def test_kl_per_dim(self) -> Tensor | None:
        """Mean KL per latent dimension of held-out images, in nats, (D,)."""
        return _per_dim(self.test_terms, "kl")

    def numbers(self) -> dict[str, Any]:
        """Return the terms as messages have them: each by its name, those of the dimensions besides."""
        return _plain(self.terms, "")

    def test_numbers(self) -> dict[str, Any]:
        """Return the held-out images' terms likewise, their names beginning with "test_"."""
        return _plain(self.test_terms, "test_")

    def holds(self, *, weights: bool, measure: bool) -> bool:
        """Whether all is there that is asked for."""
        is_measured = self.samples is not None or self.decoded_noise is not None
        return (self.weights is not None or not weights) and (is_measured or not measure)


def _number(terms: Mapping[str, float | Tensor | None], name: str) -> float | None:
    value = terms.get(name)
    return value if isinstance(value, float) else None


def _per_dim(terms: Mapping[str, float | Tensor | None], name: str) -> Tensor | None:
    value = terms.get(name)
    return value if isinstance(value, Tensor) else None


def _plain(terms: Mapping[str, float | Tensor | None], prefix: str) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for name, value in terms.items():
        if isinstance(value, Tensor):
            per_dim = [float(each) for each in value]
            numbers |= {f"{prefix}{name}": sum(per_dim), f"{prefix}{name}_per_dim": per_dim}
        else:
            numbers[f"{prefix}{name}"] = value
    return numbers
