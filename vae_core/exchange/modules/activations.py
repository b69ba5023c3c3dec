"""Activations, as PyTorch calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vae_core.exchange.modules.draft import Draft
from vae_core.exchange.modules.streams import Stream
from vae_core.models.layers.kinds import ACTIVATIONS, Activation

KNOWN: Final = (
    "it is no layer here; what would do is dense layers, convolutions, batch norm, pools, nearest "
    "upsampling, "
    f"and of activations {', '.join(name for name in ACTIVATIONS if name != 'gelu_tanh')}"
)
"""What is said of everything else."""

SELU: Final = (1.6732632423543772, 1.0507009873554805)
"""Its alpha, and the factor behind it (arXiv:1706.02515)."""


def bent(function: str) -> Callable[..., Stream]:
    """Return what applies an activation without settings."""

    def apply(draft: Draft, place: str, stream: Stream, inplace: bool = False) -> Stream:
        return stream.bent(Activation(function))

    return apply


def leaky(
    draft: Draft, place: str, stream: Stream, negative_slope: float = 0.01, inplace: bool = False
) -> Stream:
    """Apply a leaky ReLU."""
    return stream.bent(Activation("leaky_relu", slope=float(negative_slope)))


def elu(draft: Draft, place: str, stream: Stream, alpha: float = 1.0, inplace: bool = False) -> Stream:
    """Apply an ELU."""
    return stream.bent(Activation("elu", alpha=float(alpha)))


def selu(draft: Draft, place: str, stream: Stream, inplace: bool = False) -> Stream:
    """Apply a SELU: an ELU and a factor."""
    return draft.scaled(elu(draft, place, stream, SELU[0]), SELU[1], 0.0, place)


def gelu(draft: Draft, place: str, stream: Stream, approximate: str = "none") -> Stream:
    """Apply a GELU."""
    return stream.bent(Activation("gelu" if approximate == "none" else "gelu_tanh"))
