"""A worker that only notes its orders and says what a test lets it say; runs that are given to it."""

import os
import threading
import time

import pytest

from tests.unit.engine.engine_watcher import LONG, SMALL, Loop
from vae_core.engine.contract import memory
from vae_core.engine.processes import training_process
from vae_core.engine.runs.run import Run
from vae_core.engine.scheduling.commands import Trainings
from vae_core.engine.watching.messages import NO_ARRAYS
from vae_core.storage.tensorfile import metadata_of


class FakeWorker:
    made = []  # noqa: RUF012

    def __init__(self, lane, home, on_message, on_exit):
        self.on_message, self.on_exit = on_message, on_exit
        self.orders = []
        self.made.append(self)

    def send(self, facts, body=b""):
        self.orders.append(facts)

    def close(self):
        self.orders.append({"kind": "close"})

    def wait(self, seconds):
        return True

    def orders_for(self, run):
        mine = [order["kind"] for order in self.orders if order.get("run") == run.id]
        return [kind for kind in mine if kind != "watch"]

    def say(self, kind, run=None, body=NO_ARRAYS, **facts):
        told = {} if run is None else {"run": run.id, "generation": run.generation}
        self.on_message(self, {"kind": kind, **told, **facts}, body)

    def die(self):
        self.on_exit(self)


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setattr(training_process, "WorkerProcess", FakeWorker)
    FakeWorker.made = []
    return lambda: FakeWorker.made[-1]


@pytest.fixture
def all_runs(tmp_path, worker, monkeypatch):
    monkeypatch.setattr(
        memory, "free_memory", lambda: None
    )  # or the line would be as long as this machine says
    return Trainings(tmp_path, threading.RLock())


def begin(all_runs, owner, created=None, image_set="digits"):
    created = time.time() if created is None else created
    run_id = os.urandom(16).hex()
    folder = all_runs.home / "owners" / owner / "runs" / run_id
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
