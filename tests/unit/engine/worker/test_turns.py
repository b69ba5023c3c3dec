"""The training loop's turns, with runs that only note that they were trained."""

import errno
from itertools import pairwise

import pytest

from tests.unit.engine.engine_watcher import LONG, SMALL
from vae_core.engine.contract.failures import DISK_FULL
from vae_core.engine.processes.messages import Dropped, Flushed
from vae_core.engine.processes.orders import Drop, Flush, Load, Pause, RunKey
from vae_core.engine.worker import train_loop
from vae_core.engine.worker.inbox import Inbox
from vae_core.engine.worker.train_loop import TrainLoop

PIECE, OPENING = 0.1, 0.25
"""Seconds that it takes to train a little, and to load or save a run, on the tests' clock."""

BEFORE = 12.0
"""Seconds that the polite one trains before others press buttons."""


class Clock:
    now = 0.0

    def perf_counter(self):
        return self.now

    monotonic = process_time = perf_counter


class FakeOutbox:
    def __init__(self):
        self.said = []

    def put(self, message):
        self.said.append(message)


class FakeRun:
    """A run that notes its pieces; the last that a test wants closes the loop."""

    trained = []  # noqa: RUF012
    loaded = []  # noqa: RUF012
    left = []  # noqa: RUF012
    inbox = None
    clock = None
    most = 30
    on_piece = staticmethod(lambda: None)

    def __init__(self, order, outbox):
        self.key = order.key
        self.resting = self.unsaved = 0

    def open(self):
        self.loaded.append(self.key.run)
        self.clock.now += OPENING

    def leave(self):
        self.left.append(self.key.run)
        self.clock.now += OPENING

    def rest(self):
        self.resting = True
        self.leave()

    def flush(self, path):
        if path == "full":
            raise OSError(errno.ENOSPC, "No space left on device")

    def piece(self, *, sharers):
        self.trained.append((self.key.run, len(self.loaded)))
        self.clock.now += PIECE
        self.on_piece()
        if len(self.trained) > self.most:
            self.inbox.close()


@pytest.fixture
def inbox(monkeypatch):
    orders = Inbox(lambda taken: None)
    monkeypatch.setattr(train_loop, "LiveRun", FakeRun)
    monkeypatch.setattr(train_loop, "time", clock := Clock())
    FakeRun.trained, FakeRun.loaded, FakeRun.left, FakeRun.inbox = [], [], [], orders
    FakeRun.clock, FakeRun.most, FakeRun.on_piece = clock, 30, staticmethod(lambda: None)
    return orders


def load(name, owner="", is_new=True):
    key = RunKey(name, 1)
    return Load(key, owner or name, "", "digits", SMALL, LONG, paused=False, has_origin=False, is_new=is_new)


def trained_while(inbox, greedy, pieces=300):
    """Names of whom each piece of training was for, while some press Start after every piece of anyone."""
    presses = dict.fromkeys(greedy, 0)

    def press():
        if FakeRun.clock.now < BEFORE:
            return
        for owner in greedy:
            inbox.put(Drop(RunKey(f"{owner}{presses[owner]}", 1)))
            presses[owner] += 1
            inbox.put(load(f"{owner}{presses[owner]}", owner))

    FakeRun.most, FakeRun.on_piece = pieces, staticmethod(press)
    inbox.put(load("polite"))
    TrainLoop(inbox, FakeOutbox()).run_until_closed()
    assert any(name != "polite" for name, _ in FakeRun.trained)
    return [name for name, _ in FakeRun.trained]


def longest_gap(seen_at):
    return max(after - before for before, after in pairwise(seen_at))


@pytest.mark.parametrize(("people", "seconds"), [(1, 2.0), (4, 2.0), (30, 5.0)])
def test_whoever_presses_start_without_pause_keeps_nobody_waiting_for_long(inbox, people, seconds):
    seen_at = []
    real = FakeRun.piece

    def piece(run, *, sharers):
        real(run, sharers=sharers)
        if run.key.run == "polite":
            seen_at.append(FakeRun.clock.now)

    FakeRun.piece = piece
    try:
        trained_while(inbox, [f"greedy{number}." for number in range(people)], pieces=600)
    finally:
        FakeRun.piece = real
    assert len(seen_at) > 140
    assert longest_gap(seen_at) <= seconds + 1e-9


def test_after_a_turn_out_of_the_row_comes_an_ordinary_one(inbox):
    names = trained_while(inbox, ["greedy."], pieces=300)[150:]
    assert names.count("polite") >= 75


def test_an_owner_who_asks_for_much_waits_for_a_place_in_the_row(inbox):
    """Of two who press, one as often as can be and one once, the second is not kept waiting."""
    for name in ("a", "b", "c"):
        inbox.put(load(name))
    order = []

    def press():
        order.append(FakeRun.trained[-1][0])
        if len(order) == 12:
            for number in range(20):
                inbox.put(load(f"greedy{number}", "greedy"))
            inbox.put(load("late"))

    FakeRun.most, FakeRun.on_piece = 60, staticmethod(press)
    TrainLoop(inbox, FakeOutbox()).run_until_closed()
    until_late = order[12 : order.index("late")]
    assert set("abc") & set(until_late)
    assert FakeRun.clock.now < 60


