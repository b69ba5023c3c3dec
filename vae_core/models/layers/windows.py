"""The kinds of layers that slide a window over an image: convolutions and pools."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

from vae_core.models.layers.layer import Layer, Pair, Shape, named, picture, with_bias

FEW_CHANNELS: Final = 3
"""Up to so many channels torch's own transposed convolution is faster than the library it would choose."""


@dataclass(frozen=True)
class Convolution(Layer):
    """Slide a window over an image, with zeros around it.

    Attributes:
        name: of its weights.
        channels: that it makes.
        kernel: rows and columns of the window.
        stride: from place to place.
        padding: rows of zeros above and below, columns left and right.
        bias: whether it adds one to each channel.
        spread: as of a dense layer; the inputs are those of one window.
    """

    kind: ClassVar[str] = "convolution"
    bears_rounding: ClassVar[bool] = False
    is_fresh: ClassVar[bool] = True

    name: str
    channels: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    bias: bool = True
    spread: float | None = None

    def output(self, given: Shape) -> Shape:  # noqa: D102
        return (self.channels, *_slid(given, self.kernel, self.stride, self.padding))

    def weights(self, given: Shape) -> dict[str, Shape]:  # noqa: D102
        kernels = (self.channels, given[0], *self.kernel)
        return with_bias(self.name, kernels, self.channels if self.bias else 0)

    def multiply_adds(self, given: Shape) -> int:  # noqa: D102
        return math.prod(self.output(given)) * given[0] * math.prod(self.kernel)

    def numbers(self, given: Shape) -> int:  # noqa: D102
        return max(math.prod(self.output(given)), _padded(given, self.padding))


@dataclass(frozen=True)
class TransposedConvolution(Layer):
    """Let each pixel add a window of its own to a larger image, whose edges are cut off.

    Attributes:
        name: of its weights.
        channels: that it makes.
        kernel: rows and columns of the window.
        stride: from window to window.
        padding: rows that are cut off above and below, columns left and right.
        output_padding: rows fewer that are cut off below, columns right; smaller than the stride.
        bias: whether it adds one to each channel.
        spread: as of a dense layer; the inputs are those that meet in one pixel.
    """

    kind: ClassVar[str] = "transposed_convolution"
    bears_rounding: ClassVar[bool] = False
    is_fresh: ClassVar[bool] = True

    name: str
    channels: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    output_padding: Pair = (0, 0)
    bias: bool = True
    spread: float | None = None

    @property
    def has_few_channels(self) -> bool:
        """Whether torch's own kernel is the faster one on a processor (`NarrowConvTranspose2d`)."""
        return self.channels <= FEW_CHANNELS

    def output(self, given: Shape) -> Shape:  # noqa: D102
        if any(more >= stride for more, stride in zip(self.output_padding, self.stride)):
            raise ValueError("its output_padding must be smaller than its stride")
        along = zip(picture(given), self.kernel, self.stride, self.padding, self.output_padding)
        sides = tuple((side - 1) * s - 2 * p + k + more for side, k, s, p, more in along)
        if min(sides) < 1:
            raise ValueError("its padding leaves nothing of the image: take a smaller one")
        return (self.channels, *sides)

    def weights(self, given: Shape) -> dict[str, Shape]:  # noqa: D102
        kernels = (given[0], self.channels, *self.kernel)
        return with_bias(self.name, kernels, self.channels if self.bias else 0)

    def multiply_adds(self, given: Shape) -> int:  # noqa: D102
        return math.prod(given) * self.channels * math.prod(self.kernel)

    def numbers(self, given: Shape) -> int:  # noqa: D102
        return max(math.prod(self.output(given)), _padded(given, self.kernel))


@dataclass(frozen=True)
class AveragePool(Layer):
    """Take the mean of each window; the zeros around the image count.

    Attributes:
        kernel: rows and columns of the window.
        stride: from window to window.
        padding: rows of zeros above and below, columns left and right; at most half the window.
    """

    kind: ClassVar[str] = "average_pool"

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)

    def output(self, given: Shape) -> Shape:  # noqa: D102
        return _pooled(given, self.kernel, self.stride, self.padding)

    def multiply_adds(self, given: Shape) -> int:  # noqa: D102
        return math.prod(self.output(given)) * math.prod(self.kernel)

    def numbers(self, given: Shape) -> int:  # noqa: D102
        return max(math.prod(self.output(given)), _padded(given, self.padding))


@dataclass(frozen=True)
class MaxPool(Layer):
    """Take the largest number of each window; what lies around the image counts for nothing.

    Attributes:
        kernel: rows and columns of the window.
        stride: from window to window.
        padding: rows around the image above and below, columns left and right; at most half the window.
    """

    kind: ClassVar[str] = "max_pool"

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)

    def output(self, given: Shape) -> Shape:  # noqa: D102
        return _pooled(given, self.kernel, self.stride, self.padding)

    def multiply_adds(self, given: Shape) -> int:  # noqa: D102
        return math.prod(self.output(given)) * math.prod(self.kernel)

    def numbers(self, given: Shape) -> int:  # noqa: D102
        return max(math.prod(self.output(given)), _padded(given, self.padding))


def _slid(given: Shape, kernel: Pair, stride: Pair, padding: Pair) -> Pair:
    """Return how many places a window has that slides over an image, along its rows and its columns."""
    rows, columns = (
        (side + 2 * p - k) // s + 1 for side, k, s, p in zip(picture(given), kernel, stride, padding)
    )
    if min(rows, columns) < 1:
        raise ValueError(
            f"its kernel, {kernel[0]}x{kernel[1]}, is larger than {named(given)} with its padding"
        )
    return rows, columns


def _pooled(given: Shape, kernel: Pair, stride: Pair, padding: Pair) -> Shape:
    if any(2 * p > k for p, k in zip(padding, kernel)):
        raise ValueError("its padding must be at most half its kernel")
    return (given[0], *_slid(given, kernel, stride, padding))


def _padded(given: Shape, padding: Pair) -> int:
    return given[0] * (given[1] + 2 * padding[0]) * (given[2] + 2 * padding[1])
