"""Read a lesson's file: a header in TOML between two lines of `+++`, then Markdown; errors name the line.

A lesson is data: its header names what is in `vocabulary.py`, and nothing that is not there.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any, Final

from ui.learn.files.lesson import Lesson, LessonError, Option, Prediction, Shown, Step, Training
from ui.learn.files.markdown import blocks_of
from ui.learn.files.vocabulary import CHECKS, THINGS, Thing
from vae_core import ModelConfig, TrainConfig, image_sets
from vae_core.config.settings import SETTINGS

MOST_WORDS: Final = 120
"""Words at most before something can be touched."""

SECTIONS: Final = ("Explanation", "Next")
RULE: Final = "+++"

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")

Path = tuple[str | int, ...]
"""Where in the header something stands: keys, and places in lists."""


def read_lesson(slug: str, text: str, *, path: str, models: Collection[str]) -> Lesson:
    """Read a lesson, or refuse it.

    Args:
        slug: its file's stem.
        text: what is in the file.
        path: the file, as errors name it.
        models: names of the models that ship, with which a lesson may be about.

    Raises:
        LessonError: what is wrong, with the line.
    """
    return _Reader(slug, text, path, models).lesson()


class _Reader:
    def __init__(self, slug: str, text: str, path: str, models: Collection[str]) -> None:
        self.slug, self.path, self.models = slug, path, models
        lines = text.splitlines()
        if not lines or lines[0].strip() != RULE:
            raise self._refuse(1, f"A lesson begins with a line {RULE}, and its header.")
        ends = [number for number, line in enumerate(lines) if number and line.strip() == RULE]
        if not ends:
            raise self._refuse(1, f"The header is never closed by a second line {RULE}.")
        self.header_lines, self.body = lines[1 : ends[0]], lines[ends[0] + 1 :]
        self.body_starts = ends[0] + 2
        try:
            self.header = tomllib.loads("\n".join(self.header_lines))
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            line = int(found[1]) + 1 if found else len(self.header_lines) + 1
            raise self._refuse(line, f"The header is not TOML: {error}.") from None
        self.thing: Thing = Thing((), {}, ())

    def lesson(self) -> Lesson:
        header = self.header
        if not _NAME.fullmatch(self.slug):
            raise self._refuse(
                1, f"{self.slug!r} is no name for a lesson: small letters, digits and hyphens."
            )
        self._keys(
            header,
            (),
            ("title", "order", "minutes", "learns", "clears", "thing", "prediction", "steps", "numbers"),
        )
        where = self._table(header, ("thing",))
        name = self._one_of(where, ("thing", "name"), THINGS)
        self.thing = THINGS[name]
        self._keys(where, ("thing",), ("name",), ("model", "show", "training", "trace"))
        steps = tuple(self._step(n) for n in range(len(self._tables(header, ("steps",)))))
        if len({step.name for step in steps}) < len(steps):
            raise self._at(("steps",), "Two steps have the same name.")
        sections = self._sections()
        lesson = Lesson(
            slug=self.slug,
            title=self._text(header, ("title",)),
            order=int(self._number(header, ("order",), 1, 99)),
            minutes=int(self._number(header, ("minutes",), 1, 15)),
            learns=self._text(header, ("learns",)),
            clears=self._text(header, ("clears",)),
            thing=name,
            model=self._model(where),
            show=tuple(self._names(where, ("thing", "show"), self.thing.shows)),
            training=self._training(where),
            trace=self._trace(where),
            prediction=self._prediction(steps),
            steps=steps,
            numbers=tuple(self._shown(n) for n in range(len(self._tables(header, ("numbers",))))),
            intro=sections[""],
            explanation=sections["Explanation"],
            next=sections["Next"],
        )
        self._count_words(lesson)
        return lesson

    # --- parts of the header ---------------------------------------------------------------------------

    def _model(self, where: Mapping[str, Any]) -> str:
        if not self.thing.needs_model:
            if "model" in where:
                raise self._at(("thing", "model"), "This thing shows no stored model.")
            return ""
        return self._one_of(where, ("thing", "model"), self.models)

    def _training(self, where: Mapping[str, Any]) -> Training | None:
        at: Path = ("thing", "training")
        if not self.thing.needs_run:
            if "training" in where:
                raise self._at(at, "Nothing is trained in this thing.")
            return None
        table = self._table(where, at)
        self._keys(table, at, ("images", "choices"), ("model", "train", "live"))
        sets = {info.name: info for info in image_sets()}
        images = self._one_of(table, (*at, "images"), sets)
        model, train = dict(table.get("model", {})), dict(table.get("train", {}))
        choices = self._table(table, (*at, "choices"))
        live = tuple(self._names(table, (*at, "live"), choices))
        for name in live:
            if not SETTINGS[name].live:
                raise self._at((*at, "live"), f"{name} cannot be changed while a run is going on.")
        for name, values in choices.items():
            if name not in SETTINGS:
                raise self._at((*at, "choices", name), f"{name!r} is no setting.")
            if not isinstance(values, list) or len(values) < 2:
                raise self._at((*at, "choices", name), f"{name} wants a list of two values or more.")
        first = {name: values[0] for name, values in choices.items()}
        for changed in ({}, *({name: value} for name in choices for value in choices[name])):
            together = first | changed
            try:
                make_configs(sets[images].shape, model, train, together)
            except (TypeError, ValueError) as error:
                at_choice = (*at, "choices", *changed) if changed else at
                raise self._at(at_choice, f"No such run can be trained: {error}") from None
        return Training(images, model, train, {name: tuple(each) for name, each in choices.items()}, live)

    def _trace(self, where: Mapping[str, Any]) -> tuple[str, str] | None:
        at: Path = ("thing", "trace")
        names = self._names(where, at, self.thing.quantities)
        if names and (len(names) != 2 or not self.thing.needs_run):
            raise self._at(at, "A trace has two quantities of runs: across and up.")
        return (names[0], names[1]) if names else None

    def _prediction(self, steps: tuple[Step, ...]) -> Prediction:
        at: Path = ("prediction",)
        table = self._table(self.header, at)
        kind = self._one_of(table, (*at, "kind"), ("choice", "number"))
        only = ("options",) if kind == "choice" else ("least", "greatest", "near")
        self._keys(table, at, ("kind", "ask", "quantity", "at", "title", *only), ("decimals", "unit"))
        said = Prediction(
            kind=kind,
            ask=self._text(table, (*at, "ask")),
            quantity=self._one_of(table, (*at, "quantity"), self.thing.quantities),
            at=self._one_of(table, (*at, "at"), [step.name for step in steps]),
            title=self._text(table, (*at, "title")),
            decimals=int(self._number(table, (*at, "decimals"), 0, 6, 2)),
            unit=self._text(table, (*at, "unit"), ""),
        )
        changes: dict[str, Any]
        if kind == "choice":
            options = tuple(self._option(n) for n in range(len(self._tables(table, (*at, "options")))))
            if len(options) < 2:
                raise self._at((*at, "options"), "A choice has two options or more.")
            for before, after in pairwise(options):
                if before.greatest != after.least:
                    raise self._at(
                        (*at, "options"),
                        "Each option begins where the one before it ends, so that one is right.",
                    )
            changes = {"options": options}
        else:
            names = ("least", "greatest", "near")
            changes = {name: self._number(table, (*at, name), -1e9, 1e9) for name in names}
            if not changes["least"] < changes["greatest"]:
                raise self._at((*at, "greatest"), "The greatest number must be above the least.")
        return Prediction(**(vars(said) | changes))

    def _option(self, n: int) -> Option:
        at: Path = ("prediction", "options", n)
        table = self.header["prediction"]["options"][n]
        self._keys(table, at, ("say", "range"))
        least, greatest = self._range(table, (*at, "range"))
        return Option(self._text(table, (*at, "say")), least, greatest)

    def _step(self, n: int) -> Step:
        at: Path = ("steps", n)
        table = self.header["steps"][n]
        self._keys(
            table, at, ("name", "part", "do", "missing", "check"), ("when", "times", "of", "enter", "leave")
        )
        check = self._one_of(table, (*at, "check"), CHECKS)
        if check == "runs" and not self.thing.needs_run:
            raise self._at((*at, "check"), "Nothing is trained in this thing, so no run can be checked.")
        when = self._table(table, (*at, "when"), {})
        for name in when:
            if name not in self.thing.quantities:
                raise self._at((*at, "when"), f"{name!r} is no quantity that this thing measures.")
        times = int(self._number(table, (*at, "times"), 1, 50, 1))
        of = self._one_of(table, (*at, "of"), self.thing.quantities) if times > 1 or "of" in table else ""
        return Step(
            name=self._text(table, (*at, "name")),
            part=self._one_of(table, (*at, "part"), self.thing.parts),
            do=self._text(table, (*at, "do")),
            missing=self._text(table, (*at, "missing")),
            check=check,
            when={name: self._range(when, (*at, "when", name)) for name in when},
            times=times,
            of=of,
            enter=self._settings(table, (*at, "enter")),
            leave=self._settings(table, (*at, "leave")),
        )

    def _settings(self, table: Mapping[str, Any], at: Path) -> dict[str, str | float]:
        settings = self._table(table, at, {})
        for name, value in settings.items():
            allowed = self.thing.settings.get(name)
            if allowed is None:
                raise self._at(at, f"{name!r} is nothing that can be set on this thing.")
            if isinstance(value, str):
                fits = value in allowed
            else:
                fits = (
                    isinstance(value, (int, float))
                    and not isinstance(value, bool)
                    and not isinstance(allowed[0], str)
                    and allowed[0] <= value <= allowed[1]  # type: ignore[operator]
                )
            if not fits:
                raise self._at(at, f"{name} cannot be {value!r}.")
        return settings

    def _shown(self, n: int) -> Shown:
        at: Path = ("numbers", n)
        table = self.header["numbers"][n]
        self._keys(table, at, ("quantity", "title"), ("decimals", "unit"))
        return Shown(
            quantity=self._one_of(table, (*at, "quantity"), self.thing.quantities),
            title=self._text(table, (*at, "title")),
            decimals=int(self._number(table, (*at, "decimals"), 0, 6, 2)),
            unit=self._text(table, (*at, "unit"), ""),
        )

    # --- the text --------------------------------------------------------------------------------------

    def _sections(self) -> dict[str, tuple[Any, ...]]:
        found: dict[str, tuple[int, list[str]]] = {"": (self.body_starts, [])}
        current = ""
        for number, line in enumerate(self.body, self.body_starts):
            if line.startswith("## "):
                current = line[3:].strip()
                if current not in SECTIONS:
                    raise self._refuse(number, f"{current!r} is no section: {' and '.join(SECTIONS)} are.")
                if current in found:
                    raise self._refuse(number, f"There are two sections {current}.")
                found[current] = (number + 1, [])
            else:
                found[current][1].append(line)
        for name in SECTIONS:
            if name not in found:
                raise self._refuse(self.body_starts, f"The section {name} is missing.")
        quantities = self.thing.quantities
        blocks = {
            name: tuple(blocks_of(lines, first, quantities, self._refuse))
            for name, (first, lines) in found.items()
        }
        for name, each in blocks.items():
            if not each:
                raise self._refuse(found[name][0], f"{name or 'What comes first'} has no text.")
        if not any(block["kind"] == "formula" for block in blocks["Explanation"]):
            raise self._refuse(found["Explanation"][0], "An explanation has its formula.")
        return blocks

    def _count_words(self, lesson: Lesson) -> None:
        says = [lesson.learns, lesson.prediction.ask, lesson.steps[0].do]
        says += [option.say for option in lesson.prediction.options]
        says += [run[1] for block in lesson.intro for run in _all_runs(block)]
        words = sum(len(each.split()) for each in says)
        if words > MOST_WORDS:
            raise self._refuse(
                self.body_starts,
                f"{words} words come before something can be touched; at most {MOST_WORDS} may.",
            )

    # --- values, each with its place -------------------------------------------------------------------

    def _keys(self, table: Any, at: Path, must: Collection[str], may: Collection[str] = ()) -> None:
        if not isinstance(table, dict):
            raise self._at(at, "A table of keys and values is expected here.")
        for name in table:
            if name not in must and name not in may:
                raise self._at((*at, name), f"{name!r} is no key of a lesson here.")
        for name in must:
            if name not in table:
                raise self._at(at, f"{name} is missing.")

    def _get(self, table: Mapping[str, Any], at: Path, otherwise: Any = None) -> Any:
        if at[-1] not in table:
            if otherwise is None:
                raise self._at(at[:-1], f"{at[-1]} is missing.")
            return otherwise
        return table[str(at[-1])]

    def _text(self, table: Mapping[str, Any], at: Path, otherwise: str | None = None) -> str:
        value = self._get(table, at, otherwise)
        if not isinstance(value, str) or (not value.strip() and otherwise is None):
            raise self._at(at, f"{at[-1]} is a text.")
        return value

    def _number(
        self,
        table: Mapping[str, Any],
        at: Path,
        least: float,
        greatest: float,
        otherwise: float | None = None,
    ) -> float:
        value = self._get(table, at, otherwise)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= greatest:
            raise self._at(at, f"{at[-1]} is a number from {least:g} to {greatest:g}.")
        return value

    def _range(self, table: Mapping[str, Any], at: Path) -> tuple[float, float]:
        value = self._get(table, at)
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in value)
            or math.isnan(value[0])
            or not value[0] <= value[1]
        ):
            raise self._at(at, f"{at[-1]} is a range: the least and the greatest value.")
        return float(value[0]), float(value[1])

    def _one_of(self, table: Mapping[str, Any], at: Path, names: Collection[str]) -> str:
        value = self._get(table, at)
        if not isinstance(value, str) or value not in names:
            raise self._at(at, f"{value!r} is no {at[-1]} that there is: {', '.join(sorted(names))}.")
        return value

    def _names(self, table: Mapping[str, Any], at: Path, names: Collection[str]) -> list[str]:
        value = self._get(table, at, [])
        if not isinstance(value, list) or any(name not in names for name in value):
            raise self._at(at, f"{at[-1]} is a list of some of {', '.join(sorted(names))}.")
        return value

    def _table(
        self, table: Mapping[str, Any], at: Path, otherwise: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        value = self._get(table, at, otherwise)
        if not isinstance(value, dict):
            raise self._at(at, f"{at[-1]} is a table of keys and values.")
        return value

    def _tables(self, table: Mapping[str, Any], at: Path) -> list[dict[str, Any]]:
        value = self._get(table, at)
        if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
            raise self._at(at, f"{at[-1]} is a list of tables.")
        return value

    # --- where it stands -------------------------------------------------------------------------------

    def _refuse(self, line: int, sentence: str) -> LessonError:
        return LessonError(self.path, line, sentence)

    def _at(self, at: Path, sentence: str) -> LessonError:
        return self._refuse(header_line(self.header_lines, at) + 1, sentence)


def header_line(lines: list[str], at: Path) -> int:
    """Return the header's line, from 1, in which something stands, or what holds it begins; else 1.

    Args:
        lines: of the header.
        at: keys and places in lists that lead to it.
    """
    places: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(lines, 1):
        if found := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", line):
            names: Path = tuple(found[1].split("."))
            counts[names] = counts.get(names, -1) + 1
            places.setdefault(names, number)
            table = (*names, counts[names])
            places[table] = number
        elif found := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            table = tuple(found[1].split("."))
            places.setdefault(table, number)
        elif found := re.match(r"\s*([\w-]+)\s*=", line):
            places.setdefault((*table, found[1]), number)
    for length in range(len(at), 0, -1):
        if at[:length] in places:
            return places[at[:length]]
    return 1


def make_configs(
    shape: tuple[int, int, int], model: Mapping[str, Any], train: Mapping[str, Any], chosen: Mapping[str, Any]
) -> tuple[ModelConfig, TrainConfig]:
    """Make the configs of a lesson's run.

    Args:
        shape: (C, H, W) of its images.
        model: the lesson's settings of the model.
        train: the lesson's settings of the training.
        chosen: what the learner chose, by the settings' names.

    Raises:
        TypeError: a setting that there is not.
        ValueError: a value that it cannot have.
    """
    of_model = {name: value for name, value in chosen.items() if SETTINGS[name].config == "model"}
    of_train = {name: value for name, value in chosen.items() if SETTINGS[name].config == "train"}
    return (
        ModelConfig(image_shape=shape, **{**model, **of_model}),
        TrainConfig(**{**train, **of_train}),
    )


def _all_runs(block: Mapping[str, Any]) -> list[Any]:
    if block["kind"] == "paragraph":
        return list(block["runs"])
    return [run for line in block.get("items", block.get("lines", ())) for run in line]
