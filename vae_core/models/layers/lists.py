"""A list of layers walked from its first to its last: shapes, weights, costs, and the limits of a net.

Whatever is wrong is said in a sentence that names the layer, before anything is allocated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from vae_core.models.layers.kinds import AppendLabel, BatchNorm, Residual
from vae_core.models.layers.layer import LARGEST, Layer, Shape, named

Layers = tuple[Layer, ...]

Nets = tuple[Layers, Layers]
"""An encoder, or nothing where a model has none, and a decoder."""

MAX_LAYERS: Final = 64
MAX_WEIGHTS: Final = LARGEST
MAX_ACTIVATION: Final = 4_000_000
MAX_MULTIPLY_ADDS: Final = 200_000_000


@dataclass(frozen=True)
class Placed:
    """Hold a layer where it stands in a net.

    Attributes:
        layer: the layer.
        place: what a sentence about it calls it.
        given: the shape that it gets.
        output: the shape that it makes.
    """

    layer: Layer
    place: str
    given: Shape
    output: Shape

    def weights(self) -> dict[str, Shape]:
        """Return the names and shapes of what it learns, without the layers inside it."""
        return self.layer.weights(self.given)

    def stored(self) -> dict[str, Shape]:
        """Return the names and shapes of all that a file holds of it as floating point numbers."""
        return self.layer.weights(self.given) | self.layer.statistics(self.given)


def placed(layers: Iterable[Layer], given: Shape, part: str) -> tuple[Placed, ...]:
    """Walk a net from its first layer to its last; a residual's own layers come before it.

    Args:
        layers: the list.
        given: the shape that the first gets.
        part: "encoder" or "decoder", with which the names of all its weights begin.

    Raises:
        ValueError: shapes that do not chain, or two layers of one name: which layer, and what would do.
    """
    found: list[Placed] = []
    names: set[str] = set()
    for each in _walked(layers, given, f"of the {part}"):
        for name in each.stored():
            if not name.startswith(f"{part}."):
                raise ValueError(f"{each.place}: its name must begin with {part!r} and a dot")
            if name in names:
                raise ValueError(f"{each.place}: another layer has its name; each wants one of its own")
            names.add(name)
        found.append(each)
    return tuple(found)


def _walked(layers: Iterable[Layer], given: Shape, where: str) -> Iterator[Placed]:
    for number, layer in enumerate(layers, 1):
        name = getattr(layer, "name", "")
        place = f"layer {number} {where} ({name.partition('.')[2] or layer.kind.replace('_', ' ')})"
        if isinstance(layer, Residual):
            yield from _walked(layer.layers, given, f"in {place}")
        try:
            output = layer.output(given)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        yield Placed(layer, place, given, output)
        given = output


def check_limits(net: Iterable[Placed]) -> None:
    """Refuse a net that is too large to be run where a hand waits for it.

    Raises:
        ValueError: which layer is too much, and what would do.
    """
    weights = multiply_adds = 0
    for number, each in enumerate(net, 1):
        if number > MAX_LAYERS:
            raise ValueError(f"{each.place}: a net has at most {MAX_LAYERS} layers; take fewer")
        held = each.layer.numbers(each.given)
        if held > MAX_ACTIVATION:
            raise ValueError(
                f"{each.place}: it makes {named(each.output)}, with its padding {held / 1e6:,.1f} M numbers; "
                f"the limit is {MAX_ACTIVATION / 1e6:g} M: take fewer channels or smaller images"
            )
        weights += sum(map(math.prod, each.weights().values()))
        if weights > MAX_WEIGHTS:
            raise ValueError(
                f"{each.place}: with it the net has {weights / 1e6:,.1f} M weights; "
                f"the limit is {MAX_WEIGHTS / 1e6:g} M: take fewer channels or numbers"
            )
        multiply_adds += each.layer.multiply_adds(each.given)
        if multiply_adds > MAX_MULTIPLY_ADDS:
            raise ValueError(
                f"{each.place}: with it an image takes {multiply_adds / 1e6:,.0f} M multiply-adds; "
                f"the limit is {MAX_MULTIPLY_ADDS / 1e6:g} M: take fewer channels or smaller images"
            )


def weights_of(net: Iterable[Placed]) -> dict[str, Shape]:
    """Return the names and shapes of all that a net learns."""
    return {name: shape for each in net for name, shape in each.weights().items()}


def stored_of(net: Iterable[Placed]) -> dict[str, Shape]:
    """Return the names and shapes of all that a file holds of a net as floating point numbers."""
    return {name: shape for each in net for name, shape in each.stored().items()}


def counters_of(net: Iterable[Placed]) -> set[str]:
    """Return the names of the whole numbers that a file may hold of a net, which nothing needs."""
    return {each.layer.counter for each in net if isinstance(each.layer, BatchNorm)}


def classes_of(net: Iterable[Placed]) -> set[int]:
    """Return the numbers of classes that layers of a net are told."""
    return {each.layer.classes for each in net if isinstance(each.layer, AppendLabel)}


def flat_layers(layers: Iterable[Layer]) -> Iterator[Layer]:
    """Yield each layer of a list; a residual's own come before it."""
    for layer in layers:
        if isinstance(layer, Residual):
            yield from flat_layers(layer.layers)
        yield layer
