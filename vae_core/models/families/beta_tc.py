"""The beta-TC-VAE (arXiv:1802.04942): of the KL's three parts, beta weighs the total correlation alone."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from vae_core.config.configs import MAX_PAIRS
from vae_core.models.aggregate import kl_parts
from vae_core.models.families.vae import VariationalAutoencoder
from vae_core.models.family import StepContext
from vae_core.models.objective import ElboTerms, Terms
from vae_core.models.passing import UNSAID, Learning, Model, Pass

MEASURED_TOGETHER: Final = 128
"""Held-out images whose codes are compared with each other: as in training at the usual batch size, since the
estimates depend on it."""


class TotalCorrelation(VariationalAutoencoder):
    """Raise the ELBO, with another weight on what makes the dimensions depend on each other."""

    def terms(self, passed: Pass) -> Terms:
        """Return the terms of the ELBO and the KL's parts, the mean over the draws; (B,), the KL (B, D)."""
        each = [kl_parts(draw.z, passed.posterior, passed.learning.images) for draw in passed.draws]
        return {
            **super().terms(passed),
            "mutual_information": torch.stack([parts.mutual_information for parts in each]).mean(dim=0),
            "total_correlation": torch.stack([parts.total_correlation for parts in each]).mean(dim=0),
            "dimension_kl": torch.stack([parts.dimension_kl.sum(dim=1) for parts in each]).mean(dim=0),
        }

    def loss(self, terms: Terms, at: StepContext) -> Tensor:
        """Return -log p(x|z) + mutual information + beta * total correlation + dimension-wise KL.

        The three parts together are the KL at the code that was drawn. In its stead stands the KL itself,
        which is its mean over codes: the gradient is the same in the mean, and less noisy.
        """
        both = ElboTerms(terms["log_likelihood"], terms["kl"])
        return both.loss() + (at.beta - 1) * terms["total_correlation"].mean()

    def measured(
        self,
        model: Model,
        x: Tensor,
        *,
        generator: torch.Generator | None,
        n_samples: int,
        y: Tensor | None,
        learning: Learning = UNSAID,
    ) -> Terms:
        """Return the terms of images that are compared with each other a batch at a time."""
        most = max(2, min(MEASURED_TOGETHER, math.isqrt(MAX_PAIRS // model.config.latent_dim)))
        count = max(1, -(-len(x) // most))
        labels = [None] * count if y is None else y.tensor_split(count)
        learning = Learning(learning.train, learning.images or len(x))
        parts = [
            super(TotalCorrelation, self).measured(
                model, images, generator=generator, n_samples=n_samples, y=told, learning=learning
            )
            for images, told in zip(x.tensor_split(count), labels, strict=True)
        ]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


OBJECTIVE: Final = TotalCorrelation()
