"""The training loop's turns, with runs that only note that they were trained."""

import queue

import pytest

from vae_core.engine import trainloop
from vae_core.engine.trainloop import TrainLoop


class FakeOutbox:
    def put(self, facts, body=b""):
        pass


class FakeRun:
    """A run that notes its pieces; the thirty-first of all closes the loop."""

    trained = []  # noqa: RUF012
    loaded = []  # noqa: RUF012
    inbox = None

    def __init__(self, order, outbox):
        self.name, self.generation = order["run"], order["generation"]
        self.resting = self.unsaved = 0

    def open(self):
        self.loaded.append(self.name)

    def piece(self, *, sharers):
        self.trained.append((self.name, len(self.loaded)))
        if len(self.trained) > 30:
            self.inbox.put(None)


@pytest.fixture
def inbox(monkeypatch):
    orders = queue.SimpleQueue()
    monkeypatch.setattr(trainloop, "LiveRun", FakeRun)
    FakeRun.trained, FakeRun.loaded, FakeRun.inbox = [], [], orders
    return orders


def load(name):
    return {"kind": "load", "run": name, "generation": 1, "paused": False, "new": True}, b""


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
