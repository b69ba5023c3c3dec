"""Runs whose owners have gone: parked, forgotten, found again."""

import time

import pytest

from tests.unit.engine.fake_worker import (
    all_runs,  # noqa: F401
    attendance,  # noqa: F401
    begin,
    failed,
    scheduler_of,
    told,
    watch,
    worker,  # noqa: F401
)
from vae_core.engine.contract.failures import DISK_FULL, NOT_KEPT
from vae_core.engine.runs.run import read_run


def test_a_run_without_its_owner_is_parked_and_resumes(all_runs, attendance, worker, monkeypatch):  # noqa: F811
    monkeypatch.setenv("LATENT_PARK_MINUTES", "5")
    alone, watched = begin(all_runs, "a"), begin(all_runs, "b")
    watcher = watch(all_runs, watched)
    now = time.monotonic()
    attendance.tick(now + 299)
    assert (alone.state, watched.state) == ("running", "running")
    attendance.tick(now + 301)
    assert (alone.state, watched.state) == ("parked", "running")
    assert worker().orders_for(alone) == ["load", "drop"]
    watcher.close()
    attendance.tick(watched.seen + 301)
    assert watched.state == "parked"
    all_runs.resume(all_runs.archive.get("a", alone.id))
    assert alone.state == "running"
    assert worker().orders_for(alone) == ["load", "drop", "load"]
    monkeypatch.setenv("LATENT_PARK_MINUTES", "0")
    attendance.tick(now + 1e6)
    assert alone.state == "running"


def test_a_run_whose_owner_looks_at_another_page_trains_on(all_runs, attendance, monkeypatch):  # noqa: F811
    monkeypatch.setenv("LATENT_PARK_MINUTES", "5")
    explores, left = begin(all_runs, "a"), begin(all_runs, "b")
    attendance.is_here = lambda owner: owner == "a"
    now = time.monotonic()
    attendance.tick(now + 301)
    assert (explores.state, left.state) == ("running", "parked")
    attendance.is_here = lambda owner: False  # if only for a moment, on its way to another page
    attendance.tick(now + 500)
    assert explores.state == "running"  # five minutes from when it was last seen
    attendance.tick(now + 602)
    assert explores.state == "parked"


def test_what_could_not_be_put_on_disk_is_said_and_logged(all_runs, worker, caplog):  # noqa: F811
    run = begin(all_runs, "a")
    watcher = watch(all_runs, run)
    all_runs.stop(run)
    told(watcher)
    worker().say(failed(run, DISK_FULL))
    assert (run.state, run.error) == ("stopped", "")
    assert run.note == NOT_KEPT.format(DISK_FULL)
    assert told(watcher) == ["state"]
    assert DISK_FULL in caplog.text
    assert read_run(run.folder).note == run.note
    all_runs.resume(run)
    assert run.note == ""


def test_a_run_at_rest_leaves_memory_and_comes_back_from_disk(all_runs, attendance):  # noqa: F811
    run = begin(all_runs, "a")
    all_runs.stop(run)
    attendance.tick(time.monotonic() + 1e5)
    assert all_runs.archive.runs == {}
    again = all_runs.archive.get("a", run.id)
    assert (again.state, again.model, again.train) == ("stopped", run.model, run.train)


def test_what_was_running_is_parked_after_a_restart(all_runs, tmp_path, worker):  # noqa: F811
    run, other = begin(all_runs, "a"), begin(all_runs, "b")
    worker().say(failed(other, "The loss …"))
    later = scheduler_of(tmp_path)
    assert later.archive.get("a", run.id).state == "parked"
    gone = later.archive.get("b", other.id)
    assert (gone.state, gone.error) == ("failed", "The loss …")
    with pytest.raises(KeyError):
        later.archive.get("c", run.id[:-1] + "x")
