"""Talk between the server and its workers: JSON with bytes behind it, each message with its lengths in front.

Nothing is pickled. Bytes among the values of a table travel behind the JSON, so arguments and results may
hold them.
"""

from __future__ import annotations

import json
import queue
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

HEAD: Final = struct.Struct("<IQ")
MAX_JSON: Final = 256_000_000
MAX_BODY: Final = 2_000_000_000

Facts = dict[str, Any]


def write_message(pipe: BinaryIO, facts: Mapping[str, Any], body: bytes = b"") -> None:
    """Write one message and push it out.

    Args:
        pipe: an open pipe.
        facts: JSON-able values.
        body: bytes that go with them.

    Raises:
        OSError: nobody reads any more.
    """
    for part in message_parts(facts, body):
        pipe.write(part)
    pipe.flush()


def message_parts(facts: Mapping[str, Any], body: bytes = b"") -> tuple[bytes, ...]:
    """Return the bytes of a message, in parts that need not be joined.

    Raises:
        TypeError: the facts are not JSON-able.
    """
    text = json.dumps(facts, separators=(",", ":")).encode()
    return HEAD.pack(len(text), len(body)) + text, body


def read_message(pipe: BinaryIO) -> tuple[Facts, bytes] | None:
    """Read one message; None when the pipe has ended, within a message too.

    Raises:
        ValueError: what comes is no message of ours.
    """
    head = _read(pipe, HEAD.size)
    if head is None:
        return None
    json_bytes, body_bytes = HEAD.unpack(head)
    if json_bytes > MAX_JSON or body_bytes > MAX_BODY:
        raise ValueError(f"a message of {json_bytes:,} and {body_bytes:,} bytes")
    text, body = _read(pipe, json_bytes), _read(pipe, body_bytes)
    if text is None or body is None:
        return None
    facts: Facts = json.loads(text)
    return facts, body


def part_bytes(value: Any) -> tuple[Any, bytes]:
    """Take the bytes out of a value: the value itself, or values of a table.

    Returns:
        What is left, JSON-able, and the bytes.
    """
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": True}, bytes(value)
    if not isinstance(value, Mapping):
        return {"plain": value}, b""
    found = {name: bytes(part) for name, part in value.items() if isinstance(part, (bytes, bytearray))}
    table = {name: part for name, part in value.items() if name not in found}
    return {"table": table, "lengths": {name: len(part) for name, part in found.items()}}, b"".join(
        found.values()
    )


def join_bytes(parted: Mapping[str, Any], body: bytes) -> Any:
    """Put together what `part_bytes` took apart."""
    if "bytes" in parted:
        return body
    if "plain" in parted:
        return parted["plain"]
    value, position = dict(parted["table"]), 0
    for name, length in parted["lengths"].items():
        value[name] = body[position : position + length]
        position += length
    return value


def _read(pipe: BinaryIO, count: int) -> bytes | None:
    """Read exactly `count` bytes; None when the pipe ends before."""
    parts: list[bytes] = []
    missing = count
    while missing:
        try:
            part = pipe.read(missing)
        except (OSError, ValueError):  # the pipe was closed under us
            return None
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


Inbox = queue.SimpleQueue[tuple[Facts, bytes] | None]
