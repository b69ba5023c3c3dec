"""What every kind of layer can be asked, and the shapes that all of them speak of.

Shapes are torch's, without the batch: (numbers,) or (channels, rows, columns).
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, ClassVar, Final

Shape = tuple[int, ...]
Pair = tuple[int, int]
"""Of rows and of columns."""

ACTIVATIONS: Final = ("relu", "leaky_relu", "tanh", "sigmoid", "silu", "gelu", "gelu_tanh", "elu")

LARGEST: Final = 20_000_000
"""No whole number in a layer is larger."""

NAME: Final = re.compile(r"(encoder|decoder)\.[A-Za-z][A-Za-z0-9_]{0,59}")


class Layer(ABC):
    """What every kind of layer can be asked.

    Its fields are checked when it is made, by their names, which mean the same in each kind.

    Attributes:
        kind: what it is called in a file.
        bears_rounding: whether training may multiply in bfloat16 where it is. A convolution gains little by
            that, and lost 1 to 2 nats with two dimensions.
        is_fresh: whether its output is a tensor of its own that its gradient does not need, so that the
            activation behind it may overwrite it.
    """

    kind: ClassVar[str]
    bears_rounding: ClassVar[bool] = True
    is_fresh: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for each in fields(self):  # type: ignore[arg-type]  # every kind is a dataclass
            value = getattr(self, each.name)
            fits, wanted = _WANTED[each.name]
            if not fits(value):
                raise ValueError(f"its {each.name} must be {wanted}; got {_short(value)}")

    @abstractmethod
    def output(self, given: Shape) -> Shape:
        """Return the shape that it makes of another.

        Raises:
            ValueError: it cannot take such a one: why, and what would do.
        """

    def weights(self, given: Shape) -> dict[str, Shape]:
        """Return the names and shapes of what it learns."""
        return {}

    def statistics(self, given: Shape) -> dict[str, Shape]:
        """Return the names and shapes of what it keeps besides: running means and variances."""
        return {}

    def multiply_adds(self, given: Shape) -> int:
        """Return how many it takes for one image; of a pool, its additions or comparisons."""
        return 0

    def numbers(self, given: Shape) -> int:
        """Return how many numbers it holds at once for one image, its padding included."""
        return math.prod(self.output(given))


def named(shape: Shape) -> str:
    """Say what a shape is."""
    if len(shape) == 1:
        return f"{shape[0]:,} numbers"
    return f"an image of {'x'.join(map(str, shape))} (channels, rows, columns)"


def flat(given: Shape) -> Shape:
    """Return a shape of plain numbers.

    Raises:
        ValueError: it is none.
    """
    if len(given) != 1:
        raise ValueError(f"it wants plain numbers and gets {named(given)}: flatten them before")
    return given


def picture(given: Shape) -> Pair:
    """Return an image's rows and columns.

    Raises:
        ValueError: it is none.
    """
    if len(given) != 3:
        raise ValueError(f"it wants an image and gets {named(given)}: reshape them before")
    return given[1], given[2]


def with_bias(name: str, weight: Shape, biases: int) -> dict[str, Shape]:
    """Return the names and shapes of a layer's weight and, if it has any, its biases."""
    return {f"{name}.weight": weight} | ({f"{name}.bias": (biases,)} if biases else {})


def _is_whole(value: Any, least: int = 1) -> bool:
    return type(value) is int and least <= value <= LARGEST


def _is_pair(value: Any, least: int = 1) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(_is_whole(side, least) for side in value)


def _is_number(value: Any, least: float = -math.inf) -> bool:
    return type(value) in (int, float) and abs(value) <= LARGEST and value >= least  # a NaN is in no range


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(NAME.fullmatch(value)) and value != "decoder.log_variance"


def _is_tuple_of(fits: Callable[[Any], bool], lengths: tuple[int, ...] = ()) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        is_long = isinstance(value, tuple) and (len(value) in lengths if lengths else len(value) > 0)
        return is_long and all(map(fits, value))

    return check


def _are_names(value: Any) -> bool:
    return _is_tuple_of(_is_name)(value) and len(set(value)) == len(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


_WHOLE: Final = (_is_whole, "a whole number from 1 on")
_SIDES: Final = (_is_pair, "one or two whole numbers from 1 on")
_EDGES: Final = (lambda value: _is_pair(value, 0), "one or two whole numbers from 0 on")
_TRUTH: Final = (lambda value: isinstance(value, bool), "true or false")
_NUMBER: Final = (_is_number, "a number")

_WANTED: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "name": (_is_name, '"encoder." or "decoder." and then letters, digits and underscores'),
    "names": (_are_names, 'a list of different names that begin with "encoder." or "decoder."'),
    "outputs": _WHOLE,
    "channels": _WHOLE,
    "classes": _WHOLE,
    "height": _WHOLE,
    "width": _WHOLE,
    "kernel": _SIDES,
    "stride": _SIDES,
    "factor": _SIDES,
    "padding": _EDGES,
    "output_padding": _EDGES,
    "shape": (_is_tuple_of(_is_whole, (1, 3)), "one whole number, or three: channels, rows, columns"),
    "bias": _TRUTH,
    "exact": _TRUTH,
    "spread": (lambda value: value is None or _is_number(value, 1e-6), "a number above zero"),
    "epsilon": (lambda value: _is_number(value, 0.0), "a number from 0 on"),
    "slope": _NUMBER,
    "alpha": _NUMBER,
    "function": (
        lambda value: isinstance(value, str) and value in ACTIVATIONS,
        f"one of {', '.join(ACTIVATIONS)}",
    ),
    "layers": (_is_tuple_of(lambda value: isinstance(value, Layer)), "a list of at least one layer"),
}
"""Of each field: whether a value will do, and what would."""
