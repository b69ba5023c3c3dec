"""A teacher's notes on the lessons: one Markdown file each in `assets/lessons/<language>/notes/`.

A lesson of one's own may have none. Those that there are have the sections below, in their order.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from ui.learn.files.lesson import LessonError
from ui.learn.files.lessons import FOLDER, LANGUAGE, lessons

SECTIONS: Final = ("Before you begin", "Ask", "They will say", "What goes wrong", "If there is time")


@cache
def notes() -> dict[str, str]:
    """Return the notes by lesson, as Markdown.

    Raises:
        LessonError: a file is no lesson's, or has other sections; it names file and line.
    """
    return read_notes(FOLDER / LANGUAGE / "notes", [lesson.slug for lesson in lessons()])


def read_notes(folder: Path, slugs: list[str]) -> dict[str, str]:
    """Read a folder's notes.

    Args:
        folder: each of its `.md` files is about the lesson of that name.
        slugs: the lessons that there are.

    Raises:
        LessonError: a file is no lesson's, or has other sections; it names file and line.
    """
    found = {}
    for path in sorted(folder.glob("*.md")):
        if path.stem not in slugs:
            raise LessonError(str(path), 1, f"There is no lesson {path.stem}.")
        text = path.read_text(encoding="utf-8")
        _check(str(path), text)
        found[path.stem] = text
    return found


def _check(path: str, text: str) -> None:
    lines = text.splitlines()
    heads = [(n, line[3:].strip()) for n, line in enumerate(lines, 1) if line.startswith("## ")]
    for place, wanted in enumerate(SECTIONS):
        line, head = heads[place] if place < len(heads) else (len(lines), "")
        if head != wanted:
            raise LessonError(path, line, f"The section {wanted} is expected here.")
        last = heads[place + 1][0] - 1 if place + 1 < len(heads) else len(lines)
        if not re.search(r"\S", "".join(lines[line:last])):
            raise LessonError(path, line, f"{wanted} has no text.")
    for line, head in heads[len(SECTIONS) :]:
        raise LessonError(path, line, f"{head!r} is no section of notes.")
