"""Ages of runs and short-lived files: the clock may be set, and what was marked running is no waste."""

import json
import os
import threading

import pytest

from tests.unit.engine.runs.test_later_versions import a_run
from vae_core.engine.runs.archive import SWEEP_SECONDS, Archive
from vae_core.engine.runs.run import PROGRESS, RECORD
from vae_core.storage.ages import WallClock
from vae_core.storage.home import INCOMING_AGE, TRUST_SECONDS, incoming

DAY = 24 * 3600.0
NOW = 2e9
LOCK = threading.RLock()


class Time:
    """A wall clock that can be set, and one that cannot."""

    def __init__(self):
        self.wall, self.steady = NOW, 500.0

    def clock(self):
        return WallClock(lambda: self.wall, lambda: self.steady)

    def go_by(self, seconds, jump=0.0):
        self.wall += seconds + jump
        self.steady += seconds


@pytest.fixture
def time():
    return Time()


def kept_run(home, name, *, age, state="stopped"):
    """A run on disk that was written so many seconds ago."""
    folder = home / "owners" / "somebody" / "runs" / (name * 32)
    folder.mkdir(parents=True)
    run = a_run(folder)
    run.state = state
    run.write()
    (folder / PROGRESS).write_text("{}")
    for path in (folder / RECORD, folder / PROGRESS, folder):
        os.utime(path, (NOW - age, NOW - age))
    return folder


def archive_of(home, time):
    archive = Archive(home, clock=time.clock())
    archive._swept_at = time.steady
    return archive


def clear(archive, time):
    archive.clear(time.steady, LOCK)


@pytest.mark.parametrize("jump", [15 * DAY, 400 * DAY, -15 * DAY])
def test_when_the_clock_is_set_no_run_goes(tmp_path, time, jump):
    kept = [kept_run(tmp_path, name, age=age) for name, age in (("a", 60.0), ("b", 9 * DAY))]
    archive = archive_of(tmp_path, time)
    time.go_by(1.0, jump)
    for _ in range(30):
        clear(archive, time)
        time.go_by(SWEEP_SECONDS / 4)
    assert [folder.exists() for folder in kept] == [True, True]


def test_after_the_clock_was_set_forward_runs_are_as_old_as_before(tmp_path, time):
    young, old = kept_run(tmp_path, "a", age=60.0), kept_run(tmp_path, "b", age=9 * DAY)
    archive = archive_of(tmp_path, time)
    time.go_by(1.0, 15 * DAY)
    clear(archive, time)
    for _ in range(6 * 24):
        time.go_by(SWEEP_SECONDS + 1)
        clear(archive, time)
    assert (young.exists(), old.exists()) == (True, False)


def test_nothing_goes_for_its_age_in_the_first_hour(tmp_path, time):
    old = kept_run(tmp_path, "a", age=99 * DAY)
    archive = archive_of(tmp_path, time)
    clear(archive, time)
    time.go_by(SWEEP_SECONDS - 1)
    clear(archive, time)
    assert old.exists()
    time.go_by(2)
    clear(archive, time)
    assert not old.exists()


def test_a_run_that_is_marked_running_is_parked_and_its_age_begins_anew(tmp_path, time):
    folder = kept_run(tmp_path, "a", age=99 * DAY, state="running")
    archive_of(tmp_path, time).sweep(LOCK)
    assert json.loads((folder / RECORD).read_text())["state"] == "parked"
    assert (folder / RECORD).stat().st_mtime != NOW - 99 * DAY


def test_a_run_whose_worker_has_written_lately_is_in_use(tmp_path, time):
    folder = kept_run(tmp_path, "a", age=99 * DAY)
    os.utime(folder / PROGRESS, (NOW - DAY, NOW - DAY))
    archive_of(tmp_path, time).sweep(LOCK)
    assert folder.exists()


def test_short_lived_files_in_use_stay_when_the_clock_is_set(tmp_path, time):
    clock = time.clock()
    time.go_by(TRUST_SECONDS + 1)
    used = incoming(tmp_path, ".state", clock)
    used.write_bytes(b"")
    os.utime(used, (time.wall, time.wall))
    time.go_by(5.0, 15 * DAY)
    incoming(tmp_path, ".state", clock)
    assert used.exists()
    time.go_by(TRUST_SECONDS - 1)
    incoming(tmp_path, ".state", clock)
    assert used.exists()


def test_short_lived_files_that_were_forgotten_go_but_not_in_the_first_hour(tmp_path, time):
    clock = time.clock()
    forgotten = incoming(tmp_path, ".state", clock)
    forgotten.write_bytes(b"")
    os.utime(forgotten, (NOW - INCOMING_AGE - 1, NOW - INCOMING_AGE - 1))
    incoming(tmp_path, ".state", clock)
    assert forgotten.exists()
    time.go_by(TRUST_SECONDS + 1)
    incoming(tmp_path, ".state", clock)
    assert not forgotten.exists()


def test_a_clock_that_is_only_adjusted_has_not_jumped(time):
    clock = time.clock()
    for _ in range(100):
        time.go_by(60.0, 1.0)
        assert clock.jumped() == 0.0
    assert clock.ran_for() == 6_000.0
    time.go_by(1.0, -900.0)
    assert clock.jumped() == pytest.approx(-900.0)
    assert clock.ran_for() == 0.0
