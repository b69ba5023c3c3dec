"""Named arrays and a few strings in one file: the safetensors layout, written and strictly read.

Eight bytes with the header's length (little-endian), the header as JSON, the arrays' bytes without a gap:

    {"__metadata__": {"key": "text", ...},
     "name": {"dtype": "F16", "shape": [3, 4], "data_offsets": [0, 24]}, ...}

Any safetensors reader can open what `pack` writes. It is written here, and not with the library, because
the same arrays must always give the same bytes (files are named by their digest, and the library's order
of metadata changes from run to run), and because the server's process reads headers without torch. Arrays
with wider items come first, so that each starts at a multiple of its item's size, as typed arrays in
JavaScript need.

What is read may come from anyone: every length is compared with the bytes that are really there before
anything is allocated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Final, NoReturn

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

DTYPES: Final[Mapping[str, np.dtype[Any]]] = {
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "U8": np.dtype("u1"),
}
LENGTH_BYTES: Final = 8
MAX_HEADER_BYTES: Final = 8_000_000
MAX_ARRAYS: Final = 256
MAX_AXES: Final = 8


@dataclass(frozen=True)
class ArrayPlace:
    """Say what an array is and where its bytes lie.

    Attributes:
        dtype: a key of `DTYPES`.
        shape: lengths of its axes.
        start: first byte, counted from the end of the header.
        stop: one past the last byte.
    """

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def pack(arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """Write arrays and strings as the bytes of one file; the same input always gives the same bytes.

    Raises:
        ValueError: an array of a type that `DTYPES` does not list.
    """
    names = {dtype: name for name, dtype in DTYPES.items()}
    little = {
        name: np.asarray(array, array.dtype.newbyteorder("<"), order="C") for name, array in arrays.items()
    }
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    parts: list[bytes] = []
    position = 0
    for name, array in sorted(little.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        if array.dtype not in names:
            raise ValueError(f"{name} is {array.dtype}; a file can hold {', '.join(map(str, names))}")
        part = array.tobytes()
        header[name] = {
            "dtype": names[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [position, position + len(part)],
        }
        parts.append(part)
        position += len(part)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(LENGTH_BYTES, "little"), text, *parts])


def header_length(head: bytes, file_bytes: int) -> int:
    """Return the length of the header in bytes, without the eight that announce it.

    Args:
        head: at least the file's first eight bytes.
        file_bytes: length of the whole file.

    Raises:
        ValueError: a file that is too short or announces more than it has.
    """
    if len(head) < LENGTH_BYTES:
        raise ValueError("it is cut short: not even its first eight bytes are there")
    length = int.from_bytes(head[:LENGTH_BYTES], "little")
    if head[LENGTH_BYTES : LENGTH_BYTES + 1] not in (b"", b"{"):
        raise ValueError("it is not a safetensors file")
    if length > MAX_HEADER_BYTES:
        raise ValueError(f"its header claims {length:,} bytes; the limit is {MAX_HEADER_BYTES:,}")
    if LENGTH_BYTES + length > file_bytes:
        raise ValueError(
            f"it is cut short within its header: {file_bytes:,} of {LENGTH_BYTES + length:,} bytes"
        )
    return length


def parse_header(text: bytes, data_bytes: int) -> tuple[dict[str, str], dict[str, ArrayPlace]]:
    """Read the header and check that its arrays fill the rest of the file exactly.

    Args:
        text: the header, `header_length` bytes.
        data_bytes: bytes that follow the header in the file.

    Returns:
        The metadata, and the place of each array.

    Raises:
        ValueError: what is wrong with the header.
    """
    header = parse_json(text, "its header")
    if not isinstance(header, dict):
        raise ValueError("its header is not a table of arrays")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its metadata is not a table of texts")
    if len(header) > MAX_ARRAYS:
        raise ValueError(f"it holds {len(header):,} arrays; the limit is {MAX_ARRAYS}")
    places = {name: _place(name, entry) for name, entry in header.items()}
    position = 0
    for name, place in sorted(places.items(), key=lambda item: (item[1].start, item[1].stop)):
        if place.start != position:
            raise ValueError(f"the bytes of {name!r} do not follow those before it")
        position = place.stop
    if position > data_bytes:
        raise ValueError(f"it is cut short: {data_bytes:,} of {position:,} bytes of arrays")
    if position < data_bytes:
        raise ValueError(f"{data_bytes - position:,} bytes follow its last array")
    return metadata, places


def unpack(data: bytes) -> tuple[dict[str, str], dict[str, Array]]:
    """Read a whole file.

    Returns:
        The metadata, and the arrays: read-only views of `data`.

    Raises:
        ValueError: what is wrong with the file.
    """
    first = LENGTH_BYTES + header_length(data[: LENGTH_BYTES + 1], len(data))
    metadata, places = parse_header(data[LENGTH_BYTES:first], len(data) - first)
    return metadata, {name: _view(data, first, place) for name, place in places.items()}


def describe(arrays: Mapping[str, Array]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return the dtype (a key of `DTYPES`) and shape of each array, by name."""
    names = {dtype: name for name, dtype in DTYPES.items()}
    return {name: (names[array.dtype], array.shape) for name, array in arrays.items()}


def parse_json(text: bytes | str, what: str) -> Any:
    """Read JSON that may come from anyone: no NaN, no repeated names, no bottomless nesting.

    Args:
        text: the JSON.
        what: what the text is, for the message.

    Raises:
        ValueError: what is wrong with it.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats)
    except RecursionError:
        raise ValueError(f"{what} is nested too deeply") from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError(f"{what} is not JSON") from None
    except ValueError as error:  # ours, or a number of thousands of digits
        raise ValueError(f"{what} is not accepted: {error}") from None


def _view(data: bytes, first: int, place: ArrayPlace) -> Array:
    dtype = DTYPES[place.dtype]
    return np.frombuffer(data, dtype, prod(place.shape), first + place.start).reshape(place.shape)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it contains {name}")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a name stands twice in one table")
    return table


def _place(name: str, entry: Any) -> ArrayPlace:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"array {name!r} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"array {name!r} has the type {dtype!r}; known are {', '.join(DTYPES)}")
    if not _are_lengths(shape) or len(shape) > MAX_AXES:
        raise ValueError(f"array {name!r} has no proper shape")
    if not _are_lengths(offsets) or len(offsets) != 2:
        raise ValueError(f"array {name!r} has no proper place in the file")
    start, stop = offsets
    if stop - start != prod(shape) * DTYPES[dtype].itemsize:
        raise ValueError(f"array {name!r} takes {stop - start:,} bytes, not what its shape {shape} needs")
    return ArrayPlace(dtype, tuple(shape), start, stop)


def _are_lengths(values: Any) -> bool:
    whole = isinstance(values, list) and all(type(value) is int for value in values)
    return whole and all(0 <= value < 2**53 for value in values)


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


def content_digest(data: bytes) -> str:
    """Return the name of a file's content: 20 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()[:20]
