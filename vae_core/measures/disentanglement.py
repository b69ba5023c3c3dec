"""Whether single dimensions tell of single factors: the mutual information gap (arXiv:1802.04942, section 4).

The information of each dimension about each factor, in nats, is taken from counts: both are binned into
equal widths, as disentanglement_lib (arXiv:1811.12359) bins the codes. The gap of a factor is what the
dimension that tells most of it tells more than the second, as a share of the factor's entropy; the value is
the mean over factors. Other bins, samples instead of means, or density estimates give other numbers, that
cannot stand beside these.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

BINS: Final = 20

Bins = npt.NDArray[np.int64]


def mutual_information_gap(latents: Tensor, factors: Tensor, *, bins: int = BINS) -> tuple[float, Tensor]:
    """Measure how far one dimension alone tells of each known factor.

    Args:
        latents: codes of many images, such as their posteriors' means, (N, D).
        factors: what is known of them, (N, F), of any units; one that is constant plays no part.
        bins: into how many equal widths each latent and each factor is cut, from its least value to its
            greatest.

    Returns:
        The gap, 0..1 (with one dimension, all that it tells counts), and the mutual information of each
        factor with each dimension in nats, (F, D).

    Raises:
        ValueError: shapes that do not fit together, fewer than 2 bins, numbers that are none, or no factor
            that varies.
    """
    codes, known = _table(latents, "latents"), _table(factors, "factors")
    if len(codes) != len(known):
        raise ValueError(f"there must be as many latents as factors; got {len(codes):,} and {len(known):,}")
    if bins < 2:
        raise ValueError(f"bins must be at least 2; got {bins}")
    in_latents = [_binned(column, bins) for column in codes.T]
    in_factors = [_binned(column, bins) for column in known.T]
    entropies = np.array([_information(column, column, bins) for column in in_factors])
    matrix = np.array([[_information(a, b, bins) for b in in_latents] for a in in_factors])  # (F, D)
    varies = entropies > 0
    if not varies.any():
        raise ValueError("there is no factor that varies, so no dimension can tell of one")
    best = -np.sort(-np.pad(matrix, ((0, 0), (0, 1))), axis=1)  # a dimension beside them that tells nothing
    gaps = (best[varies, 0] - best[varies, 1]) / entropies[varies]
    return float(gaps.mean()), torch.from_numpy(matrix)


def _table(values: Tensor, name: str) -> npt.NDArray[np.float64]:
    table = torch.as_tensor(values).detach().cpu().double().numpy()
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"{name} must be a table of at least one row and one column; got {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError(f"{name} must be numbers, all of them")
    return table


def _binned(values: npt.NDArray[np.float64], bins: int) -> Bins:
    """Return the bin of each value, 0..bins - 1; the greatest value lies in the last."""
    edges = np.histogram_bin_edges(values, bins)
    return np.digitize(values, edges[1:-1]).astype(np.int64)


def _information(first: Bins, second: Bins, bins: int) -> float:
    """Return the mutual information of two binned variables, in nats; of one with itself its entropy."""
    joint = np.bincount(first * bins + second, minlength=bins * bins).reshape(bins, bins) / len(first)
    apart = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    there = joint > 0
    return max(0.0, float((joint[there] * np.log(joint[there] / apart[there])).sum()))
