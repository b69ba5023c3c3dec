"""The list of layers that is written while a module's code is followed: names, places, weights for later.

No weight is touched before the whole list has been checked: what is kept is how to get each one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import torch
from torch import Tensor

from vae_core.exchange.modules.streams import Step, Stream, called
from vae_core.models.layers.kinds import BatchNorm, Dense, Flatten, Heads, Reshape, Residual
from vae_core.models.layers.layer import Shape
from vae_core.models.layers.windows import Convolution

Getter = Callable[[], Tensor]

LONGEST_NAME: Final = 48


@dataclass
class Draft:
    """Hold what is known of one net so far.

    Attributes:
        part: "encoder" or "decoder".
        entry: the shape in which the modules take an image or a code, without the batch.
        weights: how to get each weight, by its name in the list.
        places: what a sentence calls the place that each layer comes from, by the layer's name.
        notes: what was left out or done otherwise, in a few words each.
    """

    part: str
    entry: Shape
    weights: dict[str, Getter] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def name(self, path: str, place: str) -> str:
        """Return a free name for a layer's weights that follows from its module's path."""
        plain = re.sub(r"[^A-Za-z0-9_]", "_", path)[:LONGEST_NAME]
        plain = plain if plain[:1].isalpha() else f"layer{plain}"
        found, number = f"{self.part}.{plain}", 2
        while found in self.places or found == "decoder.log_variance":
            found, number = f"{self.part}.{plain}_{number}", number + 1
        self.places[found] = place
        return found

    def keep(self, name: str, weights: Mapping[str, Getter | None]) -> None:
        """Remember how to get a layer's weights; None stands for one that it does not have."""
        self.weights |= {f"{name}.{part}": get for part, get in weights.items() if get is not None}

    def scaled(self, stream: Stream, weight: Tensor | float, bias: Tensor | float, place: str) -> Stream:
        """Multiply each number or channel and add to it: as a batch norm that subtracts nothing.

        Args:
            stream: plain numbers or an image.
            weight: one factor, or one for each number or channel.
            bias: what is added, likewise.
            place: where the code does so.
        """
        here = stream.settled()
        count = here.shape[0]
        name = self.name("scale", place)
        self.keep(
            name,
            {
                "weight": lambda: torch.as_tensor(weight).expand(count),
                "bias": lambda: torch.as_tensor(bias).expand(count),
                "running_mean": lambda: torch.zeros(count),
                "running_var": lambda: torch.ones(count),
            },
        )
        return here.then(BatchNorm(name, epsilon=0.0))

    def added(self, one: Stream, other: Stream, place: str) -> Stream:
        """Add two streams of which one was made of the other.

        Raises:
            ValueError: neither was, or their shapes differ.
        """
        start, end, layers = one, other, other.step.since(one.step)
        if layers is None:
            start, end, layers = other, one, one.step.since(other.step)
        if layers is None:
            raise ValueError(
                "it adds two branches, of which neither was made of the other; "
                "what would do is a residual, x + f(x)"
            )
        if start.shape != end.shape:
            raise ValueError(
                f"it adds {called(end.shape)} to {called(start.shape)}; a residual must keep the shape"
            )
        if not layers:
            return self.scaled(start, 2.0, 0.0, place)
        if end.step.made != start.step.made:
            layers = (*layers, Reshape(start.step.made))
        return Stream(Step(start.step.made, Residual(layers), start.step), start.shape)

    def beside(self, one: Stream, other: Stream) -> Stream:
        """Put the numbers of two heads on one input behind each other.

        Raises:
            ValueError: they are not two dense layers, or two convolutions, of one size.
        """
        left, right = one.step.layer, other.step.layer
        before, beside = one.step.before, other.step.before
        if before is None or beside is None or _origin(before) is not _origin(beside):
            raise ValueError(_HEADS)
        if before.made != beside.made or one.shape != other.shape:
            raise ValueError(_HEADS)
        given = Stream(before, before.made)
        if isinstance(left, Dense) and isinstance(right, Dense) and left.outputs == right.outputs:
            has_bias = left.bias or right.bias
            for dense in (left, right):
                if has_bias and not dense.bias:
                    self.keep(dense.name, {"bias": lambda: torch.zeros(left.outputs)})
            return given.then(Heads((left.name, right.name), left.outputs, has_bias))
        if isinstance(left, Convolution) and isinstance(right, Convolution):
            joined = given.then(self._joined(left, right))
            return joined.seen_as((2 * one.shape[0], *one.shape[1:]))
        raise ValueError(_HEADS)

    def _joined(self, left: Convolution, right: Convolution) -> Convolution:
        """Return one convolution that makes the channels of two."""
        windows = [
            (each.kernel, each.stride, each.padding, each.bias, each.channels) for each in (left, right)
        ]
        if windows[0] != windows[1]:
            raise ValueError(_HEADS)
        name = self.name(left.name.partition(".")[2] + "_both", self.places[left.name])
        for part in ("weight", "bias") if left.bias else ("weight",):
            both = [self.weights[f"{each.name}.{part}"] for each in (left, right)]
            self.keep(name, {part: partial(_behind_each_other, both)})
        kernel, stride, padding, bias, channels = windows[0]
        return Convolution(name, 2 * channels, kernel, stride, padding, bias)


_HEADS: Final = (
    "its two results are not two dense layers of one size on one input; what would do is those, "
    "or one dense layer of twice the size"
)


def _behind_each_other(both: list[Getter]) -> Tensor:
    return torch.cat([get() for get in both])


def _origin(step: Step | None) -> Step | None:
    """Return the step whose numbers these are, whatever shape they were given since."""
    while step is not None and isinstance(step.layer, (Flatten, Reshape)):
        step = step.before
    return step
