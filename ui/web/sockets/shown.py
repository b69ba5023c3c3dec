"""What a leader's browser says that it shows, read with care: whoever leads may be anyone with a browser.

Followers get nothing but what is read here: names are kept short, numbers within bounds, and what is not
asked for is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from vae_core.config.settings import number

MAX_TEXT: Final = 8_000
MOST_DIMS: Final = int(number("latent_dim").greatest)
LARGEST: Final = 1e4
"""No latent that is shown lies further out."""

_WIDEST: Final = 1e7
_MOST_GROUPS: Final = 256
_LONGEST_NAME: Final = 120
_MOST_STEPS: Final = 2**53
_AXES: Final = re.compile(r"[a-z0-9,]{1,16}")
_LAYER: Final = re.compile(r"[a-z_-]{1,24}")

Kind = Literal["explore", "interpolate", "run", "foreign", ""]


@dataclass(frozen=True)
class Shown:
    """Hold what a leader shows.

    Attributes:
        subject: what it is about, a model in a view, a run, someone else's that the leader cannot pass on, or
            nothing; and the model's name or the run's id.
        view: how it is shown, as followers are told: `z`, the latent (D,); `axes`, `layers`, `by`, `hidden`,
            `ranges` and `size` of the map; `walk` of Interpolate; `slow` and `moment` of Train; `look`, the
            image that Explore looks at, and how. None is what there is nothing of.
    """

    subject: tuple[Kind, str]
    view: Mapping[str, Any]


def read_shown(text: str | None) -> Shown:
    """Read what a leader's browser sent.

    Raises:
        ValueError: it is nothing of ours.
    """
    if text is None or len(text) > MAX_TEXT:
        raise ValueError("not a short text")
    try:
        said = json.loads(text)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(said, dict):
        raise ValueError("not a table")
    model, run = (_optional(said, name, _name) for name in ("model", "run"))
    page: Kind = "interpolate" if said.get("page") == "interpolate" else "explore"
    kind: Kind = "foreign" if said.get("foreign") is True else "run" if run else page if model else ""
    name = {"run": run, page: model}.get(kind) or ""
    return Shown((kind, name), {field: _optional(said, field, read) for field, read in _READERS.items()})


Reader: TypeAlias = Callable[[Any], Any]


def _optional(said: Mapping[str, Any], name: str, read: Reader) -> Any:
    value = said.get(name)
    return None if value is None or value == "" else read(value)


def _real(value: Any, least: float = -LARGEST, greatest: float = LARGEST) -> float:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not known or not least <= value <= greatest:  # which NaN is not either
        raise ValueError("no number that is shown here")
    return float(value)


def _whole(value: Any, greatest: int = _MOST_STEPS) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= greatest:
        raise ValueError("no number that is shown here")
    return value


def _list(value: Any, longest: int, read: Reader) -> list[Any]:
    if not isinstance(value, list) or len(value) > longest:
        raise ValueError("no list that is shown here")
    return [read(each) for each in value]


def _table(value: Any, readers: Mapping[str, Reader]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("no table")
    return {name: read(value.get(name)) for name, read in readers.items()}


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_NAME:
        raise ValueError("no name")
    return value


def _matching(pattern: re.Pattern[str]) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError("no name that is known here")
        return value

    return read


def _ranges(value: Any) -> list[float]:
    ranges = _list(value, 4, lambda end: _real(end, -_WIDEST, _WIDEST))
    if len(ranges) != 4 or not (ranges[0] < ranges[1] and ranges[2] < ranges[3]):
        raise ValueError("no ranges of two axes")
    return ranges


def _size(value: Any) -> list[float]:
    size = _list(value, 2, lambda side: _real(side, 1, LARGEST))
    if len(size) != 2:
        raise ValueError("no width and height")
    return size


def _one_of(*names: str) -> Reader:
    def read(value: Any) -> str:
        if value not in names:
            raise ValueError("no name that is known here")
        return str(value)

    return read


_READERS: Final[Mapping[str, Reader]] = {
    "z": lambda value: _list(value, MOST_DIMS, lambda each: round(_real(each), 3)),
    "axes": _matching(_AXES),
    "layers": lambda value: _list(value, 32, _matching(_LAYER)),
    "by": _name,
    "hidden": lambda value: _list(value, _MOST_GROUPS, lambda group: _whole(group, 10_000)),
    "ranges": _ranges,
    "size": _size,
    "walk": lambda value: _table(
        value,
        {
            "from": _whole,
            "to": _whole,
            "method": _one_of("linear", "slerp"),
            "steps": lambda steps: _whole(steps, 1_000),
            "at": lambda share: _real(share, 0, 1),
        },
    ),
    "slow": lambda value: _table(
        value,
        {"update": _whole, "step": lambda step: _whole(step, 100), "image": lambda n: _whole(n, 10_000)},
    ),
    "moment": _whole,
    "look": lambda value: _table(
        value,
        {
            "image": lambda n: None if n is None else _whole(n, 10_000),
            "how": _one_of("code", "sample", "near"),
            "away": lambda distance: _real(distance, 0, _WIDEST),
            "reach": _one_of("prior", "data"),
            "label": lambda n: _whole(n, 1_000),
        },
    ),
}
