"""Frozen dataclasses on the pipe: a JSON table with the class's name under "kind", bytes behind it.

What comes is checked against the class's own annotations, so that a reader may trust the types that mypy
sees: a message of an unknown kind, with a field missing, too many, or of another type is refused. Fields may
be plain values, tuples and tables of them, other dataclasses, and configs (anything with `to_dict` and
`from_dict`). One field of a class may hold bytes: `Body`, or `Payload`, a value with bytes in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

Facts = dict[str, Any]

_BODY: Final = "the bytes behind the table"
_PAYLOAD: Final = "a value whose bytes travel behind the table"

Body = Annotated[bytes, _BODY]
Payload = Annotated[Any, _PAYLOAD]

T = TypeVar("T")


def to_wire(message: Any) -> tuple[Facts, bytes]:
    """Return a message as a JSON-able table and the bytes that go with it."""
    facts: Facts = {"kind": type(message).__name__}
    body = b""
    for name, (mark, _) in _readers(type(message)).items():
        value = getattr(message, name)
        if mark == _BODY:
            body = value
        elif mark == _PAYLOAD:
            facts[name], body = part_bytes(value)
        else:
            facts[name] = _plain(value)
    return facts, body


def from_wire(kinds: Mapping[str, type[T]], facts: Any, body: bytes) -> T:
    """Return the message that `to_wire` took apart.

    Args:
        kinds: the classes that may come, by name.
        facts: the JSON, a table if all is well.
        body: the bytes.

    Raises:
        ValueError: it is of an unknown kind, or not of the shape of its kind.
    """
    kind = facts.get("kind") if isinstance(facts, dict) else facts
    if not isinstance(facts, dict) or not isinstance(kind, str) or kind not in kinds:
        raise ValueError(f"there is no message of kind {str(kind)[:80]!r}")
    try:
        return kinds[kind](**_fields(kinds[kind], facts, body))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{kind} is not of its shape: {str(error)[:200]}") from None


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


def _fields(kind: type[Any], facts: Mapping[str, Any], body: bytes) -> Facts:
    """Read the fields of one class.

    Raises:
        ValueError, TypeError, KeyError: one is missing, unknown, or of another type.
    """
    readers = _readers(kind)
    unknown = sorted(set(facts) - set(readers) - {"kind"})
    if unknown:
        raise ValueError(f"it has no field {unknown[0]!r}")
    found: Facts = {}
    for name, (mark, read) in readers.items():
        if mark == _BODY:
            found[name] = body
        elif mark == _PAYLOAD:
            found[name] = join_bytes(facts[name], body)
        else:
            found[name] = read(facts[name], name)
    return found


Read = Callable[[Any, str], Any]


_READERS: Final[dict[type[Any], Mapping[str, tuple[str, Read]]]] = {}


def _readers(kind: type[Any]) -> Mapping[str, tuple[str, Read]]:
    """Return how each field of a class is read: how it travels, and what makes its value."""
    if kind in _READERS:
        return _READERS[kind]
    hints = get_type_hints(kind, include_extras=True)
    found = {}
    for each in fields(kind):
        assert each.default is MISSING, f"{kind.__name__}.{each.name}: what is said is said in full"
        hint, mark = hints[each.name], ""
        if get_origin(hint) is Annotated:
            mark = hint.__metadata__[0]
        found[each.name] = (mark, _as_is if mark else _reader(hint))
    _READERS[kind] = found
    return found


def _reader(hint: Any) -> Read:
    """Return what checks a JSON value against an annotation and makes the value of it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return _as_is
    if origin in (Union, UnionType):
        (rest,) = [_reader(argument) for argument in arguments if argument is not NoneType]
        return lambda value, name: None if value is None else rest(value, name)
    if origin is tuple:
        item = _reader(arguments[0])
        return lambda value, name: tuple(item(each, name) for each in _of_type(list, value, name))
    if origin is Mapping:
        part = _reader(arguments[1])
        return lambda value, name: {
            _of_type(str, key, name): part(each, name) for key, each in _of_type(dict, value, name).items()
        }
    if hasattr(hint, "from_dict"):
        return lambda value, name: hint.from_dict(_of_type(dict, value, name))
    if is_dataclass(hint):
        made: Any = hint
        return lambda value, name: made(**_fields(made, _of_type(dict, value, name), b""))
    if hint is float:
        return lambda value, name: float(_of_type((int, float), value, name))
    return lambda value, name: _of_type(hint, value, name)


def _of_type(wanted: Any, value: Any, name: str) -> Any:
    """Return a value of the right type; a bool is no number.

    Raises:
        TypeError: it is of another type.
    """
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise TypeError(f"{name} is {type(value).__name__} {str(value)[:80]!r}")
    return value


def _as_is(value: Any, _name: str) -> Any:
    return value


def _plain(value: Any) -> Any:
    """Return a field's value as JSON has it."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
