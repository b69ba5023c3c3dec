"""What a link says of a lesson besides its name: model, seed, settings, and what is hidden or locked.

    /learn?lesson=forces&lesson_seed=7&lesson_beta=4&lesson_lock=beta

All of it is optional; what cannot be used is said above the page and left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ui.learn.files.lesson import Lesson
from ui.learn.files.reading import make_configs
from ui.learn.files.vocabulary import NUMBERS, THINGS
from ui.library.entry import ModelEntry
from ui.page import state
from ui.page.text import plain
from vae_core import image_sets

PREFIX: Final = "lesson_"
MODEL: Final = "lesson_model"
SEED: Final = "lesson_seed"
HIDE: Final = "lesson_hide"
LOCK: Final = "lesson_lock"

MORE: Final = ("epochs", "learning_rate")
"""Settings of the training that a link can change although the lesson lets nobody choose them."""


@dataclass(frozen=True)
class LessonSettings:
    """Hold what a link changes of a lesson.

    Attributes:
        model: name of the shipped model that is shown; "" for the lesson's own.
        seed: of training and of what is drawn at random; None: the lesson's, and as chance has it.
        values: settings of the training by name: with which choice one begins, epochs, learning rate.
        hide: parts of the thing that are not to be seen.
        lock: parts of the thing that can be seen and not moved.
    """

    model: str = ""
    seed: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    hide: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()

    def to_query(self) -> dict[str, str]:
        """Write it as a link has it."""
        texts = {
            MODEL: self.model,
            SEED: "" if self.seed is None else str(self.seed),
            **{PREFIX + name: f"{value:.12g}" for name, value in self.values.items()},
            HIDE: ",".join(self.hide),
            LOCK: ",".join(self.lock),
        }
        return {name: text for name, text in texts.items() if text}


def read_settings(
    lesson: Lesson, query: Mapping[str, str], models: Iterable[ModelEntry]
) -> tuple[LessonSettings, list[str]]:
    """Read what a link says.

    Args:
        lesson: which it is about.
        query: the URL's parameters.
        models: those that came with the app.

    Returns:
        What can be used, and one sentence in Markdown for each value that cannot.
    """
    found, problems = LessonSettings(), list[str]()
    fitting = [entry.name for entry in fitting_models(lesson, models)]
    parts = parts_of(lesson)
    for name, text in query.items():
        if not name.startswith(PREFIX):
            continue
        expected = ""
        if name == MODEL:
            expected = "" if text in fitting else f"one of {', '.join(fitting)}" if fitting else "left out"
            found = found if expected else replace(found, model=text)
        elif name == SEED:
            expected = state.number("train_seed").problem(text)
            found = found if expected else replace(found, seed=int(float(text)))
        elif name in (HIDE, LOCK):
            names = tuple(dict.fromkeys(text.split(",")))
            expected = "" if set(names) <= set(parts) else f"some of {', '.join(parts)}"
            if not expected:
                found = replace(found, hide=names) if name == HIDE else replace(found, lock=names)
        else:
            setting = name.removeprefix(PREFIX)
            value, expected = _value(lesson, setting, text)
            found = found if expected else replace(found, values={**found.values, setting: value})
        if expected:
            problems.append(state.view_problem(name, text, expected))
    return found, problems


def with_settings(lesson: Lesson, settings: LessonSettings) -> Lesson:
    """Return the lesson as a link wants it.

    Raises:
        ValueError: nothing can be trained with these values together.
    """
    training = lesson.training
    if training is not None:
        seed = {} if settings.seed is None else {"seed": settings.seed}
        others = {name: value for name, value in settings.values.items() if name not in training.choices}
        choices = {
            name: (first := settings.values.get(name, values[0]), *(each for each in values if each != first))
            for name, values in training.choices.items()
        }
        training = replace(training, train={**training.train, **others, **seed}, choices=choices)
        shape = next(info.shape for info in image_sets() if info.name == training.images)
        make_configs(shape, training.model, training.train, {name: each[0] for name, each in choices.items()})
    return replace(
        lesson,
        model=settings.model or lesson.model,
        training=training,
        seed=settings.seed,
        hide=settings.hide,
        lock=settings.lock,
    )


def from_link(
    lesson: Lesson, query: Mapping[str, str], models: Iterable[ModelEntry]
) -> tuple[Lesson, list[str]]:
    """Return the lesson as a link wants it, and a sentence for each value that cannot be used."""
    settings, problems = read_settings(lesson, query, models)
    try:
        return with_settings(lesson, settings), problems
    except ValueError as error:
        problems.append(f"Nothing can be trained as the link says: {plain(str(error))}")
        return lesson, problems


def parts_of(lesson: Lesson) -> tuple[str, ...]:
    """Return what of a lesson can be hidden or locked."""
    thing = THINGS[lesson.thing]
    chosen = set(lesson.training.choices) if lesson.training else set()
    shown = {"train", *lesson.show, *chosen} if thing.shows else set(thing.parts)
    return (*(name for name in thing.parts if name in shown), NUMBERS)


def fitting_models(lesson: Lesson, models: Iterable[ModelEntry]) -> list[ModelEntry]:
    """Return the models that a lesson can show in place of its own; none where it shows none."""
    dims = THINGS[lesson.thing].dims
    if not lesson.model or dims is None:
        return []
    images = lesson.training.images if lesson.training else None
    return [
        entry
        for entry in models
        if entry.shipped
        and entry.model_config.latent_kind == "gaussian"
        and not entry.model_config.n_classes  # where a place shows each class, no region is a class's
        and dims[0] <= entry.model_config.latent_dim <= dims[1]
        and images in (None, entry.image_set.get("name"))
    ]


def _value(lesson: Lesson, setting: str, text: str) -> tuple[Any, str]:
    """Return a setting's value, and what was expected if it has none."""
    choices = lesson.training.choices if lesson.training else {}
    if setting in choices:
        found = [value for value in choices[setting] if f"{value:.12g}" == text]
        offered = ", ".join(f"{value:.12g}" for value in choices[setting])
        return (found[0], "") if found else (None, f"one of {offered}")
    if lesson.training is not None and setting in MORE:
        number = state.number(f"train_{setting}")
        if expected := number.problem(text):
            return None, expected
        return (int(float(text)) if number.whole else float(text)), ""
    return None, "left out: this lesson has no such setting"
