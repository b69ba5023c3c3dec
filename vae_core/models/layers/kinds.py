"""The kinds of layers that a net is a list of, as data: what each makes of a shape, wants and costs.

Plain Python, without torch: a net is described, checked and counted before anything is built. Weights lie as
in torch: dense (outputs, inputs); convolution (channels, inputs, k, k); transposed convolution (inputs,
channels, k, k). Flattening and reshaping are row-major over (channel, row, column).

A layer is a frozen dataclass. Its fields are those that stand in a file (`layer_json`), two of which only
training asks for: `spread`, how its first weights are drawn, and `exact`, whether it is kept in its own
precision where others are rounded.

To add a kind: a class here, its entry in `KINDS`, what runs it in `vae_core.models.nets`, and its twin in the
browser (`assets/explorer/decode`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

from vae_core.models.layers.layer import ACTIVATIONS as ACTIVATIONS
from vae_core.models.layers.layer import Layer, Pair, Shape, flat, named, picture, with_bias
from vae_core.models.layers.windows import AveragePool, Convolution, MaxPool, TransposedConvolution


@dataclass(frozen=True)
class Dense(Layer):
    """Multiply by a matrix and add a bias.

    Attributes:
        name: of its weights.
        outputs: how many numbers it makes.
        bias: whether it adds one.
        spread: variance of its first weights times its inputs: 2 keeps the variance of what passes through it
            and the ReLU behind it (arXiv:1502.01852), 1 without a ReLU; None draws as torch does, 1/3.
        exact: whether it is computed in its own precision also where training rounds the others.
    """

    kind: ClassVar[str] = "dense"
    is_fresh: ClassVar[bool] = True

    name: str
    outputs: int
    bias: bool = True
    spread: float | None = None
    exact: bool = False

    def output(self, given: Shape) -> Shape:  # noqa: D102
        flat(given)
        return (self.outputs,)

    def weights(self, given: Shape) -> dict[str, Shape]:  # noqa: D102
        return with_bias(self.name, (self.outputs, *flat(given)), self.outputs if self.bias else 0)

    def multiply_adds(self, given: Shape) -> int:  # noqa: D102
        return math.prod(given) * self.outputs


@dataclass(frozen=True)
class Heads(Layer):
    """Apply several dense layers to the same numbers; their answers stand one behind the other.

    Attributes:
        names: of each one's weights.
        outputs: how many numbers each makes.
        bias: whether they add one.
        spread: as of a dense layer.
        exact: as of a dense layer.
    """

    kind: ClassVar[str] = "heads"
    is_fresh: ClassVar[bool] = True

    names: tuple[str, ...]
    outputs: int
    bias: bool = True
    spread: float | None = None
    exact: bool = False

    def parts(self) -> tuple[Dense, ...]:
        """Return the dense layers."""
        return tuple(Dense(name, self.outputs, self.bias, self.spread, self.exact) for name in self.names)

    def output(self, given: Shape) -> Shape:  # noqa: D102
        flat(given)
        return (len(self.names) * self.outputs,)

    def weights(self, given: Shape) -> dict[str, Shape]:  # noqa: D102
        return {name: shape for part in self.parts() for name, shape in part.weights(given).items()}

    def multiply_adds(self, given: Shape) -> int:  # noqa: D102
        return sum(part.multiply_adds(given) for part in self.parts())


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Shift and scale each number of a list, or each channel of an image, by its mean and variance.

    While training those of the batch, else the running ones: (v - running_mean) / sqrt(running_var + epsilon)
    * weight + bias.

    Attributes:
        name: of its weights and statistics.
        epsilon: what is added to the variance.
    """

    kind: ClassVar[str] = "batch_norm"
    is_fresh: ClassVar[bool] = True

    name: str
    epsilon: float = 1e-5

    @property
    def counter(self) -> str:
        """The name of torch's count of batches, a whole number that may stand in a file."""
        return f"{self.name}.num_batches_tracked"

    def output(self, given: Shape) -> Shape:  # noqa: D102
        return given

    def weights(self, given: Shape) -> dict[str, Shape]:  # noqa: D102
        return {f"{self.name}.{part}": given[:1] for part in ("weight", "bias")}

    def statistics(self, given: Shape) -> dict[str, Shape]:  # noqa: D102
        return {f"{self.name}.{part}": given[:1] for part in ("running_mean", "running_var")}


