"""The weights that a net begins with, drawn from a generator."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from vae_core.models.layers.kinds import Dense
from vae_core.models.layers.windows import Convolution, TransposedConvolution
from vae_core.models.nets import Net


def draw_weights(net: Net, generator: torch.Generator) -> None:
    """Draw weights and biases as torch's layers do by default, but from a generator.

    A layer with a `spread` has its weights drawn so that they keep the variance of what passes through it.
    """
    for layer, module in net.weighted():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.reset_parameters()
            continue
        assert isinstance(layer, (Dense, Convolution, TransposedConvolution))
        weight = module.get_parameter("weight")
        bound = 1 / math.sqrt(weight.shape[1] * math.prod(weight.shape[2:]))
        for parameter in module.parameters():
            nn.init.uniform_(parameter, -bound, bound, generator=generator)
        if layer.spread is not None:
            bound = math.sqrt(3 * layer.spread / _meeting(layer, weight))
            nn.init.uniform_(weight, -bound, bound, generator=generator)


def _meeting(layer: Dense | Convolution | TransposedConvolution, weight: Tensor) -> int:
    """Return how many inputs meet in one output: of a transposed convolution, where its windows overlap."""
    if isinstance(layer, TransposedConvolution):
        return max(1, weight.shape[0] * math.prod(layer.kernel) // math.prod(layer.stride))
    return math.prod(weight.shape[1:])