def test_of_thirty_who_start_at_once_each_trains_before_anyone_trains_twice(inbox):
    names = [f"run{number}" for number in range(30)]
    for name in names:
        inbox.put(load(name))
    TrainLoop(inbox, FakeOutbox()).run_until_closed()
    assert [name for name, _ in FakeRun.trained[:30]] == names


def test_the_first_need_not_wait_until_the_last_is_loaded(inbox):
    for number in range(30):
        inbox.put(load(f"run{number}"))
    TrainLoop(inbox, FakeOutbox()).run_until_closed()
    first, loaded = FakeRun.trained[0]
    assert (first, loaded) == ("run0", 1)


class DearRun(FakeRun):
    """A run whose steps are taken in forty parts, with a pause after each."""

    ended = []  # noqa: RUF012

    def piece(self, *, sharers):
        if self.key.run != "dear":
            super().piece(sharers=sharers)
            return None
        return self.parts()

    def parts(self):
        try:
            for _ in range(40):
                self.clock.now += 0.3
                self.trained.append(("part", 0))
                yield
            self.ended.append("whole")
        except GeneratorExit:
            self.ended.append("given up")
            raise


@pytest.fixture
def dear(inbox, monkeypatch):
    monkeypatch.setattr(train_loop, "LiveRun", DearRun)
    DearRun.ended = []
    return DearRun


def test_others_have_their_turns_between_the_parts_of_a_dear_step(inbox, dear):
    FakeRun.most = 200
    for name in ("dear", "polite"):
        inbox.put(load(name))
    TrainLoop(inbox, FakeOutbox()).run_until_closed()
    names = "".join("p" if name == "part" else "." for name, _ in FakeRun.trained)
    assert "pppp" not in names, "nobody waits a second for it"
    assert "whole" in dear.ended
    seconds = {"part": 0.3 * names.count("p"), "polite": PIECE * names.count(".")}
    assert seconds["part"] == pytest.approx(seconds["polite"], rel=0.3)


@pytest.mark.parametrize("order", [Drop, Pause], ids=["stop", "pause"])
def test_who_stops_in_the_middle_of_a_dear_step_does_not_wait_for_its_end(inbox, dear, order):
    FakeRun.most = 100

    def stop():
        if len(FakeRun.trained) == 9:
            inbox.put(order(RunKey("dear", 1)))
        if len(FakeRun.trained) == 60:
            inbox.close()

    FakeRun.on_piece = staticmethod(stop)
    for name in ("dear", "polite"):
        inbox.put(load(name))
    TrainLoop(inbox, FakeOutbox()).run_until_closed()
    assert dear.ended == ["given up"]
    assert FakeRun.left == ["dear"]


@pytest.mark.parametrize(
    ("run", "generation", "path", "done", "error"),
    [
        ("run0", 1, "here", True, ""),
        ("run0", 1, "full", False, DISK_FULL),
        ("run0", 2, "here", False, ""),
        ("run1", 1, "here", False, ""),
    ],
    ids=["written", "full disk", "another time", "another run"],
)
def test_a_state_that_cannot_be_written_is_told_with_the_reason(inbox, run, generation, path, done, error):
    for order in (load("run0"), Flush(RunKey(run, generation), path)):
        inbox.put(order)
    inbox.close()
    outbox = FakeOutbox()
    TrainLoop(inbox, outbox).run_until_closed()
    answers = [message for message in outbox.said if isinstance(message, Flushed)]
    assert answers == [Flushed(path, done, error)]


@pytest.mark.parametrize("run", ["run0", "run1"], ids=["it is here", "it has ended"])
def test_a_drop_is_always_answered(inbox, run):
    def drop():
        inbox.put(Drop(RunKey(run, 1)))
        inbox.close()

    FakeRun.on_piece = staticmethod(drop)
    inbox.put(load("run0"))
    outbox = FakeOutbox()
    TrainLoop(inbox, outbox).run_until_closed()
    assert [message for message in outbox.said if isinstance(message, Dropped)] == [Dropped(RunKey(run, 1))]
    assert FakeRun.left == ["run0"] * (run == "run0")


def test_a_run_that_is_dropped_before_it_was_loaded_is_not_loaded_at_all(inbox):
    for order in (load("run0"), Drop(RunKey("run0", 1)), load("run1", "run0")):
        inbox.put(order)
    outbox = FakeOutbox()
    TrainLoop(inbox, outbox).run_until_closed()
    assert Dropped(RunKey("run0", 1)) in outbox.said
    assert (FakeRun.loaded, FakeRun.left) == (["run1"], [])
