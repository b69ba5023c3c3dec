"""Runs on disk."""

import os
import threading
import time

import pytest

from tests.unit.engine.engine_watcher import start
from tests.unit.engine.fake_worker import (
    all_runs,  # noqa: F401
    begin,
    scheduler_of,
    worker,  # noqa: F401
)
from vae_core.engine import Engine
from vae_core.engine.contract import limits
from vae_core.engine.processes.messages import Dropped
from vae_core.engine.runs.archive import SWEEP_SECONDS, Archive
from vae_core.engine.runs.run import read_run

MAX_RUNS = int(limits.RUNS.default)


def test_what_is_left_of_runs_that_could_not_be_begun_goes(tmp_path):
    left, fresh = (tmp_path / "owners" / "a" / "runs" / (name * 32) for name in "01")
    for folder in (left, fresh):  # a full disk leaves no record, but what was written before
        folder.mkdir(parents=True)
        (folder / "origin.safetensors").write_bytes(b"")
    os.utime(left, (1, 1))
    Archive(tmp_path).sweep(threading.RLock())
    assert (left.exists(), fresh.exists()) == (False, True)


def test_old_runs_go(all_runs, worker, monkeypatch):  # noqa: F811
    runs = [begin(all_runs, "a", created=index) for index in range(MAX_RUNS + 3)]
    worker().drop()
    all_runs.archive.clear(time.monotonic(), all_runs.lock)
    assert [run.folder.exists() for run in runs] == [False] * 3 + [True] * MAX_RUNS
    assert len(all_runs.archive.of_owner("a")) == MAX_RUNS
    (runs[5].folder / "state.safetensors").write_bytes(bytes(1_100_000))
    monkeypatch.setenv("LATENT_MAX_RUNS_MB", "1")
    begin(all_runs, "a", created=99)
    worker().drop()
    all_runs.archive.clear(time.monotonic(), all_runs.lock)
    assert not runs[3].folder.exists()
    assert not runs[5].folder.exists()
    assert runs[6].folder.exists()
    old, newest = runs[-2], all_runs.archive.of_owner("a")[0]
    for run in (old, newest):
        os.utime(run.folder / "run.json", (1, 1))
    all_runs.archive.clear(time.monotonic() + SWEEP_SECONDS + 1, all_runs.lock)
    assert not old.folder.exists()
    assert newest.folder.exists()  # it trains
    assert old.id not in all_runs.archive.runs
    assert list((all_runs.archive.home / "bin").iterdir()) == []


@pytest.mark.parametrize("why", ["too many", "too old"])
def test_nobody_waits_for_the_disk_while_runs_are_deleted(all_runs, worker, monkeypatch, why):  # noqa: F811
    old, newest = begin(all_runs, "a", created=1), begin(all_runs, "a", created=2)
    worker().drop()
    if why == "too many":
        monkeypatch.setenv("LATENT_MAX_RUNS", "1")
    else:
        os.utime(old.folder / "run.json", (1, 1))
    free = []

    def slow_disk(folder, ignore_errors):
        def try_lock():
            if all_runs.lock.acquire(timeout=5):
                free.append(folder.name)
                all_runs.lock.release()

        other = threading.Thread(target=try_lock)
        other.start()
        other.join()

    monkeypatch.setattr("vae_core.engine.runs.archive.shutil.rmtree", slow_disk)
    all_runs.archive.clear(time.monotonic() + SWEEP_SECONDS + 1, all_runs.lock)
    assert len(free) >= 1
    assert not old.folder.exists()
    assert all_runs.archive.of_owner("a") == [newest]


@pytest.mark.parametrize("text", ["", "{}", "[]", "{", '{"id": "x"}', '{"model": 1, "train": 2}'])
def test_a_damaged_record_is_no_run(all_runs, text):  # noqa: F811
    run = begin(all_runs, "a")
    (run.folder / "run.json").write_text(text)
    assert read_run(run.folder) is None
    assert scheduler_of(all_runs.archive.home).archive.of_owner("a") == []


def test_a_run_in_a_foreign_folder_is_no_run(all_runs):  # noqa: F811
    run = begin(all_runs, "a")
    (all_runs.archive.home / "owners" / "b" / "runs").mkdir(parents=True)
    (all_runs.archive.home / "owners" / "b" / "runs" / run.id).symlink_to(run.folder)
    assert scheduler_of(all_runs.archive.home).archive.of_owner("b") == []


def test_visitors_who_never_train_leave_nothing_in_memory(all_runs):  # noqa: F811
    archive = all_runs.archive
    assert [archive.of_owner(f"visitor {number}") for number in range(100)] == [[]] * 100
    assert archive._owners == set()
    run = begin(all_runs, "visitor 7")
    assert archive.of_owner("visitor 7") == [run]
    assert archive._owners == {"visitor 7"}


def test_a_run_that_is_opened_again_is_the_current_one_also_after_a_restart(tmp_path, worker):  # noqa: F811
    engine = Engine(tmp_path)
    first, second = start(engine, "ann"), start(engine, "ann")
    assert engine.current_run("ann").id == second.id
    assert engine.run("ann", first.id).state == "stopping"
    worker().say(Dropped(engine._scheduler.archive.runs[first.id].key))
    opened = engine.choose("ann", first.id)
    assert (opened.id, opened.state) == (first.id, "stopped")
    assert engine.current_run("ann").id == first.id
    assert engine.run("ann", second.id).state == "running", "looking at another run ends none"
    assert engine.resume("ann", first.id).state == "running"
    assert engine.run("ann", second.id).state == "stopping"
    engine.choose("ann", second.id)
    engine.close()
    after = Engine(tmp_path)
    assert after.current_run("ann").id == second.id
    after.close()
