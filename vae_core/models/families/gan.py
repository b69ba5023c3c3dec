"""The generative adversarial net (arXiv:1406.2661): a decoder, and a net that tells its samples from images.

    discriminator:  softplus(-D(x)) + softplus(D(G(z))) + gamma / 2 |grad_x D(x)|^2
    generator:      softplus(-D(G(z)))                                             z drawn from N(0, I)

D is a logit, above 0 for what it takes for real. The generator's loss is the one that does not saturate
(section 3 of the same), the last term of the discriminator's is R1 (arXiv:1801.04406, equation 9): without it
the two need not come to rest. G is the model's decoder; there is no encoder, and no likelihood.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_core.models.distributions import standard_normal
from vae_core.models.family import Moves, Objective, StepContext
from vae_core.models.objective import Terms
from vae_core.models.passing import UNSAID, Learning, Model

SLOPED: Final = 4
"""R1 is taken of one in so many images of a batch: its mean over images is the same, at a third less time."""


class Adversarial(Objective):
    """Let the discriminator learn from a batch and as many samples, then the generator from these samples."""

    def step(self, moves: Moves, x: Tensor, y: Tensor | None, at: StepContext) -> Terms:
        """Take one step of both: the generator's is against the discriminator as it is by then."""
        discriminator, model = moves.discriminator, moves.model
        assert discriminator is not None, "a family with samples to be told apart has a discriminator"
        z = standard_normal(x.new_empty(len(x), model.config.latent_dim), moves.noise)
        samples = model.images_of(model.decode(z))

        weight, part = at.train.r1_weight, -(-len(x) // SLOPED)
        sloped = x[:part].detach().requires_grad_()
        first = discriminator(sloped).squeeze(1)
        slope = squared_slope(first, sloped, learn=weight > 0).mean()
        others = discriminator(torch.cat([x[part:], samples.detach()])).squeeze(1)
        real, fake = torch.cat([first, others[: -len(x)]]), others[-len(x) :]  # (B,) each
        losses = discriminator_loss(real, fake)
        moves.descend(losses.mean() + weight / 2 * slope, "discriminator")

        with _only_looking(discriminator):
            loss = generator_loss(discriminator(samples).squeeze(1))
        moves.descend(loss.mean(), "generator")
        right = ((real > 0).float() + (fake < 0).float()) / 2
        return {
            "discriminator_loss": losses.detach(),
            "generator_loss": generator_loss(fake.detach()),
            "told_apart": right,
            "slope": slope.detach().expand(len(x)),
        }

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
        """Refuse: a decoder alone says nothing of an image.

        Raises:
            ValueError: always.
        """
        raise ValueError("this model has no encoder and no likelihood: nothing can be measured of an image")


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Return what the discriminator lowers: minus the log of its odds of being right, in nats, (B,).

    Args:
        real: its logits of images, (B,).
        fake: of samples, (B,).
    """
    return F.softplus(-real) + F.softplus(fake)


def generator_loss(fake: Tensor) -> Tensor:
    """Return what the generator lowers, -log of what the discriminator gives its samples, in nats, (B,).

    Args:
        fake: the discriminator's logits of samples, (B,).
    """
    return F.softplus(-fake)


def squared_slope(logits: Tensor, x: Tensor, *, learn: bool = True) -> Tensor:
    """Return the squared length of each logit's gradient by its own image, (B,).

    Args:
        logits: of images, (B,), each of its own image alone.
        x: the images, which want a gradient, (B, ...).
        learn: whether the answer is to have a gradient by the weights.
    """
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=learn, retain_graph=True)
    return slope.flatten(1).square().sum(dim=1)


@contextmanager
def _only_looking(net: nn.Module) -> Iterator[None]:
    """Let what goes through a net leave no gradient at its weights, which spares a third of the way back."""
    for weight in net.parameters():
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in net.parameters():
            weight.requires_grad_(True)


OBJECTIVE: Final = Adversarial()
