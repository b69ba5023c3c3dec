"""What becomes of a net's input while the code of its modules is followed: the layers so far, and a shape.

Flattening, viewing and unsqueezing only name the same numbers anew, in the same order, so no layer is written
for them before one comes that asks for a shape.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from vae_core.models.layers.kinds import Crop, Flatten, Reshape
from vae_core.models.layers.layer import Layer, Shape
from vae_core.models.layers.lists import Layers


class Batch:
    """Stand for the number of images at once, on which no net may depend."""

    def __repr__(self) -> str:
        return "(images)"


BATCH: Final = Batch()


@dataclass(frozen=True, eq=False)
class Step:
    """Hold one layer on the way, and the step before it; the input itself is a step without a layer.

    Attributes:
        made: the shape that it makes, without the batch.
        layer: the layer.
        before: the step before.
    """

    made: Shape
    layer: Layer | None = None
    before: Step | None = None

    def since(self, start: Step) -> Layers | None:
        """Return the layers that lead here from another step; None where none do."""
        layers: list[Layer] = []
        here: Step | None = self
        while here is not start:
            if here is None or here.layer is None:
                return None
            layers.append(here.layer)
            here = here.before
        return tuple(reversed(layers))


@dataclass(frozen=True, eq=False)
class Stream:
    """Hold what the input has become at one point of the code.

    Attributes:
        step: the last layer on the way.
        shape: how the code sees the numbers that this layer makes, in the same order.
    """

    step: Step
    shape: Shape

    def layers(self) -> Layers:
        """Return all layers on the way."""
        first = self.step
        while first.before is not None:
            first = first.before
        return self.step.since(first) or ()

    def seen_as(self, shape: Sequence[Any]) -> Stream:
        """See the same numbers as another shape; one side may be -1.

        Raises:
            ValueError: it holds another number of them.
        """
        sides = list(shape)
        numbers = math.prod(self.shape)
        if any(type(side) is not int for side in sides) or sides.count(-1) > 1:
            raise ValueError(f"the shape {called(sides)} does not follow from the image alone")
        rest = math.prod(side for side in sides if side != -1)
        if -1 in sides and rest > 0:
            sides[sides.index(-1)] = numbers // rest
        if min(sides, default=1) < 1 or math.prod(sides) != numbers:
            raise ValueError(
                f"it sees {called(self.shape)} as {called(tuple(shape))}, which is not as many numbers"
            )
        return replace(self, shape=tuple(sides))

    def settled(self) -> Stream:
        """Write the layer that gives the numbers the shape in which the code sees them.

        Raises:
            ValueError: no layer here takes such a shape.
        """
        if self.step.made == self.shape:
            return self
        if len(self.shape) not in (1, 3):
            raise ValueError(
                f"it gets {called(self.shape)} for each image; what runs here takes plain numbers, "
                "or channels, rows and columns"
            )
        layer = Flatten() if len(self.shape) == 1 else Reshape(self.shape)
        return Stream(Step(self.shape, layer, self.step), self.shape)

    def then(self, layer: Layer) -> Stream:
        """Go on through a layer that asks for a shape.

        Raises:
            ValueError: it cannot take this one.
        """
        here = self.settled()
        made = layer.output(here.shape)
        return Stream(Step(made, layer, here.step), made)

    def bent(self, layer: Layer) -> Stream:
        """Go on through a layer that takes each number by itself."""
        return Stream(Step(self.step.made, layer, self.step), self.shape)

    def cropped(self, height: int, width: int) -> Stream:
        """Keep an image's first rows and columns; nothing happens where these are all of them."""
        return self if self.shape[1:] == (height, width) else self.then(Crop(height, width))


@dataclass(frozen=True, eq=False)
class Piece:
    """Hold some neighbouring ones of a stream's plain numbers.

    Attributes:
        whole: the stream.
        start: the first of them.
        stop: the first behind them.
    """

    whole: Stream
    start: int
    stop: int


def called(shape: Sequence[Any]) -> str:
    """Say what a shape of any length is."""
    if len(shape) == 1 and type(shape[0]) is int:
        return f"{shape[0]:,} numbers"
    return "x".join(map(str, shape)) or "a single number"
