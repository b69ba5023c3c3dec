"""A teacher's notes: every lesson has some, in the sections that a teacher looks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui.learn.files.lesson import LessonError
from ui.learn.files.lessons import lessons
from ui.learn.files.notes import SECTIONS, notes, read_notes

WHOLE = "".join(f"## {section}\n\nWords.\n\n" for section in SECTIONS)


def test_every_lesson_has_notes() -> None:
    assert set(notes()) == {lesson.slug for lesson in lessons()}


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.slug)
def test_notes_say_what_becomes_of_each_answer(lesson) -> None:  # type: ignore[no-untyped-def]
    for option in lesson.prediction.options:
        assert f"“{option.say}”" in notes()[lesson.slug], "a teacher needs to know what to say to it"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (WHOLE.replace("## Ask\n", "## Tell\n"), 5, "The section Ask is expected here"),
        (WHOLE.replace("## Ask\n\nWords.", "## Ask\n\n"), 5, "Ask has no text"),
        (WHOLE.replace("## If there is time\n", ""), 19, "The section If there is time is expected"),
        (WHOLE + "## More\n\nWords.\n", 21, "'More' is no section of notes"),
    ],
)
def test_other_sections_are_refused_with_file_and_line(
    text: str, line: int, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "holes.md"
    path.write_text(WHOLE, encoding="utf-8")
    assert read_notes(tmp_path, ["holes"]) == {"holes": WHOLE}
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LessonError, match=r"holes\.md:\d+: ") as error:
        read_notes(tmp_path, ["holes"])
    assert said in str(error.value)
    assert abs(error.value.line - line) <= 1


def test_notes_on_no_lesson_are_refused(tmp_path: Path) -> None:
    (tmp_path / "flying.md").write_text(WHOLE, encoding="utf-8")
    with pytest.raises(LessonError, match="There is no lesson flying"):
        read_notes(tmp_path, ["holes"])
