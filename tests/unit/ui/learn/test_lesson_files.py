"""Lessons are data: what a file may say, and where it is told that it says something else."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from ui.learn.files import lessons as folder
from ui.learn.files.lesson import Lesson, LessonError
from ui.learn.files.lessons import lessons, read_folder
from ui.learn.files.reading import MOST_WORDS, header_line, make_configs, read_lesson
from ui.learn.files.source import function_source
from ui.learn.files.vocabulary import THINGS
from ui.learn.orders import check_values, read_order
from vae_core import image_sets

ROOT = Path(__file__).resolve().parents[4]

TEXT = """+++
title = "Ninth"
order = 9
minutes = 5
learns = "What a ninth lesson needs."
clears = "no page"

[thing]
name = "walk"
model = "mnist-16"

[prediction]
kind = "choice"
ask = "Where?"
quantity = "line_ratio"
at = "middle"
title = "ratio"
options = [
  { say = "near", range = [0, 0.9] },
  { say = "far", range = [0.9, 99] },
]

[[steps]]
name = "middle"
part = "way"
do = "Go to the middle."
missing = "Go there."
check = "moment"
when = { t = [0.4, 0.6] }
enter = { ends = "prior" }

[[numbers]]
quantity = "t"
title = "t"
+++

Some *words* of [[t|t_{0}]].

## Explanation

A formula:

```formula
z = (1 − [[t|t]]) z_{0}
vae_core.latent.walks.interpolate
```

## Next