@dataclass(frozen=True)
class Activation(Layer):
    """Bend each number.

    Attributes:
        function: one of `ACTIVATIONS`; "gelu" is the exact one, "gelu_tanh" its approximation.
        slope: of "leaky_relu", where a number is negative.
        alpha: of "elu": alpha (exp v - 1) where v is negative.
    """

    kind: ClassVar[str] = "activation"

    function: str
    slope: float = 0.01
    alpha: float = 1.0

    def output(self, given: Shape) -> Shape:  # noqa: D102
        return given


@dataclass(frozen=True)
class Flatten(Layer):
    """See an image as its numbers."""

    kind: ClassVar[str] = "flatten"

    def output(self, given: Shape) -> Shape:  # noqa: D102
        return (math.prod(given),)


@dataclass(frozen=True)
class Reshape(Layer):
    """See the same numbers as another shape.

    Attributes:
        shape: (numbers,) or (channels, rows, columns).
    """

    kind: ClassVar[str] = "reshape"

    shape: Shape

    def output(self, given: Shape) -> Shape:  # noqa: D102
        if math.prod(self.shape) != math.prod(given):
            raise ValueError(
                f"it makes {named(self.shape)} of {named(given)}, which is not as many numbers: "
                f"{math.prod(given):,} are there"
            )
        return self.shape


@dataclass(frozen=True)
class Crop(Layer):
    """Keep an image's first rows and columns.

    Attributes:
        height: rows that are kept.
        width: columns that are kept.
    """

    kind: ClassVar[str] = "crop"

    height: int
    width: int

    def output(self, given: Shape) -> Shape:  # noqa: D102
        rows, columns = picture(given)
        if self.height > rows or self.width > columns:
            raise ValueError(
                f"it keeps {self.height}x{self.width} pixels of an image that has {rows}x{columns}"
            )
        return (given[0], self.height, self.width)


@dataclass(frozen=True)
class Upsample(Layer):
    """Repeat each pixel: the nearest one, of an image some times larger.

    Attributes:
        factor: how often, of rows and of columns.
    """

    kind: ClassVar[str] = "upsample"

    factor: Pair

    def output(self, given: Shape) -> Shape:  # noqa: D102
        return (given[0], *(side * times for side, times in zip(picture(given), self.factor)))


@dataclass(frozen=True)
class AppendLabel(Layer):
    """Put the image's label, one-hot, behind the numbers.

    Attributes:
        classes: how many there are.
    """

    kind: ClassVar[str] = "append_label"

    classes: int

    def output(self, given: Shape) -> Shape:  # noqa: D102
        return (*flat(given)[:-1], given[-1] + self.classes)


@dataclass(frozen=True)
class Residual(Layer):
    """Add to the input what layers make of it (arXiv:1512.03385).

    Attributes:
        layers: these; they keep the shape.
    """

    kind: ClassVar[str] = "residual"

    layers: tuple[Layer, ...]

    def output(self, given: Shape) -> Shape:  # noqa: D102
        made = given
        for layer in self.layers:
            made = layer.output(made)
        if made != given:
            raise ValueError(
                f"its layers make {named(made)} of {named(given)}; to be added they must keep the shape"
            )
        return given


KINDS: Final[dict[str, type[Layer]]] = {
    layer.kind: layer
    for layer in (
        Dense,
        Heads,
        Convolution,
        TransposedConvolution,
        BatchNorm,
        Activation,
        Flatten,
        Reshape,
        Crop,
        Upsample,
        AveragePool,
        MaxPool,
        AppendLabel,
        Residual,
    )
}
