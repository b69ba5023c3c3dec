"""Pictures on a sheet: many small ones in a grid, as PNG."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[Any]


def by_class(labels: Array | None, count: int, rows: int, columns: int) -> Array:
    """Return which pictures stand in a contact sheet, in reading order: columns by class.

    Few classes get several columns each, so that a sheet is never a tower.

    Args:
        labels: class of each picture, (count,), or None.
        count: how many pictures there are.
        rows: of the sheet.
        columns: at most so many.
    """
    if labels is None:
        return np.arange(min(rows * columns, count))
    places = [np.flatnonzero(labels == label) for label in np.unique(labels)[:columns]]
    each = columns // len(places)
    numbers = [range(row * each, (row + 1) * each) for row in range(rows)]
    return np.array([own[n % len(own)] for row in numbers for own in places for n in row], dtype=np.int64)


def grid(images: Array, columns: int, gap: int = 1) -> Array:
    """Lay pictures (N, C, H, W) out in reading order on one black picture, with gaps between."""
    count, channels, height, width = images.shape
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    sheet = np.zeros((channels, rows * (height + gap) - gap, columns * (width + gap) - gap), np.uint8)
    for index, picture in enumerate(images):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[:, top : top + height, left : left + width] = picture
    return sheet


def to_image(picture: Array) -> Image.Image:
    """Turn pixels (C, H, W), uint8, into an image."""
    pixels = picture[0] if len(picture) == 1 else np.ascontiguousarray(picture.transpose(1, 2, 0))
    return Image.fromarray(pixels)


def png(picture: Array) -> bytes:
    """Write pixels (C, H, W), uint8, as PNG."""
    file = io.BytesIO()
    to_image(picture).save(file, "PNG")
    return file.getvalue()
