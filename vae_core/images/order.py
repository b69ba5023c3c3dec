"""The order in which a part of a set stands for all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def balanced_order(labels: Array, *, seed: int = 0) -> npt.NDArray[np.int64]:
    """Shuffle so that every beginning of the order holds the classes in equal numbers, while they last.

    Args:
        labels: class of each picture, (N,).
        seed: seed of the shuffle.

    Returns:
        A permutation of 0..N-1, (N,).
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    turn = np.empty(len(labels), dtype=np.int64)  # how many of its class come before
    for label in np.unique(labels):
        mine = np.flatnonzero(labels[shuffled] == label)
        turn[mine] = np.arange(len(mine))
    return shuffled[np.argsort(turn, kind="stable")]
