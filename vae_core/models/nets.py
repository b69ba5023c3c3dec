"""A list of layers as a torch module: its weights under the layers' names, and what each kind does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_core.models.layers.kinds import (
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
from vae_core.models.layers.lists import Layers, Placed, placed
from vae_core.models.layers.windows import AveragePool, Convolution, MaxPool, TransposedConvolution


class Net(nn.Module):
    """Run a list of layers.

    Its modules lie flat in it, also those of residuals, so that its weights are called as the layers are.

    Args:
        layers: the list.
        given: the shape, without the batch, that the first layer gets.
        part: "encoder" or "decoder", with which the layers' names begin.

    Attributes:
        layers: the list.

    Raises:
        ValueError: the list does not chain; which layer, and what would do.
    """

    def __init__(self, layers: Layers, given: Shape, part: str) -> None:
        super().__init__()
        self.layers = layers
        self._weighted: list[tuple[Layer, str]] = []
        # Dense layers first: so they have always been drawn, and a seed is to give the weights it gave.
        for each in sorted(placed(layers, given, part), key=lambda each: not _is_dense(each.layer)):
            for layer, name, module in _modules_of(each):
                self._weighted.append((layer, name))
                self._modules[name] = module  # `add_module` refuses names such as "train" that a file may use

    def forward(self, x: Tensor, one_hot: Tensor | None = None) -> Tensor:
        """Apply the layers.

        Args:
            x: (B, *given).
            one_hot: the images' labels, (B, K), for a list that appends them.

        Returns:
            (B, *output).
        """
        return self.through(self.layers, x, one_hot)

    def weighted(self) -> Iterator[tuple[Layer, nn.Module]]:
        """Yield each layer that has weights with its module, in the order in which they are drawn."""
        for layer, name in self._weighted:
            yield layer, self._module(name)

    def through(self, layers: Layers, x: Tensor, one_hot: Tensor | None) -> Tensor:
        """Apply some of the layers, in order; the arguments besides are those of `forward`."""
        is_fresh = False  # whether x is ours alone, and its gradient does not need it
        for layer in layers:
            x = self._apply_layer(layer, x, one_hot, is_fresh)
            is_fresh = layer.is_fresh
        return x

    def _apply_layer(self, layer: Layer, x: Tensor, one_hot: Tensor | None, is_fresh: bool) -> Tensor:
        answer: Tensor
        match layer:
            case Dense() | Convolution() | TransposedConvolution() | BatchNorm():
                answer = self._module(_own_name(layer.name))(x)
            case Activation():
                answer = _bent(layer, x, is_fresh)
            case Residual():
                answer = x + self.through(layer.layers, x, one_hot)
            case Heads():
                answers = [self._module(_own_name(name))(x) for name in layer.names]
                answer = torch.cat(answers, dim=1) if len(answers) > 1 else answers[0]
            case Flatten():
                answer = x.flatten(1)
            case Reshape():
                answer = x.reshape(len(x), *layer.shape)
            case Crop():
                answer = x[:, :, : layer.height, : layer.width]
            case AppendLabel():
                if one_hot is None:
                    raise ValueError("this net wants labels")
                answer = torch.cat([x, one_hot], dim=1)
            case Upsample():
                answer = _repeated(x, *layer.factor)
            case AveragePool():
                answer = F.avg_pool2d(x, layer.kernel, layer.stride, layer.padding)
            case MaxPool():
                answer = F.max_pool2d(x, layer.kernel, layer.stride, layer.padding)
            case _:
                raise TypeError(f"nothing here runs a {layer.kind}")
        return answer

    def module_of(self, layer: Layer) -> nn.Module:
        """Return the module that holds a layer's weights."""
        return self._module(_own_name(layer.name))  # type: ignore[attr-defined]  # those with weights are named

    def _module(self, name: str) -> nn.Module:
        return cast("nn.Module", self._modules[name])


class ExactLinear(nn.Linear):
    """A dense layer that is computed in its own precision, also where autocast rounds the others."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: D102
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.to(self.weight.dtype))


class NarrowConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution to a few channels, through torch's own kernel on the CPU.

    oneDNN, which torch would choose, pads the outputs' channels: for one of them it takes twice as long.
    That kernel takes no empty batch.
    """

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:  # noqa: D102
        if input.device.type != "cpu" or output_size is not None or len(input) == 0:
            return super().forward(input, output_size)
        answer: Tensor = torch.ops.aten.slow_conv_transpose2d(
            input, self.weight, self.kernel_size, self.bias, self.stride, self.padding, self.output_padding
        )
        return answer


def _bent(layer: Activation, x: Tensor, is_fresh: bool) -> Tensor:
    match layer.function:
        case "relu":
            return F.relu(x, inplace=is_fresh)
        case "leaky_relu":
            return F.leaky_relu(x, layer.slope, inplace=is_fresh)
        case "tanh":
            return torch.tanh(x)
        case "sigmoid":
            return torch.sigmoid(x)
        case "silu":
            return F.silu(x)
        case "gelu":
            return F.gelu(x)
        case "gelu_tanh":
            return F.gelu(x, approximate="tanh")
        case _:
            return F.elu(x, layer.alpha)


def _repeated(x: Tensor, rows: int, columns: int) -> Tensor:
    batch, channels, height, width = x.shape
    wide = x[:, :, :, None, :, None].expand(-1, -1, -1, rows, -1, columns)
    return wide.reshape(batch, channels, height * rows, width * columns)


def _is_dense(layer: Layer) -> bool:
    return isinstance(layer, (Dense, Heads))


def _own_name(name: str) -> str:
    """Return a layer's name without the net's in front."""
    return name.partition(".")[2]


def _modules_of(each: Placed) -> Iterator[tuple[Layer, str, nn.Module]]:
    """Yield the modules that hold a layer's weights, each with its layer and its name in the net."""
    layer, given = each.layer, each.given
    for part in layer.parts() if isinstance(layer, Heads) else (layer,):
        module: nn.Module
        match part:
            case Dense():
                linear = ExactLinear if part.exact else nn.Linear
                module = linear(given[0], part.outputs, bias=part.bias)
            case Convolution():
                module = nn.Conv2d(
                    given[0], part.channels, part.kernel, part.stride, part.padding, bias=part.bias
                )
            case TransposedConvolution():
                transposed = NarrowConvTranspose2d if part.has_few_channels else nn.ConvTranspose2d
                module = transposed(
                    given[0],
                    part.channels,
                    part.kernel,
                    part.stride,
                    part.padding,
                    part.output_padding,
                    bias=part.bias,
                )
            case BatchNorm():
                norm = nn.BatchNorm1d if len(given) == 1 else nn.BatchNorm2d
                module = norm(given[0], eps=part.epsilon)
            case _:
                continue
        yield part, _own_name(part.name), module
