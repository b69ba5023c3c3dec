"""What the death of the training process means for those who wait."""

import errno
import time
from types import SimpleNamespace

import pytest

from tests.unit.engine.engine_watcher import LONG
from tests.unit.engine.fake_worker import (
    FakeWorker,
    all_runs,  # noqa: F401
    begin,
    failed,
    scheduler_of,
    told,
    watch,
    worker,  # noqa: F401
)
from vae_core.engine.contract.failures import CANNOT_START, DIED_AGAIN, DISK_FULL, RESTARTED
from vae_core.engine.processes.messages import BusyWith, Flushed, Ready, Saved
from vae_core.engine.processes.orders import Flush, Load
from vae_core.engine.processes.supervisor import MAX_FAILED_STARTS
from vae_core.engine.runs import run as record
from vae_core.engine.runs.branching import branch_of
from vae_core.engine.runs.run import ORIGIN, STATE
from vae_core.engine.scheduling.reports import MAX_DEATHS
from vae_core.storage import home


def test_a_dead_worker_is_replaced_at_once_and_gets_its_runs_back(all_runs, worker):  # noqa: F811
    training, paused = begin(all_runs, "a"), begin(all_runs, "b")
    all_runs.pause(paused)
    watcher = watch(all_runs, training)
    told(watcher)
    first = worker()
    first.say(Ready())
    first.say(BusyWith(training.id))
    first.die()
    assert worker() is not first
    assert [order.paused for order in worker().given(Load)] == [False, True]
    assert all(not order.is_new for order in worker().given(Load))
    assert (training.state, training.note, paused.state) == ("running", RESTARTED, "paused")
    assert told(watcher) == ["state"]
    first.say(failed(training, "from before"))  # old news
    assert training.state == "running"


def test_a_crash_loop_backs_off_and_ends_the_run_that_causes_it(all_runs, worker):  # noqa: F811
    bad, good = begin(all_runs, "a"), begin(all_runs, "b")
    rests = []
    for _ in range(MAX_DEATHS):
        worker().say(Ready())
        worker().say(BusyWith(bad.id))
        died = worker()
        died.die()
        if all_runs.worker.rests:
            rests.append(all_runs.worker.restart_at - time.monotonic())
            all_runs.worker.tick(all_runs.worker.restart_at - 0.1, awake=True)
            assert worker() is died
            all_runs.worker.tick(all_runs.worker.restart_at, awake=True)
        assert worker() is not died
    assert (bad.state, bad.error) == ("failed", DIED_AGAIN)
    assert good.state == "running"
    assert rests == sorted(rests)
    assert rests[-1] > 4
    assert [order.key for order in worker().given(Load)] == [good.key]


