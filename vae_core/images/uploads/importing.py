"""Make an image set of someone's own files; nothing is lost without a line that says why.

found = import_images("photographs.zip", size=64, channels=3)
for name, why in found.refused:
    print(name, why)
train, test = stratified_split(found.images)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from vae_core.images.image_set import MOST_CLASSES, ImageSet
from vae_core.images.order import held_out_rows
from vae_core.images.uploads.arrays import Stored, open_archive, open_arrays, pieces
from vae_core.images.uploads.labels import Labels, by_folder, by_number, by_table
from vae_core.images.uploads.limits import CHANNELS, FITS, MAX_IMAGES, MAX_PIXEL_BYTES, SIZE_RANGE
from vae_core.images.uploads.pictures import Pixels, as_picture, opaque, picture
from vae_core.images.uploads.sources import Named, files_of

WHITE: Final = 255

Progress = Callable[[int, str], None]
"""Called now and then with how many files were looked at, and the last one's name."""


@dataclass(frozen=True, eq=False)
class ImportedImages:
    """Hold what came of someone's files.

    Attributes:
        images: those that were kept, with the classes that were found.
        refused: name and reason of each file, or line of a table, that was not taken.
        duplicates: how many of the kept ones look exactly like one before them.
    """

    images: ImageSet
    refused: tuple[tuple[str, str], ...]
    duplicates: int


def import_images(
    source: str | Path | Named,
    *,
    size: int = 28,
    channels: int = 1,
    fit: str = "crop",
    ground: int = WHITE,
    title: str = "",
    progress: Progress | None = None,
) -> ImportedImages:
    """Make an image set of files.

    Orientation by EXIF is applied; 16 bits, palettes and CMYK become 8 bits of grey or colour. Classes are
    those of the folders, or of a CSV that lies among the files, with a column of files and one of classes.

    Args:
        source: the path of a zip, a folder, an `.npz`, one image or many packed in one; or names with bytes.
        size: rows and columns of each image, 8 to 128.
        channels: 1 for grey, 3 for colour.
        fit: "crop" keeps the middle square, "pad" adds ground to the shorter side, "stretch" pulls it.
        ground: grey level, 0..255, behind what is transparent and beside what is padded.
        title: the set's name for people; by default the source's.
        progress: called now and then.

    Returns:
        The images, what was refused, and how many duplicates there are.

    Raises:
        ValueError: an argument out of range, a source that cannot be opened, or not one image in it.
        OSError: there is no such file, or it cannot be read.
    """
    _check_arguments(size, channels, fit, ground)
    name = _source_name(source)
    found = _Found(size, channels, fit, ground, progress)
    if isinstance(source, (str, Path)) and Path(source).suffix.lower() == ".npz":
        labels = found.read_arrays(Path(source).expanduser())
    else:
        labels = found.read_files(source)
    if not found.names:
        first = "; ".join(f"{each}: {why}" for each, why in found.refused[:3])
        raise ValueError(f"{name} has not one image that can be read{f' ({first})' if first else ''}")
    if len(labels.names) > MOST_CLASSES:
        found.refused.append(
            (name, f"it has {len(labels.names):,} classes, more than {MOST_CLASSES:,}: none are kept")
        )
        labels = Labels((), (), labels.refused)
    shape = (len(found.names), channels, size, size)
    images = ImageSet(
        f"own {name}"[:60],
        title or name,
        torch.frombuffer(found.pixels, dtype=torch.uint8).reshape(shape),
        torch.tensor(labels.of, dtype=torch.int64) if labels.names else None,
        labels.names,
        source=found.account(name, labels),
    )
    return ImportedImages(images, (*found.refused, *labels.refused), found.duplicates)


def held_out_of(images: ImageSet, *, seed: int = 0) -> npt.NDArray[np.bool_]:
    """Choose which images are held out: a tenth of each class; of fewer than 20 images none.

    Args:
        images: N images.
        seed: of the choice.

    Returns:
        Whether each is held out, (N,).
    """
    labels = np.zeros(len(images), np.int64) if images.labels is None else images.labels.numpy()
    return held_out_rows(labels, seed=seed)


def stratified_split(images: ImageSet, *, seed: int = 0) -> tuple[ImageSet, ImageSet | None]:
    """Part a set into the images to learn from, and those that `held_out_of` chooses, or None.

    Args:
        images: N images.
        seed: of the choice.

    Returns:
        Both in the set's order.
    """
    is_held_out = held_out_of(images, seed=seed)
    if not is_held_out.any():
        return images, None
    kept, held_out = (torch.from_numpy(np.flatnonzero(each)) for each in (~is_held_out, is_held_out))
    return images.take(kept), images.take(held_out)


