"""The picture of a run's final map for the wall: drawn once, small, right on a light and a dark page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from vae_core.pictures.palette import CLASS_COLOURS
from vae_core.storage import tensorfile

Array = npt.NDArray[Any]

SIZE: Final = 420
"""Width and height in px."""

_FINER: Final = 2
_MARGIN: Final = 0.05
_RADIUS: Final = 2.6
_MOST_NAMES: Final = 12


def draw_stored(probe: bytes, snapshot: bytes, label_names: Sequence[str]) -> bytes:
    """Draw the map of a run from what is kept of it for those who watch.

    Args:
        probe: its images and labels, in the safetensors layout.
        snapshot: their codes and the plane of the PCA, in the safetensors layout.
        label_names: name of each class.

    Returns:
        A PNG with a transparent ground.

    Raises:
        ValueError: there is no map in it.
    """
    _, fixed = tensorfile.unpack(probe)
    _, moving = tensorfile.unpack(snapshot)
    if "mean" not in moving:
        raise ValueError("This run has no map yet: let it train for a moment.")
    places = positions(
        moving["mean"].astype(np.float32), moving.get("pca.mean"), moving.get("pca.components")
    )
    labels = fixed.get("probe.labels")
    return draw(places, None if labels is None else np.asarray(labels, np.int64), label_names)


def positions(mean: Array, centre: Array | None, components: Array | None) -> Array:
    """Place codes on a map as the explorer does: two dimensions as they are, more on the plane of the PCA.

    Args:
        mean: codes, (N, D).
        centre: mean of the PCA, (D,).
        components: of the PCA, (2, D).

    Returns:
        Places, (N, 2).
    """
    if mean.shape[1] == 1:
        jitter = np.random.default_rng(0).uniform(-1, 1, len(mean)).astype(np.float32)
        return np.stack([mean[:, 0], jitter * max(float(np.ptp(mean)), 1e-6) / 4], 1)
    if mean.shape[1] == 2 or centre is None or components is None:
        return mean[:, :2]
    placed: Array = (mean - centre) @ components.T
    return placed


def draw(places: Array, labels: Array | None, label_names: Sequence[str], *, size: int = SIZE) -> bytes:
    """Draw dots in the colours of their classes, and each class's name at its middle.

    Args:
        places: (N, 2), up is more.
        labels: (N,), or None.
        label_names: name of each class.
        size: width and height in px.
    """
    wide = size * _FINER
    image = Image.new("RGBA", (wide, wide), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    places = np.nan_to_num(np.asarray(places, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = places.min(0), places.max(0)
    scale = (1 - 2 * _MARGIN) * wide / max(float((high - low).max()), 1e-9)
    dots = (places - (low + high) / 2) * (scale, -scale) + wide / 2
    radius = _RADIUS * _FINER
    kinds = np.zeros(len(dots), np.int64) if labels is None else labels
    for place, label in zip(dots, kinds, strict=True):
        colour = CLASS_COLOURS[int(label) % len(CLASS_COLOURS)]
        pen.ellipse([*(place - radius), *(place + radius)], fill=f"{colour}d0")
    if labels is not None and 1 < len(np.unique(labels)) <= _MOST_NAMES:
        font = ImageFont.load_default(17 * _FINER)
        for label in np.unique(labels):
            name = str(label_names[label]) if 0 <= label < len(label_names) else str(label)
            middle = np.median(dots[labels == label], axis=0)
            pen.text(
                tuple(middle), name[:20], "white", font, "mm", stroke_width=2 * _FINER, stroke_fill="#1b2233"
            )
    shown = image.resize((size, size), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    shown.quantize(64, Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    return file.getvalue()
