"""The line of the jobs, with workers that only note what they get."""

import threading
import time

import pytest

from tests.unit.engine.fake_worker import (
    FakeWorker,
    worker,  # noqa: F401
)
from vae_core.engine import EngineBusyError
from vae_core.engine.contract import info, limits
from vae_core.engine.contract.failures import PROCESS_DIED
from vae_core.engine.jobs import results
from vae_core.engine.jobs.queue import JobQueue
from vae_core.engine.processes import supervisor as supervising
from vae_core.engine.processes.messages import JobFailed
from vae_core.engine.processes.orders import CancelJob
from vae_core.engine.processes.supervisor import LONGEST_REST, Supervisor


@pytest.fixture
def supervisor(tmp_path, worker):  # noqa: F811
    return Supervisor(tmp_path, threading.RLock())


@pytest.fixture
def line(supervisor):
    return JobQueue(supervisor, supervisor.lock)


def test_pools_work_side_by_side_but_an_owner_has_two_at_a_time(line):
    jobs = [line.submit("a", name, {}) for name in ("gif", "fit_umap", "encode")]
    assert [job.state for job in jobs] == ["running", "running", "waiting"]
    other = line.submit("b", "encode", {})
    assert other.state == "running"  # the first in the line has its two
    FakeWorker.made[0].finish()
    assert [job.state for job in jobs] == ["done", "running", "waiting"]
    FakeWorker.made[2].finish()
    assert [job.state for job in jobs] == ["done", "running", "running"]


def test_who_has_fewest_running_comes_first(line):
    line.submit("a", "gif", {})
    line.submit("b", "encode", {})
    mine, theirs = line.submit("a", "encode", {}), line.submit("c", "encode", {})
    FakeWorker.made[1].finish()
    assert (mine.state, theirs.state) == ("waiting", "running")


def test_owners_take_turns_however_many_jobs_each_has_waiting(line):
    many = [line.submit("a", "encode", {}) for _ in range(4)]
    one, two = line.submit("b", "encode", {}), [line.submit("c", "encode", {}) for _ in range(2)]
    order = []
    for _ in range(7):
        order += [job for job in [*many, one, *two] if job.state == "running"]
        FakeWorker.made[0].finish()
    assert order == [many[0], one, two[0], many[1], two[1], many[2], many[3]]


def test_a_line_has_an_end(line):
    for _ in range(int(limits.WAITING_JOBS.default) + 1):
        line.submit("a", "encode", {})
    with pytest.raises(EngineBusyError, match="64 jobs waiting"):
        line.submit("a", "encode", {})
    line.submit("b", "encode", {})


def test_a_job_that_ignores_cancelling_loses_its_process(line):
    job, later = line.submit("a", "fit_umap", {}), line.submit("b", "fit_umap", {})
    job.cancel()
    (process,) = FakeWorker.made
    assert process.orders[-1] == CancelJob(job.id)
    line.tick(time.monotonic() + 1)
    assert job.state == "running"
    line.tick(time.monotonic() + 2)
    assert process.killed
    assert (job.state, later.state) == ("cancelled", "running")
    assert len(FakeWorker.made) == 2


def test_a_job_that_never_ends_is_given_up(line):
    job = line.submit("a", "encode", {})
    line.tick(time.monotonic() + 301)
    assert FakeWorker.made[0].killed
    assert (job.state, job.error) == ("failed", "This took longer than 5 minutes.")


def test_processes_without_work_end_and_old_results_go(line, supervisor):
    job = line.submit("a", "fit_umap", {})
    (process,) = FakeWorker.made
    process.finish(7)
    assert line.job("a", job.id).result == 7
    line.tick(time.monotonic() + 299)
    assert not process.closed
    line.tick(time.monotonic() + 301)
    assert process.closed
    process.die()
    assert supervisor.pids() == {}
    line.tick(time.monotonic() + 1801)
    with pytest.raises(KeyError):
        line.job("a", job.id)


def test_a_held_job_waits_until_it_is_released(line):
    job, other = line.submit("a", "encode", {}, held=True), line.submit("a", "encode", {})
    assert (job.state, other.state) == ("waiting", "running")
    line.release(job, {"bundle": "x"})
    FakeWorker.made[0].finish()
    assert FakeWorker.made[0].orders[-1].arguments == {"bundle": "x"}


