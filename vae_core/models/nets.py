"""The nets: encoders and decoders of "mlp", "conv" and "article", whose layers `vae_core.models.vae` lists.

An encoder returns what parametrises the posterior, a decoder what parametrises p(x|z).
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_core.config.configs import ModelConfig
from vae_core.config.sizes import layer_sizes

NEGATIVE_SLOPE: Final = 0.1
"""Of "conv": with 16 dimensions on Fashion-MNIST the leak is worth 4 nats, and costs nothing."""

ADDED_LAYERS: Final = ("encoder.dense3", "decoder.dense2", "decoder.dense3")
"""Of "conv": layers whose answer is added to their input (arXiv:1512.03385). Depth helps two dimensions;
without the sum it costs sixteen, on MNIST 4 nats and four of those in use."""


class _Encoder(nn.Module):
    """Turn a trunk's features into the posterior's mean and, unless a code is a point, log variance."""

    def __init__(self, config: ModelConfig, features: int) -> None:
        super().__init__()
        hidden = layer_sizes(config).dense
        self.activation = leaky if config.architecture == "conv" else F.relu
        self.dense1 = nn.Linear(features + config.n_classes, hidden)
        # With 2 dimensions on MNIST the second layer is worth 4 nats, and 5 points of a 10-NN on the means.
        deep = config.architecture == "conv"
        self.dense2 = nn.Linear(hidden, hidden) if deep else None
        self.dense3 = nn.Linear(hidden, hidden) if deep else None
        self.mean = nn.Linear(hidden, config.latent_dim)
        self.logvar = nn.Linear(hidden, config.latent_dim) if config.latent_kind == "gaussian" else None

    def heads(self, features: Tensor, one_hot: Tensor | None) -> tuple[Tensor, Tensor | None]:
        if one_hot is not None:
            features = torch.cat([features, one_hot], dim=1)
        hidden = self.activation(self.dense1(features))
        if self.dense2 is not None and self.dense3 is not None:
            hidden = leaky(self.dense2(hidden))
            hidden = hidden + leaky(self.dense3(hidden))
        return exactly(self.mean, hidden), None if self.logvar is None else exactly(self.logvar, hidden)


class DenseEncoder(_Encoder):
    """The encoder of "mlp"."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, math.prod(config.image_shape))

    def forward(self, x: Tensor, one_hot: Tensor | None) -> tuple[Tensor, Tensor | None]:  # noqa: D102
        return self.heads(x.flatten(1), one_hot)


