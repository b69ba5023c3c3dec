"""The architecture "mlp"."""

from __future__ import annotations

import math

from vae_core.models.architectures.parts import RELU, NetConfig, heads, label
from vae_core.models.layers.kinds import Dense, Flatten, Reshape
from vae_core.models.layers.lists import Nets


def mlp(config: NetConfig) -> Nets:
    """Return the textbook's net: one hidden layer each way, 784-400-D-400-784 at 28x28.

    The layer that reads the code stays exact, as the one that writes it: a posterior can be narrower than the
    steps between two rounded numbers.
    """
    hidden = round(400 * config.width)
    encoder = (
        Flatten(),
        *label(config),
        Dense("encoder.dense1", hidden),
        RELU,
        heads(config),
    )
    decoder = (
        *label(config),
        Dense("decoder.dense1", hidden, exact=True),
        RELU,
        Dense("decoder.output", math.prod(config.image_shape)),
        Reshape(config.image_shape),
    )
    return encoder, decoder
