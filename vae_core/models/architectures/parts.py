"""What the architectures share: what of a model's settings says what its nets are, and groups of layers."""

from __future__ import annotations

from typing import Final, Protocol

from vae_core.models.layers.kinds import Activation, AppendLabel, Heads
from vae_core.models.layers.layer import Layer
from vae_core.models.layers.lists import Layers
from vae_core.models.layers.windows import Convolution, TransposedConvolution


class NetConfig(Protocol):
    """What of a `ModelConfig` says what its nets are."""

    @property
    def image_shape(self) -> tuple[int, int, int]: ...  # noqa: D102
    @property
    def latent_dim(self) -> int: ...  # noqa: D102
    @property
    def code_size(self) -> int: ...  # noqa: D102
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


def label(config: NetConfig) -> Layers:
    """Return the layer that tells the class, or none where the model has no classes."""
    return (AppendLabel(config.n_classes),) if config.n_classes else ()


def heads(config: NetConfig, *, spread: float | None = None) -> Layer:
    """Return the layers that write the code: means and log variances, points, or categories' scores."""
    heads_of = {"gaussian": ("encoder.mean", "encoder.logvar"), "categorical": ("encoder.logits",)}
    names = heads_of.get(config.latent_kind, ("encoder.mean",))
    return Heads(names, config.code_size, spread=spread, exact=True)


def halved(name: str, channels: int, kernel: int, *, spread: float | None = None) -> Layer:
    """Return a convolution that halves height and width, rounded up."""
    padding = kernel // 2
    return Convolution(name, channels, (kernel, kernel), (2, 2), (padding, padding), spread=spread)


def doubled(
    name: str, channels: int, kernel: int, *, bias: bool = True, spread: float | None = None
) -> Layer:
    """Return a transposed convolution that doubles height and width."""
    padding, odd = (kernel - 1) // 2, kernel % 2
    return TransposedConvolution(
        name, channels, (kernel, kernel), (2, 2), (padding, padding), (odd, odd), bias, spread
    )
