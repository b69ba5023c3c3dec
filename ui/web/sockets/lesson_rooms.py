"""A lesson that a class does together: what is open, and what its browsers have said and passed, counted.

What is open stands in the link by which one joins (`ui.library.links`), so that it outlives a restart of the
server and the teacher's page. What is counted is in memory alone: browsers say it again when they come back.
A browser is told apart by the hash of its cookie, which is shown nowhere; there are no names.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal, get_args

from ui.library import links
from vae_core.storage.home import owner_hash

Stage = Literal["predict", "shown", "try"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
"""All say what they expect; what they said is shown; everyone tries."""

MOST_TEXT: Final = 500
"""Of one message; what a browser has to say takes a tenth of it."""

MOST_BROWSERS: Final = 300
"""So many are counted in one room."""

_MOST_BARS: Final = 20
"""Numbers that were said are put together into so many bars."""


@dataclass(frozen=True)
class OpenLesson:
    """Hold what a class does now.

    Attributes:
        lesson: its slug.
        options: answers to choose from; 0 where a number is said.
        least: least number that can be said.
        greatest: greatest number that can be said.
        steps: how many there are to pass.
        query: settings of the lesson, as its link has them.
        stage: how far the teacher has led it.
        turn: grows each time that something is opened or set back: whoever has seen a smaller one goes there.
    """

    lesson: str
    options: int
    least: float
    greatest: float
    steps: int
    query: Mapping[str, str] = field(default_factory=dict)
    stage: Stage = "predict"
    turn: int = 1

    def to_text(self) -> str:
        """Write it as a link keeps it."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Answer:
    """Hold what a browser says of itself.

    Attributes:
        turn: of the opening that it is about.
        prediction: index of the option, or the number; None: nothing said yet.
        steps: how many are passed.
    """

    turn: int
    prediction: float | None
    steps: int


@dataclass(frozen=True)
class Counts:
    """Hold what is counted.

    Attributes:
        joined: browsers that are here, or have said something.
        predicted: those that have said what they expect.
        said: how many said what: pairs of an option's index, or a number, and a count.
        passed: how many have passed each step.
    """

    joined: int
    predicted: int
    said: tuple[tuple[float, int], ...]
    passed: tuple[int, ...]


@dataclass(eq=False)
class LessonRoom:
    """Count what the browsers at one link say; each counts once, with the first prediction that it made."""

    turn: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    here: Counter[str] = field(default_factory=Counter)
    listeners: dict[asyncio.Event, asyncio.AbstractEventLoop] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def joined(self, member: str, changed: asyncio.Event) -> Iterator[None]:
        """Be in the room for as long as the context lasts.

        Args:
            member: names the browser; "" for one that looks on and is not counted.
            changed: set whenever there is something new to tell it; of the running loop.
        """
        with self._lock:
            if member:
                self.here[member] += 1
            self.listeners[changed] = asyncio.get_running_loop()
        self.tell()
        try:
            yield
        finally:
            with self._lock:
                if member:
                    self.here[member] -= 1
                    if not self.here[member]:
                        del self.here[member]
                self.listeners.pop(changed, None)
            self.tell()

    def note(self, member: str, answer: Answer, lesson: OpenLesson) -> None:
        """Count what a browser said, if it is about what is open."""
        with self._lock:
            self._begin(lesson.turn)
            before = self.answers.get(member)
            if answer.turn != lesson.turn or (before is None and len(self.answers) >= MOST_BROWSERS):
                return
            if before is not None:
                said = answer.prediction if before.prediction is None else before.prediction
                answer = replace(answer, prediction=said, steps=max(before.steps, answer.steps))
            self.answers[member] = answer
        if answer != before:
            self.tell()

    def counts(self, lesson: OpenLesson) -> Counts:
        """Return what is counted of what is open."""
        with self._lock:
            self._begin(lesson.turn)
            answers = [*self.answers.values()]
            joined = len({*self.answers, *self.here})
        said = [each.prediction for each in answers if each.prediction is not None]
        if lesson.options:
            found = Counter(said)
            bars = [(float(n), found[n]) for n in range(lesson.options)]
        else:
            width = lesson.greatest - lesson.least
            step = 1.0 if width <= _MOST_BARS else width / _MOST_BARS
            bars = sorted(Counter(round(each / step) * step for each in said).items())
        passed = tuple(sum(each.steps > n for each in answers) for n in range(lesson.steps))
        return Counts(joined, len(said), tuple(bars), passed)

    def tell(self) -> None:
        """Wake all who are here; from any thread."""
        with self._lock:
            listeners = [*self.listeners.items()]
        for changed, loop in listeners:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(changed.set)

    def _begin(self, turn: int) -> None:
        if turn != self.turn:
            self.turn = turn
            self.answers.clear()


