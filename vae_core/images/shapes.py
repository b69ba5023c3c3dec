"""A generated image set whose factors are known: what a latent space *should* find can be checked.

One white shape on black, 32x32 pixels, antialiased, made from five factors drawn independently:

| factor | what | range |
| --- | --- | --- |
| kind | which shape, an index into `KINDS`, in equal numbers | 0, 1, 2 |
| size | square root of the shape's area, in pixels | 5 to 8.5 |
| angle | turn in degrees, counter-clockwise as seen | -90 to 90 |
| x | centre of mass, in pixels to the right of the picture's centre | -5.5 to 5.5 |
| y | centre of mass, in pixels below the picture's centre | -5.5 to 5.5 |

No kind has a symmetry, no turned or scaled kind is another kind, and no shape leaves the picture: so every
picture determines its five factors (dSprites' squares and ellipses do not: a square turned by 90 degrees is
the same square). Half a turn, not a whole one, so that near angles give near pictures and far ones far ones.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["FACTOR_NAMES", "FACTOR_RANGES", "KINDS", "SIDE", "draw_shapes", "shape_factors"]

SIDE = 32
KINDS = ("boot", "wedge", "flag")
FACTOR_NAMES = ("kind", "size", "angle", "x", "y")
FACTOR_RANGES = ((0.0, 2.0), (5.0, 8.5), (-90.0, 90.0), (-5.5, 5.5), (-5.5, 5.5))

_OUTLINES = (  # corners of each kind, counter-clockwise, y upwards; scaled and centred by `_unit_outline`
    ((0, 0), (5, 0), (5, 2), (2, 2), (2, 8), (0, 8)),
    ((0, 0), (5, 0), (0, 6.8)),
    ((0, 0), (1.4, 0), (1.4, 3.5), (5.5, 6), (1.4, 8.5), (0, 8.5)),
)
_CHUNK = 128  # pictures drawn at once: their distances fit into a processor's cache

Floats = npt.NDArray[np.float32]


def shape_factors(count: int, *, seed: int = 0) -> Floats:
    """Draw the factors of `count` pictures, independently of each other.

    Returns:
        Factors in the order and units of `FACTOR_NAMES`, (count, 5).
    """
    random = np.random.default_rng(seed)
    low, high = np.array(FACTOR_RANGES).T
    factors = random.uniform(low, high, size=(count, len(FACTOR_NAMES)))
    factors[:, 0] = random.permutation(np.arange(count) % len(KINDS))
    return factors.astype(np.float32)


def draw_shapes(factors: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Draw one picture for each row of factors.

    A pixel's grey is how much of it the shape covers, by its centre's distance to the outline.

    Args:
        factors: as `FACTOR_NAMES`, (N, 5).

    Returns:
        Pictures, 0..255, (N, 1, 32, 32).

    Raises:
        ValueError: the factors are not (N, 5), or a kind does not exist.
    """
    table = np.asarray(factors, dtype=np.float32)
    if table.ndim != 2 or table.shape[1] != len(FACTOR_NAMES):
        raise ValueError(f"factors must have shape (N, {len(FACTOR_NAMES)}), not {table.shape}")
    if not np.isin(table[:, 0], np.arange(len(KINDS))).all():
        raise ValueError(f"kind must be 0 to {len(KINDS) - 1}, an index into {KINDS}")
    pictures = np.empty((len(table), 1, SIDE, SIDE), dtype=np.uint8)
    for kind, outline in enumerate(_OUTLINES):
        mine = np.flatnonzero(table[:, 0] == kind)
        for start in range(0, len(mine), _CHUNK):
            rows = mine[start : start + _CHUNK]
            distance = _outline_distance(*_pixels_in_shape(table[rows]), _unit_outline(outline))
            coverage = np.clip(0.5 - distance * table[rows, 1, None, None], 0, 1)  # (M, H, W)
            pictures[rows, 0] = np.rint(255 * coverage)
    return pictures


def _pixels_in_shape(factors: Floats) -> tuple[Floats, Floats]:
    """Return the pixels' centres in each shape's own frame (unit area, y upwards): x and y, (M, H, W)."""
    _, size, angle, x, y = factors.T[:, :, None, None]
    centres = np.arange(SIDE, dtype=np.float32) + np.float32(0.5 - SIDE / 2)
    right = (centres[None, None, :] - x) / size  # (M, 1, W)
    up = (y - centres[None, :, None]) / size  # (M, H, 1)
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return cos * right + sin * up, cos * up - sin * right


def _outline_distance(x: Floats, y: Floats, corners: Floats) -> Floats:
    """Return the distance of points to a polygon's outline, negative inside: same shape as `x` and `y`."""
    squared = np.full(x.shape, np.inf, dtype=np.float32)
    inside = np.zeros(x.shape, dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0)):
        edge_x, edge_y = bx - ax, by - ay
        from_x, from_y = x - ax, y - ay
        along = np.clip((from_x * edge_x + from_y * edge_y) / (edge_x**2 + edge_y**2), 0, 1)
        np.minimum(squared, (from_x - along * edge_x) ** 2 + (from_y - along * edge_y) ** 2, out=squared)
        if edge_y != 0:  # a ray to the right crosses this edge: even-odd rule
            crosses = (y >= ay) != (y >= by)
            inside ^= crosses & ((from_x * edge_y < from_y * edge_x) == (edge_y > 0))
    distance = np.sqrt(squared)
    signed: Floats = np.where(inside, -distance, distance)
    return signed


def _unit_outline(corners: tuple[tuple[float, float], ...]) -> Floats:
    """Scale a polygon to area 1 and move its centre of mass to the origin (shoelace formulas): (V, 2)."""
    x, y = np.array(corners, dtype=np.float64).T
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    cross = x * next_y - next_x * y
    area = cross.sum() / 2
    centre_x = ((x + next_x) * cross).sum() / (6 * area)
    centre_y = ((y + next_y) * cross).sum() / (6 * area)
    unit: npt.NDArray[np.float64] = np.stack([x - centre_x, y - centre_y], axis=1) / np.sqrt(area)
    return unit.astype(np.float32)
