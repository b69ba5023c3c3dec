"""A run's map for the wall, and its picture: small, right on a light and a dark page, at a scale to share."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from vae_core.pictures.cells import in_cells
from vae_core.pictures.palette import CLASS_COLOURS
from vae_core.storage import tensorfile

Array = npt.NDArray[Any]

SIZE: Final = 420
"""Width and height in px."""

PICTURES: Final = 8
"""So many reconstructions, and samples, are kept with a map."""

_FINER: Final = 2
_MARGIN: Final = 0.05
_RADIUS: Final = 2.6
_LINE: Final = 1
_PRIOR: Final = "#7a86a0"
_MOST_NAMES: Final = 12


@dataclass(frozen=True)
class RunMap:
    """Hold what is shown of a run's end: its map, and what it makes of images.

    Attributes:
        places: of the images on the map, (N, 2), in units of the latent space; the prior's mean lies at zero
            where there is a prior.
        labels: their classes, (N,), or None.
        originals: some images, uint8 (K, C, H, W), or None.
        reconstructions: of these, in the same order, or None.
        samples: decoded from the prior, uint8 (S, C, H, W), or None.
    """

    places: Array
    labels: Array | None
    originals: Array | None
    reconstructions: Array | None
    samples: Array | None

    @property
    def reach(self) -> float:
        """How far from zero all but a hundredth of the images lie, to the side or upwards."""
        furthest = np.abs(np.nan_to_num(self.places, nan=0.0, posinf=0.0, neginf=0.0)).max(1)
        return float(np.quantile(furthest, 0.99))

    def pack(self) -> bytes:
        """Write it in the safetensors layout."""
        known = {name: value for name, value in vars(self).items() if value is not None}
        return tensorfile.pack(known, {})


def unpack_map(data: bytes) -> RunMap:
    """Read what `RunMap.pack` wrote.

    Raises:
        ValueError: it is something else.
    """
    _, arrays = tensorfile.unpack(data)
    if "places" not in arrays:
        raise ValueError("There is no map in this file.")
    rest = ("labels", "originals", "reconstructions", "samples")
    return RunMap(arrays["places"], *(arrays.get(name) for name in rest))


def map_of_run(probe: bytes, snapshot: bytes, *, has_prior: bool, categories: int = 0) -> RunMap:
    """Take the map of a run from what is kept of it for those who watch.

    Args:
        probe: its images and labels, in the safetensors layout.
        snapshot: their codes, the plane of the PCA and pictures, in the safetensors layout.
        has_prior: whether codes lie about a prior's mean, which comes to lie at zero.
        categories: of each dimension; 0 where codes are no numbers of categories.

    Raises:
        ValueError: there is no map in it.
    """
    _, fixed = tensorfile.unpack(probe)
    _, moving = tensorfile.unpack(snapshot)
    if "mean" not in moving:
        raise ValueError("This run has no map yet: let it train for a moment.")
    centre, components = moving.get("pca.mean"), moving.get("pca.components")
    if has_prior and centre is not None:
        centre = np.zeros_like(centre)
    codes = moving["mean"].astype(np.float32)
    places = in_cells(codes) if categories else positions(codes, centre, components)
    if not has_prior:
        places = places - np.median(np.nan_to_num(places), axis=0)
    labels = fixed.get("probe.labels")
    pictures = {
        name: found[:PICTURES]
        for name in ("originals", "reconstructions", "samples")
        if (found := moving.get(name)) is not None
    }
    return RunMap(
        places.astype(np.float32),
        None if labels is None else np.asarray(labels, np.int32),
        pictures.get("originals"),
        pictures.get("reconstructions"),
        pictures.get("samples"),
    )


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


def draw(
    places: Array,
    labels: Array | None,
    label_names: Sequence[str],
    *,
    reach: float | None = None,
    prior: Literal["circles", "bands", ""] = "",
    size: int = SIZE,
) -> bytes:
    """Draw dots in the colours of their classes, and each class's name at its middle.

    Args:
        places: (N, 2), up is more.
        labels: (N,), or None.
        label_names: name of each class.
        reach: what the edges stand for, in units from zero, on all sides; what lies beyond is cut off. None:
            all is to be seen.
        prior: how one and two standard deviations of it are drawn about zero, or "" for not at all.
        size: width and height in px.
    """
    wide = size * _FINER
    image = Image.new("RGBA", (wide, wide), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    places = np.nan_to_num(np.asarray(places, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = places.min(0), places.max(0)
    if prior and reach is None:
        low, high = np.minimum(low, -2.0), np.maximum(high, 2.0)
    middle = np.zeros(2) if reach is not None else (low + high) / 2
    across = 2 * reach if reach is not None else float((high - low).max())
    scale = (1 - 2 * _MARGIN) * wide / max(across, 1e-9)
    _draw_prior(pen, prior, wide / 2 - middle * (scale, -scale), scale, wide)
    dots = (places - middle) * (scale, -scale) + wide / 2
    radius = _RADIUS * _FINER
    kinds = np.zeros(len(dots), np.int64) if labels is None else labels
    for place, label in zip(dots, kinds, strict=True):
        colour = CLASS_COLOURS[int(label) % len(CLASS_COLOURS)]
        pen.ellipse([*(place - radius), *(place + radius)], fill=f"{colour}d0")
    if labels is not None and 1 < len(np.unique(labels)) <= _MOST_NAMES:
        font = ImageFont.load_default(17 * _FINER)
        for label in np.unique(labels):
            name = str(label_names[label]) if 0 <= label < len(label_names) else str(label)
            place = np.median(dots[labels == label], axis=0)
            pen.text(
                tuple(place), name[:20], "white", font, "mm", stroke_width=2 * _FINER, stroke_fill="#1b2233"
            )
    shown = image.resize((size, size), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    shown.quantize(64, Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _draw_prior(pen: ImageDraw.ImageDraw, prior: str, centre: Array, scale: float, wide: int) -> None:
    """Draw one and two standard deviations about a centre in px; a unit is `scale` px long."""
    for deviations in (1, 2) if prior else ():
        half, width = deviations * scale, _LINE * _FINER
        if prior == "circles":
            pen.ellipse([*(centre - half), *(centre + half)], outline=_PRIOR, width=width)
            continue
        for x in (centre[0] - half, centre[0] + half):
            pen.line([x, 0, x, wide], fill=_PRIOR, width=width)
