"""What a link says of a lesson: read with care, written as it is read, and put into the lesson."""

from __future__ import annotations

import pytest

from ui.learn.code_along import script_of
from ui.learn.files.lesson import Lesson
from ui.learn.files.lessons import lesson_named, lessons
from ui.learn.files.reading import make_configs
from ui.learn.lesson_link import (
    LessonSettings,
    fitting_models,
    from_link,
    parts_of,
    read_settings,
    with_settings,
)
from ui.library.entry import ModelEntry
from ui.library.library import Library


def lesson_of(slug: str) -> Lesson:
    lesson = lesson_named(slug)
    assert lesson is not None
    return lesson


@pytest.fixture
def models() -> tuple[ModelEntry, ...]:
    return tuple(Library(None).models())


def test_a_link_holds_all_that_can_be_set(models: tuple[ModelEntry, ...]) -> None:
    settings = LessonSettings("", 7, {"beta": 4, "epochs": 5}, ("trace", "numbers"), ("beta",))
    query = settings.to_query()
    assert query == {
        "lesson_seed": "7",
        "lesson_beta": "4",
        "lesson_epochs": "5",
        "lesson_hide": "trace,numbers",
        "lesson_lock": "beta",
    }
    assert read_settings(lesson_of("forces"), query | {"lesson": "forces", "room": "x"}, models) == (
        settings,
        [],
    )
    lesson = with_settings(lesson_of("forces"), settings)
    assert lesson.training is not None
    assert lesson.training.choices["beta"] == (4, 1, 0.01, 0.25, 0.5, 2)
    _, train = make_configs((1, 8, 8), lesson.training.model, lesson.training.train, {"beta": 4})
    assert (train.seed, train.epochs, train.learning_rate) == (7, 5, 0.005)
    assert (lesson.hide, lesson.lock, lesson.seed) == (("trace", "numbers"), ("beta",), 7)
    assert "'seed': 7" in script_of(lesson), "the code that one takes along is that of the link"


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.slug)
def test_without_settings_a_lesson_is_what_its_file_says(lesson: Lesson) -> None:
    assert LessonSettings().to_query() == {}
    assert with_settings(lesson, LessonSettings()) == lesson
    assert {step.part for step in lesson.steps} <= set(parts_of(lesson))


def test_a_lesson_shows_another_model_if_it_fits(models: tuple[ModelEntry, ...]) -> None:
    fitting = {slug: {each.name for each in fitting_models(lesson_of(slug), models)} for slug in
               ("walking", "clouds", "holes", "forces", "bound")}  # fmt: skip
    assert fitting["clouds"] == {"mnist-2", "fashion-2", "digits-2"}
    assert fitting["walking"] >= {"mnist-16", "fashion-16", "shapes-10"}
    assert fitting["holes"] == {"digits-2"}, "it stands beside an autoencoder of the same images"
    assert fitting["forces"] == fitting["bound"] == set()
    lesson, problems = from_link(lesson_of("walking"), {"lesson_model": "fashion-16"}, models)
    assert (lesson.model, problems) == ("fashion-16", [])


@pytest.mark.parametrize(
    ("slug", "name", "text", "expected"),
    [
        ("walking", "lesson_model", "<b>", "one of"),
        ("clouds", "lesson_model", "mnist-16", "one of"),
        ("forces", "lesson_model", "mnist-2", "left out"),
        ("forces", "lesson_seed", "-1", "a whole number"),
        ("forces", "lesson_seed", "1.5", "a whole number"),
        ("forces", "lesson_seed", "nan", "a whole number"),
        ("forces", "lesson_beta", "3", "one of 1, 0.01"),
        ("forces", "lesson_epochs", "0", "a whole number from 1"),
        ("forces", "lesson_latent_dim", "64", "no such setting"),
        ("walking", "lesson_epochs", "5", "no such setting"),
        ("forces", "lesson_hide", "window", "some of"),
        ("forces", "lesson_lock", "beta,,trace", "some of"),
        ("forces", "lesson_", "1", "no such setting"),
    ],
)
def test_what_cannot_be_used_is_said_and_left_out(
    slug: str, name: str, text: str, expected: str, models: tuple[ModelEntry, ...]
) -> None:
    lesson, problems = from_link(lesson_of(slug), {name: text}, models)
    assert lesson == lesson_of(slug)
    (said,) = problems
    assert expected in said.replace("\\", "")
    assert "<b>" not in said


def test_what_cannot_be_trained_together_is_said(models: tuple[ModelEntry, ...]) -> None:
    lesson, problems = from_link(
        lesson_of("collapse"), {"lesson_epochs": "10", "lesson_beta_warmup_epochs": "15"}, models
    )
    assert lesson == lesson_of("collapse")
    assert "Nothing can be trained as the link says" in problems[0]
