"""The distributions a VAE is made of: the posterior, the prior, and the decoder's two likelihoods.

A code of categorical variables is written as the number of each one's category, 0 to K - 1, as a float.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    """Hold q(z|x) of a batch: a diagonal Gaussian, categories, or a point.

    Attributes:
        mean: (B, D); of categories the number of each variable's likeliest one.
        logvar: log variance of a Gaussian, (B, D), or None.
        log_probabilities: of the categories of each variable, (B, D, K), or None.
    """

    mean: Tensor
    logvar: Tensor | None
    log_probabilities: Tensor | None = None

    @classmethod
    def of_categories(cls, logits: Tensor) -> Posterior:
        """Make one of the scores of each variable's categories, (B, D, K), of any height."""
        log_probabilities = torch.log_softmax(logits, dim=2)
        return cls(chosen(log_probabilities), None, log_probabilities)

    @classmethod
    def joined(cls, parts: Sequence[Posterior], device: torch.device | str | None = None) -> Posterior:
        """Join the posteriors of parts of some images, of one kind, perhaps on another device."""

        def all_of(tensors: list[Tensor | None]) -> Tensor | None:
            there = [each.to(device) for each in tensors if each is not None]
            return torch.cat(there) if there else None

        mean = torch.cat([part.mean.to(device) for part in parts])
        logvar = all_of([part.logvar for part in parts])
        return cls(mean, logvar, all_of([part.log_probabilities for part in parts]))

    @property
    def is_point(self) -> bool:
        """Whether there is nothing to draw."""
        return self.logvar is None and self.log_probabilities is None

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw one code per image, (B, D); a Gaussian's is differentiable, a point gives its mean."""
        return self.draw(generator)[0]

    def draw(self, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor | None]:
        """Draw one code per image, as `sample` does, and return it with its noise.

        The noise cannot be had from the code where the posterior is narrow.

        Returns:
            The codes, (B, D), and the draw in them, or None for a point: of a Gaussian standard normal,
            (B, D); of categories standard Gumbel, (B, D, K), the category being the one for which the sum of
            it and the log probability is largest (arXiv:1611.00712, section 2).
        """
        if self.log_probabilities is not None:
            noise = standard_gumbel(self.log_probabilities, generator)
            return chosen(self.log_probabilities + noise), noise
        if self.logvar is None:
            return self.mean, None
        noise = standard_normal(self.mean, generator)
        return self.mean + torch.exp(0.5 * self.logvar) * noise, noise

    def kl_per_dim(self) -> Tensor:
        """Return KL(q(z|x) || p(z)) per dimension, (B, D), in nats.

        The prior is N(0, 1), of categories the even choice, to which the KL is log K minus the entropy.

        Raises:
            ValueError: for a point, which has no KL.
        """
        if self.log_probabilities is not None:
            categories = self.log_probabilities.shape[2]
            negative_entropy = (self.log_probabilities.exp() * self.log_probabilities).sum(dim=2)
            return math.log(categories) + negative_entropy
        if self.logvar is None:
            raise ValueError("a code that is a point has no distribution, hence no KL")
        return gaussian_kl(self.mean, self.logvar)


def chosen(scores: Tensor) -> Tensor:
    """Return the number of the category with the highest score of each variable, (B, D), of (B, D, K)."""
    return scores.argmax(dim=2).to(scores)


def one_hot(z: Tensor, categories: int) -> Tensor:
    """Return categories as rows of zeros with a one, (B, D, K), of their numbers, (B, D).

    What is no category's number stands for the nearest one, so that any code can be decoded.
    """
    nearest = torch.floor(z.nan_to_num() + 0.5).clamp(0, categories - 1).long()
    return F.one_hot(nearest, categories).to(z)


def standard_gumbel(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw standard Gumbel noise of `like`'s shape, type and device; None: a fresh unseeded generator."""
    if generator is None:
        generator = torch.Generator(like.device)
        generator.seed()
    # -log of an exponential draw; one that is 0 would be an infinite score.
    waits = torch.empty_like(like).exponential_(generator=generator)
    return -waits.clamp(min=torch.finfo(like.dtype).tiny).log()


def standard_normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw N(0, 1) noise of `like`'s shape, type and device; None means a fresh unseeded generator."""
    if generator is None:
        generator = torch.Generator(like.device)
        generator.seed()
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)