_ROOMS: Final[dict[str, LessonRoom]] = {}
_CHANGES: Final = threading.Lock()


def read_answer(text: str | None, lesson: OpenLesson) -> Answer:
    """Read what a browser sent.

    Args:
        text: `{"turn": 1, "prediction": 0, "step": 2}`; `prediction` may be null.
        lesson: what is open.

    Raises:
        ValueError: it is none of ours, or nobody can say that in this lesson.
    """
    if text is None or len(text) > MOST_TEXT:
        raise ValueError("not a short text")
    try:
        said = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(said, dict):
        raise ValueError("not a table")
    turn, prediction, steps = said.get("turn"), said.get("prediction"), said.get("step")
    if type(turn) is not int or type(steps) is not int:
        raise ValueError("not of the right kind")
    if prediction is not None and type(prediction) not in (int, float):
        raise ValueError("no prediction")
    answer = Answer(turn, prediction, steps)
    if turn == lesson.turn and not _can_be_said(answer, lesson):
        raise ValueError("nobody can say that here")
    return answer


def _can_be_said(answer: Answer, lesson: OpenLesson) -> bool:
    if not 0 <= answer.steps <= lesson.steps:
        return False
    said = answer.prediction
    if said is None:
        return answer.steps == 0
    if lesson.options:
        return type(said) is int and 0 <= said < lesson.options
    return lesson.least <= said <= lesson.greatest  # of NaN neither is true


def room_of(token: str) -> LessonRoom:
    """Return what goes with a link; what went with links that are no more is forgotten."""
    with _CHANGES:
        for old in [known for known in _ROOMS if known != token and links.find(known, "lesson") is None]:
            del _ROOMS[old]
        return _ROOMS.setdefault(token, LessonRoom())


def read_open(text: str) -> OpenLesson | None:
    """Read what `OpenLesson.to_text` wrote; None where a later version wrote it."""
    with suppress(ValueError, TypeError, AttributeError):
        said: dict[str, Any] = json.loads(text)
        found = OpenLesson(**said)
        if found.stage in STAGES and isinstance(found.query, dict):
            return found
    return None


def open_at(token: str) -> OpenLesson | None:
    """Return what is open at a link; None when it leads nowhere, or was taken back."""
    link = links.find(token, "lesson")
    return read_open(link.what) if link is not None else None


def own_room(owner: str) -> links.Link | None:
    """Return the link to the room of someone who leads; None while there is none."""
    return next(iter(links.all_shared(owner, "lesson")), None)


def is_own(owner: str, token: str) -> bool:
    """Whether a room is someone's own."""
    link = links.find(token, "lesson")
    return link is not None and link.owner == owner_hash(owner)


def open_for_class(owner: str, lesson: OpenLesson) -> links.Link:
    """Open a lesson for all who have joined, or are going to.

    Raises:
        OSError: the disk is full.
    """
    before = own_room(owner)
    if before is None:
        return links.share(owner, "lesson", lesson.to_text())
    last = read_open(before.what)
    return _become(owner, before, replace(lesson, turn=1 + (last.turn if last else lesson.turn)))


def set_stage(owner: str, stage: Stage) -> None:
    """Lead the class on to a stage, or back.

    Raises:
        OSError: the disk is full.
    """
    link = own_room(owner)
    lesson = read_open(link.what) if link else None
    if link is not None and lesson is not None:
        _become(owner, link, replace(lesson, stage=stage))


def set_back(owner: str) -> None:
    """Forget what all have said and done in the lesson that is open: it begins anew.

    Raises:
        OSError: the disk is full.
    """
    link = own_room(owner)
    lesson = read_open(link.what) if link else None
    if lesson is not None:
        open_for_class(owner, replace(lesson, stage="predict"))


def end(owner: str) -> None:
    """Take the link back: everyone stays where they are, free to go."""
    link = own_room(owner)
    if link is not None:
        links.stop_sharing(owner, "lesson", link.what)
        room_of(link.token).tell()


def _become(owner: str, link: links.Link, lesson: OpenLesson) -> links.Link:
    links.moved(owner, "lesson", link.what, lesson.to_text())
    room_of(link.token).tell()
    return own_room(owner) or link
