"""Image sets of someone's own on disk: one file each, written once and never changed.

    <name>.safetensors   pixels, classes and which images are held out; what is known of them is in its header
    <name>.title         its title, where that is another one by now

As the file never changes, a run that learns from it takes a second name of it into its own folder
(`take_set`): the set may be deleted, and the run goes on. A name is never given
twice: by it a worker knows images that it has in memory.

What lies there was written by a worker of ours, but is read as what may come from anyone. Looking at it needs
no torch.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from vae_core.images.catalogue import ImageSetInfo
from vae_core.images.order import balanced_order
from vae_core.storage import tensorfile
from vae_core.storage.home import link_or_copy, make_folder, put_in_place, write_whole
from vae_core.storage.tensorfile import LENGTH_BYTES, ArrayPlace

if TYPE_CHECKING:
    from vae_core.images.image_set import ImageSet

FOLDER: Final = "images"
"""Of an owner's sets, in the owner's folder."""

SUFFIX: Final = ".safetensors"
TITLE_SUFFIX: Final = ".title"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")
FORMAT: Final = "latent-explorer images 1"
MAX_TITLE: Final = 80

_LETTERS: Final = "abcdefghjkmnpqrstvwxyz23456789"
_STEM: Final = 24
_RANDOM: Final = 10

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class OwnSet:
    """Describe a set of someone's own.

    Attributes:
        info: what every set has.
        counts: of each class, how many are there to learn from and how many are held out; of all images
            where there are no classes.
        created: when it was kept, in seconds since 1970.
        size_bytes: size of its file.
    """

    info: ImageSetInfo
    counts: tuple[tuple[int, int], ...]
    created: float
    size_bytes: int


def is_own(name: str) -> bool:
    """Whether what names a set is the path of someone's own."""
    return name.endswith(SUFFIX)


def new_name(stem: str) -> str:
    """Return a name that no set has had, and that nobody can guess, fit for URLs and file names.

    Args:
        stem: what it begins with, so that people know it again: `[a-z0-9][a-z0-9-]*`.
    """
    random = "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM))
    return f"{stem[:_STEM].rstrip('-')}-{random}"


def write_set(path: Path, images: ImageSet, held_out: Array) -> None:
    """Write a set's file, whole or not at all, without a second copy of its pixels in memory.

    Args:
        path: the file; its stem is the set's name.
        images: all images, those that are held out among them.
        held_out: which are held out, bool, (N,).

    Raises:
        OSError: the disk is full.
    """
    write_arrays(
        path,
        images.images.numpy(),
        None if images.labels is None else images.labels.numpy(),
        held_out,
        label_names=images.label_names,
        title=images.title,
        licence=images.licence,
        source=images.source,
    )


