"""The training loop's turns, with runs that only note that they were trained."""

import errno
import queue

import pytest

from vae_core.engine.contract.failures import DISK_FULL
from vae_core.engine.worker import train_loop
from vae_core.engine.worker.train_loop import TrainLoop


class FakeOutbox:
    def __init__(self):
        self.said = []

    def put(self, facts, body=b""):
        self.said.append(facts)


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

    def flush(self, path):
        if path == "full":
            raise OSError(errno.ENOSPC, "No space left on device")

    def piece(self, *, sharers):
        self.trained.append((self.name, len(self.loaded)))
        if len(self.trained) > 30:
            self.inbox.put(None)


@pytest.fixture
def inbox(monkeypatch):
    orders = queue.SimpleQueue()
    monkeypatch.setattr(train_loop, "LiveRun", FakeRun)
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
    flush = {"kind": "flush", "run": run, "generation": generation, "path": path, "token": "t"}
    for order in (load("run0"), (flush, b""), None):
        inbox.put(order)
    outbox = FakeOutbox()
    TrainLoop(inbox, outbox).run_until_closed()
    (answer,) = [facts for facts in outbox.said if facts["kind"] == "flushed"]
    assert answer == {"kind": "flushed", "token": "t", "done": done, "error": error}