class ConvEncoder(_Encoder):
    """The encoder of "conv" and "article"."""

    def __init__(self, config: ModelConfig) -> None:
        sizes = layer_sizes(config)
        (first, second), kernel = sizes.encoder_channels, sizes.encoder_kernel
        super().__init__(config, second * math.prod(config.grid))
        self.conv1 = nn.Conv2d(config.image_shape[0], first, kernel, stride=2, padding=kernel // 2)
        self.conv2 = nn.Conv2d(first, second, kernel, stride=2, padding=kernel // 2)

    def forward(self, x: Tensor, one_hot: Tensor | None) -> tuple[Tensor, Tensor | None]:  # noqa: D102
        x = self.activation(self.conv1(x))  # (B, 16, H/2, W/2)
        x = self.activation(self.conv2(x))  # (B, 32, h, w)
        return self.heads(x.flatten(1), one_hot)


class _Decoder(nn.Module):
    """Hold what every decoder has: the shape of its images and perhaps a learned log variance."""

    log_variance: nn.Parameter

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.image_shape = config.image_shape
        self.grid = config.grid
        if config.likelihood == "gaussian_learned":
            self.log_variance = nn.Parameter(torch.empty(()))

    def crop(self, x: Tensor) -> Tensor:
        _, height, width = self.image_shape
        return x[:, :, :height, :width]


class DenseDecoder(_Decoder):
    """The decoder of "mlp"."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        hidden = layer_sizes(config).dense
        self.dense1 = nn.Linear(config.latent_dim + config.n_classes, hidden)
        self.output = nn.Linear(hidden, math.prod(config.image_shape))

    def forward(self, z: Tensor) -> Tensor:  # noqa: D102
        x: Tensor = self.output(F.relu(exactly(self.dense1, z)))
        return x.view(len(z), *self.image_shape)


class ConvDecoder(_Decoder):
    """The decoder of "conv": cheap enough to follow a hand in JavaScript."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        sizes = layer_sizes(config)
        coarse, fine = sizes.decoder_channels
        self.dense1 = nn.Linear(config.latent_dim + config.n_classes, sizes.dense)
        self.dense2 = nn.Linear(sizes.dense, sizes.dense)
        self.dense3 = nn.Linear(sizes.dense, sizes.dense)
        self.dense4 = nn.Linear(sizes.dense, coarse * math.prod(self.grid))
        self.deconv1 = _doubling(coarse, fine, sizes.decoder_kernel, bias=True)
        self.output = _doubling(fine, config.image_shape[0], sizes.decoder_kernel, bias=True, narrow=True)

    def forward(self, z: Tensor) -> Tensor:  # noqa: D102
        x = leaky(self.dense1(z))
        x = x + leaky(self.dense2(x))
        x = x + leaky(self.dense3(x))
        x = leaky(self.dense4(x))
        x = x.view(len(z), self.deconv1.in_channels, *self.grid)  # (B, 32, h, w)
        x = leaky(self.deconv1(x))  # (B, 16, 2h, 2w)
        return self.crop(self.output(x))


class ArticleDecoder(_Decoder):
    """The decoder of "article"; both transposed convolutions have stride 2, else it would end too small."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        sizes = layer_sizes(config)
        coarse, fine = sizes.decoder_channels
        cells = math.prod(self.grid)
        self.dense1 = nn.Linear(config.latent_dim + config.n_classes, coarse * cells)
        self.norm1 = nn.BatchNorm1d(coarse * cells)
        self.deconv1 = _doubling(coarse, fine, sizes.decoder_kernel, bias=False)
        self.norm2 = nn.BatchNorm2d(fine)
        self.output = _doubling(fine, config.image_shape[0], sizes.decoder_kernel, bias=False, narrow=True)

    def forward(self, z: Tensor) -> Tensor:  # noqa: D102
        x = self.norm1(F.relu(self.dense1(z)))
        x = x.view(len(z), self.deconv1.in_channels, *self.grid)  # (B, 256, h, w)
        x = F.relu(self.norm2(self.deconv1(x)))  # (B, 128, 2h, 2w)
        return self.crop(self.output(x))


def exactly(layer: nn.Linear, x: Tensor) -> Tensor:
    """Apply a layer beside the code in its own precision, also where autocast rounds the others.

    A posterior can be narrower than the steps between two bfloat16 numbers.
    """
    with torch.autocast(x.device.type, enabled=False):
        answer: Tensor = layer(x.to(layer.weight.dtype))
    return answer


def leaky(x: Tensor) -> Tensor:
    """Return x where it is positive, else a tenth of it; x itself, which is overwritten."""
    return F.leaky_relu(x, NEGATIVE_SLOPE, inplace=True)


class NarrowConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution to a few channels, through torch's own kernel on the CPU.

    oneDNN, which torch would choose, pads the outputs' channels: for one of them it takes twice as long.
    That kernel takes no empty batch.
    """

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:  # noqa: D102
        if input.device.type != "cpu" or output_size is not None or len(input) == 0:
            return super().forward(input, output_size)
        answer: Tensor = torch.ops.aten.slow_conv_transpose2d(
            input, self.weight, self.kernel_size, self.bias, self.stride, self.padding, self.output_padding
        )
        return answer


def _doubling(
    inputs: int, outputs: int, kernel: int, *, bias: bool, narrow: bool = False
) -> nn.ConvTranspose2d:
    padding, odd = (kernel - 1) // 2, kernel % 2
    kind = NarrowConvTranspose2d if narrow else nn.ConvTranspose2d
    return kind(inputs, outputs, kernel, stride=2, padding=padding, output_padding=odd, bias=bias)
