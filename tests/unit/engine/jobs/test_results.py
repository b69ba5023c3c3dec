"""Results that serve a purpose: found again by whom they concern, and bounded in what they hold."""

import pytest

from vae_core.engine.contract.info import Job
from vae_core.engine.jobs import results
from vae_core.engine.jobs.results import KEPT_SECONDS, Results


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def kept(now):
    return Results(clock=lambda: now[0])


def finished(kept, purpose="", owner="ann", result=b"", state="done", shared=False):
    job = Job(f"{owner} {purpose} {len(kept._kept)}", owner, "film", state=state, result=result)
    kept.add(job, purpose=purpose, is_shared=shared)
    return job


def test_a_result_is_found_by_its_purpose_until_another_serves_it(kept):
    first = finished(kept, "a")
    assert kept.serving("ann", "a") is first
    assert kept.serving("bob", "a") is None
    assert kept.serving("ann", "b") is None
    second = finished(kept, "a", state="failed")
    assert kept.serving("ann", "a") is second
    assert kept.get(first.id) is None


def test_what_serves_everyone_is_found_by_everyone_unless_it_failed(kept):
    broken = finished(kept, "sheet", owner="bob", state="failed", shared=True)
    assert kept.serving("ann", "sheet") is None
    assert kept.serving("bob", "sheet") is broken
    drawn = finished(kept, "sheet", owner="cat", shared=True)
    assert kept.serving("ann", "sheet") is drawn


def test_what_is_asked_for_stays(kept, now):
    asked, other = finished(kept, "asked"), finished(kept, "other")
    now[0] = KEPT_SECONDS - 1
    assert kept.serving("ann", "asked") is asked
    now[0] = KEPT_SECONDS + 1
    kept.forget_old(now[0])
    assert (kept.get(asked.id), kept.get(other.id)) == (asked, None)


def test_results_are_held_within_a_bound_and_the_longest_unasked_go_first(kept, monkeypatch):
    monkeypatch.setattr(results, "OWNERS_BYTES", 100)
    first, empty = finished(kept, "first", result=b"x" * 60), finished(kept, "empty")
    second = finished(kept, "second", result={"png": b"x" * 40, "labels": [1]})
    assert kept.serving("ann", "first") is first  # and second is the longest unasked now
    third = finished(kept, "third", result=b"x" * 30)
    assert [kept.serving("ann", name) for name in ("first", "second", "third", "empty")] == [
        first,
        None,
        third,
        empty,
    ]
    large = finished(kept, "large", result=b"x" * 1000)
    assert kept.serving("ann", "large") is large  # someone waits for it
    assert kept.serving("ann", "third") is None
    assert second.result["labels"] == [1]


def test_what_serves_everyone_counts_against_nobody(kept, monkeypatch):
    monkeypatch.setattr(results, "OWNERS_BYTES", 100)
    monkeypatch.setattr(results, "SHARED_BYTES", 150)
    own = finished(kept, "own", result=b"x" * 90)
    sheets = [finished(kept, f"sheet {n}", result=b"x" * 60, shared=True) for n in range(3)]
    assert kept.serving("ann", "own") is own
    assert [kept.get(sheet.id) for sheet in sheets] == [None, *sheets[1:]]
