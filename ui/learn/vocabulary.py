"""What a lesson may name: the things to touch, their parts and settings, and the quantities they measure.

`assets/explorer/learn/things/` draws them. A lesson that names anything else is refused at the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Range: TypeAlias = tuple[float, float]
"""Least and greatest value, both counted in."""


@dataclass(frozen=True)
class Thing:
    """Describe a thing to touch.

    Attributes:
        parts: what in it a step can point at, by name.
        settings: what a step can set: the names to choose from, or a range.
        quantities: what it measures of what the learner does, by name.
        needs_model: whether it shows a shipped model.
        needs_run: whether the learner trains in it.
        shows: what can be chosen to be seen of it, by name; none: it always shows all.
    """

    parts: tuple[str, ...]
    settings: Mapping[str, tuple[str, ...] | Range]
    quantities: tuple[str, ...]
    needs_model: bool = False
    needs_run: bool = False
    shows: tuple[str, ...] = ()


THINGS: Final[Mapping[str, Thing]] = {
    "walk": Thing(
        parts=("way", "ends"),
        settings={"ends": ("images", "prior")},
        quantities=(
            "t",
            "from",
            "to",
            "line",
            "arc",
            "line_share",
            "arc_share",
            "ends_share",
            "line_ratio",
            "angle",
            "is_prior",
            "pair",
        ),
        needs_model=True,
    ),
    "clouds": Thing(
        parts=("image", "draw", "deviation", "posteriors"),
        settings={"posteriors": ("one", "all"), "deviation": (0.0, 12.0)},
        quantities=(
            "image",
            "deviation",
            "draws",
            "mean_0",
            "mean_1",
            "sd_0",
            "sd_1",
            "eps_0",
            "eps_1",
            "z_0",
            "z_1",
            "kl_0",
            "kl_1",
            "kl",
            "change",
            "change_share",
            "is_all",
        ),
        needs_model=True,
    ),
}

CHECKS: Final[Mapping[str, tuple[str, ...]]] = {
    "moment": ("when", "times", "of"),
    "runs": ("when", "times", "of"),
}
"""Checks by name, with their keys: `moment` looks at each moment while the learner's hand is at work, `runs` at
the end of each of the learner's runs. `when`: ranges of quantities that hold together; `times`: so often, each
time with another value of the quantity `of`."""