def write_arrays(
    path: Path,
    images: Array,
    labels: Array | None,
    held_out: Array,
    *,
    title: str,
    label_names: Sequence[str] = (),
    licence: str = "",
    source: str = "",
) -> None:
    """Write a set's file of bare arrays, as `write_set` does; without torch.

    Args:
        path: the file; its stem is the set's name.
        images: all images, uint8, (N, C, H, W), those that are held out among them.
        labels: class of each, int64, (N,), or None.
        held_out: which are held out, bool, (N,).
        title: the name for people.
        label_names: name of each class.
        licence: licence and notice that go wherever the images go.
        source: where they come from.

    Raises:
        OSError: the disk is full.
    """
    about = {
        "title": title,
        "label_names": list(label_names),
        "licence": licence,
        "source": source,
        "created": time.time(),
        "counts": _counts(labels, len(label_names), held_out),
    }
    arrays = {"images": images, "held_out": held_out.astype(np.uint8)}
    if labels is not None:
        arrays["labels"] = labels
    make_folder(path.parent)
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(6)}.part")
    try:
        with partial.open("xb") as file:
            for part in _parts(arrays, {"format": FORMAT, "about": json.dumps(about, ensure_ascii=False)}):
                file.write(part)
        put_in_place(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def describe_set(path: Path) -> OwnSet:
    """Read what is known of a set; cheap, and without torch.

    Raises:
        OSError: there is no such file.
        ValueError: it is none of a set.
    """
    with path.open("rb") as file, _readable(path):
        about, places, _ = _header(file)
        shape = places["images"].shape
        counts = tuple((int(learn), int(held)) for learn, held in about["counts"])
        size, held_out = (sum(each[side] for each in counts) for side in (0, 1))
        if len(shape) != 4 or size + held_out != shape[0]:
            raise ValueError("its counts are not those of its images")
        info = ImageSetInfo(
            path.stem,
            _title(path) or str(about["title"])[:MAX_TITLE],
            (shape[1], shape[2], shape[3]),
            size,
            held_out,
            True,
            tuple(map(str, about["label_names"])),
            (),
            str(about["licence"]),
            str(about["source"]),
            path=str(path),
        )
        return OwnSet(info, counts, float(about["created"]), path.stat().st_size)


def read_set(path: Path, split: str, *, limit: int | None = None, seed: int = 0) -> ImageSet:
    """Load one split of a set.

    Args:
        path: its file.
        split: "train" or "test"; the latter is empty where nothing is held out.
        limit: at most so many: the first of a class-balanced shuffle.
        seed: of that shuffle.

    Raises:
        ValueError: the file is not there any more, or damaged.
    """
    import torch

    from vae_core.images.image_set import ImageSet

    try:
        found = describe_set(path)
        with path.open("rb") as file, _readable(path):
            _, places, first = _header(file)
            held_out = _array(file, first, places["held_out"]).astype(bool)
            rows = np.flatnonzero(held_out if split == "test" else ~held_out)
            labels = None
            if found.info.label_names:
                labels = _array(file, first, places["labels"])[rows]
            if limit is not None:
                order = balanced_order(np.zeros(len(rows)) if labels is None else labels, seed=seed)[:limit]
                rows, labels = rows[order], None if labels is None else labels[order]
            images = _rows(file, first, places["images"], rows)
    except FileNotFoundError:
        raise ValueError("These images are not here any more: they were deleted.") from None
    return ImageSet(
        found.info.name,
        found.info.title,
        torch.from_numpy(images),
        None if labels is None else torch.from_numpy(labels.astype(np.int64)),
        found.info.label_names,
        licence=found.info.licence,
        source=found.info.source,
    )


def read_in_order(path: Path) -> Iterator[tuple[Array, int]]:
    """Yield all images of a set, (C, H, W), with the class of each (0 where there are none), in its order.

    Raises:
        OSError: there is no such file.
        ValueError: it is damaged.
    """
    with path.open("rb") as file, _readable(path):
        _, places, first = _header(file)
        place = places["images"]
        labels = np.zeros(place.shape[0], np.int64)
        if "labels" in places:
            labels = _array(file, first, places["labels"])
        one = int(np.prod(place.shape[1:]))
        file.seek(first + place.start)
        for label in labels:
            yield np.frombuffer(file.read(one), np.uint8).reshape(place.shape[1:]), int(label)


def own_sets(folder: Path) -> tuple[OwnSet, ...]:
    """Return the sets in a folder, the newest first; what cannot be read is left out."""
    found = []
    for path in set_files(folder):
        try:
            found.append(describe_set(path))
        except (OSError, ValueError):
            continue
    return tuple(sorted(found, key=lambda each: (-each.created, each.info.name)))


def set_files(folder: Path) -> list[Path]:
    """Return the files of the sets in a folder, by name."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []
    return [path for path in paths if path.suffix == SUFFIX and NAME.fullmatch(path.stem)]


def rename_set(path: Path, title: str) -> None:
    """Give a set another title; its name stays, by which runs, models and links know it.

    Raises:
        OSError: the disk is full.
    """
    write_whole(path.with_suffix(TITLE_SUFFIX), title.encode())


def take_set(path: Path, to: Path) -> None:
    """Give a set's file a second name, which stays when the first one goes; the title comes along.

    Args:
        path: the set's file.
        to: where the second name is to be; its stem is the same.

    Raises:
        FileNotFoundError: the set is not there any more.
        OSError: the disk is full.
    """
    title = _title(path)
    link_or_copy(path, to)
    if title:
        rename_set(to, title)


def delete_set(path: Path) -> None:
    """Delete a set."""
    path.unlink(missing_ok=True)
    path.with_suffix(TITLE_SUFFIX).unlink(missing_ok=True)


def _title(path: Path) -> str:
    """Return the title that a set was given later; "" for none."""
    try:
        return path.with_suffix(TITLE_SUFFIX).read_text(encoding="utf-8")[:MAX_TITLE]
    except (OSError, UnicodeDecodeError):
        return ""


def _counts(labels: Array | None, classes: int, held_out: Array) -> list[tuple[int, int]]:
    """Return of each class how many are to learn from, and how many are held out."""
    of = np.zeros(len(held_out), np.int64) if labels is None else labels
    learn, held = (np.bincount(of[side], minlength=max(1, classes)) for side in (~held_out, held_out))
    return [(int(one), int(other)) for one, other in zip(learn, held, strict=True)]


def _parts(arrays: dict[str, Array], metadata: dict[str, str]) -> Iterator[bytes | memoryview]:
    """Yield the file's bytes, as `tensorfile.pack` would give them; of the arrays no copy is made."""
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header: dict[str, Any] = {"__metadata__": metadata}
    position = 0
    for name in order:
        dtype, shape = tensorfile.describe({name: arrays[name]})[name]
        header[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [position, position + arrays[name].nbytes],
        }
        position += arrays[name].nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(LENGTH_BYTES, "little") + text
    for name in order:
        yield np.ascontiguousarray(arrays[name]).data.cast("B")


def _header(file: BinaryIO) -> tuple[dict[str, Any], dict[str, ArrayPlace], int]:
    """Read what is known of a set, where its arrays lie, and where the first of them begins."""
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(LENGTH_BYTES + 1)
    first = LENGTH_BYTES + tensorfile.header_length(head, size)
    file.seek(LENGTH_BYTES)
    metadata, places = tensorfile.parse_header(file.read(first - LENGTH_BYTES), size - first)
    if metadata.get("format") != FORMAT:
        raise ValueError("it is no set of images")
    about = tensorfile.parse_json(metadata["about"], "what it says of itself")
    rows = places["images"].shape[:1]
    if any(place.shape[:1] != rows for place in places.values()) or places["images"].dtype != "U8":
        raise ValueError("its arrays are of different lengths")
    return about, places, first


def _array(file: BinaryIO, first: int, place: ArrayPlace) -> Array:
    file.seek(first + place.start)
    data = file.read(place.stop - place.start)
    return np.frombuffer(data, tensorfile.DTYPES[place.dtype]).reshape(place.shape)


def _rows(file: BinaryIO, first: int, place: ArrayPlace, rows: Array) -> Array:
    """Read some images, (M, C, H, W), a piece of the file at a time: never all of them twice."""
    one = int(np.prod(place.shape[1:]))
    wanted = np.empty((len(rows), *place.shape[1:]), np.uint8)
    at_once = max(1, _PIECE_BYTES // one)
    order = np.argsort(rows, kind="stable")
    for start in range(0, place.shape[0], at_once):
        low, high = np.searchsorted(rows[order], [start, start + at_once])
        if low == high:
            continue
        file.seek(first + place.start + start * one)
        piece = np.frombuffer(file.read(min(at_once, place.shape[0] - start) * one), np.uint8)
        here = order[low:high]
        wanted[here] = piece.reshape(-1, *place.shape[1:])[rows[here] - start]
    return wanted


_PIECE_BYTES: Final = 16_000_000


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say of whatever is wrong with a file that it is damaged."""
    try:
        yield
    except (ValueError, KeyError, TypeError, IndexError) as error:
        said = " ".join(str(error).split())[:150]
        raise ValueError(f"The images {path.stem} cannot be read ({said}): bring them again.") from error
