"""What the death of the training process means for those who wait."""

from tests.unit.test_engine_line import FakeWorker, all_runs, begin, worker  # noqa: F401
from vae_core.engine.failures import RESTARTED
from vae_core.engine.trainings import MAX_DEATHS


def test_who_moves_up_when_a_run_is_given_up_starts_no_second_worker(all_runs, worker, monkeypatch):  # noqa: F811
    monkeypatch.setenv("LATENT_MAX_ACTIVE", "2")
    bad, good, waiting = begin(all_runs, "a"), begin(all_runs, "b"), begin(all_runs, "c")
    assert waiting.state == "queued"
    for _ in range(MAX_DEATHS):
        if all_runs.worker.restart_at is not None:
            all_runs.tick(all_runs.worker.restart_at)
        worker().say("ready")
        worker().say("begin", run=bad)
        count = len(FakeWorker.made)
        worker().die()
    assert [run.state for run in (bad, good, waiting)] == ["failed", "running", "running"]
    assert len(FakeWorker.made) == count  # it rests
    all_runs.tick(all_runs.worker.restart_at)
    assert len(FakeWorker.made) == count + 1
    assert all(worker().orders_for(run) == ["load"] for run in (good, waiting))
    all_runs.pause(good)
    assert worker().orders_for(good) == ["load", "pause"]


def test_a_run_that_was_to_rest_after_an_epoch_rests_when_its_worker_dies(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    all_runs.pause(run)
    all_runs.step(run, None)
    assert run.state == "running"
    worker().die()
    assert (run.state, run.note) == ("paused", RESTARTED)
    (load,) = [order for order in worker().orders if order["kind"] == "load"]
    assert load["paused"]


def test_an_epoch_asked_for_while_no_worker_is_there_does_not_train_to_the_end(all_runs, worker):  # noqa: F811
    run = begin(all_runs, "a")
    all_runs.stop(run)
    other = begin(all_runs, "b")
    worker().die()
    worker().die()
    assert all_runs.worker.restart_at is not None
    all_runs.step(run, None)
    all_runs.tick(all_runs.worker.restart_at)
    assert worker().orders_for(other) == ["load"]
    load = next(order for order in worker().orders if order["kind"] == "load" and order["run"] == run.id)
    assert load["paused"]
    assert run.state == "paused"
