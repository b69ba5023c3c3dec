"""Measure a finished model: a tighter bound on its likelihood, its live dimensions, its reconstructions.

Nothing here changes a model or its mode; a model with batch norm wants to be in eval mode.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from vae_core.models.distributions import Posterior, standard_normal
from vae_core.models.passing import log_likelihood

if TYPE_CHECKING:
    from vae_core.models.vae import VAE

ACTIVE_VARIANCE: Final = 0.01
CHUNK_PIXELS: Final = 400_000
"""Pixels that are decoded at once (512 codes at 28x28), which bounds memory."""


@torch.no_grad()
def importance_nll(
    model: VAE,
    x: Tensor,
    *,
    n_samples: int,
    generator: torch.Generator | None = None,
    y: Tensor | None = None,
) -> Tensor:
    """Estimate -log p(x) by importance sampling from the posterior (arXiv:1509.00519, equation 8).

    With one sample this is the negative ELBO; with more it comes down towards -log p(x).

    Args:
        model: the model.
        x: images in [0, 1], (B, C, H, W).
        n_samples: latent samples per image.
        generator: of the noise; None means a fresh unseeded one.
        y: labels, (B,), for a model with classes.

    Returns:
        Nats per image, (B,).

    Raises:
        ValueError: for a model without a likelihood, or `n_samples` below 1.
    """
    if not model.config.has_likelihood:
        raise ValueError(f"a model of family {model.config.family!r} has no p(x) to estimate")
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1; got {n_samples}")
    at_once = max(1, CHUNK_PIXELS // math.prod(model.config.image_shape))
    parts = [slice(start, start + at_once) for start in range(0, len(x), at_once)]
    bounds = [
        _log_evidence(model, x[part], None if y is None else y[part], n_samples, at_once, generator)
        for part in parts
    ]
    return -torch.cat(bounds) if bounds else x.new_empty(0)


def _log_evidence(
    model: VAE, x: Tensor, y: Tensor | None, n_samples: int, at_once: int, generator: torch.Generator | None
) -> Tensor:
    """Return the log of the mean importance weight of each image, (B,)."""
    posterior = model.encode(x, y)
    # The log of the sum of the weights so far.
    total = torch.full((len(x),), -math.inf, dtype=posterior.mean.dtype, device=x.device)
    left = n_samples
    while left > 0:
        k = min(left, max(1, at_once // len(x)))
        left -= k
        z, log_ratio = _drawn(posterior, k, generator)
        parameters = model.decode(z, None if y is None else y.repeat(k))
        log_weight = log_likelihood(model, x.repeat(k, 1, 1, 1), parameters)  # (kB,)
        log_weight += log_ratio
        total = torch.logaddexp(total, log_weight.view(k, len(x)).logsumexp(dim=0))
    return total - math.log(n_samples)


def _drawn(posterior: Posterior, k: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """Draw k codes for each image, (kB, D), and return them with log p(z) - log q(z|x), (kB,)."""
    if posterior.log_probabilities is not None:
        log_probabilities = posterior.log_probabilities.repeat(k, 1, 1)  # (kB, D, K)
        z, _ = Posterior(posterior.mean, None, log_probabilities).draw(generator)
        of_chosen = log_probabilities.gather(2, z.long()[:, :, None]).sum(dim=(1, 2))
        dims, categories = log_probabilities.shape[1:]
        return z, -dims * math.log(categories) - of_chosen
    assert posterior.logvar is not None, "a point has no density"
    mean, logvar = posterior.mean.repeat(k, 1), posterior.logvar.repeat(k, 1)
    noise = standard_normal(mean, generator)
    z = mean + torch.exp(0.5 * logvar) * noise
    return z, 0.5 * (noise.square() + logvar - z.square()).sum(dim=1)


def active_units(means: Tensor) -> int:
    """Count the dimensions that are used: those whose posterior mean varies (arXiv:1509.00519, section 5.2).

    Args:
        means: posterior means of many images, (N, D).

    Returns:
        How many of the D dimensions have a variance over images above 0.01.
    """
    return int((means.var(dim=0, correction=0) > ACTIVE_VARIANCE).sum())


@torch.no_grad()
def reconstruction_error(model: VAE, x: Tensor, y: Tensor | None = None) -> Tensor:
    """Return the mean squared error per pixel of what the model decodes from the posteriors' means.

    Args:
        model: the model.
        x: images in [0, 1], (B, C, H, W).
        y: labels, (B,), for a model with classes.

    Returns:
        One error per image, (B,).
    """
    images = model.decode_images(model.encode(x, y).mean, y)
    return (images - x).square().flatten(1).mean(dim=1)
