"""What the death of the training process means for those who wait."""

from tests.unit.test_engine_line import FakeWorker, all_runs, begin, worker  # noqa: F401
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
