"""How far the codes of all images together lie from the prior, that samples are drawn from.

The rate, the mean KL of the posteriors from the prior, has two parts (Hoffman and Johnson, "ELBO surgery",
2016): what a code tells of which image it is of, and KL(q(z) || p(z)) of the aggregate posterior q(z), the
mean of the q(z|x). The second is what samples suffer from: where it is large, codes drawn from the prior lie
where no image's do, or miss where they lie.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from vae_core.models.aggregate import normal_log_density
from vae_core.models.distributions import LOG_2_PI, Posterior

CODES: Final = 2_000
"""At most so many codes are drawn."""

CHUNK: Final = 4_000_000
"""Densities, one for each code, image and dimension, that are taken at once: it bounds memory."""


@torch.no_grad()
def aggregate_gap(posterior: Posterior, *, generator: torch.Generator | None = None) -> float:
    """Estimate KL(q(z) || p(z)) in nats, q(z) being the mean of the posteriors that are given.

    A Monte Carlo mean over codes, one for each image, of log q(z) - log p(z); log q(z) is exact. Of few
    images q(z) is made of few bumps: it is N images' gap, and no less than the rate less log N.

    Args:
        posterior: of N images, (N, D).
        generator: of the codes; None means a fresh unseeded one.

    Raises:
        ValueError: codes that are points have no density.
    """
    if posterior.logvar is None:
        raise ValueError("codes that are points have no density, so there is no gap to a prior")
    mean, logvar = posterior.mean, posterior.logvar
    z = posterior.sample(generator)
    if len(z) > CODES:  # spread evenly: images may be in the order of their classes
        z = z[torch.linspace(0, len(z) - 1, CODES, dtype=torch.float64).long()]
    at_once = max(1, CHUNK // mean.numel())
    total = 0.0
    for codes in torch.split(z, at_once):
        mixed = _log_mixture(codes, mean, logvar)
        prior = -0.5 * (codes.square() + LOG_2_PI).sum(dim=1)
        total += float((mixed - prior).double().sum())
    return total / len(z)


def _log_mixture(z: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """Return the log of the mean of N posteriors' densities at each code, (M,)."""
    each = normal_log_density(z[:, None], mean, logvar).sum(dim=2)  # (M, N)
    return torch.logsumexp(each, dim=1) - math.log(len(mean))
