"""What goes through a pipe: JSON with bytes behind it, each message with its lengths in front."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

HEAD: Final = struct.Struct("<IQ")
MAX_JSON: Final = 256_000_000
MAX_BODY: Final = 2_000_000_000


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


def read_message(pipe: BinaryIO) -> tuple[Any, bytes] | None:
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
    return json.loads(text), body


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
