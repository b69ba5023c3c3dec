"""A step of training in parts, with pauses in between in which others may have their turn.

The batch goes through encoder and decoder in parts (`vae_core.models.nets_in_parts`). All between and behind
them, where images meet, is done once for the whole batch, by the family's own code: the noise is drawn, the
terms are taken, the loss is made of them, with the batch's mean of each dimension's KL for free bits. So the
gradient is that of the undivided step, but for rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vae_core.config.configs import codes_per_image
from vae_core.models.family import Objective, OnePass
from vae_core.models.nets_in_parts import NetInParts
from vae_core.models.objective import Terms
from vae_core.models.passing import Draw, Pass

if TYPE_CHECKING:
    from vae_core.models.family import StepContext
    from vae_core.training.learner import Learner


def can_divide(objective: Objective) -> bool:
    """Whether a family goes once through encoder and decoder and follows one loss."""
    return isinstance(objective, OnePass) and type(objective).step is OnePass.step


def divided_step(
    learner: Learner,
    x: Tensor,
    y: Tensor | None,
    at: StepContext,
    *,
    images: int,
    look: Callable[[Pass, Terms], None] | None = None,
) -> Generator[None, None, Terms]:
    """Take one step as `OnePass.step` does, with a pause after each part.

    A step that is given up has moved no weights and no running statistics; the noise was drawn.

    Args:
        learner: the model, and what moves its weights.
        x: images in [0, 1], (B, C, H, W).
        y: their labels, (B,), for a model with classes.
        at: settings and place of the step.
        images: how many of them, or of their codes, make a part, at most.
        look: called with what has passed, before gradients are taken; then nothing is rounded.

    Returns:
        The batch's terms, as they were before the weights moved.
    """
    model, objective = learner.model, learner.model.objective
    assert isinstance(objective, OnePass)
    assert model.encoder is not None, "what goes once through encoder and decoder has both"
    one_hot = model.one_hot(y, x)
    count = codes_per_image(model.config, at.train)
    rounding = learner.rounding if look is None else nullcontext
    encoder, decoder = NetInParts(model.encoder, rounding), NetInParts(model.decoder, rounding)

    made = yield from encoder.forward(torch.split(x, images), _labels(one_hot, len(x), images))
    encoded = torch.cat([part.detach() for part in made]).requires_grad_()
    with rounding():
        posterior = objective.code(encoded, model.config)
        codes = [posterior.draw(learner.noise) for _ in range(1 if posterior.is_point else count)]
        drawn = torch.cat([each for each, _ in codes])  # (KB, D)
    z = drawn.detach().requires_grad_()
    told = None if one_hot is None else one_hot.repeat(len(codes), 1)
    made = yield from decoder.forward(torch.split(z, images), _labels(told, len(z), images))
    parameters = torch.cat([part.detach() for part in made]).to(z.dtype).requires_grad_()
    if len(codes) == 1:  # the leaves themselves: whoever looks wants their gradients
        draws: tuple[Draw, ...] = (Draw(codes[0][1], z, parameters),)
    else:
        parts = zip(codes, torch.split(z, len(x)), torch.split(parameters, len(x)), strict=True)
        draws = tuple(Draw(noise, own, decoded) for (_, noise), own, decoded in parts)
    passed = Pass(model, x, posterior, draws, at.learning)
    with rounding():
        terms = objective.terms(passed)
    if look is not None:
        look(passed, terms)
    loss = objective.loss(terms, at)

    descent = next(iter(learner.descents.values()))
    descent.begin()
    loss.backward(retain_graph=True)  # type: ignore[no-untyped-call]  # the codes' graph goes back once more
    yield from decoder.backward(_split(parameters, images))
    shares = objective.code_shares(terms, at)
    gradient = z.grad if shares is None or z.grad is None else z.grad * shares.flatten()[:, None]
    drawn.backward(gradient)  # type: ignore[no-untyped-call]
    yield from encoder.backward(_split(encoded, images))
    for net in (encoder, decoder):
        net.note_statistics()
    descent.follow()
    return {name: values.detach() for name, values in terms.items()}


def _labels(one_hot: Tensor | None, count: int, images: int) -> list[Tensor | None]:
    """Return the labels, (B, K), of each part of so many images, or codes; None each where there are none."""
    return [None] * -(-count // images) if one_hot is None else [*torch.split(one_hot, images)]


def _split(values: Tensor, images: int) -> tuple[Tensor, ...]:
    """Return the gradient by some values, in parts."""
    gradient = torch.zeros_like(values) if values.grad is None else values.grad
    return torch.split(gradient, images)
