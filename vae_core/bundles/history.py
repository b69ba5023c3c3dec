"""A model's history: what was measured during its training, thinned where it takes too much room.

It is read with every header, so it must be small: files of long runs of many dimensions held megabytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

MAX_HISTORY_BYTES: Final = 500_000
"""As JSON, in a file that is written, and in memory."""


def thinned(
    history: Sequence[Mapping[str, Any]], most: int = MAX_HISTORY_BYTES
) -> tuple[dict[str, Any], ...]:
    """Return a history that takes at most so many bytes as JSON; the first and the last entry stay.

    Every second entry goes until it fits; where even two are too large, their lists go, too.

    Args:
        history: in order.
        most: bytes.
    """
    sizes = [len(json.dumps(entry)) + 2 for entry in history]
    kept = [*range(len(history))]
    while len(kept) > 2 and sum(sizes[index] for index in kept) > most:
        kept = [*kept[:-1:2], kept[-1]]
    if sum(sizes[index] for index in kept) > most:
        return scalars([history[index] for index in kept])
    return tuple(dict(history[index]) for index in kept)


def scalars(history: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return a history without what there is one of for each latent dimension."""
    return tuple(
        {name: value for name, value in entry.items() if not isinstance(value, list)} for entry in history
    )
