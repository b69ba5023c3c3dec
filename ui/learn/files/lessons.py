"""The lessons that there are: one Markdown file each in `assets/lessons/<language>/`, read at the start."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from ui.learn.files.lesson import Lesson, LessonError
from ui.learn.files.reading import read_lesson

ROOT: Final = Path(__file__).resolve().parents[3]
FOLDER: Final = ROOT / "assets" / "lessons"
BUNDLES: Final = ROOT / "assets" / "bundles"
LANGUAGE: Final = "en"


@cache
def lessons() -> tuple[Lesson, ...]:
    """Return the lessons in their order.

    Raises:
        LessonError: a file is no lesson; it names the file and the line.
    """
    return read_folder(FOLDER / LANGUAGE)


def read_folder(folder: Path) -> tuple[Lesson, ...]:
    """Read all lessons of a folder.

    Args:
        folder: each of its `.md` files is a lesson.

    Raises:
        LessonError: a file is no lesson, or two want the same place.
    """
    models = [path.stem for path in BUNDLES.glob("*.safetensors")]
    found: dict[int, Lesson] = {}
    for path in sorted(folder.glob("*.md")):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise LessonError(str(path), 1, f"The file is not UTF-8: {error}.") from None
        lesson = read_lesson(path.stem, text, path=str(path), models=models)
        if lesson.order in found:
            raise LessonError(str(path), 1, f"Its order is that of {found[lesson.order].slug}.")
        found[lesson.order] = lesson
    return tuple(found[order] for order in sorted(found))


def lesson_named(slug: str) -> Lesson | None:
    """Return a lesson by its name in the URL, or None."""
    return next((lesson for lesson in lessons() if lesson.slug == slug), None)
