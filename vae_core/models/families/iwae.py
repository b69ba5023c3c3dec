"""The importance-weighted autoencoder (arXiv:1509.00519): a bound of log p(x) by several codes of each image.

    bound = E[log 1/K sum over k of w_k],   w_k = p(x|z_k) p(z_k) / q(z_k|x),   z_1..z_K drawn from q(z|x)

With K = 1 it is the ELBO; it rises with K towards log p(x).
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from vae_core.models.aggregate import normal_log_density
from vae_core.models.distributions import LOG_2_PI
from vae_core.models.families.vae import VariationalAutoencoder
from vae_core.models.family import StepContext
from vae_core.models.objective import Terms
from vae_core.models.passing import UNSAID, Learning, Model, Pass, log_likelihood, passed_through

MEASURED_PIXELS: Final = 400_000
"""Pixels that are decoded at once where nothing is learned (512 codes at 28x28), which bounds memory."""


class ImportanceWeighted(VariationalAutoencoder):
    """Raise the importance-weighted bound."""

    def terms(self, passed: Pass) -> Terms:
        """Return the bound and the ELBO's terms, (B,), the KL (B, D), and each code's log weight, (B, K).

        With gradients that are doubly reparameterised q(z|x) is a number in the weights: what it says of a
        code has no gradient of its own.
        """
        mean, logvar = passed.posterior.mean, passed.posterior.logvar
        assert logvar is not None, "a point has no density"
        if passed.learning.train.gradient_estimator == "dreg":
            mean, logvar = mean.detach(), logvar.detach()
        likelihoods, weights = [], []
        for draw in passed.draws:
            likelihoods.append(log_likelihood(passed.model, passed.x, draw.parameters))
            prior = -0.5 * (draw.z.square() + LOG_2_PI)
            weights.append(likelihoods[-1] + (prior - normal_log_density(draw.z, mean, logvar)).sum(dim=1))
        log_weights = torch.stack(weights, dim=1)
        return {
            "bound": torch.logsumexp(log_weights, dim=1) - math.log(len(weights)),
            "log_likelihood": torch.stack(likelihoods).mean(dim=0),
            "kl": passed.posterior.kl_per_dim(),
            "log_weights": log_weights,
        }

    def loss(self, terms: Terms, at: StepContext) -> Tensor:
        """Return what has the gradient of the negative bound, by decoder and codes.

        That of log 1/K sum w_k is the sum of log w_k's, each times its share of the weights; written so, and
        the shares taken as numbers, `code_shares` can set in where the gradient leaves the codes.
        """
        if at.train.gradient_estimator == "plain":
            return -terms["bound"].mean()
        log_weights = terms["log_weights"]
        return -(_shares(log_weights) * log_weights).sum(dim=1).mean()

    def code_shares(self, terms: Terms, at: StepContext) -> Tensor | None:
        """Return each code's share of the weights once more, (K, B) (arXiv:1810.04152, equation 8)."""
        if at.train.gradient_estimator == "plain":
            return None
        return _shares(terms["log_weights"]).T

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
        """Return the terms of images, the bound of as many codes as training draws.

        It is taken as often as it needs for `n_samples` codes in all, and the mean is returned.
        """
        if n_samples < 1:
            raise ValueError(f"n_samples must be at least 1; got {n_samples}")
        codes = learning.train.importance_samples
        pixels = codes * math.prod(model.config.image_shape)
        pieces = max(1, math.ceil(len(x) * pixels / MEASURED_PIXELS))
        pieces = max(1, min(len(x), pieces))
        labels = [None] * pieces if y is None else y.tensor_split(pieces)
        parts = []
        for images, told in zip(x.tensor_split(pieces), labels, strict=True):
            repeated = [
                self.terms(
                    passed_through(
                        model, images, generator=generator, n_samples=codes, y=told, learning=learning
                    )
                )
                for _ in range(max(1, math.ceil(n_samples / codes)))
            ]
            names = ("bound", "log_likelihood", "kl")
            parts.append({name: torch.stack([each[name] for each in repeated]).mean(dim=0) for name in names})
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _shares(log_weights: Tensor) -> Tensor:
    """Return each code's share of its image's weights, (B, K), without gradient."""
    return torch.softmax(log_weights.detach(), dim=1)


OBJECTIVE: Final = ImportanceWeighted()
