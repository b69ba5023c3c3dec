"""A worker process as the server sees it."""

import os
import signal
import threading

import pytest

from vae_core.engine.processes.orders import DoJob
from vae_core.engine.processes.process import WorkerProcess, worker_pids

pytestmark = pytest.mark.process


@pytest.fixture
def started(tmp_path):
    """Start a worker of the quick jobs; returns it and the event of its end."""
    ended = threading.Event()
    process = WorkerProcess("quick", tmp_path, lambda *_: None, lambda _: ended.set())
    yield process, ended
    process.kill()
    assert ended.wait(60)
    assert process.pid not in worker_pids("quick")


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
def test_nobody_waits_for_a_worker_that_does_not_read(started):
    process, ended = started
    assert process.pid in worker_pids("quick")
    os.kill(process.pid, signal.SIGSTOP)

    def speak():
        for _ in range(3):
            process.send(DoJob("0", "none", bytes(1_000_000)))  # more than a pipe holds
        process.close()

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    speaker.join(60)
    is_free = not speaker.is_alive()
    os.kill(process.pid, signal.SIGCONT)
    assert is_free
    assert ended.wait(60)  # it has read all of it, and the end


def test_what_is_said_to_a_worker_that_has_died_is_lost(started):
    process, ended = started
    process.kill()
    assert ended.wait(60)
    process.send(DoJob("0", "none", bytes(1_000_000)))
    process.close()
