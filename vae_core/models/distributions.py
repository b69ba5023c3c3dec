"""The distributions a VAE is made of: the posterior, the prior, and the decoder's two likelihoods."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

LOG_2_PI: Final = math.log(2 * math.pi)


def bernoulli_log_likelihood(x: Tensor, logits: Tensor) -> Tensor:
    """Return the sum over pixels of x log p + (1 - x) log(1 - p), with p = sigmoid(logits).

    A grey pixel counts as the mean of black and white draws: the number is then no true log probability.

    Args:
        x: images in [0, 1], (B, C, H, W).
        logits: (B, C, H, W).

    Returns:
        Nats per image, (B,).
    """
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(dim=1)


def gaussian_log_likelihood(x: Tensor, mean: Tensor, log_variance: Tensor | float = 0.0) -> Tensor:
    """Return sum over pixels of log N(x; mean, variance), the same variance for every pixel.

    Args:
        x: images, (B, C, H, W).
        mean: (B, C, H, W).
        log_variance: a scalar.

    Returns:
        Nats per image, (B,).
    """
    log_variance = torch.as_tensor(log_variance, dtype=mean.dtype, device=mean.device)
    squared_error = (x - mean).square().flatten(1).sum(dim=1)  # (B,)
    pixels = math.prod(x.shape[1:])
    return -0.5 * (squared_error * torch.exp(-log_variance) + pixels * (log_variance + LOG_2_PI))


def gaussian_kl(mean: Tensor, logvar: Tensor) -> Tensor:
    """Return KL(N(mean, exp(logvar)) || N(0, 1)) elementwise (arXiv:1312.6114, appendix B).

    In the expm1 form: exp(logvar) - 1 - logvar would cancel to noise for a posterior near the prior.

    Args:
        mean: any shape.
        logvar: log variance, the same shape.

    Returns:
        Nats, the same shape.
    """
    return 0.5 * (mean.square() + torch.expm1(logvar) - logvar)


@dataclass(frozen=True)
class Posterior:
    """Hold q(z|x) of a batch: a diagonal Gaussian, or a point where `logvar` is None.

    Attributes:
        mean: (B, D).
        logvar: log variance, (B, D), or None.
    """

    mean: Tensor
    logvar: Tensor | None

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw one code per image, (B, D), differentiable in mean and logvar; a point gives its mean."""
        return self.draw(generator)[0]

    def draw(self, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor | None]:
        """Draw one code per image, as `sample` does, and return it with its noise.

        The noise cannot be had from the code where the posterior is narrow.

        Returns:
            The codes, (B, D), and the standard normal draw in them, (B, D), or None for a point.
        """
        if self.logvar is None:
            return self.mean, None
        noise = standard_normal(self.mean, generator)
        return self.mean + torch.exp(0.5 * self.logvar) * noise, noise

    def kl_per_dim(self) -> Tensor:
        """Return KL(q(z|x) || N(0, 1)) per dimension, (B, D), in nats.

        Raises:
            ValueError: for a point, which has no KL.
        """
        if self.logvar is None:
            raise ValueError("a code that is a point has no distribution, hence no KL")
        return gaussian_kl(self.mean, self.logvar)


def standard_normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw N(0, 1) noise of `like`'s shape, type and device; None means a fresh unseeded generator."""
    if generator is None:
        generator = torch.Generator(like.device)
        generator.seed()
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)
