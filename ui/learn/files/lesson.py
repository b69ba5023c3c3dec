"""A lesson as the pages know it, read from its file and found whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

Run: TypeAlias = tuple[str, ...]
"""A piece of a line: its kind ("text", "strong", "em", "code", "sub", "sup", "symbol", "link"), its text,
and of a symbol its quantity, of a link its address."""

Block: TypeAlias = Mapping[str, Any]
"""A paragraph, a list or a formula: `kind`, and `runs`, `items` or `runs` and `code`."""


class LessonError(ValueError):
    """Say what is wrong with a lesson's file, and in which line."""

    def __init__(self, path: str, line: int, sentence: str) -> None:
        super().__init__(f"{path}:{line}: {sentence}")
        self.line = line


@dataclass(frozen=True)
class Option:
    """Hold one answer to choose: what it says, and between which values of the quantity it is right."""

    say: str
    least: float
    greatest: float


@dataclass(frozen=True)
class Prediction:
    """Ask what will happen, before anything moves.

    Attributes:
        kind: "choice" or "number".
        ask: the question.
        quantity: what is measured to answer it.
        at: name of the step whose counted moments it is measured at; their mean is the answer.
        options: the answers to choose from; of a number none.
        least: least number that can be said.
        greatest: greatest number that can be said.
        near: a number this near counts as right.
        title: what the measured quantity is called beside the answer.
        decimals: how many of it are shown.
        unit: behind it; "%" shows a share of 1 as a percentage.
    """

    kind: str
    ask: str
    quantity: str
    at: str
    title: str
    options: tuple[Option, ...] = ()
    least: float = 0.0
    greatest: float = 1.0
    near: float = 0.0
    decimals: int = 2
    unit: str = ""


@dataclass(frozen=True)
class Step:
    """Let the learner do one thing.

    Attributes:
        name: for other parts of the lesson to refer to.
        part: the part of the thing that it is done with.
        do: what to do.
        missing: what is said to who asks for the check before it is done.
        check: "moment" or "runs".
        when: least and greatest of each quantity that must hold together.
        times: how often.
        of: the quantity that must differ each time; "" where once is enough.
        enter: settings of the thing on coming to the step.
        leave: settings of the thing on going on from it.
    """

    name: str
    part: str
    do: str
    missing: str
    check: str
    when: Mapping[str, tuple[float, float]]
    times: int
    of: str
    enter: Mapping[str, str | float]
    leave: Mapping[str, str | float]


@dataclass(frozen=True)
class Shown:
    """Name a number that stands beside the thing."""

    quantity: str
    title: str
    decimals: int
    unit: str


@dataclass(frozen=True)
class Training:
    """Say what the learner's runs are made of.

    Attributes:
        images: name of the image set.
        model: settings of the model that are not the usual ones.
        train: settings of the training that are not the usual ones.
        choices: the values of a setting that the learner chooses from, by its name.
        live: names of those that change a run that is going on.
    """

    images: str
    model: Mapping[str, Any]
    train: Mapping[str, Any]
    choices: Mapping[str, tuple[Any, ...]]
    live: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """Hold a lesson.

    Attributes:
        slug: its file's stem, its name in the URL.
        title: for people.
        order: its place among the lessons.
        minutes: how long it takes, about.
        learns: one sentence: what will be learned.
        clears: the confusion that it clears.
        thing: name of the thing to touch.
        model: name of the shipped model that it shows; "" where it shows none.
        show: what of the thing is to be seen, where it can show several things; empty: all.
        training: what the learner trains; None where nothing is trained.
        trace: the quantities across and up, in which each of the learner's runs leaves a mark.
        seed: of what is drawn at random; None: as chance has it. It and what follows are a link's to say.
        hide: parts of the thing that are not to be seen.
        lock: parts of the thing that can be seen and not moved.
    """

    slug: str
    title: str
    order: int
    minutes: int
    learns: str
    clears: str
    thing: str
    model: str
    show: tuple[str, ...]
    training: Training | None
    trace: tuple[str, str] | None
    prediction: Prediction
    steps: tuple[Step, ...]
    numbers: tuple[Shown, ...]
    intro: tuple[Block, ...]
    explanation: tuple[Block, ...]
    next: tuple[Block, ...]
    seed: int | None = None
    hide: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()

    def to_browser(self) -> dict[str, Any]:
        """Return what the player in the browser gets: plain JSON."""
        return asdict(self)

    def to_list(self) -> dict[str, Any]:
        """Return what a list of lessons says of it."""
        return {
            name: getattr(self, name) for name in ("slug", "title", "order", "minutes", "learns", "clears")
        }
