"""Which class each file belongs to: by its folder, by a table of names, or by none."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

MAX_NAME: Final = 60
UNSORTED: Final = "unsorted"
"""The class of what lies beside the folders, or is not in the table."""


@dataclass(frozen=True)
class Labels:
    """Hold the classes of some files.

    Attributes:
        names: of the classes, in order; empty where there are none.
        of: class of each file, an index, in the files' order.
        refused: what of a table could not be used, each line with its reason.
    """

    names: tuple[str, ...]
    of: tuple[int, ...]
    refused: tuple[tuple[str, str], ...] = ()


def by_folder(files: Sequence[str]) -> Labels:
    """Return classes named after the outermost folders in which files differ.

    Args:
        files: their paths, with forward slashes.
    """
    parents = [PurePosixPath(name).parts[:-1] for name in files]
    shared = 0
    while parents and all(len(each) > shared and each[shared] == parents[0][shared] for each in parents):
        shared += 1
    found = [each[shared] if len(each) > shared else UNSORTED for each in parents]
    return _numbered(found) if any(len(each) > shared for each in parents) else Labels((), ())


def by_table(files: Sequence[str], table: bytes, title: str) -> Labels:
    """Return the classes that a CSV gives: a column of files and one of classes.

    Args:
        files: their paths, with forward slashes.
        table: the CSV's bytes.
        title: its name.

    Raises:
        ValueError: it is no such table; what would do.
    """
    rows = _rows(table, title)
    file_column, class_column = _columns(rows[0]) if rows else (0, 1)
    has_header = bool(rows) and not _known(rows[0], file_column, files)
    given: dict[str, str] = {}
    refused = []
    names = {*files, *(PurePosixPath(name).name for name in files)}
    for number, row in enumerate(rows[1:] if has_header else rows, 2 if has_header else 1):
        if len(row) <= max(file_column, class_column):
            refused.append((title, f"line {number} has no two columns"))
            continue
        name = row[file_column].strip().replace("\\", "/").removeprefix("./")
        if name not in names:
            refused.append((title, f"line {number}: there is no image {name[:80]!r}"))
            continue
        given[name] = _name(row[class_column])
    if not given:
        raise ValueError(
            f"{title} names none of the images: it wants a column of file names and one of classes, such as "
            "file,label"
        )
    found = [given.get(name, given.get(PurePosixPath(name).name, UNSORTED)) for name in files]
    labels = _numbered(found)
    return Labels(labels.names, labels.of, tuple(refused))


def by_number(values: Sequence[object], names: Sequence[str]) -> Labels:
    """Return classes of an array of labels: whole numbers or names."""
    if values and isinstance(values[0], str):
        return _numbered([_name(str(value)) for value in values])
    numbers = [int(value) for value in values]  # type: ignore[call-overload]
    if names and min(numbers) >= 0 and max(numbers) < len(names):
        return Labels(tuple(map(_name, names)), tuple(numbers))
    order = {number: place for place, number in enumerate(sorted(set(numbers)))}
    return Labels(tuple(map(str, order)), tuple(order[number] for number in numbers))


def _rows(table: bytes, title: str) -> list[list[str]]:
    try:
        text = table.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = table.decode("latin-1")
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text), delimiter=mark)
    try:
        return [row for row in rows if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ValueError(f"{title} is no table of commas: {error}") from None


def _columns(header: Sequence[str]) -> tuple[int, int]:
    """Return which columns are the files' and the classes'."""
    plain = [cell.strip().lower() for cell in header]
    files = [n for n, cell in enumerate(plain) if cell in ("file", "filename", "image", "path", "name")]
    classes = [n for n, cell in enumerate(plain) if cell in ("label", "class", "category", "target")]
    if files and classes:
        return files[0], classes[0]
    return 0, 1


def _known(row: Sequence[str], column: int, files: Sequence[str]) -> bool:
    name = row[column].strip().replace("\\", "/") if len(row) > column else ""
    return any(each == name or PurePosixPath(each).name == name for each in files)


def _numbered(found: Sequence[str]) -> Labels:
    names = _sorted({_name(name) for name in found})
    order = {name: place for place, name in enumerate(names)}
    return Labels(tuple(names), tuple(order[_name(name)] for name in found))


def _sorted(names: Mapping[str, None] | set[str]) -> list[str]:
    """Sort numbers by value before words, so that 10 comes behind 9."""
    return sorted(names, key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name))


def _name(text: str) -> str:
    """Make a class's name one line of at most 60 characters that can be shown."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return plain[:MAX_NAME] or UNSORTED
