"""How large a net is, from its config alone: the widths of its layers, and the number of its weights.

Plain Python, without torch: a net that is too large is refused before it is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class NetConfig(Protocol):
    """What of a `ModelConfig` says how large its nets are."""

    @property
    def image_shape(self) -> tuple[int, int, int]: ...  # noqa: D102
    @property
    def latent_dim(self) -> int: ...  # noqa: D102
    @property
    def architecture(self) -> str: ...  # noqa: D102
    @property
    def family(self) -> str: ...  # noqa: D102
    @property
    def likelihood(self) -> str: ...  # noqa: D102
    @property
    def n_classes(self) -> int: ...  # noqa: D102
    @property
    def width(self) -> float: ...  # noqa: D102

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the smallest picture in a convolutional net."""


@dataclass(frozen=True)
class LayerSizes:
    """Hold the hidden widths of a net after `width` has been applied."""

    dense: int
    encoder_channels: tuple[int, int] = (0, 0)
    decoder_channels: tuple[int, int] = (0, 0)
    encoder_kernel: int = 0
    decoder_kernel: int = 0


def layer_sizes(config: NetConfig) -> LayerSizes:
    """Return the hidden widths that `vae_core.models.nets` builds from."""

    def scaled(size: int) -> int:
        return round(size * config.width)

    if config.architecture == "mlp":
        return LayerSizes(dense=scaled(400))
    if config.architecture == "conv":
        return LayerSizes(
            dense=scaled(128),
            encoder_channels=(scaled(16), scaled(32)),
            decoder_channels=(scaled(32), scaled(16)),
            encoder_kernel=3,
            decoder_kernel=4,
        )
    return LayerSizes(
        dense=128,
        encoder_channels=(32, 64),
        decoder_channels=(256, 128),
        encoder_kernel=5,
        decoder_kernel=5,
    )


def count_weights(config: NetConfig) -> int:
    """Return the number of trained parameters, without building the model."""
    channels, height, width = config.image_shape
    sizes, latent, labels = layer_sizes(config), config.latent_dim, config.n_classes
    cells = config.grid[0] * config.grid[1]
    pixels = channels * height * width
    heads = (1 if config.family == "autoencoder" else 2) * _dense(sizes.dense, latent)
    noise = int(config.likelihood == "gaussian_learned")
    if config.architecture == "mlp":
        encoder = _dense(pixels + labels, sizes.dense)
        return encoder + heads + _dense(latent + labels, sizes.dense) + _dense(sizes.dense, pixels) + noise

    (first, second), area = sizes.encoder_channels, sizes.encoder_kernel**2
    encoder = (channels * area + 1) * first + (first * area + 1) * second
    encoder += _dense(second * cells + labels, sizes.dense)
    (coarse, fine), area = sizes.decoder_channels, sizes.decoder_kernel**2
    if config.architecture == "conv":
        between = 2 * _dense(sizes.dense, sizes.dense)
        encoder += between
        decoder = _dense(latent + labels, sizes.dense) + between + _dense(sizes.dense, coarse * cells)
        decoder += (coarse * area + 1) * fine + (fine * area + 1) * channels
    else:
        decoder = _dense(latent + labels, coarse * cells) + 2 * coarse * cells
        decoder += coarse * fine * area + 2 * fine + fine * area * channels
    return encoder + heads + decoder + noise


def _dense(inputs: int, outputs: int) -> int:
    return (inputs + 1) * outputs
