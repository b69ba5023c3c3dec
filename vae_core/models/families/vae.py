"""The variational autoencoder (arXiv:1312.6114): a Gaussian code, drawn anew, and held near the prior."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from vae_core.config.configs import ModelConfig
from vae_core.models.distributions import Posterior
from vae_core.models.family import OnePass, StepContext
from vae_core.models.objective import ElboTerms, Terms
from vae_core.models.passing import Pass


class VariationalAutoencoder(OnePass):
    """Raise the ELBO, with a weight on the KL (the beta-VAE) and nats that cost nothing."""

    def code(self, encoded: Tensor, config: ModelConfig) -> Posterior:
        """Return q(z|x): D means, then D log variances."""
        return Posterior(*encoded.chunk(2, dim=1))

    def terms(self, passed: Pass) -> Terms:
        """Return the two terms of the ELBO: log p(x|z), (B,), and the KL per dimension, (B, D)."""
        return {"log_likelihood": passed.log_likelihood(), "kl": passed.posterior.kl_per_dim()}

    def loss(self, terms: Terms, at: StepContext) -> Tensor:
        """Return the negative ELBO of the batch, its KL weighted."""
        both = ElboTerms(terms["log_likelihood"], terms["kl"])
        return both.loss(beta=at.beta, free_bits=at.train.free_bits)


OBJECTIVE: Final = VariationalAutoencoder()
