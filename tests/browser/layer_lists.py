"""Nets as lists of layers: torch's answer to one, those of our architectures, and random ones."""

from __future__ import annotations

import math
import random
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from vae_core.config.configs import ModelConfig

Layers = list[dict[str, Any]]


class Sizes(NamedTuple):
    """The hidden widths of a net after `width` has been applied, written down apart from the nets."""

    dense: int
    encoder_channels: tuple[int, int] = (0, 0)
    decoder_channels: tuple[int, int] = (0, 0)
    encoder_kernel: int = 0
    decoder_kernel: int = 0


def layer_sizes(config: ModelConfig) -> Sizes:
    """Write down once more how wide the layers of each architecture are."""

    def scaled(size: int) -> int:
        return round(size * config.width)

    if config.architecture == "mlp":
        return Sizes(scaled(400))
    if config.architecture == "conv":
        return Sizes(scaled(128), (scaled(16), scaled(32)), (scaled(32), scaled(16)), 3, 4)
    return Sizes(128, (32, 64), (256, 128), 5, 5)


Weights = dict[str, Tensor]

RELU = {"kind": "activation", "function": "relu"}
LEAKY = {"kind": "activation", "function": "leaky_relu", "slope": 0.1}
SIGMOID = {"kind": "activation", "function": "sigmoid"}


def run_in_torch(layers: Layers, weights: Weights, x: Tensor, labels: Tensor | None = None) -> Tensor:
    """Run a list on a batch with torch's own functions: what the browser is held against."""
    for layer in layers:
        x = _layer(layer, weights, x, labels)
    return x


def _layer(layer: dict[str, Any], weights: Weights, x: Tensor, labels: Tensor | None) -> Tensor:
    def weight(part: str) -> Tensor | None:
        return weights.get(f"{layer.get('name')}.{part}")

    window = {"stride": layer.get("stride", 1), "padding": layer.get("padding", 0)}
    match layer["kind"]:
        case "dense":
            return F.linear(x, weight("weight"), weight("bias"))
        case "heads":
            parts = [
                [weights.get(f"{name}.{part}") for part in ("weight", "bias")] for name in layer["names"]
            ]
            return torch.cat([F.linear(x, *part) for part in parts], dim=1)
        case "convolution":
            return F.conv2d(x, weight("weight"), weight("bias"), **window)
        case "transposed_convolution":
            more = layer.get("output_padding", 0)
            return F.conv_transpose2d(x, weight("weight"), weight("bias"), **window, output_padding=more)
        case "batch_norm":
            parts = [weight(part) for part in ("running_mean", "running_var", "weight", "bias")]
            return F.batch_norm(x, *parts, eps=layer.get("epsilon", 1e-5))
        case "activation":
            return _activation(layer, x)
        case "flatten":
            return x.flatten(1)
        case "reshape":
            return x.reshape(len(x), *layer["shape"])
        case "crop":
            return x[:, :, : layer["height"], : layer["width"]]
        case "upsample":
            rows, columns = _pair(layer["factor"])
            return x.repeat_interleave(rows, 2).repeat_interleave(columns, 3)
        case "max_pool" | "average_pool":
            pool = F.max_pool2d if layer["kind"] == "max_pool" else F.avg_pool2d
            return pool(x, layer["kernel"], layer.get("stride"), layer.get("padding", 0))
        case "append_label":
            assert labels is not None
            return torch.cat([x, F.one_hot(labels, layer["classes"]).to(x)], dim=1)
        case "residual":
            return x + run_in_torch(layer["layers"], weights, x, labels)
    raise AssertionError(layer)


def _activation(layer: dict[str, Any], x: Tensor) -> Tensor:
    match layer["function"]:
        case "leaky_relu":
            return F.leaky_relu(x, layer.get("slope", 0.01))
        case "elu":
            return F.elu(x, layer.get("alpha", 1.0))
        case "gelu_tanh":
            return F.gelu(x, approximate="tanh")
        case name:
            function = {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "silu": F.silu}
            return (function | {"gelu": F.gelu})[name](x)