- More of [this](interpolate).
"""


def read(text: str = TEXT) -> Lesson:
    return read_lesson("ninth", text, path="ninth.md", models=["mnist-16", "mnist-2"])


def line_of(words: str, text: str = TEXT) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def test_a_lesson_is_what_its_file_says() -> None:
    lesson = read()
    assert (lesson.slug, lesson.title, lesson.order, lesson.thing, lesson.model) == (
        "ninth",
        "Ninth",
        9,
        "walk",
        "mnist-16",
    )
    assert lesson.steps[0].when == {"t": (0.4, 0.6)}
    assert lesson.steps[0].enter == {"ends": "prior"}
    assert lesson.prediction.options[1].greatest == 99
    assert lesson.intro[0]["runs"] == [
        ("text", "Some "),
        ("em", "words"),
        ("text", " of "),
        ("symbol", "t_{0}", "t"),
        ("text", "."),
    ]
    formula = lesson.explanation[1]
    assert formula["lines"][0][1] == ("symbol", "t", "t")
    assert formula["code"]["source"].startswith("def interpolate(")
    assert lesson.next[0]["items"] == [[("text", "More of "), ("link", "this", "interpolate"), ("text", ".")]]


WRONG = [
    ('name = "walk"', 'name = "fly"', "'fly' is no name"),
    ('model = "mnist-16"', 'model = "mnist-17"', "'mnist-17' is no model"),
    ("minutes = 5", "minutes = 500", "minutes is a number from 1 to 15"),
    ("minutes = 5", "minute = 5", "'minute' is no key"),
    ('quantity = "line_ratio"', 'quantity = "speed"', "'speed' is no quantity"),
    ('at = "middle"', 'at = "end"', "'end' is no at"),
    ('part = "way"', 'part = "wheel"', "'wheel' is no part"),
    ('check = "moment"', 'check = "canned"', "'canned' is no check"),
    ('check = "moment"', 'check = "runs"', "Nothing is trained"),
    ("when = { t = [0.4, 0.6] }", "when = { q = [0.4, 0.6] }", "'q' is no quantity"),
    ("when = { t = [0.4, 0.6] }", "when = { t = [0.6, 0.4] }", "t is a range"),
    ('enter = { ends = "prior" }', 'enter = { ends = "nowhere" }', "ends cannot be 'nowhere'"),
    ('enter = { ends = "prior" }', "enter = { wind = 3 }", "'wind' is nothing that can be set"),
    ('do = "Go to the middle."', 'do = ""', "do is a text"),
    ('title = "Ninth"', 'title = "Ninth', "The header is not TOML"),
    ("Some *words* of [[t|t_{0}]].", "Some of [[u|u]].", "'u' is no quantity"),
    ("vae_core.latent.walks.interpolate", "vae_core.latent.walks.fly", "is no function of vae_core"),
    ("## Next", "## Later", "'Later' is no section"),
    ("- More of [this](interpolate).", "- [this](javascript:alert(1))", "neither a page of the app"),
    ("Some *words* of [[t|t_{0}]].", "word " * (MOST_WORDS + 1), "come before something can be touched"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_what_is_wrong_is_refused_with_its_line(right: str, wrong: str, said: str) -> None:
    assert TEXT.count(right) == 1
    with pytest.raises(LessonError, match=r"^ninth\.md:\d+: ") as error:
        read(TEXT.replace(right, wrong))
    assert said in str(error.value)
    assert abs(error.value.line - line_of(right)) <= 1


def test_options_leave_no_gap_between_them() -> None:
    with pytest.raises(LessonError, match="Each option begins where the one before it ends"):
        read(TEXT.replace("[0.9, 99]", "[1.0, 99]"))


@pytest.mark.parametrize("part", ["## Explanation", "[prediction]", "[[steps]]", "+++"])
def test_a_part_that_is_missing_is_said(part: str) -> None:
    lines = TEXT.splitlines()
    if part == "+++":
        text = "\n".join(lines[1:])
    elif part == "## Explanation":
        text = TEXT.replace(part, "")
    else:
        start = lines.index(part)
        end = next(n for n in range(start + 1, len(lines)) if not lines[n])
        text = "\n".join(lines[:start] + lines[end:])
    with pytest.raises(LessonError, match=r"^ninth\.md:\d+: "):
        read(text)


def test_a_place_in_the_header_is_found() -> None:
    lines = ["a = 1", "[[b]]", "c = 2", "[[b]]", "c = 3", "[d.e]", "f = 4"]
    assert header_line(lines, ("b", 1, "c")) == 5
    assert header_line(lines, ("d", "e", "f")) == 7
    assert header_line(lines, ("b", 0, "missing")) == 2
    assert header_line(lines, ("nowhere",)) == 1


def test_the_shipped_lessons_are_whole_and_in_their_order() -> None:
    found = lessons()
    assert [each.order for each in found] == sorted(each.order for each in found)
    assert {each.slug for each in found} >= {"walking", "clouds"}
    for each in found:
        assert 1 <= each.minutes <= 15
        assert {step.part for step in each.steps} <= set(THINGS[each.thing].parts)


@pytest.mark.parametrize("lesson", [each for each in lessons() if each.training], ids=lambda each: each.slug)
def test_no_step_is_passed_by_the_run_of_an_earlier_one(lesson: Lesson) -> None:
    assert lesson.training is not None
    chosen = {name: values[0] for name, values in lesson.training.choices.items()}
    earlier: list[dict[str, float]] = []
    for step in lesson.steps:
        chosen |= step.enter
        if step.check != "runs":
            continue
        ranges = {name: ends for name, ends in step.when.items() if name in chosen}

        def counts(run: dict[str, float], ranges: dict[str, tuple[float, float]] = ranges) -> bool:
            return all(least <= run[name] <= greatest for name, (least, greatest) in ranges.items())

        assert counts(chosen), "what a step sets is what it asks for"
        assert not any(counts(run) for run in earlier)
        earlier.append(dict(chosen))


def test_a_ninth_lesson_is_one_more_file(tmp_path: Path) -> None:
    for path in (ROOT / "assets" / "lessons" / "en").glob("*.md"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "ninth.md").write_text(TEXT, encoding="utf-8")
    assert [each.slug for each in read_folder(tmp_path)] == [each.slug for each in lessons()] + ["ninth"]


def test_two_lessons_do_not_share_a_place(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.md").write_text(TEXT, encoding="utf-8")
    with pytest.raises(LessonError, match=r"two\.md:1: Its order is that of one"):
        read_folder(tmp_path)


def test_a_file_that_is_no_lesson_stops_the_server_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "ninth.md").write_text(TEXT.replace('"way"', '"wheel"'), encoding="utf-8")
    monkeypatch.setattr(folder, "FOLDER", tmp_path)
    lessons.cache_clear()
    try:
        with pytest.raises(LessonError, match=rf"ninth\.md:{line_of('part =')}: 'wheel' is no part"):
            runpy.run_path(str(ROOT / "app.py"))
    finally:
        lessons.cache_clear()


def test_the_source_of_a_method_is_found() -> None:
    assert function_source("vae_core.models.distributions.Posterior.draw").startswith("def draw(self")
    for name in ("os.path.join", "vae_core.models.distributions.Nothing", "vae_core.nowhere.f", "vae_core"):
        with pytest.raises(LookupError):
            function_source(name)


@pytest.mark.parametrize("said", [None, 3, {}, {"number": True, "do": "start", "values": {}}, {"number": 1}])
def test_nonsense_is_no_order(said: object) -> None:
    assert read_order(said) is None


def test_an_order_has_what_the_lesson_offers_and_nothing_else() -> None:
    order = read_order({"number": 2.5, "do": "start", "values": {"beta": 4}})
    assert order is not None
    assert (order.number, order.do, order.values) == (2.5, "start", {"beta": 4})
    trained = [lesson for lesson in lessons() if lesson.training]
    for lesson in trained:
        assert lesson.training is not None
        info = next(info for info in image_sets() if info.name == lesson.training.images)
        for name, values in lesson.training.choices.items():
            check_values(lesson, {name: values[-1]})
            make_configs(info.shape, lesson.training.model, lesson.training.train, {name: values[-1]})
            with pytest.raises(ValueError, match="does not offer"):
                check_values(lesson, {name: 12345})
        with pytest.raises(ValueError, match="does not offer"):
            check_values(lesson, {"epochs": 500})
