"""Which part of a set stands for all of it: the order in which images are taken, and which are held out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

HELD_OUT: Final = 0.1
LEAST_TO_HOLD_OUT: Final = 20


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


def held_out_rows(labels: Array, *, seed: int = 0) -> npt.NDArray[np.bool_]:
    """Choose which images are held out: a tenth of each class; of fewer than 20 images none.

    Args:
        labels: class of each image, (N,); all the same where there are no classes.
        seed: of the choice.

    Returns:
        Whether each is held out, (N,).
    """
    is_held_out = np.zeros(len(labels), bool)
    if len(labels) < LEAST_TO_HOLD_OUT:
        return is_held_out
    random = np.random.default_rng(seed)
    for label in np.unique(labels):
        mine = random.permutation(np.flatnonzero(labels == label))
        is_held_out[mine[: round(HELD_OUT * len(mine))]] = True
    if not is_held_out.any():  # many classes of few images
        is_held_out[random.permutation(len(labels))[: len(labels) // 10]] = True
    return is_held_out
