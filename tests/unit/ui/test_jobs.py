"""Jobs that pages wait for: found again by owner and purpose, and bounded in what they hold."""

import pytest

from ui.page import jobs
from vae_core.engine import Job


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(jobs, "_JOBS", jobs.OrderedDict())


def kept(purpose, result=None):
    job = Job(purpose, "holder", "film", state="waiting" if result is None else "done", result=result)
    jobs.keep("owner", purpose, job)
    return job


def test_a_job_is_found_by_its_purpose_until_it_is_forgotten():
    job = kept("a")
    assert jobs.begun("owner", "a") is job
    assert jobs.begun("other", "a") is None
    jobs.forget("owner", "a")
    assert jobs.begun("owner", "a") is None


def test_results_are_held_within_a_bound_and_the_oldest_go_first(monkeypatch):
    monkeypatch.setattr(jobs, "_MOST_BYTES", 100)
    waiting, first = kept("waits"), kept("first", b"x" * 60)
    second = kept("second", {"png": b"x" * 40, "labels": [1]})
    assert jobs.begun("owner", "first") is first
    third = kept("third", b"x" * 30)
    assert jobs.begun("owner", "first") is None
    assert [jobs.begun("owner", name) for name in ("waits", "second", "third")] == [waiting, second, third]
    large = kept("large", b"x" * 1000)
    assert jobs.begun("owner", "large") is large  # someone waits for it
    assert jobs.begun("owner", "third") is None
