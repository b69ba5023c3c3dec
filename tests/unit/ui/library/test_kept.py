"""Caches of the library are bounded in bytes."""

from pathlib import Path

from ui.library import entry as entries
from ui.library.disk.kept import Kept
from ui.library.entry import held_bytes, read_entry

SHIPPED = Path(__file__).parents[4] / "assets" / "bundles" / "mnist-16.safetensors"


def test_what_was_not_asked_for_the_longest_goes_first():
    kept = Kept(100)
    for name in "abc":
        kept.add(name, name.upper(), 30)
    assert kept.get("a") == "A"
    kept.add("d", "D", 30)
    assert ["b" in kept, kept.get("a"), kept.get("c"), kept.get("d")] == [False, "A", "C", "D"]
    assert kept.held == 90


def test_a_value_in_place_of_another_counts_once():
    kept = Kept(100)
    kept.add("a", 1, 60)
    kept.add("a", 2, 70)
    assert (kept.get("a"), kept.held, len(kept)) == (2, 70, 1)


def test_one_that_is_larger_than_all_may_be_is_kept_alone():
    kept = Kept(100)
    kept.add("a", 1, 60)
    kept.add("b", 2, 500)
    assert (len(kept), kept.get("b")) == (1, 2)


def test_the_library_keeps_no_list_of_a_models_history():
    entry = read_entry(SHIPPED, shipped=True)
    assert len(entry.history) > 1
    assert not any(isinstance(value, list) for each in entry.history for value in each.values())
    assert held_bytes(entry) < 500_000
    assert entries._ENTRIES.held <= entries.MAX_ENTRIES_BYTES
