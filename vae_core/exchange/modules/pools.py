"""Pools and repeated pixels, as PyTorch calls them."""

from __future__ import annotations

from typing import Any

from vae_core.exchange.modules.draft import Draft
from vae_core.exchange.modules.streams import Stream, called
from vae_core.exchange.modules.windows import pair
from vae_core.models.layers.kinds import Upsample
from vae_core.models.layers.windows import AveragePool, MaxPool


def average_pool(
    draft: Draft,
    place: str,
    stream: Stream,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Stream:
    """Take means of windows."""
    kernel, steps, edges = _sliding(stream, kernel_size, stride, padding, ceil_mode)
    if divisor_override is not None or (not count_include_pad and edges != (0, 0)):
        raise ValueError("it does not divide by its window's size; what would do is padding=0")
    return stream.then(AveragePool(kernel, steps, edges))


def max_pool(
    draft: Draft,
    place: str,
    stream: Stream,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Stream:
    """Take the largest numbers of windows."""
    if pair(dilation) != (1, 1) or return_indices:
        raise ValueError("it is dilated or gives indices; what would do is a plain max pool")
    return stream.then(MaxPool(*_sliding(stream, kernel_size, stride, padding, ceil_mode)))


def average_pool_to(draft: Draft, place: str, stream: Stream, output_size: Any) -> Stream:
    """Take means of as many windows as are asked for."""
    kernel = _adapted(stream, output_size)
    return stream.then(AveragePool(kernel, kernel))


def max_pool_to(
    draft: Draft, place: str, stream: Stream, output_size: Any, return_indices: bool = False
) -> Stream:
    """Take the largest numbers of as many windows as are asked for."""
    if return_indices:
        raise ValueError("it gives indices; what would do is a plain max pool")
    kernel = _adapted(stream, output_size)
    return stream.then(MaxPool(kernel, kernel))


def mean(draft: Draft, place: str, stream: Stream, dim: Any = None, keepdim: bool = False) -> Stream:
    """Take the mean over all rows and columns."""
    dims = {each % 4 for each in dim} if isinstance(dim, (tuple, list)) else set()
    if len(stream.shape) != 3 or dims != {2, 3}:
        raise ValueError(
            "it takes another mean than that over rows and columns; what would do is x.mean((2, 3))"
        )
    sides = (stream.shape[1], stream.shape[2])
    pooled = stream.then(AveragePool(sides, sides))
    return pooled if keepdim else pooled.seen_as((stream.shape[0],))


def repeated(
    draft: Draft,
    place: str,
    stream: Stream,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    *_: Any,
    **__: Any,
) -> Stream:
    """Repeat pixels.

    Raises:
        ValueError: it interpolates, or not by a whole number.
    """
    if mode not in ("nearest", "nearest-exact"):
        raise ValueError(f'it interpolates ({mode}); what would do is mode="nearest"')
    if len(stream.shape) != 3:
        raise ValueError(f"it wants an image and gets {called(stream.shape)}: reshape them before")
    rows, columns = stream.shape[1:]
    if size is not None:
        wanted = pair(size)
        factors: tuple[Any, ...] = (wanted[0] / rows, wanted[1] / columns)
    else:
        factors = tuple(scale_factor) if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * 2
    if any(not isinstance(each, (int, float)) or each < 1 or each != int(each) for each in factors):
        raise ValueError("it enlarges by no whole number; what would do is one, such as 2")
    return stream.then(Upsample((int(factors[0]), int(factors[1]))))


def _sliding(stream: Stream, kernel: Any, stride: Any, padding: Any, ceil_mode: bool) -> tuple[Any, Any, Any]:
    sides = pair(kernel)
    steps = sides if stride is None or stride == [] else pair(stride)
    edges = pair(padding)
    if len(stream.shape) != 3:
        raise ValueError(f"it wants an image and gets {called(stream.shape)}: reshape them before")
    over = [(side + 2 * p - k) % s for side, k, s, p in zip(stream.shape[1:], sides, steps, edges)]
    if ceil_mode and any(over):
        raise ValueError("its last window hangs over the image's edge; what would do is ceil_mode=False")
    return sides, steps, edges


def _adapted(stream: Stream, wanted: Any) -> tuple[int, int]:
    """Return the kernel of a pool that makes so many rows and columns."""
    if len(stream.shape) != 3:
        raise ValueError(f"it wants an image and gets {called(stream.shape)}: reshape them before")
    asked = (wanted, wanted) if isinstance(wanted, int) else tuple(wanted)
    sides = [side if want is None else want for side, want in zip(stream.shape[1:], asked)]
    if any(side % want for side, want in zip(stream.shape[1:], sides)):
        raise ValueError(
            f"its windows of {called(stream.shape)} are not of one size; what would do is a pool of a "
            "whole number"
        )
    return stream.shape[1] // sides[0], stream.shape[2] // sides[1]
