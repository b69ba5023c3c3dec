"""Walks through the latent space: along one dimension, and between two codes.

The browser's twin is `assets/explorer/latent/codes.js`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from vae_core.latent.codes import floating

LEAST_SINE = 1e-3
"""Sine of the angle between two codes below which slerp walks straight: there the angle says nothing."""

WIDEST_ANGLE = math.radians(170)
"""Angle between two codes above which slerp walks straight: its arc would leave both of them far behind."""


METHODS = ("linear", "slerp", "one_by_one")


def traverse(z: Tensor, dim: int, values: Tensor | Sequence[float]) -> Tensor:
    """Repeat one code with one of its dimensions replaced.

    Args:
        z: the code, (D,).
        dim: which dimension, 0..D-1.
        values: what it is replaced by, (V,).

    Returns:
        Codes, (V, D).

    Raises:
        ValueError: no such dimension, or shapes that do not fit.
    """
    z = floating(z)
    replaced = torch.as_tensor(values, dtype=z.dtype, device=z.device)
    if z.ndim != 1 or replaced.ndim != 1:
        raise ValueError(
            f"z and values must have one axis each, not {tuple(z.shape)} and {tuple(replaced.shape)}"
        )
    if not 0 <= dim < len(z):
        raise ValueError(f"dim must be 0 to {len(z) - 1}, not {dim}")
    codes = z.repeat(len(replaced), 1)  # (V, D)
    codes[:, dim] = replaced
    return codes


def prior_values(count: int, *, coverage: float = 0.95) -> Tensor:
    """Return evenly spaced values between two quantiles of the prior N(0, 1): the stops of a traversal.

    Args:
        count: how many.
        coverage: the prior's probability between the first and the last value, between 0 and 1.

    Returns:
        Ascending values, symmetric about 0, (count,); the single one is 0.

    Raises:
        ValueError: a count below 1, or a coverage outside (0, 1).
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must lie between 0 and 1, not {coverage}")
    if count == 1:
        return torch.zeros(1)
    reach = math.sqrt(2) * float(torch.erfinv(torch.tensor(coverage, dtype=torch.float64)))
    return torch.linspace(-reach, reach, count)


def interpolate(a: Tensor, b: Tensor, steps: int, *, method: str = "linear") -> Tensor:
    """Walk from one code to another.

    "slerp" turns the direction at constant speed (Shoemake 1985; for latents arXiv:1609.04468): weights
    sin((1-t) w) / sin w and sin(t w) / sin w on the codes as they are, w the angle between them. It walks
    straight where the angle says nothing (parallel codes, a code of zeros; sine below 1e-3), and where codes
    lie opposite each other (more than 170 degrees apart): unless they are equally long, the arc between such
    codes leaves both of them far behind. "one_by_one" is for categories, between which lies nothing: the
    dimensions that differ change one after the other, in their order.

    Args:
        a: the first code, (D,).
        b: the last code, (D,).
        steps: how many codes, both ends included; at least 2.
        method: "linear", "slerp" or "one_by_one".

    Returns:
        Codes, (steps, D); the first is exactly `a`, the last exactly `b`.

    Raises:
        ValueError: fewer than 2 steps, an unknown method, or codes of different shapes.
    """
    if steps < 2:
        raise ValueError(f"a walk has at least 2 steps, its two ends; not {steps}")
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}; got {method!r}")
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(
            f"both codes must have the same shape (D,), not {tuple(a.shape)} and {tuple(b.shape)}"
        )
    a, b = floating(a), floating(b)
    start, end = a.double(), b.double()
    t = torch.linspace(0, 1, steps, dtype=torch.float64, device=a.device)[:, None]  # (steps, 1)
    weight_a, weight_b = 1 - t, t
    if method == "slerp":
        angle = _angle(start, end)
        if math.sin(angle) >= LEAST_SINE and angle <= WIDEST_ANGLE:
            weight_a = torch.sin((1 - t) * angle) / math.sin(angle)
            weight_b = torch.sin(t * angle) / math.sin(angle)
    elif method == "one_by_one":
        differ = start != end
        turn = differ.cumsum(dim=0)  # which of those that differ it is, from 1
        weight_b = (differ & (turn <= torch.floor(t * differ.sum() + 0.5))).double()
        weight_a = 1 - weight_b
    walk = (weight_a * start + weight_b * end).to(a.dtype)
    walk[0], walk[-1] = a, b
    return walk


def _angle(a: Tensor, b: Tensor) -> float:
    """Return the angle between two vectors in radians, right also near 0 and pi; 0 if one is zero."""
    length_a, length_b = a.norm(), b.norm()
    if length_a == 0 or length_b == 0:
        return 0.0
    a, b = a / length_a, b / length_b
    return 2 * math.atan2(float((a - b).norm()), float((a + b).norm()))
