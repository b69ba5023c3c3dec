"""A worker that only notes its orders and says what a test lets it say; runs that are given to it."""

import os
import threading
import time

import pytest

from tests.unit.engine.engine_watcher import LONG, SMALL, Loop
from vae_core.engine.contract import memory
from vae_core.engine.processes import messages, supervisor
from vae_core.engine.processes.orders import DoJob, Drop, Watch
from vae_core.engine.processes.supervisor import Supervisor
from vae_core.engine.runs.run import Run
from vae_core.engine.scheduling.attendance import Attendance
from vae_core.engine.scheduling.reports import make_scheduler
from vae_core.engine.watching.messages import NO_ARRAYS
from vae_core.storage.tensorfile import metadata_of


class FakeWorker:
    pid = 0
    made = []  # noqa: RUF012

    def __init__(self, role, home, on_message, on_exit):
        self.role, self.on_message, self.on_exit = role, on_message, on_exit
        self.orders, self.killed, self.closed = [], False, False
        self.used = 0.0
        self.made.append(self)

    def send(self, order):
        self.orders.append(order)

    def close(self):
        self.closed = True

    def kill(self):
        self.killed = True

    def processor_seconds(self):
        return self.used

    def wait(self, seconds):
        return True

    def given(self, kind):
        """Return the orders of a kind."""
        return [order for order in self.orders if isinstance(order, kind)]

    def orders_for(self, run):
        mine = [order for order in self.orders if order.key.run == run.id]
        return [type(order).__name__.lower() for order in mine if not isinstance(order, Watch)]

    def say(self, message):
        self.on_message(self, message)

    def finish(self, result=None):
        self.say(messages.JobDone(self.given(DoJob)[-1].job, result))

    def drop(self):
        """Say of all runs that were to be dropped that they are on disk."""
        for order in self.given(Drop):
            self.say(messages.Dropped(order.key))

    def die(self):
        self.on_exit(self)


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setattr(supervisor, "WorkerProcess", FakeWorker)
    FakeWorker.made = []
    return lambda: next(made for made in reversed(FakeWorker.made) if made.role == "train")


@pytest.fixture
def all_runs(tmp_path, worker, monkeypatch):
    monkeypatch.setattr(
        memory, "free_memory", lambda: None
    )  # or the line would be as long as this machine says
    return scheduler_of(tmp_path)


@pytest.fixture
def attendance(all_runs):
    return Attendance(all_runs)


def scheduler_of(home):
    lock = threading.RLock()
    return make_scheduler(home, lock, Supervisor(home, lock))


def begin(all_runs, owner, created=None, image_set="digits"):
    created = time.time() if created is None else created
    run_id = os.urandom(16).hex()
    folder = all_runs.archive.home / "owners" / owner / "runs" / run_id
    run = Run(run_id, owner, folder, "title", image_set, SMALL, LONG, created)
    all_runs.start(run)
    return run


def watch(all_runs, run):
    return all_runs.watchers.subscribe(run, Loop(), lambda: None)


def told(subscription):
    taken = subscription.take()
    for seq, _ in taken:
        subscription.ack(seq)
    return [metadata_of(data)["kind"] for _, data in taken]


def progressed(run, eta_seconds=None):
    return messages.Progressed(run.key, progress(), messages.Pace(None, eta_seconds), ())


def frame(run, step=0, history_tail=()):
    pace = messages.Pace(None, None)
    return messages.Frame(run.key, progress(step), pace, history_tail, {}, NO_ARRAYS)


def snapshot(run, step=0, eta_seconds=None):
    pace = messages.Pace(None, eta_seconds)
    return messages.Snapshot(run.key, progress(step), pace, (), {}, NO_ARRAYS)


def weights(run, step):
    return messages.Weights(run.key, step, NO_ARRAYS)


def failed(run, error, back=None):
    return messages.Failed(run.key, error, back)


def progress(step=0):
    return messages.Progress(step, 100, 0.0, 0.0)
