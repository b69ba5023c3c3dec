"""A VAE whose code is a word of categorical variables, trained through the Gumbel-softmax.

A choice has no gradient. Training relaxes it (arXiv:1611.00712, arXiv:1611.01144): the categories' scores and
Gumbel noise, divided by a temperature t, through a softmax y, in which the gradient flows; as t falls, that
becomes the choice. What is raised is

    E[log p(x|y)] - KL(q(z|x) || even choice)

with the KL of the choices, which is known exactly: as the temperature falls, its gradient becomes that of the
ELBO. The bound of the relaxed model itself (arXiv:1611.00712, equation 20) has the KL between the two relaxed
densities in its place. Between densities of one temperature that is the same at every temperature, and far
above the choices' own, for y still holds the scores and not only which is highest (`test_concrete.py`): on
`digits`, four variables of six categories, it switches all of them off (a test ELBO of -27.0, against -24.9
by what is raised here).

A run begins hot: cold choices leave the scores next to no gradient once they have run off, and in the first
steps, in which the decoder learns what all images have in common, those of all images run off together. On
`mnist`, two or three variables of ten categories ended in one cell for all images, at every temperature up to
3. The temperature therefore falls, as in arXiv:1611.01144, though within the first steps alone.

What is reported is of the model that is kept, whose codes are choices: E[log p(x|z)] over them, and the KL.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from vae_core.config.configs import ModelConfig
from vae_core.config.settings import number
from vae_core.models.distributions import Posterior, chosen, standard_gumbel
from vae_core.models.families.vae import VariationalAutoencoder
from vae_core.models.family import Moves, StepContext
from vae_core.models.objective import Terms
from vae_core.models.passing import Model, log_likelihood

HOT: Final = number("temperature").greatest
"""The temperature of a run's first step."""

HEATED_STEPS: Final = 300
"""Optimiser steps until the temperature is the one that is set."""


class Concrete(VariationalAutoencoder):
    """Raise the ELBO by way of relaxed choices; report that of choices."""

    def code(self, encoded: Tensor, config: ModelConfig) -> Posterior:
        """Return q(z|x): a score for each category, variable after variable."""
        return Posterior.of_categories(encoded.view(-1, config.latent_dim, config.n_categories))

    def step(self, moves: Moves, x: Tensor, y: Tensor | None, at: StepContext) -> Terms:
        """Take one step by relaxed choices; the terms are of the choices that the same noise makes.

        These are decoded once more, without gradients; batch norm's running statistics see both.
        """
        model = moves.model
        with moves.rounding():
            posterior = model.encode(x, y)
            scores = posterior.log_probabilities
            assert scores is not None, "only categories are relaxed"
            noise = standard_gumbel(scores, moves.noise)
            made = model.decode(relaxed(scores, noise, temperature_at(at.step, at.train.temperature)), y)
            kl = posterior.kl_per_dim()
            likelihood = log_likelihood(model, x, made)
            with torch.no_grad():
                of_choices = log_likelihood(model, x, model.decode(chosen(scores + noise), y))
        moves.descend(self.loss({"log_likelihood": likelihood, "kl": kl}, at))
        return {"log_likelihood": of_choices, "kl": kl.detach()}

    def prior(self, model: Model, count: int, generator: torch.Generator) -> Tensor:
        """Draw words in which each variable has each category alike, (count, D)."""
        even = torch.empty(count, model.config.latent_dim, model.config.n_categories)
        return chosen(standard_gumbel(even, generator))


def temperature_at(step: int, goal: float) -> float:
    """Return the temperature of a step: it falls from `HOT` to what is set, by the same factor at each step.

    Args:
        step: optimiser steps taken before.
        goal: the temperature that is set.
    """
    fallen = min(1.0, step / HEATED_STEPS)
    return float(HOT ** (1 - fallen) * goal**fallen)


def relaxed(scores: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """Return relaxed choices, differentiable (arXiv:1611.00712, equation 10; arXiv:1611.01144, equation 2).

    Args:
        scores: log probabilities of the categories, (B, D, K).
        noise: standard Gumbel, the same shape.
        temperature: as it falls, each becomes the choice of the highest sum of both.

    Returns:
        The share of each category, (B, D, K): 0 or more, and 1 together.
    """
    return torch.softmax((scores + noise) / temperature, dim=2)


OBJECTIVE: Final = Concrete()
