"""The model: an encoder to a posterior over latent codes, a decoder to the parameters of p(x|z).

The layers of its nets (`vae_core.models.nets`), exactly. Whoever runs a model elsewhere (the browser does)
needs these lists, a `ModelConfig` and the tensors of `VAE.state_dict()`, whose names are the ones below plus
``.weight`` and ``.bias``.

Notation: images (C, H, W); D latent dimensions; K = n_classes; h, w = `ModelConfig.grid`, that is H/4 and W/4
rounded up. The sizes below are those of width 1; others can be read off the weights' shapes. ``[v, y]``
appends the one-hot label to v (nothing if K = 0). Weights are laid out as torch does: dense (out, in);
convolution (out, in, k, k); transposed convolution (in, out, k, k). Flattening and unflattening are row-major
over (channel, row, column). ReLU is max(v, 0); leaky is v where v > 0, else 0.1 v.

    mlp      encoder.dense1   dense [CHW, K] -> 400, ReLU
             decoder.dense1   dense [D, K] -> 400, ReLU
             decoder.output   dense 400 -> CHW, seen as (C, H, W)

    conv     encoder.conv1    convolution 3x3, stride 2, padding 1, C -> 16, leaky
             encoder.conv2    convolution 3x3, stride 2, padding 1, 16 -> 32, leaky            (32, h, w)
             encoder.dense1   dense [32hw, K] -> 128, leaky
             encoder.dense2   dense 128 -> 128, leaky
             encoder.dense3   dense 128 -> 128, leaky, added to its input
             decoder.dense1   dense [D, K] -> 128, leaky
             decoder.dense2   dense 128 -> 128, leaky, added to its input
             decoder.dense3   dense 128 -> 128, leaky, added to its input
             decoder.dense4   dense 128 -> 32hw, leaky, seen as (32, h, w)
             decoder.deconv1  transposed convolution 4x4, stride 2, padding 1, 32 -> 16, leaky   (16, 2h, 2w)
             decoder.output   transposed convolution 4x4, stride 2, padding 1, 16 -> C          (C, 4h, 4w)
                              cropped to the first H rows and W columns

    article  encoder.conv1    convolution 5x5, stride 2, padding 2, C -> 32, ReLU
             encoder.conv2    convolution 5x5, stride 2, padding 2, 32 -> 64, ReLU            (64, h, w)
             encoder.dense1   dense [64hw, K] -> 128, ReLU
             decoder.dense1   dense [D, K] -> 256hw, ReLU
             decoder.norm1    batch norm of each of the 256hw numbers, then seen as (256, h, w)
             decoder.deconv1  transposed convolution 5x5, stride 2, padding 2, output padding 1,
                              256 -> 128, no bias                                             (128, 2h, 2w)
             decoder.norm2    batch norm of each of the 128 channels, ReLU
             decoder.output   transposed convolution 5x5, stride 2, padding 2, output padding 1,
                              128 -> C, no bias                                               (C, 4h, 4w)
                              cropped to the first H rows and W columns

    all      encoder.mean     dense 400 (mlp) or 128 -> D
             encoder.logvar   dense, the same; absent in an autoencoder
             decoder.log_variance   a scalar, with likelihood "gaussian_learned" only

Every transposed convolution doubles height and width: with a k x k kernel its padding is (k-1)//2 and its
output padding k mod 2. In eval mode batch norm is (v - running_mean) / sqrt(running_var + 1e-5) * weight
+ bias. The decoder's output is logits with a Bernoulli and the mean itself with a Gaussian; `decode_images`
applies a sigmoid, or clamps to [0, 1].
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_core.config.configs import ModelConfig
from vae_core.models.distributions import Posterior
from vae_core.models.nets import (
    ADDED_LAYERS,
    ArticleDecoder,
    ConvDecoder,
    ConvEncoder,
    DenseDecoder,
    DenseEncoder,
)

INITIAL_LOG_VARIANCE: Final = -3.0
LEAST_LOG_VARIANCE: Final = 2 * math.log(1 / 256)
"""Of "gaussian_learned": a standard deviation of one grey level, below which there is nothing to learn."""


class VAE(nn.Module):
    """An encoder and a decoder for images of one shape.

    Attributes:
        config: what was built.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        encoders = {"mlp": DenseEncoder, "conv": ConvEncoder, "article": ConvEncoder}
        decoders = {"mlp": DenseDecoder, "conv": ConvDecoder, "article": ArticleDecoder}
        self.encoder = encoders[config.architecture](config)
        self.decoder = decoders[config.architecture](config)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """Place images in the latent space.

        Args:
            x: images in [0, 1], of the weights' type (float32), (B, C, H, W).
            y: labels, int64, (B,); wanted by a model with classes and by no other.

        Returns:
            The posterior, its tensors (B, D).

        Raises:
            ValueError: if shapes, types or labels do not fit the model.
        """
        dtype = next(self.parameters()).dtype
        if x.ndim != 4 or tuple(x.shape[1:]) != self.config.image_shape or x.dtype != dtype:
            channels, height, width = self.config.image_shape
            raise ValueError(
                f"images must be floating point ({dtype}) in [0, 1], "
                f"of shape (B, {channels}, {height}, {width}); got {x.dtype} of shape {tuple(x.shape)}"
            )
        mean, logvar = self.encoder(x, self._one_hot(y, x))
        return Posterior(mean, logvar)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the parameters of p(x|z): a Bernoulli's logits, a Gaussian's mean.

        Args:
            z: latent codes, of the weights' type (float32), (B, D).
            y: labels, int64, (B,); wanted by a model with classes and by no other.

        Returns:
            (B, C, H, W).

        Raises:
            ValueError: if shapes, types or labels do not fit the model.
        """
        dtype = next(self.parameters()).dtype
        if z.ndim != 2 or z.shape[1] != self.config.latent_dim or z.dtype != dtype:
            raise ValueError(
                f"z must be floating point ({dtype}), of shape (B, {self.config.latent_dim}); "
                f"got {z.dtype} of shape {tuple(z.shape)}"
            )
        one_hot = self._one_hot(y, z)
        parameters: Tensor = self.decoder(z if one_hot is None else torch.cat([z, one_hot], dim=1))
        return parameters.to(z.dtype)

    def decode_images(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the expected images, (B, C, H, W) in [0, 1]; arguments as for `decode`."""
        parameters = self.decode(z, y)
        if self.config.likelihood == "bernoulli":
            return torch.sigmoid(parameters)
        return parameters.clamp(0, 1)

    @property
    def log_variance(self) -> Tensor:
        """The learned log variance of p(x|z), at least one grey level's, its gradient kept there."""
        raw: Tensor = self.decoder.log_variance
        return raw + (raw.clamp(min=LEAST_LOG_VARIANCE) - raw).detach()

    def _one_hot(self, y: Tensor | None, like: Tensor) -> Tensor | None:
        classes = self.config.n_classes
        if classes == 0:
            if y is not None:
                raise ValueError("this model was built without classes (n_classes=0) and takes no labels")
            return None
        wanted = f"this model wants one label per image, int64, from 0 to {classes - 1}"
        if y is None or y.shape != (len(like),) or y.dtype != torch.int64:
            got = "none" if y is None else f"{y.dtype} of shape {tuple(y.shape)}"
            raise ValueError(f"{wanted}; got {got}")
        try:
            return F.one_hot(y, classes).to(like)
        except RuntimeError:  # a check of our own would make an accelerator wait at every step
            raise ValueError(f"{wanted}; got labels from {int(y.min())} to {int(y.max())}") from None


