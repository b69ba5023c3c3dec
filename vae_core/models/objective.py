"""The maths of the loss: log-likelihoods, KL and the evidence lower bound, in nats per image.

    elbo = E_q(z|x)[log p(x|z)] - KL(q(z|x) || N(0, 1))        (arXiv:1312.6114, equation 3)

Everything is summed over pixels and latent dimensions and then averaged over images. (Averaging over pixels
as well would multiply beta by their number and collapse the posterior.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vae_core.models.distributions import bernoulli_log_likelihood, gaussian_log_likelihood

if TYPE_CHECKING:
    from vae_core.models.vae import VAE


@dataclass(frozen=True)
class ElboTerms:
    """Hold the two terms of the ELBO, per image.

    Attributes:
        log_likelihood: E_q[log p(x|z)] in nats, (B,); an autoencoder's log p(x|code).
        kl_per_dim: KL to the prior per latent dimension in nats, (B, D); an autoencoder has None.
    """

    log_likelihood: Tensor
    kl_per_dim: Tensor | None

    @property
    def kl(self) -> Tensor | None:
        """KL to the prior in nats, (B,)."""
        return None if self.kl_per_dim is None else self.kl_per_dim.sum(dim=1)

    @property
    def elbo(self) -> Tensor | None:
        """The evidence lower bound in nats, (B,): beta 1 and no free bits, whatever is trained."""
        return None if self.kl is None else self.log_likelihood - self.kl

    def loss(self, beta: float = 1.0, free_bits: float = 0.0) -> Tensor:
        """Return what training minimises.

        Args:
            beta: weight of the KL; 1 gives the negative ELBO.
            free_bits: nats per latent dimension that cost nothing, applied to the batch's mean
                (arXiv:1606.04934, equation 15).

        Returns:
            mean(-log_likelihood) + beta * sum over dimensions of max(free_bits, mean KL), a scalar.
        """
        distortion = -self.log_likelihood.mean()
        if self.kl_per_dim is None:
            return distortion
        return distortion + beta * self.kl_per_dim.mean(dim=0).clamp(min=free_bits).sum()


def elbo_terms(
    model: VAE,
    x: Tensor,
    *,
    generator: torch.Generator | None = None,
    n_samples: int = 1,
    y: Tensor | None = None,
) -> ElboTerms:
    """Estimate the ELBO's terms, differentiably (arXiv:1312.6114, algorithm 1).

    Args:
        model: the model, in whatever mode it is.
        x: images in [0, 1], (B, C, H, W).
        generator: of the posterior's noise; None means a fresh unseeded one.
        n_samples: latent samples per image that the log-likelihood is averaged over.
        y: labels, (B,), for a model with classes.

    Returns:
        The terms, in nats per image.

    Raises:
        ValueError: if the images do not fit the model or `n_samples` is below 1.
    """
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1; got {n_samples}")
    posterior = model.encode(x, y)
    draws = [
        log_likelihood(model, x, model.decode(posterior.sample(generator), y))  # (B,)
        for _ in range(n_samples if posterior.logvar is not None else 1)
    ]
    kl = None if posterior.logvar is None else posterior.kl_per_dim()
    return ElboTerms(draws[0] if len(draws) == 1 else torch.stack(draws).mean(dim=0), kl)


def log_likelihood(model: VAE, x: Tensor, parameters: Tensor) -> Tensor:
    """Return log p(x|z) under the model's likelihood, constants included.

    Args:
        model: whose likelihood, and learned variance, is meant.
        x: images, (B, C, H, W).
        parameters: what `model.decode` returned, (B, C, H, W).

    Returns:
        Nats per image, (B,).
    """
    if model.config.likelihood == "bernoulli":
        return bernoulli_log_likelihood(x, parameters)
    if model.config.likelihood == "gaussian":
        return gaussian_log_likelihood(x, parameters)
    return gaussian_log_likelihood(x, parameters, model.log_variance)
