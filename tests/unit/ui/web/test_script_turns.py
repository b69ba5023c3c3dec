"""Whose page is drawn next: by turns, and by what an owner has used, not by the clock on the wall."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ui.web.guards import script_turns
from ui.web.guards.script_turns import ScriptTurns


class Scene:
    """Scripts that run and wait until they are told to end, with a clock that stands still."""

    def __init__(self, places: int = 1) -> None:
        self.now = 0.0
        self.cost: dict[int, float] = {}
        self.turns = ScriptTurns(places, clock=lambda: self.now, used=self.used)
        self.began: list[str] = []
        self.changed = threading.Condition()
        self.ends: list[tuple[threading.Event, threading.Thread]] = []

    def used(self) -> float:
        return self.cost.get(threading.get_ident(), 0.0)

    def script(self, owner: str, cost: float = 0.0, name: str = "") -> threading.Event:
        """Start a script in a thread of its own; set the answer to end it."""
        end = threading.Event()

        def run() -> None:
            with self.turns.turn(owner):
                with self.changed:
                    self.began.append(name or owner)
                    self.changed.notify_all()
                assert end.wait(60)
                self.cost[threading.get_ident()] = cost
            self.cost.pop(threading.get_ident())

        thread = threading.Thread(target=run)
        thread.start()
        self.ends.append((end, thread))
        return end

    def until(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, 60)

    def waiting(self, count: int) -> None:
        """Wait until so many wait."""
        while len(self.turns._waiting) != count:
            threading.Event().wait(0.001)

    def over(self) -> None:
        for end, thread in self.ends:
            end.set()
            thread.join(60)
            assert not thread.is_alive()


def test_whoever_has_used_least_goes_first() -> None:
    scene = Scene()
    scene.script("greedy", cost=2.0).set()
    scene.ends[0][1].join(60)
    running = scene.script("someone", name="running")
    scene.until(lambda: len(scene.began) == 2)
    scene.script("greedy")
    scene.waiting(1)
    scene.script("polite")
    scene.waiting(2)
    running.set()
    scene.until(lambda: len(scene.began) == 3)
    assert scene.began == ["greedy", "running", "polite"]
    scene.over()
    assert scene.began[-1] == "greedy"


def test_equals_go_in_the_order_in_which_they_came() -> None:
    scene = Scene()
    scene.script("first")
    scene.until(lambda: len(scene.began) == 1)
    for number, name in enumerate(("a", "b", "c"), 1):
        scene.script(name)
        scene.waiting(number)
        scene.now += 1.0
    scene.over()
    assert scene.began == ["first", "a", "b", "c"]


def test_nobody_waits_for_ever_behind_those_who_come_anew() -> None:
    scene = Scene()
    scene.script("greedy", cost=0.5).set()
    scene.ends[0][1].join(60)
    running = scene.script("someone", name="running")
    scene.until(lambda: len(scene.began) == 2)
    scene.script("greedy")
    scene.waiting(1)
    scene.now += 9.0  # of which 0.9 s count, and of the 0.5 s used little is left
    scene.script("new")
    scene.waiting(2)
    running.set()
    scene.until(lambda: len(scene.began) == 3)
    assert scene.began[-1] == "greedy"
    scene.over()


def test_as_many_run_at_once_as_there_are_places_and_an_error_gives_its_place_back() -> None:
    scene = Scene(places=2)
    for name in ("a", "b"):
        scene.script(name)
    scene.until(lambda: len(scene.began) == 2)
    scene.script("c")
    scene.waiting(1)
    scene.over()
    for _ in range(5):
        try:
            with scene.turns.turn("d"):
                raise RuntimeError("a script's")
        except RuntimeError:
            continue
    with scene.turns.turn("e") as waited:
        assert waited == 0


def test_those_that_hang_hold_nobody_up_for_ever(monkeypatch) -> None:
    monkeypatch.setattr(script_turns, "LONGEST", 0.05)
    scene = Scene()
    scene.script("hangs")
    scene.until(lambda: len(scene.began) == 1)
    with scene.turns.turn("other"):
        assert scene.began == ["hangs"]
    scene.over()
    with scene.turns.turn("later") as waited:
        assert waited == 0


def test_what_was_used_long_ago_is_forgotten_and_so_are_owners(monkeypatch) -> None:
    scene = Scene()
    scene.script("greedy", cost=1.0).set()
    scene.ends[0][1].join(60)
    assert scene.turns._use("greedy", 0.0) == 1.0
    assert scene.turns._use("greedy", 2 * script_turns.HALF_LIFE) == 0.25
    monkeypatch.setattr(script_turns, "_MOST_OWNERS", 10)
    for number in range(30):
        with scene.turns.turn(f"owner {number}"):
            pass
    assert len(scene.turns._used) <= 11
    assert "greedy" in scene.turns._used


def test_a_script_that_waits_for_something_lets_others_go_on() -> None:
    turns = ScriptTurns(places=1)
    with turns.turn("uploads"):
        with turns.aside(), turns.turn("other") as waited:
            assert waited == 0
        assert turns._free == 0
    assert turns._free == 1
    with turns.aside():  # no script's: nothing is given away
        assert turns._free == 1
