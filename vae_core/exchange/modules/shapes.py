"""What only names numbers anew or takes a part of them: views, slices, halves, two heads side by side."""

from __future__ import annotations

import math
from typing import Any

import torch

from vae_core.exchange.modules.draft import Draft
from vae_core.exchange.modules.streams import BATCH, Piece, Stream


def flattened(draft: Draft, place: str, stream: Stream, start_dim: int = 0, end_dim: int = -1) -> Stream:
    """See some sides as one."""
    rank = len(stream.shape) + 1
    start, end = start_dim % rank, end_dim % rank
    if start == 0:
        raise ValueError("it mixes the images of a batch; what would do is flatten(1)")
    sides = stream.shape
    return stream.seen_as((*sides[: start - 1], math.prod(sides[start - 1 : end]), *sides[end:]))


def unflattened(draft: Draft, place: str, stream: Stream, dim: Any, sizes: Any) -> Stream:
    """See one side as several."""
    if not isinstance(dim, int):
        raise ValueError("its sides have names; what would do is numbers")
    at = dim % (len(stream.shape) + 1)
    if at == 0:
        raise ValueError("it divides the images of a batch; what would do is dim=1")
    return stream.seen_as((*stream.shape[: at - 1], *tuple(sizes), *stream.shape[at:]))


def viewed(draft: Draft, place: str, stream: Stream, *sides: Any, shape: Any = None) -> Stream:
    """See the numbers as another shape."""
    given = shape if shape is not None else sides
    if len(given) == 1 and isinstance(given[0], (tuple, list, torch.Size)):
        given = given[0]
    if not given or (given[0] is not BATCH and given[0] != -1):
        raise ValueError(
            "it mixes the images of a batch; what would do is view(len(x), ...) or view(-1, ...)"
        )
    return stream.seen_as(given[1:])


def squeezed(draft: Draft, place: str, stream: Stream, dim: int | None = None) -> Stream:
    """Leave out a side of length 1."""
    if dim is None:
        raise ValueError(
            "it also leaves out the side of the images when there is one; what would do is its number"
        )
    at = dim % (len(stream.shape) + 1) - 1
    keep = stream.shape if at < 0 or stream.shape[at] != 1 else (*stream.shape[:at], *stream.shape[at + 1 :])
    return stream.seen_as(keep)


def unsqueezed(draft: Draft, place: str, stream: Stream, dim: int) -> Stream:
    """Put in a side of length 1."""
    at = dim % (len(stream.shape) + 2) - 1
    if at < 0:
        raise ValueError("it puts a side before that of the images; what would do is unsqueeze(1)")
    return stream.seen_as((*stream.shape[:at], 1, *stream.shape[at:]))


def size(draft: Draft, place: str, stream: Stream, dim: int | None = None) -> Any:
    """Say how large it is."""
    sizes = (BATCH, *stream.shape)
    return sizes if dim is None else sizes[dim]


def attribute(draft: Draft, place: str, stream: Any, name: str) -> Any:
    """Read an attribute of a tensor."""
    if isinstance(stream, Stream):
        if name == "shape":
            return (BATCH, *stream.shape)
        if name == "ndim":
            return len(stream.shape) + 1
        if name in ("device", "dtype", "requires_grad", "is_cuda"):
            return None
    raise ValueError(f"it asks for the {name} of what passes through it; what would do is a chain of layers")


def item(draft: Draft, place: str, stream: Any, index: Any) -> Any:
    """Take a part: of sizes, of two halves, of an image's rows and columns, or put in sides of length 1."""
    if not isinstance(stream, Stream):
        return stream[index]
    parts = index if isinstance(index, tuple) else (index,)
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        rank = len(stream.shape) + 1
        missing = rank - sum(part is not None and part is not Ellipsis for part in parts)
        parts = (*parts[:at], *(slice(None),) * missing, *parts[at + 1 :])
    if not parts or parts[0] != slice(None):
        raise ValueError("it takes some images of a batch; what would do is all, x[:, ...]")
    sides: list[int] = []
    ranges: list[tuple[int, int]] = []
    left = list(stream.shape)
    for part in parts[1:]:
        if part is None:
            sides.append(1)
            continue
        if not left or not isinstance(part, slice) or part.step not in (None, 1):
            raise ValueError("it takes single rows or every other; what would do is a convolution or a pool")
        side = left.pop(0)
        start, stop, _ = part.indices(side)
        ranges.append((start, stop))
        sides.append(side)
    sides += left
    whole = stream.seen_as(sides)
    if all(taken == (0, side) for taken, side in zip(ranges, stream.shape)):
        return whole
    if None in parts:
        raise ValueError("it takes a part and another shape at once; what would do is one after the other")
    if len(stream.shape) == 1:
        return Piece(stream, *ranges[0])
    if (
        len(stream.shape) == 3
        and ranges[0] == (0, stream.shape[0])
        and all(start == 0 for start, _ in ranges)
    ):
        ends = [stop for _, stop in ranges[1:]]
        return stream.cropped(*(ends if len(ends) == 2 else (ends[0], stream.shape[2])))
    raise ValueError("it cuts off an image's first rows, columns or channels; what would do is its last ones")


def chunked(draft: Draft, place: str, stream: Stream, chunks: int, dim: int = 0) -> tuple[Piece, ...]:
    """Divide plain numbers into parts of one size."""
    numbers = _numbers_of(stream, dim)
    return split(draft, place, stream, -(-numbers // chunks), dim)


def split(draft: Draft, place: str, stream: Stream, split_size: Any, dim: int = 0) -> tuple[Piece, ...]:
    """Divide plain numbers into parts."""
    numbers = _numbers_of(stream, dim)
    if isinstance(split_size, int):
        sizes = [min(split_size, numbers - at) for at in range(0, numbers, split_size)]
    else:
        sizes = list(split_size)
    starts = [sum(sizes[:n]) for n in range(len(sizes))]
    return tuple(Piece(stream, start, start + length) for start, length in zip(starts, sizes))


def joined(draft: Draft, place: str, parts: Any, dim: int = 0) -> Stream:
    """Put two heads behind each other."""
    if dim % 4 != 1 and dim != -1:
        raise ValueError("it joins images or rows; what would do is torch.cat([mean, logvar], dim=1)")
    return both(draft, parts)


def both(draft: Draft, parts: Any) -> Stream:
    """Return means and log variances behind each other.

    Raises:
        ValueError: they are not two halves, or two heads on one input.
    """
    if len(parts) != 2:
        raise ValueError(f"it gives {len(parts)} results; what would do is two: means, and log variances")
    one, other = parts
    if isinstance(one, Piece) and isinstance(other, Piece) and one.whole.step is other.whole.step:
        half = one.whole.shape[0] // 2
        if (one.start, one.stop, other.start, other.stop) != (0, half, half, 2 * half):
            raise ValueError("its two results are not the first half of its numbers and the second")
        return one.whole
    if not isinstance(one, Stream) or not isinstance(other, Stream):
        raise ValueError("its results are not two tensors that come of the image: means, and log variances")
    return draft.beside(one, other)


def _numbers_of(stream: Stream, dim: int) -> int:
    if len(stream.shape) != 1 or dim % 2 != 1:
        raise ValueError("it divides images or rows; what would do is to divide plain numbers, dim=1")
    return stream.shape[0]
