"""The architectures: each a function from a model's settings to two lists of layers.

The encoder's list reads from an image to the posterior's parameters: D means, then D log variances; where a
code is a point, D numbers alone. The decoder's reads from a code to the parameters of p(x|z): a Bernoulli's
logits, a Gaussian's mean. (`decode_images` applies a sigmoid, or clamps to [0, 1].) Whoever runs a model
elsewhere, as the browser does, needs these lists and the tensors of `VAE.state_dict()`, named as the layers
are; `decoder.log_variance`, a scalar, stands beside them with the likelihood "gaussian_learned".

To add one: a function here and its entry in `ARCHITECTURES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from vae_core.models.layer import Layer
from vae_core.models.layer_lists import Layers, Nets
from vae_core.models.layers import (
    Activation,
    AppendLabel,
    BatchNorm,
    Crop,
    Dense,
    Flatten,
    Heads,
    Reshape,
    Residual,
)
from vae_core.models.windows import Convolution, TransposedConvolution


class NetConfig(Protocol):
    """What of a `ModelConfig` says what its nets are."""

    @property
    def image_shape(self) -> tuple[int, int, int]: ...  # noqa: D102
    @property
    def latent_dim(self) -> int: ...  # noqa: D102
    @property
    def latent_kind(self) -> str: ...  # noqa: D102
    @property
    def n_classes(self) -> int: ...  # noqa: D102
    @property
    def width(self) -> float: ...  # noqa: D102

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the coarsest feature map: a quarter of the image's, rounded up."""


RELU: Final = Activation("relu")
LEAKY: Final = Activation("leaky_relu", slope=0.1)
"""Of "conv": with 16 dimensions on Fashion-MNIST the leak is worth 4 nats, and costs nothing."""

THROUGH: Final = 2.0
"""The spread of a layer of "conv" with an activation behind it.

Torch's own draw shrinks what passes through, more with each layer: the deepest net would spend its first
epochs on a plateau (16 dimensions on 10,000 MNIST images, 2 epochs: a test ELBO of -193 where the wider draw
reaches -155; after 20 epochs they are equal). Layers that are added to their input keep torch's, which adds a
sixth to its variance. "mlp" and "article" begin as they do everywhere."""

LAST: Final = 1.0
"""The spread of a layer of "conv" with none behind it."""


def mlp(config: NetConfig) -> Nets:
    """Return the textbook's net: one hidden layer each way, 784-400-D-400-784 at 28x28.

    The layer that reads the code stays exact, as the one that writes it: a posterior can be narrower than the
    steps between two rounded numbers.
    """
    hidden = round(400 * config.width)
    encoder = (
        Flatten(),
        *_label(config),
        Dense("encoder.dense1", hidden),
        RELU,
        _heads(config),
    )
    decoder = (
        *_label(config),
        Dense("decoder.dense1", hidden, exact=True),
        RELU,
        Dense("decoder.output", math.prod(config.image_shape)),
        Reshape(config.image_shape),
    )
    return encoder, decoder


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
        _halved("encoder.conv1", fine, 3, spread=THROUGH),
        LEAKY,
        _halved("encoder.conv2", coarse, 3, spread=THROUGH),
        LEAKY,
        Flatten(),
        *_label(config),
        Dense("encoder.dense1", hidden, spread=THROUGH),
        LEAKY,
        Dense("encoder.dense2", hidden, spread=THROUGH),
        LEAKY,
        Residual((Dense("encoder.dense3", hidden), LEAKY)),
        _heads(config, spread=LAST),
    )
    decoder = (
        *_label(config),
        Dense("decoder.dense1", hidden, spread=THROUGH),
        LEAKY,
        Residual((Dense("decoder.dense2", hidden), LEAKY)),
        Residual((Dense("decoder.dense3", hidden), LEAKY)),
        Dense("decoder.dense4", coarse * rows * columns, spread=THROUGH),
        LEAKY,
        Reshape((coarse, rows, columns)),
        _doubled("decoder.deconv1", fine, 4, spread=THROUGH),
        LEAKY,
        _doubled("decoder.output", channels, 4, spread=LAST),
        Crop(height, width),
    )
    return encoder, decoder


def article(config: NetConfig) -> Nets:
    """Return the net of the article that began this project; `width` does not change it.

    As printed, its decoder ends at half the image's size; here both transposed convolutions have stride 2.
    """
    channels, height, width = config.image_shape
    rows, columns = config.grid
    encoder = (
        _halved("encoder.conv1", 32, 5),
        RELU,
        _halved("encoder.conv2", 64, 5),
        RELU,
        Flatten(),
        *_label(config),
        Dense("encoder.dense1", 128),
        RELU,
        _heads(config),
    )
    decoder = (
        *_label(config),
        Dense("decoder.dense1", 256 * rows * columns),
        RELU,
        BatchNorm("decoder.norm1"),
        Reshape((256, rows, columns)),
        _doubled("decoder.deconv1", 128, 5, bias=False),
        BatchNorm("decoder.norm2"),
        RELU,
        _doubled("decoder.output", channels, 5, bias=False),
        Crop(height, width),
    )
    return encoder, decoder


ARCHITECTURES: Final[dict[str, Callable[[NetConfig], Nets]]] = {"mlp": mlp, "conv": conv, "article": article}

LARGEST_SIDES: Final[Mapping[str, int]] = {"article": 32}
"""The largest side at which pages offer an architecture: 40 M multiply-adds at 28x28 grow with the area."""


def _label(config: NetConfig) -> Layers:
    return (AppendLabel(config.n_classes),) if config.n_classes else ()


def _heads(config: NetConfig, *, spread: float | None = None) -> Layer:
    """Return the layers that write the code: its mean and, unless it is a point, its log variance."""
    names = ("encoder.mean", "encoder.logvar") if config.latent_kind == "gaussian" else ("encoder.mean",)
    return Heads(names, config.latent_dim, spread=spread, exact=True)


def _halved(name: str, channels: int, kernel: int, *, spread: float | None = None) -> Layer:
    """Return a convolution that halves height and width, rounded up."""
    padding = kernel // 2
    return Convolution(name, channels, (kernel, kernel), (2, 2), (padding, padding), spread=spread)


def _doubled(
    name: str, channels: int, kernel: int, *, bias: bool = True, spread: float | None = None
) -> Layer:
    """Return a transposed convolution that doubles height and width."""
    padding, odd = (kernel - 1) // 2, kernel % 2
    return TransposedConvolution(
        name, channels, (kernel, kernel), (2, 2), (padding, padding), (odd, odd), bias, spread
    )
