"""Many files in one: what a browser makes of a selection or a folder, so that they come in a single request.

    8 bytes        "LATFILES"
    8 bytes        length of the list, little-endian
    the list       JSON: [[name, length in bytes], ...]
    the files      one after the other, without a gap

A browser writes it without reading the files before (`assets/explorer/images/packing.js`), which it could not
do with a zip. Here it is read a file at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vae_core.images.uploads.limits import MAX_FILE_BYTES, MAX_FILES
from vae_core.storage.tensorfile import parse_json

MAGIC: Final = b"LATFILES"
SUFFIX: Final = ".files"
LENGTH_BYTES: Final = 8
MAX_LIST_BYTES: Final = 64_000_000
MAX_NAME: Final = 1_000


def packed_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes; of a file that is too large only so much that this is seen.

    Raises:
        ValueError: it is no such file, or cut on its way.
        OSError: it is not there, or cannot be read.
    """
    names = packed_names(path)
    if len(names) > MAX_FILES:
        raise ValueError(f"there are more than {MAX_FILES:,} files: bring fewer at once")
    start = path.stat().st_size - sum(length for _, length in names)
    with path.open("rb") as file:
        for name, length in names:
            file.seek(start)
            yield name, file.read(min(length, MAX_FILE_BYTES + 1))
            start += length


def packed_names(path: Path) -> list[tuple[str, int]]:
    """Return the files' names and lengths, if these fill the rest of the file exactly; raises as above."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            names = _list(file.read(length)) if length <= min(MAX_LIST_BYTES, size) else None
            start = len(MAGIC) + LENGTH_BYTES + length
            if names is not None and start + sum(each for _, each in names) == size:
                return names
    raise ValueError(f"{path.stem} did not come whole: bring the files again")


def _list(text: bytes) -> list[tuple[str, int]] | None:
    """Read the list; None where it is none."""
    try:
        found = parse_json(text, "the list of files")
    except ValueError:
        return None
    if not isinstance(found, list):
        return None
    names = []
    for entry in found:
        if not (isinstance(entry, list) and len(entry) == 2):
            return None
        name, length = entry
        if not isinstance(name, str) or type(length) is not int or length < 0:
            return None
        names.append((name[:MAX_NAME], length))
    return names
