"""The autoencoder: a code that is one point, no noise and no prior; it only has to reconstruct."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from vae_core.config.configs import ModelConfig
from vae_core.models.distributions import Posterior
from vae_core.models.family import OnePass, StepContext
from vae_core.models.objective import Terms
from vae_core.models.passing import Pass


class Autoencoder(OnePass):
    """Raise the likelihood of an image given its own code."""

    def code(self, encoded: Tensor, config: ModelConfig) -> Posterior:
        """Return the point itself, (B, D)."""
        return Posterior(encoded, None)

    def terms(self, passed: Pass) -> Terms:
        """Return log p(x|z) of the code, (B,)."""
        return {"log_likelihood": passed.log_likelihood()}

    def loss(self, terms: Terms, at: StepContext) -> Tensor:
        """Return the mean negative log-likelihood of the batch."""
        return -terms["log_likelihood"].mean()


OBJECTIVE: Final = Autoencoder()
