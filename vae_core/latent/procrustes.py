"""The turn that lays one map on to another, so that a live map never flips (orthogonal Procrustes)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


def procrustes(previous: Tensor, current: Tensor) -> Tensor:
    """Return the rotation or reflection R that brings `current @ R` nearest to `previous`, both centred.

    Orthogonal Procrustes (Schoenemann 1966). Where the points leave it open (all on a line, all equal)
    nothing is mirrored or turned without need.

    Args:
        previous: positions, (N, 2).
        current: positions of the same points, (N, 2).

    Returns:
        Orthogonal, (2, 2).

    Raises:
        ValueError: the shapes differ.
    """
    before, now = _numbers(previous), _numbers(current)
    if before.shape != now.shape or before.shape[1:] != (2,):
        raise ValueError(f"positions must both be (N, 2) for the same N, not {before.shape} and {now.shape}")
    cross = (now - now.mean(axis=0)).T @ (before - before.mean(axis=0))
    left, sizes, right = np.linalg.svd(cross)
    if sizes[0] == 0 or not np.isfinite(sizes[0]):
        return torch.eye(2, dtype=current.dtype, device=current.device)
    if sizes[1] < 1e-9 * sizes[0] and np.linalg.det(left @ right) < 0:
        right[1] = -right[1]
    return torch.from_numpy(left @ right).to(current)


def _numbers(positions: Tensor) -> npt.NDArray[np.float64]:
    return np.asarray(positions.detach().cpu().numpy(), dtype=np.float64)