def architecture_lists(config: ModelConfig) -> tuple[Layers, Layers]:
    """Return the encoder and the decoder of one of our architectures, the decoder up to the picture.

    Written down apart from `vae_core.models.architectures`. The encoder's heads are one dense layer here,
    "encoder.heads": see `with_heads`.
    """
    sizes, (channels, height, width), (h, w) = layer_sizes(config), config.image_shape, config.grid
    label = [{"kind": "append_label", "classes": config.n_classes}] if config.n_classes else []
    heads = config.latent_dim * (2 if config.latent_kind == "gaussian" else 1)
    squash = [SIGMOID] if config.likelihood == "bernoulli" else []
    crop = {"kind": "crop", "height": height, "width": width}

    def dense(name: str, outputs: int) -> dict[str, Any]:
        return {"kind": "dense", "name": name, "outputs": outputs}

    def convolution(name: str, outputs: int) -> dict[str, Any]:
        size = {"kernel": sizes.encoder_kernel, "stride": 2, "padding": sizes.encoder_kernel // 2}
        return {"kind": "convolution", "name": name, "channels": outputs, **size}

    def doubling(name: str, outputs: int, bias: bool) -> dict[str, Any]:
        kernel = sizes.decoder_kernel
        size = {"kernel": kernel, "stride": 2, "padding": (kernel - 1) // 2, "output_padding": kernel % 2}
        kind = {"kind": "transposed_convolution", "name": name, "channels": outputs, "bias": bias}
        return kind | size

    def residual(*layers: dict[str, Any]) -> dict[str, Any]:
        return {"kind": "residual", "layers": list(layers)}

    if config.architecture == "mlp":
        encoder = [{"kind": "flatten"}, *label, dense("encoder.dense1", sizes.dense), RELU]
        decoder = [*label, dense("decoder.dense1", sizes.dense), RELU]
        decoder += [dense("decoder.output", channels * height * width)]
        decoder += [{"kind": "reshape", "shape": [channels, height, width]}, *squash]
        return [*encoder, dense("encoder.heads", heads)], decoder
    first, second = sizes.encoder_channels
    coarse, fine = sizes.decoder_channels
    bend = LEAKY if config.architecture == "conv" else RELU
    encoder = [convolution("encoder.conv1", first), bend, convolution("encoder.conv2", second), bend]
    encoder += [{"kind": "flatten"}, *label, dense("encoder.dense1", sizes.dense), bend]
    shaped = {"kind": "reshape", "shape": [coarse, h, w]}
    if config.architecture == "conv":
        encoder += [dense("encoder.dense2", sizes.dense), LEAKY]
        encoder += [residual(dense("encoder.dense3", sizes.dense), LEAKY)]
        decoder = [*label, dense("decoder.dense1", sizes.dense), LEAKY]
        decoder += [residual(dense(f"decoder.{name}", sizes.dense), LEAKY) for name in ("dense2", "dense3")]
        decoder += [dense("decoder.dense4", coarse * h * w), LEAKY, shaped]
        decoder += [doubling("decoder.deconv1", fine, True), LEAKY]
        decoder += [doubling("decoder.output", channels, True), crop, *squash]
    else:
        decoder = [*label, dense("decoder.dense1", coarse * h * w), RELU]
        decoder += [{"kind": "batch_norm", "name": "decoder.norm1"}, shaped]
        decoder += [doubling("decoder.deconv1", fine, False), {"kind": "batch_norm", "name": "decoder.norm2"}]
        decoder += [RELU, doubling("decoder.output", channels, False), crop, *squash]
    return [*encoder, dense("encoder.heads", heads)], decoder


def with_heads(weights: Weights) -> Weights:
    """Add the encoder's heads as one layer: the means, then the log variances."""
    heads = [name for name in ("mean", "logvar") if f"encoder.{name}.weight" in weights]
    return weights | {
        f"encoder.heads.{part}": torch.cat([weights[f"encoder.{name}.{part}"] for name in heads])
        for part in ("weight", "bias")
    }


def _pair(value: int | list[int]) -> list[int]:
    return [value, value] if isinstance(value, int) else value


class RandomNet:
    """A random list with its weights, made layer by layer so that each fits what comes in.

    Attributes:
        layers: the list.
        weights: drawn so that numbers keep about their size.
        input_shape: (numbers) or (channels, rows, columns).
        classes: of the labels that it wants, 0 for none.
    """

    MOST_NUMBERS = 12_000

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._generator = torch.Generator().manual_seed(seed)
        self.weights: Weights = {}
        self.classes = 0
        draw = self._random.randint
        if self._random.random() < 0.4:
            self.input_shape = [draw(1, 24)]
        else:
            self.input_shape = [draw(1, 9), draw(3, 17), draw(3, 17)]
        self.layers: Layers = []
        shape = self.input_shape
        wanted = draw(2, 9)
        while len(self.layers) < wanted:
            shape = self._add(shape)

    def _add(self, shape: list[int]) -> list[int]:
        """Append a layer that fits, if the one that is drawn does; return the shape after it."""
        kinds = [self._dense, self._dense, self._norm, self._activation, self._activation, self._residual]
        kinds += [self._reshape, self._label, self._heads]
        if len(shape) == 3:
            kinds = [self._convolution, self._convolution, self._transposed, self._transposed, self._pool]
            kinds += [self._norm, self._activation, self._activation, self._residual, self._upsample]
            kinds += [self._crop, self._flatten, self._reshape]
        layer = self._random.choice(kinds)(shape)
        if layer is None:
            return shape
        after = self._shape_after(layer, shape)
        if after is None or math.prod(after) > self.MOST_NUMBERS:
            return shape
        self.layers.append(layer)
        return after

    def _shape_after(self, layer: dict[str, Any], shape: list[int]) -> list[int] | None:
        labels = torch.zeros(1, dtype=torch.int64)
        try:
            return list(_layer(layer, self.weights, torch.zeros(1, *shape), labels).shape[1:])
        except RuntimeError:  # a window larger than the image, and the like
            return None

    def _weight(self, name: str, shape: list[int], inputs: float, bias: int) -> None:
        bound = math.sqrt(3 / inputs)
        self.weights[f"{name}.weight"] = self._uniform(*shape) * bound
        if bias:
            self.weights[f"{name}.bias"] = self._uniform(bias)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._generator) * 2 - 1

    def _name(self) -> str:
        return f"part{len(self.weights)}"

    def _window(self, least: int = 1, most: int = 5) -> dict[str, Any]:
        draw = self._random.randint
        if self._random.random() < 0.6:
            return {"kernel": draw(least, most), "stride": draw(1, 3), "padding": draw(0, 2)}
        both = {"kernel": (least, most), "stride": (1, 3), "padding": (0, 2)}
        return {name: [draw(*range_), draw(*range_)] for name, range_ in both.items()}

    def _dense(self, shape: list[int], outputs: int | None = None) -> dict[str, Any]:
        name, bias = self._name(), self._random.random() < 0.8
        outputs = outputs or self._random.randint(1, 70)
        self._weight(name, [outputs, shape[0]], shape[0], outputs * bias)
        return {"kind": "dense", "name": name, "outputs": outputs, "bias": bias}

    def _heads(self, shape: list[int]) -> dict[str, Any]:
        outputs, parts = self._random.randint(1, 9), []
        for _ in range(self._random.randint(1, 3)):
            parts.append(self._dense(shape, outputs))
        for part in parts:  # a bias for each, or for none
            self.weights.setdefault(f"{part['name']}.bias", self._uniform(outputs))
        return {"kind": "heads", "names": [part["name"] for part in parts], "outputs": outputs}

    def _convolution(self, shape: list[int]) -> dict[str, Any]:
        name, bias, channels = self._name(), self._random.random() < 0.8, self._random.randint(1, 20)
        window = self._window()
        kernel = _pair(window["kernel"])
        self._weight(name, [channels, shape[0], *kernel], shape[0] * math.prod(kernel), channels * bias)
        return {"kind": "convolution", "name": name, "channels": channels, "bias": bias, **window}

    def _transposed(self, shape: list[int]) -> dict[str, Any]:
        name, bias, channels = self._name(), self._random.random() < 0.8, self._random.randint(1, 20)
        window = self._window(most=6)
        kernel, stride = _pair(window["kernel"]), _pair(window["stride"])
        inputs = max(1, shape[0] * math.prod(kernel) / math.prod(stride))
        self._weight(name, [shape[0], channels, *kernel], inputs, channels * bias)
        more = [self._random.randint(0, side - 1) for side in stride]
        kind = {"kind": "transposed_convolution", "name": name, "channels": channels, "bias": bias}
        return kind | window | {"output_padding": more}

    def _norm(self, shape: list[int]) -> dict[str, Any]:
        name, each = self._name(), shape[0]
        self.weights |= {
            f"{name}.weight": 1 + 0.3 * self._uniform(each),
            f"{name}.bias": 0.3 * self._uniform(each),
            f"{name}.running_mean": 0.3 * self._uniform(each),
            f"{name}.running_var": 1 + 0.5 * self._uniform(each),
        }
        return {"kind": "batch_norm", "name": name, "epsilon": self._random.choice([1e-5, 1e-3])}

    def _activation(self, _: list[int]) -> dict[str, Any]:
        name = self._random.choice(
            ["relu", "leaky_relu", "leaky_relu", "tanh", "sigmoid", "silu", "gelu", "gelu_tanh", "elu"]
        )
        more = {"leaky_relu": {"slope": self._random.choice([0.01, 0.2, 1.5])}, "elu": {"alpha": 0.7}}
        return {"kind": "activation", "function": name} | more.get(name, {})

    def _pool(self, _: list[int]) -> dict[str, Any]:
        window = self._window(most=4)
        kernel, padding = _pair(window["kernel"]), _pair(window["padding"])
        window["padding"] = [min(side, size // 2) for side, size in zip(padding, kernel, strict=True)]
        if self._random.random() < 0.3:
            del window["stride"]
        return {"kind": self._random.choice(["max_pool", "average_pool"]), **window}

    def _upsample(self, _: list[int]) -> dict[str, Any]:
        draw = self._random.randint
        return {"kind": "upsample", "factor": self._random.choice([draw(1, 3), [draw(1, 3), draw(1, 3)]])}

    def _crop(self, shape: list[int]) -> dict[str, Any]:
        height, width = (self._random.randint(1, side) for side in shape[1:])
        return {"kind": "crop", "height": max(height, 1), "width": max(width, 1)}

    def _flatten(self, _: list[int]) -> dict[str, Any]:
        return {"kind": "flatten"}

    def _reshape(self, shape: list[int]) -> dict[str, Any]:
        numbers = math.prod(shape)
        rows = self._random.choice([side for side in range(1, 20) if numbers % side == 0])
        columns = self._random.choice([side for side in range(1, 20) if numbers // rows % side == 0])
        return {"kind": "reshape", "shape": [numbers // rows // columns, rows, columns]}

    def _label(self, _: list[int]) -> dict[str, Any] | None:
        self.classes = self.classes or self._random.randint(2, 12)
        return {"kind": "append_label", "classes": self.classes}

    def _residual(self, shape: list[int]) -> dict[str, Any]:
        """Layers that keep the shape; some begin with an activation or a norm, some hold another residual."""
        before = [self._random.choice([self._norm, self._activation])(shape) for _ in range(self._some())]
        if len(shape) == 1:
            middle = [self._dense(shape, shape[0])]
        else:
            name, kernel = self._name(), self._random.choice([1, 3, 5])
            self._weight(name, [shape[0], shape[0], kernel, kernel], shape[0] * kernel**2, shape[0])
            size = {"channels": shape[0], "kernel": kernel, "padding": kernel // 2}
            middle = [{"kind": "convolution", "name": name, **size}]
        if self._random.random() < 0.2:
            middle = [self._residual(shape)]
        after = [self._random.choice([self._norm, self._activation])(shape) for _ in range(self._some())]
        if before and self._random.random() < 0.2:
            middle = []
        return {"kind": "residual", "layers": [*before, *middle, *after]}

    def _some(self) -> int:
        return self._random.randint(0, 2)
