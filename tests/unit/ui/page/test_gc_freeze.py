"""Objects that stay for ever are set aside from the garbage collector, a bounded number of times."""

import gc

import pytest

from ui.page import gc_freeze


@pytest.fixture(autouse=True)
def fresh():
    gc_freeze._SEEN.clear()
    yield
    gc_freeze._SEEN.clear()
    gc.unfreeze()


def test_what_is_there_is_set_aside_at_a_pages_first_drawings_only():
    counts = []
    for _ in range(6):
        kept = [[] for _ in range(10_000)]
        gc_freeze.freeze_modules("train")
        counts.append(gc.get_freeze_count())
        assert len(kept) == 10_000
    assert counts[0] > 10_000
    assert counts[3:] == sorted(counts[3:], reverse=True)  # nothing is added after the third
    before = gc.get_freeze_count()
    kept = [[] for _ in range(10_000)]
    gc_freeze.freeze_modules("class")
    assert gc.get_freeze_count() > before + 5_000
    assert kept


def test_what_is_set_aside_is_still_freed_when_nobody_holds_it():
    import weakref

    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    gc_freeze.freeze_modules("explore")
    del thing
    assert gone() is None
