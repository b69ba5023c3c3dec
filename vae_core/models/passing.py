"""A batch on its way through a model: its posterior, the codes drawn from it, and what they decode to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import torch
from torch import Tensor

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.models.distributions import Posterior, bernoulli_log_likelihood, gaussian_log_likelihood


class Model(Protocol):
    """What a batch passes through; a `VAE` is one, and its methods say more."""

    @property
    def config(self) -> ModelConfig:
        """What was built."""

    @property
    def log_variance(self) -> Tensor:
        """The learned log variance of p(x|z)."""

    def encode(self, x: Tensor, y: Tensor | None = ...) -> Posterior:
        """Place images in the latent space."""

    def decode(self, z: Tensor, y: Tensor | None = ...) -> Tensor:
        """Return the parameters of p(x|z)."""

    def images_of(self, parameters: Tensor) -> Tensor:
        """Return the expected images of parameters of p(x|z)."""


@dataclass(frozen=True)
class Learning:
    """Say how a model learns, as far as what is computed of a batch depends on it.

    Attributes:
        train: the settings as they are now.
        images: how many it learns from, of which the batch is a sample; 0: of just those at hand.
    """

    train: TrainConfig
    images: int = 0


UNSAID: Final = Learning(TrainConfig())
"""Settings as they are where nothing is said, and no images but those at hand."""


@dataclass(frozen=True, eq=False)
class Draw:
    """Hold one code for each image, and what it decodes to.

    Attributes:
        noise: the draw in it, as `Posterior.draw` returns it, or None where the code is a point.
        z: the codes, (B, D).
        parameters: of p(x|z), as `VAE.decode` returns them, (B, C, H, W).
    """

    noise: Tensor | None
    z: Tensor
    parameters: Tensor


@dataclass(frozen=True, eq=False)
class Pass:
    """Hold what lies on the way of a batch through encoder and decoder.

    Attributes:
        model: what was passed.
        x: the images in [0, 1], (B, C, H, W).
        posterior: q(z|x).
        draws: one or more draws from it.
        learning: how the model learns.
    """

    model: Model
    x: Tensor
    posterior: Posterior
    draws: tuple[Draw, ...]
    learning: Learning = UNSAID

    def log_likelihood(self) -> Tensor:
        """Return log p(x|z), the mean over the draws, in nats, (B,)."""
        each = [log_likelihood(self.model, self.x, draw.parameters) for draw in self.draws]
        return each[0] if len(each) == 1 else torch.stack(each).mean(dim=0)


def passed_through(
    model: Model,
    x: Tensor,
    *,
    generator: torch.Generator | None = None,
    n_samples: int = 1,
    y: Tensor | None = None,
    learning: Learning = UNSAID,
    together: bool = False,
) -> Pass:
    """Encode a batch, draw codes from the posterior and decode them (arXiv:1312.6114, algorithm 1).

    Args:
        model: the model, in whatever mode it is.
        x: images in [0, 1], (B, C, H, W).
        generator: of the posterior's noise; None means a fresh unseeded one.
        n_samples: draws for each image; of a code that is a point there is one.
        y: labels, (B,), for a model with classes.
        learning: how the model learns.
        together: decode all draws as one batch, as a step does: batch norm sees them all.

    Raises:
        ValueError: if the images do not fit the model or `n_samples` is below 1.
    """
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1; got {n_samples}")
    posterior = model.encode(x, y)
    count = 1 if posterior.is_point else n_samples
    if together and count > 1:
        codes = [posterior.draw(generator) for _ in range(count)]
        made = model.decode(torch.cat([z for z, _ in codes]), None if y is None else y.repeat(count))
        draws = [Draw(noise, z, each) for (z, noise), each in zip(codes, made.chunk(count), strict=True)]
        return Pass(model, x, posterior, tuple(draws), learning)
    draws = []
    for _ in range(count):
        z, noise = posterior.draw(generator)
        draws.append(Draw(noise, z, model.decode(z, y)))
    return Pass(model, x, posterior, tuple(draws), learning)


def log_likelihood(model: Model, x: Tensor, parameters: Tensor) -> Tensor:
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
