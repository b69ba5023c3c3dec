"""What a family computes: the interface that training, measuring and the model itself ask.

Each family's own file in `vae_core.models.families` implements it, and is found by the family's name.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn

from vae_core.config.configs import ModelConfig, TrainConfig, codes_per_image
from vae_core.models.distributions import Posterior, standard_normal
from vae_core.models.objective import Terms
from vae_core.models.passing import UNSAID, Learning, Model, Pass, passed_through


@dataclass(frozen=True)
class StepContext:
    """Hold what a step of training depends on, besides its images.

    Attributes:
        train: the settings as they are now.
        step: optimiser steps taken before.
        steps_per_epoch: batches in a pass over the images.
        images: how many there are to learn from.
    """

    train: TrainConfig
    step: int
    steps_per_epoch: int
    images: int

    @property
    def learning(self) -> Learning:
        """What of it the terms may depend on."""
        return Learning(self.train, self.images)

    @property
    def beta(self) -> float:
        """Weight of the KL at this step: it rises from 0 over the warm-up."""
        warmup = self.train.beta_warmup_epochs * self.steps_per_epoch
        return self.train.beta * (min(1.0, self.step / warmup) if warmup else 1.0)


class Moves(Protocol):
    """What moves the weights; a `Learner` is one."""

    @property
    def model(self) -> Model:
        """The model, in train mode."""

    @property
    def noise(self) -> torch.Generator:
        """The generator of all noise of the steps."""

    def rounding(self) -> AbstractContextManager[object]:
        """Let large products be rounded within, where that pays and does no harm."""

    @property
    def discriminator(self) -> nn.Module | None:
        """What tells images, (B, C, H, W), from samples: a logit for each, (B, 1); None in most families."""

    def descend(self, loss: Tensor, optimizer: str = ...) -> None:
        """Move the weights of an optimiser, the first by default, by one step against a loss's gradient."""


class Objective(ABC):
    """What a family computes; it holds nothing.

    One that goes once through encoder and decoder and follows one loss is a `OnePass`. Another one takes its
    `step` itself, perhaps with several optimisers.
    """

    @abstractmethod
    def step(self, moves: Moves, x: Tensor, y: Tensor | None, at: StepContext) -> Terms:
        """Take one step of training.

        Args:
            moves: the model, and what moves its weights.
            x: images in [0, 1], (B, C, H, W).
            y: their labels, (B,), for a model with classes.
            at: settings and place of the step.

        Returns:
            The batch's terms, as they were before the weights moved.
        """

    @abstractmethod
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
        """Return the terms that are reported of images; arguments as for `vae_core.elbo_terms`.

        Args:
            learning: how the model learns, or learned.

        Raises:
            ValueError: the model has no encoder, so nothing can be said of an image.
        """

    def prior(self, model: Model, count: int, generator: torch.Generator) -> Tensor:
        """Draw codes from the prior, (count, D)."""
        return standard_normal(torch.empty(count, model.config.latent_dim), generator)


class OnePass(Objective):
    """Go once through encoder and decoder, and follow one loss: say what the code is, the terms, the loss."""

    @abstractmethod
    def code(self, encoded: Tensor, config: ModelConfig) -> Posterior:
        """Return q(z|x) as the encoder's answer, (B, ...), parametrises it in such a model."""

    @abstractmethod
    def terms(self, passed: Pass) -> Terms:
        """Return the terms of a batch that has passed."""

    @abstractmethod
    def loss(self, terms: Terms, at: StepContext) -> Tensor:
        """Return what a step minimises, a scalar."""

    def code_shares(self, terms: Terms, at: StepContext) -> Tensor | None:
        """Return how much of the loss's gradient by each code goes on to the encoder, (K, B); None: all."""
        return None

    def step(self, moves: Moves, x: Tensor, y: Tensor | None, at: StepContext) -> Terms:
        """Take one step of training, along the gradient of the loss."""
        with moves.rounding():
            passed = passed_through(
                moves.model,
                x,
                generator=moves.noise,
                n_samples=codes_per_image(moves.model.config, at.train),
                y=y,
                learning=at.learning,
                together=True,
            )
            terms = self.terms(passed)
        shares = self.code_shares(terms, at)
        if shares is not None:
            for draw, share in zip(passed.draws, shares, strict=True):
                draw.z.register_hook(partial(torch.mul, share[:, None]))  # type: ignore[no-untyped-call]
        moves.descend(self.loss(terms, at))
        return terms

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
        """Return the terms of images that have passed."""
        return self.terms(
            passed_through(model, x, generator=generator, n_samples=n_samples, y=y, learning=learning)
        )


def objective_of(family: str) -> Objective:
    """Return how a family computes: the `OBJECTIVE` of the file of its name."""
    module = importlib.import_module(f"vae_core.models.families.{family}")
    objective: Objective = module.OBJECTIVE
    return objective