class _Found:
    """Take images one after the other, and remember what was not taken."""

    def __init__(self, size: int, channels: int, fit: str, ground: int, progress: Progress | None) -> None:
        self.names: list[str] = []
        self.pixels = bytearray()
        self.refused: list[tuple[str, str]] = []
        self.duplicates = 0
        self._wanted: dict[str, Any] = {"size": size, "channels": channels, "fit": fit, "ground": ground}
        self._most = min(MAX_IMAGES, MAX_PIXEL_BYTES // (channels * size * size))
        self._seen: set[bytes] = set()
        self._progress = progress
        self._looked_at = 0

    def read_files(self, source: str | Path | Named) -> Labels:
        """Take the images of an archive, a folder or named bytes, and return their classes."""
        tables: list[tuple[str, bytes]] = []
        for file in files_of(source):
            self._tell(file.name)
            if file.refused:
                self.refused.append((file.name, file.refused))
            elif file.name.lower().endswith(".csv"):
                tables.append((file.name, file.data))
            elif self._has_room(file.name):
                try:
                    self._keep(file.name, picture(file.data, **self._wanted))
                except ValueError as error:
                    self.refused.append((file.name, str(error)))
        for name, _ in tables[1:]:
            self.refused.append((name, f"the classes are taken from {tables[0][0]}: one table is enough"))
        if tables:
            try:
                return by_table(self.names, tables[0][1], tables[0][0])
            except ValueError as error:
                self.refused.append((tables[0][0], str(error)))
        return by_folder(self.names)

    def read_arrays(self, path: Path) -> Labels:
        """Take the images of an `.npz`, and return their classes."""
        with path.open("rb") as file, open_archive(file, path.name) as archive:
            stored = open_arrays(archive, path.name)
            self.refused += stored.refused
            kept: list[int] = []
            for number, image in enumerate(images_of(archive, stored, self._wanted["ground"])):
                name = f"{stored.images.name}[{number}]"
                self._tell(name)
                if self._has_room(name):
                    kept.append(number)
                    self._keep(name, as_picture(image, **self._wanted))
        if stored.labels is None:
            return Labels((), ())
        return by_number(stored.labels[kept].tolist(), stored.label_names)

    def account(self, source: str, labels: Labels) -> str:
        """Say what was done, for the set's card."""
        size, fit = self._wanted["size"], {"crop": "cropped", "pad": "padded", "stretch": "stretched"}
        colour = "grey" if self._wanted["channels"] == 1 else "colour"
        classes = f"{len(labels.names)} classes" if labels.names else "no classes"
        return (
            f"imported from {source}: {len(self.names):,} images in {classes}, {len(self.refused):,} files "
            f"refused, {self.duplicates:,} duplicates; {colour}, {fit[self._wanted['fit']]} to {size}x{size}"
        )

    def _keep(self, name: str, pixels: Pixels) -> None:
        data = np.ascontiguousarray(pixels).tobytes()
        digest = hashlib.blake2b(data, digest_size=16).digest()
        self.duplicates += digest in self._seen
        self._seen.add(digest)
        self.pixels += data
        self.names.append(name)

    def _has_room(self, name: str) -> bool:
        if len(self.names) < self._most:
            return True
        limit = (
            "images" if self._most == MAX_IMAGES else f"images of this size ({MAX_PIXEL_BYTES / 1e6:g} MB)"
        )
        self.refused.append((name, f"the set is full: it has {self._most:,} {limit}"))
        return False

    def _tell(self, name: str) -> None:
        self._looked_at += 1
        if self._progress is not None and self._looked_at % 100 == 0:
            self._progress(self._looked_at, name)


def images_of(archive: Any, stored: Stored, ground: int) -> Iterator[Image.Image]:
    """Yield the images of an `.npz`, grey or colour.

    Raises:
        ValueError: they are cut off, or no grey levels.
    """
    name = stored.images.name
    try:
        for piece in pieces(archive, stored.images):
            for pixels in piece:
                is_grey = pixels.ndim == 3 and pixels.shape[2] == 1
                yield opaque(
                    Image.fromarray(np.ascontiguousarray(pixels[..., 0] if is_grey else pixels)), ground
                )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    except Exception as error:  # a damaged archive raises anything
        raise ValueError(f"{name} cannot be unpacked: {' '.join(str(error).split())[:100]}") from None


def _check_arguments(size: int, channels: int, fit: str, ground: int) -> None:
    if type(size) is not int or not SIZE_RANGE[0] <= size <= SIZE_RANGE[1]:
        raise ValueError(f"size must be a whole number from {SIZE_RANGE[0]} to {SIZE_RANGE[1]}; got {size!r}")
    if channels not in CHANNELS:
        raise ValueError(f"channels must be 1 (grey) or 3 (colour); got {channels!r}")
    if fit not in FITS:
        raise ValueError(f"fit must be one of {', '.join(FITS)}; got {fit!r}")
    if type(ground) is not int or not 0 <= ground <= WHITE:
        raise ValueError(f"ground must be a grey level from 0 to {WHITE}; got {ground!r}")


def _source_name(source: str | Path | Named) -> str:
    if isinstance(source, (str, Path)):
        return PurePosixPath(Path(source).expanduser().resolve().name).stem or "images"
    return "images"
