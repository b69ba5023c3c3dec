"""What is saved from: short-lived files, there for every attempt and gone however the job ends."""

import time

import pytest

from tests.unit.engine.fake_worker import (
    FakeWorker,
    all_runs,  # noqa: F401
    begin,
    worker,  # noqa: F401
)
from vae_core.engine.jobs import queue
from vae_core.engine.jobs.queue import JobQueue
from vae_core.engine.processes.messages import Flushed
from vae_core.engine.processes.orders import DoJob, Flush
from vae_core.engine.processes.supervisor import Supervisor
from vae_core.engine.runs.keyframes import FOLDER, encoder_path, keyframe_path
from vae_core.engine.runs.run import STATE
from vae_core.engine.scheduling.loaded import FLUSH_SECONDS
from vae_core.engine.scheduling.saving import Saving

STEP = 25


@pytest.fixture
def run(all_runs, worker):  # noqa: F811
    """A run whose worker has written one keyframe."""
    found = begin(all_runs, "a")
    (found.folder / FOLDER).mkdir()
    for path in (keyframe_path(found.folder, STEP), encoder_path(found.folder, STEP)):
        path.write_bytes(b"weights")
    return found


@pytest.fixture
def line(all_runs, tmp_path):  # noqa: F811
    return JobQueue(Supervisor(tmp_path, all_runs.lock), all_runs.lock)


@pytest.fixture
def saving(all_runs, line, tmp_path):  # noqa: F811
    return Saving(tmp_path, all_runs.loaded, line)


def quick():
    """The process that saves."""
    return next(made for made in reversed(FakeWorker.made) if made.role == "quick")


def flush(worker):  # noqa: F811
    """Let the training process put the state where it was told to."""
    order = worker().given(Flush)[0]
    with open(order.path, "wb") as file:
        file.write(b"state")
    worker().say(Flushed(order.path, True, ""))


def left(tmp_path):
    return len(list((tmp_path / "incoming").iterdir()))


def save(saving, worker, run, what, tmp_path):  # noqa: F811
    if what == "a moment":
        job = saving.save_keyframe(run, STEP, tmp_path / "x.safetensors", "x")
    else:
        job = saving.save_now(run, tmp_path / "x.safetensors", "x")
        flush(worker)
    assert job.state == "running"
    assert left(tmp_path) == (2 if what == "a moment" else 1)
    return job


BOTH = pytest.mark.parametrize("what", ["now", "a moment"])


@BOTH
def test_what_was_saved_from_goes_when_the_model_is_there(saving, worker, run, what, tmp_path):  # noqa: F811
    job = save(saving, worker, run, what, tmp_path)
    quick().finish({"path": "x", "name": "x"})
    assert (job.state, left(tmp_path)) == ("done", 0)


@BOTH
def test_a_save_that_is_cancelled_leaves_nothing(saving, line, worker, run, what, tmp_path):  # noqa: F811
    job = save(saving, worker, run, what, tmp_path)
    job.cancel()
    line.tick(time.monotonic() + queue.CANCEL_SECONDS + 0.5)
    assert (job.state, left(tmp_path)) == ("cancelled", 0)


@BOTH
def test_a_process_that_dies_leaves_them_to_the_next_attempt_and_no_longer(
    saving,
    worker,  # noqa: F811
    run,
    what,
    tmp_path,
):
    job = save(saving, worker, run, what, tmp_path)
    before = left(tmp_path)
    quick().die()
    assert (job.state, left(tmp_path)) == ("running", before)
    quick().die()
    assert (job.state, left(tmp_path)) == ("failed", 0)


def test_a_save_that_is_cancelled_before_its_state_is_written_leaves_nothing(
    saving,
    worker,  # noqa: F811
    run,
    tmp_path,
):
    job = saving.save_now(run, tmp_path / "x.safetensors", "x")
    job.cancel()
    flush(worker)
    assert (job.state, left(tmp_path)) == ("cancelled", 0)


def test_a_save_whose_state_was_written_by_a_process_that_then_died_leaves_nothing(
    saving,
    worker,  # noqa: F811
    run,
    tmp_path,
):
    job = saving.save_now(run, tmp_path / "x.safetensors", "x")
    order = worker().given(Flush)[0]
    with open(order.path, "wb") as file:
        file.write(b"state")
    worker().die()
    assert job.state == "running"
    quick().finish({"path": "x", "name": "x"})
    assert (job.state, left(tmp_path)) == ("done", 0)


def test_a_save_does_not_wait_for_ever_for_the_newest_state(saving, all_runs, worker, run, tmp_path):  # noqa: F811
    job = saving.save_now(run, tmp_path / "x.safetensors", "x")
    assert (job.state, "step" in job.message) == ("waiting", True)
    now = time.monotonic()
    all_runs.tick(now + FLUSH_SECONDS - 1)
    assert job.state == "waiting"
    all_runs.tick(now + FLUSH_SECONDS + 1)
    assert job.state == "running"
    assert quick().given(DoJob)[-1].arguments["state"] == str(run.folder / STATE)  # some seconds old
    flush(worker)  # it comes too late
    quick().finish({"path": "x", "name": "x"})
    assert (job.state, left(tmp_path)) == ("done", 0)


def test_a_state_that_is_written_when_nobody_waits_for_it_any_more_goes(
    saving,
    all_runs,  # noqa: F811
    worker,  # noqa: F811
    run,
    tmp_path,
):
    job = saving.save_now(run, tmp_path / "x.safetensors", "x")
    all_runs.tick(time.monotonic() + FLUSH_SECONDS + 1)
    quick().finish({"path": "x", "name": "x"})
    assert job.state == "done"
    flush(worker)
    assert left(tmp_path) == 0