def test_a_hundred_results_of_one_owner_are_kept(line):
    jobs = []
    for _ in range(results.KEPT_JOBS + 2):
        jobs.append(line.submit("a", "encode", {}))
        FakeWorker.made[0].finish(1)
    kept = [line._results.get(job.id) for job in jobs]
    assert kept == [None, None, *jobs[2:]]
    line.tick(time.monotonic())
    assert line._turns == {}


def test_results_are_kept_within_bounds_and_the_oldest_go_first(line, monkeypatch):
    monkeypatch.setattr(results, "OWNERS_BYTES", 100)
    monkeypatch.setattr(results, "ALL_BYTES", 150)
    kept = []

    def submit(owner, result):
        kept.append(line.submit(owner, "film", {}))
        FakeWorker.made[0].finish(result)

    def there():
        return [number for number, job in enumerate(kept) if line._results.get(job.id)]

    submit("a", "no bytes")
    for result in (b"1" * 60, {"png": b"2" * 40, "labels": [1]}):
        submit("a", result)
    assert there() == [0, 1, 2]
    submit("a", b"3" * 10)
    assert there() == [0, 2, 3]  # one owner has 50 of 100
    submit("b", b"4" * 90)
    assert there() == [0, 2, 3, 4]
    submit("b", b"5" * 30)
    assert there() == [0, 2, 3, 5]
    submit("a", b"6" * 1000)  # someone waits for it
    assert there() == [0, 6]
    assert kept[6].result == b"6" * 1000


def test_a_process_that_dies_again_rests_before_the_next(line, supervisor):
    job, later = line.submit("a", "encode", {}), line.submit("a", "encode", {})
    FakeWorker.made[0].die()
    assert (job.state, len(FakeWorker.made)) == ("running", 2)  # once may be bad luck
    FakeWorker.made[1].die()
    assert (job.state, job.error) == ("failed", PROCESS_DIED)
    assert (later.state, len(FakeWorker.made)) == ("waiting", 2)
    now = time.monotonic()
    supervisor.tick(now)
    assert len(FakeWorker.made) == 2
    supervisor.tick(now + 2)
    assert (later.state, len(FakeWorker.made)) == ("running", 3)


def test_a_process_that_cannot_be_started_is_tried_again_later(line, supervisor, monkeypatch):
    def refuse(*_):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(supervising, "WorkerProcess", refuse)
    job, now = line.submit("a", "encode", {}), time.monotonic()
    assert job.state == "waiting"
    line.tick(now)
    monkeypatch.setattr(supervising, "WorkerProcess", FakeWorker)
    line.tick(now)
    supervisor.tick(now + LONGEST_REST - 1)
    assert job.state == "waiting"  # the machine is given time
    supervisor.tick(now + LONGEST_REST + 1)
    assert job.state == "running"


def test_closing_cancels_what_is_left(line):
    jobs = [line.submit("a", "encode", {}) for _ in range(3)]
    line.close()
    assert [job.state for job in jobs] == ["cancelled"] * 3
    assert all(job.wait(0).finished for job in jobs)


def test_a_job_is_found_by_its_purpose_whatever_its_state(line):
    first = line.submit("a", "encode", {}, purpose="sheet")
    assert line.serving("a", "sheet") is first
    FakeWorker.made[0].finish(1)
    assert line.serving("a", "sheet") is first
    second = line.submit("a", "encode", {}, purpose="sheet")
    assert line.serving("a", "sheet") is second
    assert line.serving("b", "sheet") is None
    assert line.serving("a", "") is None


def test_what_failed_is_tried_again_after_a_while(line, monkeypatch):
    job = line.submit("a", "encode", {}, purpose="sheet")
    FakeWorker.made[0].say(JobFailed(job.id, "The file is gone."))
    assert (job.state, job.worth_another_try) == ("failed", False)
    monkeypatch.setattr(info, "RETRY_SECONDS", -1.0)
    assert job.worth_another_try
    other = line.submit("a", "encode", {}, purpose="x")
    assert not other.worth_another_try
    FakeWorker.made[0].finish()
    assert not other.worth_another_try  # it is done
