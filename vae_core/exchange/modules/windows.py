"""Convolutions of PyTorch as those of the lists, which know neither groups nor dilation.

Both are written out with zeros: the same numbers, a larger kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from vae_core.exchange.modules.draft import Draft, Getter
from vae_core.exchange.modules.streams import Stream, called
from vae_core.models.layers.layer import Pair
from vae_core.models.layers.windows import Convolution, TransposedConvolution


@dataclass(frozen=True)
class Window:
    """Hold what PyTorch is told of a convolution, transposed or not.

    Attributes:
        weight: how to get its weight, (channels, inputs / groups, k, k); transposed (inputs, channels /
            groups, k, k).
        bias: how to get its bias, or None.
        inputs: channels that it takes.
        channels: that it makes.
        kernel: rows and columns.
        stride: as a number or two.
        padding: as a number or two, or "same" or "valid".
        dilation: as a number or two.
        groups: into how many the channels are divided.
        output_padding: of a transposed one.
    """

    weight: Getter
    bias: Getter | None
    inputs: int
    channels: int
    kernel: Pair
    stride: Any
    padding: Any
    dilation: Any
    groups: int
    output_padding: Any = 0


def convolved(draft: Draft, stream: Stream, path: str, place: str, window: Window) -> Stream:
    """Go on through a convolution.

    Raises:
        ValueError: it cannot take what it gets.
    """
    stream = _image(draft, stream, window)
    kernel, dilation, stride = window.kernel, pair(window.dilation), pair(window.stride)
    spread: Pair = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel))  # type: ignore[assignment]
    front = (0, 0)
    if window.padding == "same":  # what is missing of an even kernel's padding goes before its first row
        front = ((spread[0] - 1) % 2, (spread[1] - 1) % 2)
        spread = (spread[0] + front[0], spread[1] + front[1])
        padding: Pair = ((spread[0] - 1) // 2, (spread[1] - 1) // 2)
    else:
        padding = (0, 0) if window.padding == "valid" else pair(window.padding)

    def weight() -> Tensor:
        given = window.weight().detach()
        full = given.new_zeros(window.channels, window.inputs, *spread)
        outputs, inputs = window.channels // window.groups, window.inputs // window.groups
        for group in range(window.groups):
            rows, columns = _block(group, outputs), _block(group, inputs)
            full[rows, columns, front[0] :: dilation[0], front[1] :: dilation[1]] = given[rows]
        return full

    name = draft.name(path, place)
    draft.keep(name, {"weight": weight, "bias": window.bias})
    has_bias = window.bias is not None
    return stream.then(Convolution(name, window.channels, spread, stride, padding, has_bias))


def convolved_back(draft: Draft, stream: Stream, path: str, place: str, window: Window) -> Stream:
    """Go on through a transposed convolution.

    Raises:
        ValueError: it cannot take what it gets.
    """
    stream = _image(draft, stream, window)
    dilation = pair(window.dilation)
    spread: Pair = tuple(d * (k - 1) + 1 for d, k in zip(dilation, window.kernel))  # type: ignore[assignment]

    def weight() -> Tensor:
        given = window.weight().detach()
        full = given.new_zeros(window.inputs, window.channels, *spread)
        outputs, inputs = window.channels // window.groups, window.inputs // window.groups
        for group in range(window.groups):
            rows, columns = _block(group, inputs), _block(group, outputs)
            full[rows, columns, :: dilation[0], :: dilation[1]] = given[rows]
        return full

    name = draft.name(path, place)
    draft.keep(name, {"weight": weight, "bias": window.bias})
    return stream.then(
        TransposedConvolution(
            name,
            window.channels,
            spread,
            pair(window.stride),
            pair(window.padding),
            pair(window.output_padding),
            window.bias is not None,
        )
    )


def pair(value: Any) -> Pair:
    """Return a number twice, or two as they are.

    Raises:
        ValueError: it is neither.
    """
    sides = (value, value) if isinstance(value, int) else tuple(value) if _is_row(value) else ()
    if len(sides) == 1:
        sides *= 2
    if len(sides) != 2 or any(type(side) is not int for side in sides):
        raise ValueError(f"it wants one whole number or two; got {value!r}")
    return sides


def _is_row(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _block(group: int, size: int) -> slice:
    return slice(group * size, (group + 1) * size)


def _image(draft: Draft, stream: Stream, window: Window) -> Stream:
    """Return what a convolution gets; a code that enters one directly is a pixel of so many channels."""
    if stream.step.layer is None and stream.shape == (window.inputs,):
        draft.entry = (window.inputs, 1, 1)
        stream = stream.seen_as(draft.entry)
    if len(stream.shape) != 3 or stream.shape[0] != window.inputs:
        raise ValueError(
            f"it wants an image of {window.inputs} channels and gets {called(stream.shape)}"
            + ("" if len(stream.shape) == 3 else ": reshape them before")
        )
    return stream