def test_a_run_that_reaches_the_disk_is_not_blamed(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    for _ in range(2 * MAX_DEATHS):
        worker().say(Ready())
        worker().say(BusyWith(run.id))
        worker().say(Saved(run.key))
        worker().die()
        assert not all_runs.worker.rests
    assert (run.state, run.deaths) == ("running", 1)


def test_a_worker_that_cannot_start_is_given_up(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    for _ in range(MAX_FAILED_STARTS):
        worker().die()
        if all_runs.worker.rests:
            all_runs.worker.tick(all_runs.worker.restart_at, awake=True)
    assert (run.state, run.error) == ("failed", CANNOT_START)
    count = len(FakeWorker.made)
    all_runs.resume(run)  # a click tries again
    assert len(FakeWorker.made) == count + 1
    assert run.state == "running"


def test_a_run_started_while_the_worker_rests_waits_for_it(all_runs, worker):  # noqa: F811
    first = begin(all_runs, "a")
    worker().die()
    worker().die()
    assert all_runs.worker.rests
    second = begin(all_runs, "b")
    all_runs.pause(first)
    assert worker().orders_for(second) == []
    all_runs.worker.tick(all_runs.worker.restart_at, awake=True)
    assert worker().orders_for(second) == ["load"]
    assert next(order for order in worker().given(Load) if order.key == first.key).paused


def test_a_flush_that_the_worker_never_answers_is_answered(all_runs, worker, tmp_path):  # noqa: F811
    run, answers = begin(all_runs, "a"), []
    all_runs.loaded.flush(run, tmp_path / "one", lambda written, _: answers.append(written))
    all_runs.loaded.flush(run, tmp_path / "two", lambda written, _: answers.append(written))
    worker().say(Flushed(str(tmp_path / "one"), True, ""))
    worker().say(Flushed(str(tmp_path / "one"), True, ""))
    worker().die()
    assert answers == [True, False]


def test_a_flush_comes_after_the_save_of_a_run_that_was_stopped(all_runs, worker, tmp_path):  # noqa: F811
    answers, run = [], begin(all_runs, "a")
    all_runs.stop(run)
    all_runs.loaded.flush(run, tmp_path / "one", lambda written, _: answers.append(written))
    assert worker().orders_for(run) == ["load", "drop", "flush"]
    worker().say(Flushed(str(tmp_path / "one"), False, ""))
    assert answers == [False]
    scheduler_of(all_runs.archive.home).loaded.flush(
        run, tmp_path / "two", lambda written, _: answers.append(written)
    )
    assert answers == [False, False]


def test_who_moves_up_when_a_run_is_given_up_starts_no_second_worker(all_runs, worker, monkeypatch):  # noqa: F811
    monkeypatch.setenv("LATENT_MAX_ACTIVE", "2")
    bad, good, waiting = begin(all_runs, "a"), begin(all_runs, "b"), begin(all_runs, "c")
    assert waiting.state == "queued"
    for _ in range(MAX_DEATHS):
        if all_runs.worker.rests:
            all_runs.worker.tick(all_runs.worker.restart_at, awake=True)
        worker().say(Ready())
        worker().say(BusyWith(bad.id))
        count = len(FakeWorker.made)
        worker().die()
    assert [run.state for run in (bad, good, waiting)] == ["failed", "running", "running"]
    assert len(FakeWorker.made) == count  # it rests
    all_runs.worker.tick(all_runs.worker.restart_at, awake=True)
    assert len(FakeWorker.made) == count + 1
    assert all(worker().orders_for(run) == ["load"] for run in (good, waiting))
    all_runs.pause(good)
    assert worker().orders_for(good) == ["load", "pause"]


def test_a_run_that_was_to_rest_after_an_epoch_rests_when_its_worker_dies(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    all_runs.pause(run)
    all_runs.take_steps(run, None)
    assert run.state == "running"
    worker().die()
    assert (run.state, run.note) == ("paused", RESTARTED)
    (load,) = worker().given(Load)
    assert load.paused


def test_an_epoch_asked_for_while_no_worker_is_there_does_not_train_to_the_end(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    all_runs.stop(run)
    other = begin(all_runs, "b")
    worker().die()
    worker().die()
    assert all_runs.worker.rests
    all_runs.take_steps(run, None)
    all_runs.worker.tick(all_runs.worker.restart_at, awake=True)
    assert worker().orders_for(other) == ["load"]
    load = next(order for order in worker().given(Load) if order.key == run.key)
    assert load.paused
    assert run.state == "paused"


def test_who_waits_in_the_line_does_not_train_when_the_worker_comes_back(all_runs, worker, monkeypatch):  # noqa: F811
    monkeypatch.setenv("LATENT_MAX_ACTIVE", "1")
    run = begin(all_runs, "a")
    all_runs.pause(run)
    other = begin(all_runs, "b")
    all_runs.resume(run)
    assert (run.state, run.loaded) == ("queued", True)
    worker().die()
    paused = {order.key.run: order.paused for order in worker().given(Load)}
    assert paused == {run.id: True, other.id: False}
    all_runs.stop(other)
    assert (run.state, worker().orders_for(run)) == ("running", ["load", "resume"])


def test_a_run_that_is_paused_and_resumed_while_no_worker_is_there_is_loaded_once(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    worker().die()
    worker().die()
    assert all_runs.worker.rests
    all_runs.pause(run)
    all_runs.resume(run)
    all_runs.worker.tick(all_runs.worker.restart_at, awake=True)
    assert worker().orders_for(run) == ["load"]


def test_a_branch_whose_beginning_died_with_the_worker_begins_with_what_is_on_disk(all_runs, worker):  # noqa: F811
    parent = begin(all_runs, "a")
    (parent.folder / STATE).write_bytes(b"some seconds old")
    branches = [branch_of(parent, None, LONG, "") for _ in range(2)]
    all_runs.branch(parent, branches[0], None)
    all_runs.resume(parent)
    all_runs.branch(parent, branches[1], None)
    flushes = worker().given(Flush)
    assert [order.path for order in flushes] == [str(run.folder / ORIGIN) for run in branches]
    (branches[0].folder / ORIGIN).write_bytes(b"fresh")
    worker().say(Flushed(flushes[0].path, True, ""))
    worker().die()
    assert (branches[1].folder / ORIGIN).read_bytes() == b"some seconds old"
    assert (branches[0].folder / ORIGIN).read_bytes() == b"fresh"
    assert worker().orders_for(branches[1]) == ["load"]


def test_a_branch_made_while_the_disk_is_full_says_so(all_runs, worker):  # noqa: F811
    parent = begin(all_runs, "a")
    branch = branch_of(parent, None, LONG, "")
    all_runs.branch(parent, branch, None)
    (flush,) = worker().given(Flush)
    attempt = SimpleNamespace(key=branch.key)
    worker().say(Flushed(flush.path, False, DISK_FULL))
    assert (branch.state, branch.error) == ("failed", DISK_FULL)
    worker().say(failed(attempt, "What this branch begins with is not there."))
    assert (branch.state, branch.error, branch.note) == ("failed", DISK_FULL, "")
    assert parent.state == "paused"


@pytest.mark.parametrize("what", ["link", "record"])
def test_a_branch_that_cannot_be_put_on_disk_leaves_nothing_there(all_runs, worker, monkeypatch, what):  # noqa: F811
    parent = begin(all_runs, "a")
    (parent.folder / STATE).write_bytes(b"where it stands")
    all_runs.stop(parent)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*{"link": (home.os, "link"), "record": (record, "write_whole")}[what], full)
    monkeypatch.setattr(home.shutil, "copyfile", full)
    branch = branch_of(parent, None, LONG, "")
    with pytest.raises(OSError, match="No space"):
        all_runs.branch(parent, branch, None)
    assert not branch.folder.exists()
    assert branch.id not in all_runs.archive.runs


def test_a_run_that_waited_for_a_worker_is_loaded_whatever_dies_meanwhile(all_runs, worker):  # noqa: F811
    first = begin(all_runs, "a")
    worker().die()
    worker().die()
    late = begin(all_runs, "b")
    all_runs.worker._start()
    worker().die()
    all_runs.worker.tick(all_runs.worker.restart_at, awake=True)
    assert [worker().orders_for(run) for run in (first, late)] == [["load"], ["load"]]


def test_a_run_stopped_while_no_worker_is_there_stays_so(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    worker().die()
    worker().die()
    all_runs.pause(run)
    begin(all_runs, "a", image_set="mnist")  # of its owner, so this one stops
    assert run.state == "stopped"
    all_runs.worker.tick(all_runs.worker.restart_at, awake=True)
    assert worker().orders_for(run) == []
