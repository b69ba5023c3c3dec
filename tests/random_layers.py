"""Lists of layers by chance: every kind, in an order that chains, and small enough to be run at once."""

from __future__ import annotations

import math
from random import Random

from vae_core.models.layers.kinds import (
    ACTIVATIONS,
    Activation,
    AppendLabel,
    BatchNorm,
    Crop,
    Dense,
    Flatten,
    Heads,
    Reshape,
    Residual,
    Upsample,
)
from vae_core.models.layers.layer import Layer, Shape
from vae_core.models.layers.lists import Layers
from vae_core.models.layers.windows import AveragePool, Convolution, MaxPool, TransposedConvolution

CLASSES = 3
LARGEST = 2_000
"""Numbers between two layers."""


def random_layers(random: Random, given: Shape, *, part: str = "decoder", length: int = 8) -> Layers:
    """Return a list that chains.

    Args:
        random: makes all choices.
        given: the shape that the first layer gets.
        part: what the names begin with.
        length: how many layers there are at most.
    """
    return _layers(random, given, part, length, [0])[0]


def random_shape(random: Random) -> Shape:
    """Return the shape of a net's input: an image or plain numbers."""
    if random.random() < 0.5:
        return (random.randint(1, 3), random.randint(1, 9), random.randint(1, 9))
    return (random.randint(1, 12),)


def _layers(random: Random, given: Shape, part: str, length: int, count: list[int]) -> tuple[Layers, Shape]:
    layers: list[Layer] = []
    for _ in range(random.randint(1, length)):
        layer = _layer(random, given, part, count)
        try:
            output = layer.output(given)
        except ValueError:
            continue
        if math.prod(output) <= LARGEST and layer.numbers(given) <= 3 * LARGEST:
            layers.append(layer)
            given = output
    return (*layers,) or (Flatten(),), given if layers else (math.prod(given),)


def _layer(random: Random, given: Shape, part: str, count: list[int]) -> Layer:
    def pair(least: int, most: int) -> tuple[int, int]:
        first = random.randint(least, most)
        return first, random.choice([first, random.randint(least, most)])

    count[0] += 1
    name, bias = f"{part}.layer{count[0]}", random.random() < 0.7
    if random.random() < 0.3:
        return Activation(random.choice(ACTIVATIONS), random.uniform(0, 0.5), random.uniform(0.2, 2))
    if random.random() < 0.15:
        return BatchNorm(name, random.choice([1e-5, 1e-3]))
    if random.random() < 0.2:
        kept, _ = _keeping(random, given, part, count)
        return Residual(kept)
    if len(given) == 1:
        kind = random.choice([Dense, Heads, AppendLabel, Reshape])
        if kind is Dense:
            return Dense(name, random.randint(1, 40), bias)
        if kind is Heads:
            return Heads((f"{name}a", f"{name}b"), random.randint(1, 12), bias)
        return AppendLabel(CLASSES) if kind is AppendLabel else Reshape(_factors(random, given[0]))
    kind = random.choice(
        [Convolution, TransposedConvolution, Upsample, AveragePool, MaxPool, Crop, Flatten, Reshape]
    )
    channels, kernel, stride = random.randint(1, 6), pair(1, 5), pair(1, 3)
    if kind is Convolution:
        return Convolution(name, channels, kernel, stride, pair(0, 3), bias)
    if kind is TransposedConvolution:
        more = (random.randint(0, stride[0] - 1), random.randint(0, stride[1] - 1))
        return TransposedConvolution(name, channels, kernel, stride, pair(0, 2), more, bias)
    if kind in (AveragePool, MaxPool):
        padding = (random.randint(0, kernel[0] // 2), random.randint(0, kernel[1] // 2))
        return kind(kernel, stride, padding)
    if kind is Upsample:
        return Upsample(pair(1, 3))
    if kind is Crop:
        return Crop(random.randint(1, given[1]), random.randint(1, given[2]))
    return Flatten() if kind is Flatten else Reshape(_factors(random, math.prod(given)))


def _keeping(random: Random, given: Shape, part: str, count: list[int]) -> tuple[Layers, Shape]:
    """Return a short list that keeps the shape, as a residual wants it."""
    name = f"{part}.kept{count[0]}"
    if len(given) == 1:
        first = Dense(f"{name}a", random.randint(1, 20))
        return (first, Activation("relu"), Dense(f"{name}b", given[0])), given
    first = Convolution(f"{name}a", random.randint(1, 4), (3, 3), padding=(1, 1))
    return (Activation("silu"), first, Convolution(f"{name}b", given[0], (1, 1))), given


def _factors(random: Random, numbers: int) -> Shape:
    """Return a shape of so many numbers."""
    first = random.choice([n for n in range(1, numbers + 1) if numbers % n == 0])
    rest = numbers // first
    second = random.choice([n for n in range(1, rest + 1) if rest % n == 0])
    return random.choice([(numbers,), (first, second, rest // second)])


def all_kinds(layers: Layers) -> set[str]:
    """Return the kinds that are in a list, those inside residuals too."""
    found = set()
    for layer in layers:
        found.add(layer.kind)
        found |= all_kinds(getattr(layer, "layers", ()))
    return found
