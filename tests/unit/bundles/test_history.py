"""Histories are thinned where they take much room, never refused, and never lose their ends."""

import json
from itertools import pairwise

import pytest

from vae_core.bundles.header_checks import checked_history
from vae_core.bundles.history import MAX_HISTORY_BYTES, scalars, thinned


def entry(epoch, dimensions=8):
    return {"epoch": epoch, "step": 10 * epoch, "kl": 1.5, "kl_per_dim": [0.123456] * dimensions}


def size(history):
    return len(json.dumps(history))


def test_what_is_short_stays_as_it_is():
    history = [entry(epoch) for epoch in range(100)]
    assert thinned(history) == tuple(history)


@pytest.mark.parametrize("count", [3, 501, 5_000])
def test_what_is_long_is_thinned_evenly_between_its_ends(count):
    history = [entry(epoch, dimensions=4_000 // min(count, 400)) for epoch in range(count)]
    kept = thinned(history, 60_000)
    epochs = [each["epoch"] for each in kept]
    assert size(kept) <= 60_000
    assert (epochs[0], epochs[-1]) == (0, count - 1)
    gaps = {after - before for before, after in pairwise(epochs[:-1])}
    assert len(gaps) <= 1
    assert size(kept) > 60_000 / 4 or count == 3


def test_where_even_two_entries_are_too_large_their_lists_go():
    history = [entry(epoch, dimensions=20_000) for epoch in range(5)]
    assert thinned(history, 100_000) == scalars([history[0], history[-1]])


def test_a_history_of_any_length_is_read():
    kept = checked_history([entry(epoch, dimensions=30) for epoch in range(6_000)])
    assert kept[-1]["epoch"] == 5_999
    assert size(kept) <= MAX_HISTORY_BYTES


def test_each_entry_is_looked_at_also_those_that_go():
    history = [entry(epoch) for epoch in range(6_000)]
    history[4_777] = {"kl": {"a": 1}}
    with pytest.raises(ValueError, match="history"):
        checked_history(history)


def test_scalars_are_what_is_no_list():
    assert scalars([entry(1)]) == ({"epoch": 1, "step": 10, "kl": 1.5},)
