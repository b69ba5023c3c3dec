"""What a run looks like at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        log_likelihood: mean per image since the snapshot before, in nats.
        kl_per_dim: mean KL per latent dimension since the snapshot before, in nats, (D,).
        test_log_likelihood: mean over at most 1,000 held-out images, with the same noise each time, in nats.
        test_kl_per_dim: their mean KL per latent dimension, in nats, (D,).
        probe_mean: posterior means of the probe, (P, D).
        probe_logvar: log variances of their posteriors, (P, D).
        reconstructions: of the probe's first images, in [0, 1], (R, C, H, W).
        samples: decoded from the same draws of the prior each time, in [0, 1], (S, C, H, W).
        weights: the model's `state_dict`, copied, on request.
    """

    step: int
    epoch: float
    seconds: float
    beta: float
    learning_rate: float
    images_per_second: float | None
    log_likelihood: float | None
    kl_per_dim: Tensor | None
    test_log_likelihood: float | None = None
    test_kl_per_dim: Tensor | None = None
    probe_mean: Tensor | None = None
    probe_logvar: Tensor | None = None
    reconstructions: Tensor | None = None
    samples: Tensor | None = None
    weights: dict[str, Tensor] | None = None

    def holds(self, *, weights: bool, measure: bool) -> bool:
        """Whether all is there that is asked for."""
        return (self.weights is not None or not weights) and (self.probe_mean is not None or not measure)
