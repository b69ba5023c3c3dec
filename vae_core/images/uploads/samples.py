"""A few images of a source, looked at before all of it is read: which size and colour suit them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from vae_core.images.uploads.arrays import open_archive, open_arrays
from vae_core.images.uploads.importing import images_of
from vae_core.images.uploads.limits import SIZE_RANGE
from vae_core.images.uploads.pictures import opened
from vae_core.images.uploads.sources import files_of

LONGEST: Final = 512
"""Pixels of a sample's longer side: it is shown at most a quarter as large."""

MOST_TRIED: Final = 300
"""Files that are looked at until there are enough images."""

PHOTOGRAPH_SIZE: Final = 64
"""What is proposed for images larger than this."""

COLOURLESS: Final = 12
"""So far may the channels of a grey image be apart: JPEG and scanners give it a tint."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Hold a few images of a source.

    Attributes:
        images: those images, grey or colour, no side longer than `LONGEST`.
        sizes: (width, height) of each, as it came.
    """

    images: tuple[Image.Image, ...]
    sizes: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        """Rows and columns that suit them: their own where they are small squares."""
        least, most = SIZE_RANGE
        sides = {side for size in self.sizes for side in size}
        if len(sides) == 1 and least <= min(sides) <= most:
            return min(sides)
        shortest = min(sides, default=PHOTOGRAPH_SIZE)
        return max(least, min(PHOTOGRAPH_SIZE, shortest))

    @property
    def channels(self) -> int:
        """1 where all of them are grey, whatever their files say; else 3."""
        return 3 if any(map(_has_colour, self.images)) else 1


def samples_of(source: Path, *, count: int, ground: int) -> Samples:
    """Read the first images of a source that can be read.

    Args:
        source: its path.
        count: how many.
        ground: grey level behind what is transparent.

    Raises:
        ValueError: it cannot be opened, or the first files of it have not one image.
        OSError: it is not there, or cannot be read.
    """
    images, sizes = [], []
    for image in islice(_images(source, ground), count):
        sizes.append(image.size)
        image.thumbnail((LONGEST, LONGEST))
        images.append(image)
    if not images:
        raise ValueError(f"{source.stem} has not one image that can be read among its first files")
    return Samples(tuple(images), tuple(sizes))


def _images(source: Path, ground: int) -> Iterator[Image.Image]:
    if source.suffix.lower() == ".npz":
        with source.open("rb") as file, open_archive(file, source.name) as archive:
            yield from images_of(archive, open_arrays(archive, source.name), ground)
        return
    for file_ in islice(files_of(source), MOST_TRIED):
        if not file_.refused and not file_.name.lower().endswith(".csv"):
            try:
                image = opened(file_.data, ground, least=LONGEST)
            except ValueError:  # the import will name it
                continue
            yield image


def _has_colour(image: Image.Image) -> bool:
    if image.mode != "RGB":
        return False
    pixels = np.asarray(image).astype(np.int16)
    return bool((pixels.max(axis=2) - pixels.min(axis=2) > COLOURLESS).mean() > 0.01)
