"""Whose page is drawn next: one after the other, and whoever rests longest between two first."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ui.web.guards import script_turns
from ui.web.guards.script_turns import FORGIVEN, LONGEST_REST, NEWCOMER, ScriptTurns


class Scene:
    """Scripts that run and wait until they are told to end, with a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[tuple[float, Callable[[], None]]] = []
        self.turns = ScriptTurns(
            clock=lambda: self.now, later=lambda seconds, call: self.pauses.append((seconds, call))
        )
        self.began: list[str] = []
        self.changed = threading.Condition()
        self.ends: list[tuple[threading.Event, threading.Thread]] = []

    def script(self, owner: str, name: str = "") -> threading.Event:
        """Start a script in a thread of its own; set the answer to end it."""
        end = threading.Event()

        def run() -> None:
            with self.turns.turn(owner):
                with self.changed:
                    self.began.append(name or owner)
                    self.changed.notify_all()
                assert end.wait(60)

        thread = threading.Thread(target=run)
        thread.start()
        self.ends.append((end, thread))
        return end

    def asked(self, owner: str, *rests: float) -> None:
        """Let an owner ask after each of these rests, and be answered at once."""
        for rest in rests:
            self.now += rest
            with self.turns.turn(owner):
                pass

    def runs(self, name: str = "running") -> threading.Event:
        """Start a script of somebody else, beside which others wait."""
        end = self.script("someone", name)
        self.until(lambda: name in self.began)
        return end

    def until(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, 60)

    def waiting(self, count: int) -> None:
        """Wait until so many wait."""
        while len(self.turns._waiting) != count:
            threading.Event().wait(0.001)

    def over(self) -> None:
        for end, _ in self.ends:
            end.set()
        for _, thread in self.ends:
            thread.join(60)
            assert not thread.is_alive()


HASTE = [0.1] * 10
CALM = [4.0] * 5


def test_whoever_works_here_goes_first_then_who_is_new_then_who_presses_without_pause() -> None:
    scene = Scene()
    scene.asked("polite", *CALM)
    scene.asked("greedy", *HASTE)
    running = scene.runs()
    for number, owner in enumerate(("greedy", "new", "polite"), 1):
        scene.script(owner)
        scene.waiting(number)
    running.set()
    scene.over()
    assert scene.began == ["running", "polite", "new", "greedy"]


def test_three_quick_clicks_are_no_haste_and_what_was_waited_is_no_rest_and_no_fault() -> None:
    scene = Scene()
    scene.asked("polite", *CALM, 0.2, 0.2, 0.2)
    assert scene.turns._rest("polite") > NEWCOMER
    scene.asked("greedy", *HASTE)
    before = scene.turns._rest("greedy")
    running = scene.runs()
    end = scene.script("greedy", "waited")
    scene.waiting(1)
    scene.now += 8.0
    running.set()
    scene.until(lambda: "waited" in scene.began)
    end.set()
    scene.ends[1][1].join(60)
    assert scene.turns._rest("greedy") <= before
    scene.over()


def test_equals_go_in_the_order_in_which_they_came() -> None:
    scene = Scene()
    scene.runs("first")
    for number, name in enumerate(("a", "b", "c"), 1):
        scene.script(name)
        scene.waiting(number)
        scene.now += 0.1
    scene.over()
    assert scene.began == ["first", "a", "b", "c"]


def test_nobody_waits_for_ever_behind_those_who_rest_longer() -> None:
    scene = Scene()
    scene.asked("polite", *CALM)
    scene.asked("greedy", *HASTE)
    running = scene.runs()
    scene.script("greedy")
    scene.waiting(1)
    scene.now += LONGEST_REST / FORGIVEN
    scene.script("polite")
    scene.waiting(2)
    running.set()
    scene.over()
    assert scene.began == ["running", "greedy", "polite"]


def test_between_those_who_do_not_rest_is_a_pause_in_which_others_come_at_once() -> None:
    scene = Scene()
    scene.asked("polite", *CALM)
    for _ in range(20):
        scene.now += 0.1
        scene.asked("a", 0.0)
        scene.asked("b", 0.0)
        scene.asked("c", 0.0)
    end = scene.script("a")
    scene.until(lambda: len(scene.began) == 1)
    for number, name in enumerate(("b", "c"), 1):
        scene.script(name)
        scene.waiting(number)
    scene.now += 0.06
    end.set()
    scene.ends[0][1].join(60)
    ((seconds, go_on),) = scene.pauses
    assert seconds == pytest.approx(0.06), "as long as what has just run"
    assert scene.began == ["a"]
    with scene.turns.turn("polite") as waited:
        assert waited == 0
        go_on()
        assert scene.began == ["a"], "one at a time"
    scene.until(lambda: len(scene.began) == 2)
    scene.over()
    assert scene.began[:2] == ["a", "b"]
    assert not scene.turns._pausing


def test_one_alone_without_rest_has_no_pause() -> None:
    scene = Scene()
    scene.asked("a", *HASTE, *HASTE)
    end = scene.script("a", "first")
    scene.until(lambda: len(scene.began) == 1)
    scene.script("a", "second")
    scene.waiting(1)
    end.set()
    scene.until(lambda: len(scene.began) == 2)
    scene.over()
    assert not scene.pauses


def test_one_runs_at_a_time_and_an_error_gives_its_place_back() -> None:
    scene = Scene()
    scene.runs()
    scene.script("other")
    scene.waiting(1)
    assert scene.began == ["running"]
    scene.over()
    for _ in range(5):
        try:
            with scene.turns.turn("d"):
                raise RuntimeError("a script's")
        except RuntimeError:
            continue
    with scene.turns.turn("e") as waited:
        assert waited == 0


def test_beside_one_that_hangs_another_begins_and_then_the_next(monkeypatch) -> None:
    monkeypatch.setattr(script_turns, "SLOW", 0.02)
    scene = Scene()
    scene.runs("hangs")
    scene.script("second")
    scene.script("third")
    scene.waiting(2)
    assert scene.began == ["hangs"]
    scene.now += 0.02
    scene.until(lambda: len(scene.began) == 2)
    assert len(scene.turns._waiting) == 1, "one at a time"
    scene.now += 0.02
    scene.until(lambda: len(scene.began) == 3)
    scene.over()
    assert scene.turns._running == 0
    with scene.turns.turn("later") as waited:
        assert waited == 0


def test_an_absence_is_no_endless_rest_and_of_many_owners_those_of_long_ago_are_forgotten(
    monkeypatch,
) -> None:
    scene = Scene()
    scene.asked("away", 0.0, 3600.0)
    assert scene.turns._rest("away") < LONGEST_REST
    monkeypatch.setattr(script_turns, "_MOST_OWNERS", 10)
    for number in range(30):
        scene.asked(f"owner {number}", 1.0)
    assert len(scene.turns._rests) <= 10
    assert "away" not in scene.turns._rests
    assert "owner 29" in scene.turns._rests


def test_a_script_that_waits_for_something_lets_others_go_on() -> None:
    turns = ScriptTurns()
    with turns.turn("uploads"):
        with turns.aside(), turns.turn("other") as waited:
            assert waited == 0
        assert turns._running == 1
    assert turns._running == 0
    with turns.aside():  # no script's: nothing is given away
        assert turns._running == 0
