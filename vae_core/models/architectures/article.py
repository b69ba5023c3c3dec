"""The architecture "article"."""

from __future__ import annotations

from vae_core.models.architectures.parts import RELU, NetConfig, doubled, halved, heads, label
from vae_core.models.layers.kinds import BatchNorm, Crop, Dense, Flatten, Reshape
from vae_core.models.layers.lists import Nets


def article(config: NetConfig) -> Nets:
    """Return the net of the article that began this project; `width` does not change it.

    As printed, its decoder ends at half the image's size; here both transposed convolutions have stride 2.
    """
    channels, height, width = config.image_shape
    rows, columns = config.grid
    encoder = (
        halved("encoder.conv1", 32, 5),
        RELU,
        halved("encoder.conv2", 64, 5),
        RELU,
        Flatten(),
        *label(config),
        Dense("encoder.dense1", 128),
        RELU,
        heads(config),
    )
    decoder = (
        *label(config),
        Dense("decoder.dense1", 256 * rows * columns),
        RELU,
        BatchNorm("decoder.norm1"),
        Reshape((256, rows, columns)),
        doubled("decoder.deconv1", 128, 5, bias=False),
        BatchNorm("decoder.norm2"),
        RELU,
        doubled("decoder.output", channels, 5, bias=False),
        Crop(height, width),
    )
    return encoder, decoder