def build_model(config: ModelConfig, *, seed: int = 0) -> VAE:
    """Build a model with fresh weights, in train mode.

    Args:
        config: what to build.
        seed: of the weights; torch's own random state is neither used nor changed.

    Returns:
        The model, float32 on the CPU.
    """
    with torch.device("meta"):  # so that the layers' constructors draw no numbers
        model = VAE(config)
    model.to_empty(device="cpu")
    _draw_weights(model, torch.Generator().manual_seed(seed))
    return model


def _draw_weights(model: VAE, generator: torch.Generator) -> None:
    """Draw weights and biases as torch's layers do by default, but from a generator; conv's weights wider.

    Torch's default shrinks what passes through an activation, more with each layer: "conv", the deepest net,
    would spend its first epochs on a plateau (16 dimensions on 10,000 MNIST images, 2 epochs: a test ELBO of
    -193 where the wider draw reaches -155; after 20 epochs they are equal). Layers added to their input keep
    the default, which adds a sixth to its variance. "mlp" and "article" begin as they do everywhere.
    """
    for name, module in model.named_modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.reset_parameters()
        elif isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            inputs = module.weight.shape[1] * math.prod(module.weight.shape[2:])
            bound = 1 / math.sqrt(inputs)
            for parameter in module.parameters():
                nn.init.uniform_(parameter, -bound, bound, generator=generator)
            if model.config.architecture == "conv" and name not in ADDED_LAYERS:
                _draw_wide(module.weight, name, generator)
    if model.config.likelihood == "gaussian_learned":
        nn.init.constant_(model.decoder.log_variance, INITIAL_LOG_VARIANCE)


def _draw_wide(weight: Tensor, name: str, generator: torch.Generator) -> None:
    """Draw a weight so that a layer and its activation keep the variance of its input (arXiv:1502.01852)."""
    inputs = math.prod(weight.shape[1:])
    if "deconv" in name or name == "decoder.output":  # at stride 2 a quarter of the kernel meets a pixel
        inputs = weight.shape[0] * math.prod(weight.shape[2:]) // 4
    activated = not name.endswith(("mean", "logvar", "output"))
    bound = math.sqrt((6 if activated else 3) / inputs)
    nn.init.uniform_(weight, -bound, bound, generator=generator)
