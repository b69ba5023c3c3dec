"""Messages in the safetensors layout: from a worker to the browser, through a server that has no torch.

A worker packs the arrays; the server puts the texts in front (`with_metadata`) for each watching browser,
because sequence numbers and the part of the history that is still unknown differ between them. The bytes of
the arrays are never touched on the way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from vae_core.storage.tensorfile import LENGTH_BYTES, with_metadata

NO_ARRAYS: Final = (2).to_bytes(LENGTH_BYTES, "little") + b"{}"


def message(kind: str, seq: int, facts: Mapping[str, Any], data: bytes = NO_ARRAYS) -> bytes:
    """Write a message for the browser.

    Args:
        kind: "hello", "frame", "snapshot", "weights", "timeline", "detail" or "state".
        seq: its number, which the browser acknowledges.
        facts: JSON-able values that go with the arrays; a number that is none becomes null.
        data: the arrays in the safetensors layout.
    """
    text = json.dumps(without_nan(facts), separators=(",", ":"), allow_nan=False)
    return with_metadata(data, {"kind": kind, "seq": str(seq), "json": text})


def without_nan(value: Any) -> Any:
    """Return a JSON-able value with null for NaN and infinity, which JSON has not."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {key: without_nan(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(part) for part in value]
    return value
