"""Codes that are numbers of categories on a map: a cell for each pair, its images spread in it."""

from __future__ import annotations

from typing import Final

import numpy as np

from vae_core.pictures.sheets import Array

STEPS: Final = (0.7548776662466927, 0.5698402909980532)
"""What follows the golden ratio in the plane: multiples of both, less their whole parts, lie evenly apart."""

WIDE: Final = 0.7
"""Of a cell's width, where its dots lie."""


def in_cells(codes: Array) -> Array:
    """Place images on the grid of their first two variables; the twin of `inCells` in JavaScript.

    Args:
        codes: numbers of categories, (N, D); of one variable, the cells lie in one row.

    Returns:
        Places, (N, 2): the numbers of both categories, moved within the cell by a way that is always the same
        for an image, so that no two of a cell coincide.
    """
    places = np.zeros((len(codes), 2), np.float32)
    places[:, : min(2, codes.shape[1])] = codes[:, :2]
    moved = np.arange(len(codes))[:, None] * np.array(STEPS) % 1 - 0.5
    placed: Array = (places + WIDE * moved).astype(np.float32)
    return placed
