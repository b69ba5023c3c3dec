"""Sums, residuals, and factors: what the code of a module calculates between its layers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vae_core.exchange.modules.draft import Draft
from vae_core.exchange.modules.streams import BATCH, Stream, called


def plus(draft: Draft, place: str, one: Any, other: Any, alpha: float = 1, *, out: None = None) -> Any:
    """Add two streams, or a constant to one."""
    if isinstance(one, Stream) and isinstance(other, Stream):
        if alpha != 1:
            raise ValueError("it adds with a factor; what would do is a residual, x + f(x)")
        return draft.added(one, other, place)
    stream, constant = (one, other) if isinstance(one, Stream) else (other, one)
    return draft.scaled(stream, 1.0, _constant(stream, constant, alpha), place)


def minus(draft: Draft, place: str, one: Any, other: Any, alpha: float = 1) -> Any:
    """Subtract a constant from a stream, or a stream from a constant."""
    if isinstance(one, Stream) and isinstance(other, Stream):
        raise ValueError("it subtracts two branches; what would do is a residual, x + f(x)")
    if isinstance(one, Stream):
        return draft.scaled(one, 1.0, _constant(one, other, -alpha), place)
    return draft.scaled(other, -1.0 * alpha, _constant(other, one), place)


def times(draft: Draft, place: str, one: Any, other: Any) -> Any:
    """Multiply a stream by a constant."""
    if isinstance(one, Stream) and isinstance(other, Stream):
        raise ValueError("it multiplies two branches; what would do is a residual, x + f(x)")
    stream, constant = (one, other) if isinstance(one, Stream) else (other, one)
    return draft.scaled(stream, _constant(stream, constant), 0.0, place)


def divided(draft: Draft, place: str, one: Any, other: Any) -> Any:
    """Divide a stream by a constant."""
    if not isinstance(one, Stream) or isinstance(other, Stream):
        raise ValueError("it divides by what passes through it; what would do is batch norm")
    return draft.scaled(one, 1.0 / _constant(one, other), 0.0, place)


def negative(draft: Draft, place: str, stream: Stream) -> Stream:
    """Turn every number's sign."""
    return draft.scaled(stream, -1.0, 0.0, place)


def _constant(stream: Stream, value: Any, factor: float = 1.0) -> Tensor:
    """Return a constant that goes with numbers or channels: one, or one for each."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return torch.tensor(float(value) * factor)
    if value is BATCH:
        raise ValueError("it calculates with the number of images; what would do is one number")
    count = stream.shape[0] if stream.shape else 1
    if not isinstance(value, Tensor) or value.numel() not in (1, count) or not value.is_floating_point():
        raise ValueError(
            "it calculates with a constant that is neither one number nor one for each channel; what would "
            "do is one"
        )
    is_by_channel = value.numel() == 1 or tuple(value.shape[-len(stream.shape) :]) == (
        count,
        *(1,) * (len(stream.shape) - 1),
    )
    if not is_by_channel:
        raise ValueError(
            f"it calculates with a constant of {called(tuple(value.shape))}; what would do is one for each "
            "channel"
        )
    return value.detach().cpu().float().flatten() * factor
