"""The training loop's turns, with runs that only note that they were trained."""

import errno

import pytest

from tests.unit.engine.engine_watcher import LONG, SMALL
from vae_core.engine.contract.failures import DISK_FULL
from vae_core.engine.processes.messages import Dropped, Flushed
from vae_core.engine.processes.orders import Drop, Flush, Load, RunKey
from vae_core.engine.worker import train_loop
from vae_core.engine.worker.inbox import Inbox
from vae_core.engine.worker.train_loop import TrainLoop


class FakeOutbox:
    def __init__(self):
        self.said = []

    def put(self, message):
        self.said.append(message)


class FakeRun:
    """A run that notes its pieces; the thirty-first of all closes the loop."""

    trained = []  # noqa: RUF012
    loaded = []  # noqa: RUF012
    left = []  # noqa: RUF012
    inbox = None

    def __init__(self, order, outbox):
        self.key = order.key
        self.resting = self.unsaved = 0

    def open(self):
        self.loaded.append(self.key.run)

    def leave(self):
        self.left.append(self.key.run)

    def flush(self, path):
        if path == "full":
            raise OSError(errno.ENOSPC, "No space left on device")

    def piece(self, *, sharers):
        self.trained.append((self.key.run, len(self.loaded)))
        if len(self.trained) > 30:
            self.inbox.close()


@pytest.fixture
def inbox(monkeypatch):
    orders = Inbox(lambda taken: None)
    monkeypatch.setattr(train_loop, "LiveRun", FakeRun)
    FakeRun.trained, FakeRun.loaded, FakeRun.left, FakeRun.inbox = [], [], [], orders
    return orders


def load(name):
    key = RunKey(name, 1)
    return Load(key, "", "digits", SMALL, LONG, paused=False, is_branch=False, is_new=True)


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
    for order in (load("run0"), Flush(RunKey(run, generation), path)):
        inbox.put(order)
    inbox.close()
    outbox = FakeOutbox()
    TrainLoop(inbox, outbox).run_until_closed()
    answers = [message for message in outbox.said if isinstance(message, Flushed)]
    assert answers == [Flushed(path, done, error)]


@pytest.mark.parametrize("run", ["run0", "run1"], ids=["it is here", "it has ended"])
def test_a_drop_is_always_answered(inbox, run):
    for order in (load("run0"), Drop(RunKey(run, 1))):
        inbox.put(order)
    inbox.close()
    outbox = FakeOutbox()
    TrainLoop(inbox, outbox).run_until_closed()
    assert [message for message in outbox.said if isinstance(message, Dropped)] == [Dropped(RunKey(run, 1))]
    assert FakeRun.left == ["run0"] * (run == "run0")
