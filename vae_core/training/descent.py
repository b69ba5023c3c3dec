"""Adam over many weights as over one: all that an optimiser moves lies end to end in one tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn

LARGEST_GRADIENT: Final = 300.0
"""The norm, in nats per image, to which a longer gradient of all weights is cut; of "conv" on Fashion-MNIST
in batches of 32 one in fifty is longer. A single image whose posterior's variance shoots up gives one of 1e10
and more, which Adam's second moments would not forget: it ended runs, or held them 30 nats back."""


class Descent:
    """Move some of a model's weights, by Adam with decoupled weight decay.

    Args:
        parameters: the weights by name; they become views of one tensor.
        device: where they lie.
        betas: how much of the gradients before Adam's two means keep at each step.
        pace: factor on the learning rate.

    Attributes:
        parameters: the weights by name.
        optimizer: Adam, with its moments from the beginning on.
    """

    def __init__(
        self,
        parameters: Mapping[str, nn.Parameter],
        device: torch.device,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        pace: float = 1.0,
    ) -> None:
        self._pace = pace
        self.parameters = dict(parameters)
        self._device = device
        self._weights, self._gradient = _laid_end_to_end([*self.parameters.values()])
        self._matrices: list[Tensor] = [each for each in self.parameters.values() if each.ndim > 1]
        self._shrinking = 0.0
        self.optimizer = torch.optim.Adam([self._weights], betas=betas, fused=True)
        self.optimizer.state[self._weights] = {  # what Adam would make at its first step: it can be loaded
            "step": torch.zeros((), dtype=torch.float32, device=device),
            "exp_avg": torch.zeros_like(self._weights),
            "exp_avg_sq": torch.zeros_like(self._weights),
        }

    def set(self, *, learning_rate: float, weight_decay: float) -> None:
        """Change how far weights move, and shrink, from the next step on.

        Weight decay is decoupled from the gradient and from Adam's moments (arXiv:1711.05101, algorithm 2).
        It spares biases, batch norms and a learned variance, which have no reason to be near 0.
        """
        learning_rate *= self._pace
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self._shrinking = learning_rate * weight_decay

    def step(self, loss: Tensor) -> None:
        """Move the weights by one step of Adam, along a gradient of the loss no longer than the largest."""
        self.begin()
        loss.backward()  # type: ignore[no-untyped-call]
        self.follow()

    def begin(self) -> None:
        """Forget the last gradient: autograd adds to it."""
        self._gradient.zero_()

    def follow(self) -> None:
        """Move the weights by one step of Adam along the gradient that has come together since."""
        excess = torch.linalg.vector_norm(self._gradient) / LARGEST_GRADIENT
        if self._device.type != "cpu" or excess > 1:  # an accelerator would have to wait for the answer
            self._gradient /= excess.clamp(min=1)
        if self._shrinking:
            with torch.no_grad():
                torch._foreach_mul_(self._matrices, 1 - self._shrinking)
        self.optimizer.step()

    def moments(self) -> dict[str, Tensor]:
        """Return what Adam keeps of each weight, themselves, by their names in a state."""
        parameters = [*self.parameters.values()]
        named = {}
        for slot, laid in self.optimizer.state[self._weights].items():
            parts = [laid] * len(parameters) if slot == "step" else _parted(laid, parameters)
            for name, part in zip(self.parameters, parts, strict=True):
                named[f"optimizer.{name}.{slot}"] = part
        return named


def _laid_end_to_end(parameters: Sequence[nn.Parameter]) -> tuple[nn.Parameter, Tensor]:
    """Lay all weights, and their gradients, into one tensor each, (W,); the model's become views of these.

    The optimiser then moves one tensor, not two dozen, each of which would cost it some time.
    """
    weights = nn.Parameter(nn.utils.parameters_to_vector(parameters).detach())
    nn.utils.vector_to_parameters(weights.detach(), parameters)
    gradient = weights.grad = torch.zeros_like(weights)
    for parameter, part in zip(parameters, _parted(gradient, parameters), strict=True):
        parameter.grad = part  # to which autograd adds
    return weights, gradient


def _parted(laid: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Return the parts of a tensor, (W,), that belong to each parameter, in their shapes."""
    parts = torch.split(laid, [parameter.numel() for parameter in parameters])
    return [part.view_as(parameter) for part, parameter in zip(parts, parameters, strict=True)]
