"""One update taken apart: what a step of training sees, computes, and changes.

Everything in a `StepDetail` belongs to the one step that was really taken. Its gradients are those of each
image's own loss, -log p(x|z) + beta * KL. The optimiser follows their mean over the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from vae_core.models.family import OnePass
from vae_core.models.passing import UNSAID, passed_through

if TYPE_CHECKING:
    from vae_core.models.objective import Terms
    from vae_core.models.passing import Learning, Pass
    from vae_core.models.vae import VAE

SHOWN: Final = 8


@dataclass(frozen=True, eq=False)
class StepDetail:
    """Hold one update of the weights, for the first images of its batch. What a family has not is None.

    The gradients are of each image's own loss, not divided by the batch; where free bits hold a dimension's
    KL at no cost, that part is 0, and batch norm's coupling of the images is left in. A step against them
    makes the loss smaller.

    Attributes:
        x: the images as the step saw them, in [0, 1], (B, C, H, W).
        mean: posterior means, (B, D).
        logvar: log variances of the posteriors, (B, D), or None.
        noise: the standard normal draw that makes z = mean + exp(logvar / 2) * noise, (B, D), or None.
        z: the codes that were decoded, (B, D).
        reconstruction: what they decoded to before the weights moved, in [0, 1], (B, C, H, W).
        log_likelihood: log p(x|z) in nats, (B,).
        kl_per_dim: KL to the prior per latent dimension in nats, (B, D), or None.
        grad_z: of the loss by z: what the reconstruction asks for, in nats per unit, (B, D).
        grad_mean: of the loss by the mean, reconstruction and KL together, (B, D).
        grad_logvar: of the loss by the log variance, both together, (B, D), or None.
        weight_change: how far each tensor of weights moved, by name: the length of the difference.
        labels: the images' classes, (B,), or None.
    """

    x: Tensor
    mean: Tensor
    logvar: Tensor | None
    noise: Tensor | None
    z: Tensor
    reconstruction: Tensor
    log_likelihood: Tensor
    kl_per_dim: Tensor | None
    grad_z: Tensor
    grad_mean: Tensor
    grad_logvar: Tensor | None
    weight_change: dict[str, float]
    labels: Tensor | None = None


class Dissection:
    """Keep what a step passes on its way, before gradients are taken.

    Args:
        model: in train mode.
        passed: the step's batch.
        terms: the batch's, by name.
    """

    def __init__(self, model: VAE, passed: Pass, terms: Terms) -> None:
        self._model = model
        self._passed, self.terms = passed, terms
        for node in (self._passed.posterior.mean, self._passed.posterior.logvar, self._passed.draws[0].z):
            if node is not None:
                node.retain_grad()
        self._before = {name: weights.detach().clone() for name, weights in model.named_parameters()}

    @classmethod
    def passing(
        cls,
        model: VAE,
        x: Tensor,
        *,
        generator: torch.Generator,
        y: Tensor | None,
        learning: Learning = UNSAID,
    ) -> Dissection:
        """Take a batch through a model as its family's step does.

        Args:
            model: in train mode.
            x: images in [0, 1], (B, C, H, W).
            generator: of the posterior's noise; draws what the step would draw.
            y: labels, (B,), for a model with classes.
            learning: how the model learns.
        """
        passed = passed_through(model, x, generator=generator, y=y, learning=learning)
        assert isinstance(model.objective, OnePass), "what can be taken apart goes once through its nets"
        return cls(model, passed, model.objective.terms(passed))

    def detail(self, shown: int) -> StepDetail:
        """Return what happened, once gradients were taken and the weights have moved."""
        passed, draw = self._passed, self._passed.draws[0]
        mean, logvar = passed.posterior.mean, passed.posterior.logvar
        batch = len(passed.x)

        def first(values: Tensor) -> Tensor:
            return values.detach()[:shown].cpu().clone()

        def own_gradient(node: Tensor) -> Tensor:
            assert node.grad is not None
            return first(node.grad) * batch  # the step's loss is the mean over the batch

        images = self._model.images_of(draw.parameters)
        kl = self.terms.get("kl")
        return StepDetail(
            x=first(passed.x),
            mean=first(mean),
            logvar=None if logvar is None else first(logvar),
            noise=None if draw.noise is None else first(draw.noise),
            z=first(draw.z),
            reconstruction=first(images),
            log_likelihood=first(self.terms["log_likelihood"]),
            kl_per_dim=None if kl is None else first(kl),
            grad_z=own_gradient(draw.z),
            grad_mean=own_gradient(mean),
            grad_logvar=None if logvar is None else own_gradient(logvar),
            weight_change={
                name: float(torch.linalg.vector_norm(weights.detach() - self._before[name]))
                for name, weights in self._model.named_parameters()
            },
        )
