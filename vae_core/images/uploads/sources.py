"""Where images come from: the files of an archive or a folder, or bytes that have names.

Nothing is written to the disk and no link is followed; a file is read when its turn comes and forgotten then.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from vae_core.images.uploads.limits import MAX_FILE_BYTES, MAX_FILES, MAX_RATIO, MAX_UNPACKED_BYTES
from vae_core.images.uploads.packed import SUFFIX as PACKED
from vae_core.images.uploads.packed import packed_files, packed_names

SYSTEM_FILES: Final = (".ds_store", "thumbs.db", "desktop.ini")
SYSTEM_FOLDERS: Final = ("__macosx", ".git", "$recycle.bin")

FREE_BYTES: Final = 1_000_000
NAMELESS: Final = "(a file without a name)"


@dataclass(frozen=True)
class File:
    """Hold one file of a source: its bytes, or why they are not taken.

    Attributes:
        name: its path within the source, with forward slashes.
        data: its bytes.
        refused: why there are none; "" where there are.
    """

    name: str
    data: bytes = b""
    refused: str = ""


Named = Mapping[str, bytes] | Iterable[tuple[str, bytes]]


def files_of(source: str | Path | Named) -> Iterator[File]:
    """Yield the files of a source, by name.

    Args:
        source: the path of a zip, a folder, a single file or many packed in one; or names with their bytes.

    Raises:
        ValueError: it cannot be opened at all; what is wrong and what to do.
        OSError: there is no such file, or it cannot be read.
    """
    if not isinstance(source, (str, Path)):
        yield from _bounded(_named(source))
        return
    path = Path(source).expanduser()
    if path.suffix == PACKED and path.is_file():
        yield from _bounded(_named(packed_files(path)))
        return
    if path.is_dir():
        yield from _bounded(_in_folder(path))
    elif zipfile.is_zipfile(path):
        yield from _bounded(_in_zip(path))
    else:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ValueError(f"{path.name} is neither a file nor a folder")
        if path.suffix.lower() == ".zip":
            raise ValueError(f"{path.name} is no zip archive, or cut on its way: pack or fetch it anew")
        yield _read(path, path.name)


def count_files(source: Path) -> int:
    """Return how many files a source says it has; 0 where it does not say."""
    try:
        if source.suffix == PACKED:
            return len(packed_names(source))
        with zipfile.ZipFile(source) as archive:
            return 0 if source.suffix.lower() == ".npz" else len(archive.infolist())
    except Exception:  # reading it will say what is wrong with it
        return 0


def _bounded(files: Iterator[File]) -> Iterator[File]:
    """Refuse the rest where all files together would be too much."""
    taken = 0
    for file in files:
        taken += len(file.data)
        if taken > MAX_UNPACKED_BYTES and file.data:
            yield File(
                file.name, refused=f"the files before it have {MAX_UNPACKED_BYTES / 1e9:g} GB together"
            )
        else:
            yield file


def _named(source: Named) -> Iterator[File]:
    items = source.items() if isinstance(source, Mapping) else source
    for number, (name, data) in enumerate(items):
        if number >= MAX_FILES:
            raise ValueError(f"there are more than {MAX_FILES:,} files: bring fewer at once")
        refused = _unwanted(name) or _too_large(len(data))
        yield File(name, refused=refused) if refused else File(name, bytes(data))


def _in_folder(folder: Path) -> Iterator[File]:
    count = 0
    for at, folders, names in os.walk(folder):
        folders.sort()
        linked = [name for name in folders if (Path(at) / name).is_symlink()]
        for name in sorted([*names, *linked]):
            count += 1
            if count > MAX_FILES:
                raise ValueError(f"{folder.name} has more than {MAX_FILES:,} files: bring fewer at once")
            path = Path(at) / name
            yield _read(path, path.relative_to(folder).as_posix())


def _read(path: Path, name: str) -> File:
    try:
        found = path.lstat()
        refused = _unwanted(name)
        if stat.S_ISLNK(found.st_mode):
            refused = "it is a link to another place, and links are not followed"
        elif not stat.S_ISREG(found.st_mode):
            refused = "it is no file"
        refused = refused or _too_large(found.st_size)
        if refused:
            return File(name, refused=refused)
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return File(name, refused=f"it cannot be read: {error.strerror or error}")
    return File(name, data, _too_large(len(data)))


def _in_zip(path: Path) -> Iterator[File]:
    with path.open("rb") as file:
        yield from in_archive(file, path.name)


def in_archive(file: BinaryIO, title: str) -> Iterator[File]:
    """Yield the files of an open zip archive, in its order.

    Args:
        file: the archive.
        title: what it is called.

    Raises:
        ValueError: it is none, or damaged as a whole.
    """
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:  # a damaged one raises anything
        raise ValueError(
            f"{title} cannot be opened as a zip archive ({_short(error)}): pack or fetch it anew"
        ) from None
    with archive:
        entries = archive.infolist()
        if len(entries) > MAX_FILES:
            raise ValueError(f"{title} has {len(entries):,} files; the limit is {MAX_FILES:,}: bring fewer")
        for entry in entries:
            if not entry.filename.endswith("/"):  # a folder; is_dir() fails on an empty name
                yield _unpacked(archive, entry)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> File:
    name = entry.filename.replace("\\", "/") or NAMELESS
    refused = _unwanted(entry.filename) or _too_large(entry.file_size)
    if stat.S_ISLNK(entry.external_attr >> 16):
        refused = "it is a link to another place, and links are not followed"
    elif entry.flag_bits & 0x1:
        refused = "it is encrypted: pack it without a password"
    elif entry.file_size > MAX_RATIO * entry.compress_size + FREE_BYTES:
        refused = f"it would unpack to {entry.file_size / max(1, entry.compress_size):,.0f} times its size"
    if refused:
        return File(name, refused=refused)
    try:
        with archive.open(entry) as file:
            data = file.read(min(entry.file_size, MAX_FILE_BYTES) + 1)
    except Exception as error:  # a damaged one raises anything
        return File(name, refused=f"it cannot be unpacked: {_short(error)}")
    return File(name, data, _too_large(len(data)))


def _unwanted(name: str) -> str:
    """Say why a file of this name is no image; "" where it may be one."""
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part.lower() for part in path.parts]
    if path.is_absolute() or ".." in parts or (parts and len(parts[0]) > 1 and parts[0][1] == ":"):
        return "its path leads out of the archive"
    if not parts:
        return "it has no name"
    if parts[-1] in SYSTEM_FILES or any(part in SYSTEM_FOLDERS for part in parts[:-1]):
        return "it belongs to a system, and is no image"
    if parts[-1].startswith("._"):
        return "it belongs to a system, and is no image"
    return ""


def _too_large(size: int) -> str:
    if size > MAX_FILE_BYTES:
        return f"it has {size / 1e6:,.0f} MB; the limit for one file is {MAX_FILE_BYTES / 1e6:g} MB"
    return ""


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__
