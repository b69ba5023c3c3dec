"""Messages in the safetensors layout: from a worker to the browser, through a server that has no torch.

A worker packs the arrays; the server puts the texts in front (`with_metadata`) for each watching browser,
because sequence numbers and the part of the history that is still unknown differ between them. The bytes of
the arrays are never touched on the way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from vae_core.tensorfile import LENGTH_BYTES

NO_ARRAYS: Final = (2).to_bytes(LENGTH_BYTES, "little") + b"{}"


def with_metadata(data: bytes, metadata: Mapping[str, str]) -> bytes:
    """Return a safetensors file's bytes with other texts in its header.

    Args:
        data: a whole, well-formed file.
        metadata: all of its new texts.
    """
    first = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "little")
    header = json.loads(data[LENGTH_BYTES:first])
    header.pop("__metadata__", None)
    text = json.dumps(
        {"__metadata__": dict(sorted(metadata.items())), **header}, ensure_ascii=False, separators=(",", ":")
    ).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(LENGTH_BYTES, "little"), text, memoryview(data)[first:]])


def metadata_of(data: bytes) -> dict[str, str]:
    """Return the texts in the header of a whole, well-formed file."""
    first = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "little")
    found: dict[str, str] = json.loads(data[LENGTH_BYTES:first]).get("__metadata__", {})
    return found


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
