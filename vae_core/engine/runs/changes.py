"""Marks: where on its curves a run was changed by hand, and what it was before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vae_core.config.configs import TrainConfig
from vae_core.config.settings import LIVE, SETTINGS
from vae_core.engine.runs.record import number, whole_number

MOST: Final = 200
"""Marks of a run; the oldest go first."""


LARGEST: Final = 1e300
"""No setting has a larger number."""


@dataclass(frozen=True)
class Mark:
    """Say what happened to a run at one moment.

    Attributes:
        step: optimiser steps taken by then; a change acts from the next one on.
        epoch: passes over the images by then.
        changes: what was changed, as (before, after) by the setting's name.
        note: a sentence on what else happened.
    """

    step: int
    epoch: float
    changes: Mapping[str, tuple[Any, Any]]
    note: str = ""

    @property
    def text(self) -> str:
        """What stands beside the mark."""
        changes = ", ".join(
            f"{_word(name)} {_value(before)} → {_value(after)}"
            for name, (before, after) in self.changes.items()
        )
        return "; ".join(filter(None, [self.note, changes]))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-able values."""
        changes = {name: list(pair) for name, pair in self.changes.items()}
        return {"step": self.step, "epoch": self.epoch, "changes": changes, "note": self.note}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Mark:
        """Make a mark of `to_dict`'s answer.

        Raises:
            ValueError: it says what cannot be.
        """
        changes = {str(name): _checked(name, *pair) for name, pair in values["changes"].items()}
        return cls(whole_number(values["step"]), number(values["epoch"]), changes, str(values["note"]))

    def shown(self) -> dict[str, Any]:
        """Return the mark as the browser gets it."""
        return {"step": self.step, "epoch": self.epoch, "text": self.text}


def with_change(
    marks: Sequence[Mark], step: int, epoch: float, before: TrainConfig, after: TrainConfig
) -> list[Mark]:
    """Add a change of settings; it is one with what else was changed at the same step."""
    marks, note = list(marks), ""
    if marks and marks[-1].step == step and marks[-1].changes:
        last = marks.pop()
        before, note = _without(before, last), last.note
    return _with(marks, Mark(step, epoch, _changes(before, after), note))


def gone_back(marks: Sequence[Mark], step: int, epoch: float, train: TrainConfig, note: str) -> list[Mark]:
    """Return the marks of a run that went back to a step: what was changed later holds from there on now.

    Args:
        marks: those it had.
        step: where it stands now.
        epoch: the passes that belong to it.
        train: the settings as they are.
        note: why it went back.
    """
    kept = [mark for mark in marks if mark.step < step]
    return _with(kept, Mark(step, epoch, _changes(settings_at(train, marks, step), train), note))


def settings_at(train: TrainConfig, marks: Sequence[Mark], step: int) -> TrainConfig:
    """Return the settings with which a run had come to a step."""
    for mark in reversed(marks):
        if mark.step >= step:
            train = _without(train, mark)
    return train


def _checked(name: str, before: Any, after: Any) -> tuple[Any, Any]:
    """Return both values of a change.

    Raises:
        ValueError: one is no number, or of a later version's setting nothing plain.
    """
    for value in (before, after):
        is_number = type(value) in (int, float) and abs(value) < LARGEST
        if not (is_number or (name not in LIVE and isinstance(value, (bool, str)))):
            raise ValueError(f"its {name} was {str(value)[:40]!r}")
    return before, after


def _changes(before: TrainConfig, after: TrainConfig) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in LIVE}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _without(train: TrainConfig, mark: Mark) -> TrainConfig:
    """Return the settings as they were before a mark's changes; those of a later version play no part."""
    return train.replace(**{name: pair[0] for name, pair in mark.changes.items() if name in LIVE})


def _word(name: str) -> str:
    """Return what a setting is called; one of a later version by its own name."""
    return SETTINGS[name].word if name in SETTINGS else name.replace("_", " ")


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _with(marks: Sequence[Mark], mark: Mark) -> list[Mark]:
    """Add a mark that has something to say."""
    return [*marks, mark][-MOST:] if mark.text else [*marks]
