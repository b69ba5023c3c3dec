"""What a run's files on disk may say: each value's type and range, before anything relies on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from vae_core.engine.contract.info import RunState

LATEST: Final = 1e11
"""Seconds since 1970 that a calendar still knows."""

MOST: Final = 2**53


def check_record(record: Any) -> None:
    """Look through what the server wrote of a run; settings and marks are checked where they are read.

    Raises:
        ValueError: the first value that cannot be.
    """
    if not isinstance(record, Mapping):
        raise ValueError("it is no table")
    _check(record, _RECORD)
    parent = record.get("parent")
    if parent is not None:
        if not isinstance(parent, Mapping):
            raise ValueError("its parent is no table")
        _check(parent, _PARENT)
        _check_history(parent["history"])
    if not isinstance(record.get("marks", []), list):
        raise ValueError("its marks are no list")


def check_progress(progress: Any) -> None:
    """Look through what the worker wrote of how far a run is.

    Raises:
        ValueError: the first value that cannot be.
    """
    if not isinstance(progress, Mapping):
        raise ValueError("it is no table")
    _check({name: progress[name] for name in _PROGRESS if name in progress}, _PROGRESS, whole=False)
    _check_history(progress.get("history", []))


def whole_number(value: Any) -> int:
    """Return a whole number, 0 or more.

    Raises:
        ValueError: it is none.
    """
    if not _is_whole(value):
        raise ValueError(f"{value!r} is no whole number")
    return int(value)


def number(value: Any) -> float:
    """Return a number, 0 or more.

    Raises:
        ValueError: it is none.
    """
    if not _is_amount(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _check(
    table: Mapping[str, Any], wanted: Mapping[str, Callable[[Any], bool]], *, whole: bool = True
) -> None:
    for name, fits in wanted.items():
        if name not in table:
            if whole and name not in _LATELY:
                raise ValueError(f"it has no {name}")
        elif not fits(table[name]):
            raise ValueError(f"its {name} is {str(table[name])[:40]!r}")


def _check_history(history: Any) -> None:
    if not isinstance(history, list) or not all(isinstance(entry, Mapping) for entry in history):
        raise ValueError("its history is no list of tables")
    for entry in history:
        for name, value in entry.items():
            if not all(map(_is_measured, value if isinstance(value, list) else [value])):
                raise ValueError(f"{name} in its history is {str(value)[:40]!r}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_measured(value: Any) -> bool:
    """Whether something can stand in a history; what is no number any more is shown as a gap."""
    return value is None or isinstance(value, (int, float, str))


def _is_whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < MOST


def _is_amount(value: Any, most: float = MOST) -> bool:
    return type(value) in (int, float) and 0 <= value < most  # a NaN is not


def _is_moment(value: Any) -> bool:
    return _is_amount(value, LATEST)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


_RECORD: Final[Mapping[str, Callable[[Any], bool]]] = {
    "id": _is_text,
    "owner": _is_text,
    "state": lambda value: value in get_args(RunState),
    "title": _is_text,
    "image_set": _is_text,
    "created": _is_moment,
    "chosen": _is_moment,
    "begins_with": _is_text,
    "error": _is_text,
    "note": _is_text,
}

_LATELY: Final = ("chosen", "begins_with")
"""What runs of long ago have not."""

_PARENT: Final[Mapping[str, Callable[[Any], bool]]] = {
    "run": _is_text,
    "title": _is_text,
    "step": _is_whole,
    "epoch": _is_amount,
    "history": lambda value: isinstance(value, list),
}

_PROGRESS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "step": _is_whole,
    "total_steps": _is_whole,
    "epoch": _is_amount,
    "seconds": _is_amount,
    "label_names": _are_texts,
    "factor_names": _are_texts,
}
