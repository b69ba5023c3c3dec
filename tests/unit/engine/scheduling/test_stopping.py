"""Nobody is told that a run is stopped before it is on disk, and nobody waits for that without end."""

import json
import os
import signal

import pytest

from tests.unit.engine.engine_watcher import become, progressed, start
from tests.unit.engine.fake_worker import (
    all_runs,  # noqa: F401
    begin,
    failed,
    watch,
    worker,  # noqa: F401
)
from vae_core.config.configs import ModelConfig
from vae_core.engine.contract.failures import CUT_SHORT, DISK_FULL, NOT_KEPT, RESTARTED_HUNG
from vae_core.engine.processes.messages import Dropped, Rested
from vae_core.engine.runs.run import PROGRESS
from vae_core.storage.tensorfile import metadata_of


def states(watcher):
    taken = [(seq, metadata_of(data)) for seq, data in watcher.take()]
    for seq, _ in taken:
        watcher.ack(seq)
    return [json.loads(texts["json"])["state"] for _, texts in taken if texts["kind"] == "state"]


def test_a_run_is_stopping_until_the_worker_has_put_it_on_disk(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    watcher = watch(all_runs, run)
    all_runs.stop(run)
    assert (run.info().state, states(watcher)) == ("stopping", ["stopping"])
    assert run.info().resumable
    assert not run.info().active
    worker().say(Dropped(run.key))
    assert (run.info().state, states(watcher)) == ("stopped", ["stopped"])


def test_a_run_that_is_only_on_disk_is_stopped_at_once(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    all_runs.park(run)
    worker().say(Dropped(run.key))
    assert run.info().state == "parked"
    all_runs.stop(run)
    assert run.info().state == "stopped"


def test_a_run_that_goes_on_before_it_was_on_disk_is_not_taken_for_stopped(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    all_runs.stop(run)
    answer = Dropped(run.key)
    all_runs.resume(run)
    assert run.info().state == "running"
    worker().say(answer)
    assert run.info().state == "running"


def test_what_could_not_be_saved_is_said_with_the_state(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    all_runs.stop(run)
    worker().say(failed(run, DISK_FULL))
    worker().say(Dropped(run.key))
    assert (run.info().state, run.info().note) == ("stopped", NOT_KEPT.format(DISK_FULL))


def test_a_run_whose_worker_ends_before_it_was_on_disk_stands_where_it_was_saved_last(all_runs, worker):  # noqa: F811
    run, other = begin(all_runs, "a"), begin(all_runs, "b")
    run.step = 250
    (run.folder / PROGRESS).write_text(json.dumps({"step": 200, "epoch": 2.0, "history": []}))
    all_runs.stop(run)
    worker().die()
    assert (run.info().state, run.note, run.step) == ("stopped", CUT_SHORT, 200)
    assert other.note != CUT_SHORT
    assert worker().orders_for(run) == []
    assert worker().orders_for(other) == ["load"]


def test_a_run_is_not_thrown_away_while_it_is_put_on_disk(all_runs, worker, monkeypatch):  # noqa: F811
    monkeypatch.setenv("LATENT_MAX_RUNS", "1")
    first, _ = begin(all_runs, "a", created=1), begin(all_runs, "a", created=2)
    all_runs.archive.tidy(all_runs.lock)
    assert first.folder.exists()
    worker().say(Dropped(first.key))
    begin(all_runs, "a", created=3)
    all_runs.archive.tidy(all_runs.lock)
    assert not first.folder.exists()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
@pytest.mark.usefixtures("one_thread")
def test_a_stopped_worker_is_noticed_and_what_was_asked_meanwhile_comes_to_an_end(engine, tmp_path):
    stops, trains = start(engine, "ann"), start(engine, "bea")
    for owner, run in (("ann", stops), ("bea", trains)):
        progressed(engine, owner, run, 20)
    pid = engine.worker_pids()["train"]
    os.kill(pid, signal.SIGSTOP)
    assert engine.stop("ann", stops.id).state == "stopping"
    saving = engine.save_run("bea", trains.id, tmp_path / "x.safetensors")
    before = engine.run("bea", trains.id)
    become(engine, "ann", stops, "stopped")
    assert engine.worker_pids().get("train") != pid
    assert engine.run("ann", stops.id).note == CUT_SHORT
    assert engine.run("bea", trains.id).note == RESTARTED_HUNG
    progressed(engine, "bea", trains, before.step + 1)
    assert saving.wait(120).finished


def test_a_step_that_takes_long_is_seen_to_run(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    all_runs.pause(run)
    all_runs.take_steps(run, 1)
    assert run.info().state == "paused", "it is over before anyone could read more"
    run.model = ModelConfig((1, 8, 8), 2, "article")
    run.train = run.train.replace(batch_size=4096)
    all_runs.speed = 1e9
    all_runs.take_steps(run, 1)
    assert run.info().state == "running"
    worker().say(Rested(run.key, run.stepping))
    assert run.info().state == "paused"
