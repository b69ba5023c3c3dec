"""The images of an `.npz`: arrays read a piece at a time, never unpickled, whatever they say they are."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from vae_core.images.uploads.limits import MAX_IMAGES, MAX_UNPACKED_BYTES

PIECE_BYTES: Final = 16_000_000
MAX_LABEL_BYTES: Final = 64_000_000

IMAGES: Final = ("images", "x", "data", "train_images", "x_train", "arr_0")
LABELS: Final = ("labels", "y", "targets", "train_labels", "y_train", "arr_1")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Described:
    """Hold what an array's header says.

    Attributes:
        name: of the array.
        shape: its shape.
        dtype: its type.
        entry: its place in the archive.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    entry: zipfile.ZipInfo


@dataclass(frozen=True)
class Stored:
    """Hold the images of a file that are still to be read.

    Attributes:
        images: what their array is.
        labels: class of each, (N,), or None.
        label_names: names of the classes, where the file has any.
        refused: arrays that are not taken, each with its reason.
    """

    images: Described
    labels: Array | None
    label_names: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def open_arrays(archive: zipfile.ZipFile, title: str) -> Stored:
    """Find the images and labels of an `.npz`.

    Raises:
        ValueError: it has none; what was found, and what would do.
    """
    found: dict[str, Described] = {}
    refused: list[tuple[str, str]] = []
    for entry in archive.infolist()[:1_000]:
        name = entry.filename.removesuffix(".npy")
        try:
            found[name] = _describe(archive, entry)
        except ValueError as error:
            refused.append((name, str(error)))
        except Exception as error:  # a damaged one raises anything
            refused.append((name, f"it cannot be read: {' '.join(str(error).split())[:100]}"))
    pictures = [each for each in found.values() if len(each.shape) in (3, 4) and each.dtype.kind in "uifb"]
    named = [found[name] for name in IMAGES if name in found and found[name] in pictures]
    if not pictures or (len(pictures) > 1 and not named):
        held = ", ".join(f"{each.name} {each.dtype} {each.shape}" for each in list(found.values())[:5])
        reasons = "; ".join(f"{name}: {why}" for name, why in refused[:3])
        raise ValueError(
            f"{title} has {'no array of images' if not pictures else 'several arrays of images'} "
            f"({'; '.join(part for part in (held, reasons) if part) or 'it is empty'}): "
            'name one "images", (N, H, W), (N, H, W, C) or (N, C, H, W), numbers 0 to 255 or 0 to 1'
        )
    images = named[0] if named else pictures[0]
    count = images.shape[0]
    if not 1 <= count <= MAX_IMAGES or math.prod(images.shape) * images.dtype.itemsize > MAX_UNPACKED_BYTES:
        raise ValueError(
            f"{title} has an array {images.name} of {images.shape}; the limit is {MAX_IMAGES:,} images"
        )
    labels = _labels(archive, found, count, refused)
    names = _label_names(archive, found)
    taken = {images.name, *LABELS, "label_names"}
    refused += [(name, "it is neither images nor their labels") for name in found if name not in taken]
    return Stored(images, labels, names, tuple(refused))


def pieces(archive: zipfile.ZipFile, images: Described) -> Iterator[Array]:
    """Yield the images a piece at a time, in 8 bits, (M, H, W) or (M, H, W, C).

    Raises:
        ValueError: they are cut off, or their numbers are no grey levels.
    """
    shape = images.shape[1:]
    one = math.prod(shape) * images.dtype.itemsize
    at_once = max(1, PIECE_BYTES // max(1, one))
    with archive.open(images.entry) as file:
        _read_header(file)
        scale: float | None = None
        for start in range(0, images.shape[0], at_once):
            count = min(at_once, images.shape[0] - start)
            data = _exactly(file, count * one)
            values = np.frombuffer(data, images.dtype).reshape(count, *shape)
            if scale is None:
                scale = _scale(values)
            yield _channels_last(_grey_levels(values, scale))


def _describe(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Described:
    if not entry.filename.endswith(".npy"):
        raise ValueError("it is no array")
    if entry.flag_bits & 0x1:
        raise ValueError("it is encrypted")
    with archive.open(entry) as file:
        shape, is_fortran, dtype = _read_header(file)
    if dtype.hasobject:
        raise ValueError("it holds objects of Python, which are never unpickled: save plain numbers")
    if is_fortran and len(shape) > 1:
        raise ValueError("it is stored by columns: save np.ascontiguousarray of it")
    return Described(entry.filename.removesuffix(".npy"), shape, dtype, entry)


def _read_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
    if version[0] not in read:
        raise ValueError("its format is not known")
    return read[version[0]](file)


def _whole(archive: zipfile.ZipFile, each: Described) -> Array:
    with archive.open(each.entry) as file:
        _read_header(file)
        data = _exactly(file, math.prod(each.shape) * each.dtype.itemsize)
    return np.frombuffer(data, each.dtype).reshape(each.shape)


def _exactly(file: Any, size: int) -> bytes:
    data: bytes = file.read(size)
    if len(data) != size:
        raise ValueError("it is cut off")
    return data


def _labels(
    archive: zipfile.ZipFile, found: dict[str, Described], count: int, refused: list[tuple[str, str]]
) -> Array | None:
    for name in LABELS:
        if name not in found:
            continue
        each = found[name]
        if each.shape not in ((count,), (count, 1)) or each.dtype.kind not in "uiUb":
            refused.append(
                (name, f"labels are whole numbers or names, ({count:,},), not {each.dtype} {each.shape}")
            )
        elif math.prod(each.shape) * each.dtype.itemsize > MAX_LABEL_BYTES:
            refused.append((name, "its labels are too long"))
        else:
            return _whole(archive, each).reshape(-1)
    return None


def _label_names(archive: zipfile.ZipFile, found: dict[str, Described]) -> tuple[str, ...]:
    each = found.get("label_names")
    if each is None or each.dtype.kind != "U" or len(each.shape) != 1:
        return ()
    if math.prod(each.shape) * each.dtype.itemsize > MAX_LABEL_BYTES:
        return ()
    return tuple(map(str, _whole(archive, each)))


def _scale(values: Array) -> float:
    """Return what takes the first piece's numbers to 0..255."""
    if values.dtype.kind == "b":
        return 255.0
    if values.dtype.kind == "f":
        return 255.0 if float(np.nanmax(values, initial=0)) <= 1 else 1.0
    return 1 / 257 if values.dtype.itemsize > 1 and int(values.max(initial=0)) > 255 else 1.0


def _grey_levels(values: Array, scale: float) -> npt.NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError("its numbers are not all finite")
    levels = np.round(values.astype(np.float64) * scale)
    if levels.min(initial=0) < 0 or levels.max(initial=0) > 255:
        raise ValueError("its numbers are neither from 0 to 1, nor to 255, nor to 65,535")
    return levels.astype(np.uint8)


def _channels_last(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    if images.ndim == 3:
        return images
    if images.shape[3] in (1, 3, 4):
        return images
    if images.shape[1] in (1, 3, 4):
        return images.transpose(0, 2, 3, 1)
    raise ValueError("its images have neither 1, 3 nor 4 channels")


def open_archive(file: BinaryIO, title: str) -> zipfile.ZipFile:
    """Open an `.npz`.

    Raises:
        ValueError: it is none.
    """
    try:
        return zipfile.ZipFile(file)
    except Exception as error:  # a damaged one raises anything
        said = " ".join(str(error).split())[:100]
        raise ValueError(
            f"{title} cannot be opened as an .npz ({said}): save it anew with np.savez"
        ) from None
