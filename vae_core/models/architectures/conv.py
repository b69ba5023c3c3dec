"""The architecture "conv"."""

from __future__ import annotations

from typing import Final

from vae_core.models.architectures.parts import NetConfig, doubled, halved, heads, label
from vae_core.models.layers.kinds import Activation, Crop, Dense, Flatten, Reshape, Residual
from vae_core.models.layers.lists import Nets

LEAKY: Final = Activation("leaky_relu", slope=0.1)
"""With 16 dimensions on Fashion-MNIST the leak is worth 4 nats, and it costs nothing."""

THROUGH: Final = 2.0
"""The spread of a layer with an activation behind it.

Torch's own draw shrinks what passes through, more with each layer: the deepest net would spend its first
epochs on a plateau (16 dimensions on 10,000 MNIST images, 2 epochs: a test ELBO of -193 where the wider draw
reaches -155; after 20 epochs they are equal). Layers that are added to their input keep torch's, which adds a
sixth to its variance. "mlp" and "article" begin as they do everywhere."""

LAST: Final = 1.0
"""The spread of a layer with none behind it."""


def conv(config: NetConfig) -> Nets:
    """Return a small convolutional net with three dense layers each way: cheap enough to follow a hand.

    With 2 dimensions on MNIST the second dense layer is worth 4 nats and 5 points of a 10-NN on the means.
    Those that are added to their input help two dimensions; without the sum they cost sixteen, on MNIST, 4
    nats and four of those in use.
    """
    channels, height, width = config.image_shape
    fine, coarse, hidden = (round(size * config.width) for size in (16, 32, 128))
    rows, columns = config.grid
    encoder = (
        halved("encoder.conv1", fine, 3, spread=THROUGH),
        LEAKY,
        halved("encoder.conv2", coarse, 3, spread=THROUGH),
        LEAKY,
        Flatten(),
        *label(config),
        Dense("encoder.dense1", hidden, spread=THROUGH),
        LEAKY,
        Dense("encoder.dense2", hidden, spread=THROUGH),
        LEAKY,
        Residual((Dense("encoder.dense3", hidden), LEAKY)),
        heads(config, spread=LAST),
    )
    decoder = (
        *label(config),
        Dense("decoder.dense1", hidden, spread=THROUGH),
        LEAKY,
        Residual((Dense("decoder.dense2", hidden), LEAKY)),
        Residual((Dense("decoder.dense3", hidden), LEAKY)),
        Dense("decoder.dense4", coarse * rows * columns, spread=THROUGH),
        LEAKY,
        Reshape((coarse, rows, columns)),
        doubled("decoder.deconv1", fine, 4, spread=THROUGH),
        LEAKY,
        doubled("decoder.output", channels, 4, spread=LAST),
        Crop(height, width),
    )
    return encoder, decoder
