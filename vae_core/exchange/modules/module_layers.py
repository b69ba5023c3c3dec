"""PyTorch's own modules, one by one, as layers and weights; for those that are none, what would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
from torch import nn

from vae_core.exchange.modules.activations import KNOWN
from vae_core.exchange.modules.draft import Draft, Getter
from vae_core.exchange.modules.functions import dense, function_named
from vae_core.exchange.modules.shapes import unflattened
from vae_core.exchange.modules.streams import Stream, called
from vae_core.exchange.modules.windows import Window, convolved, convolved_back, pair
from vae_core.models.layers.kinds import Activation, BatchNorm

Taker = Callable[[Draft, str, str, Any, Stream], Stream]
"""Given a draft, the module's path, its place for sentences, the module itself and what it gets."""


def through(draft: Draft, path: str, place: str, module: nn.Module, stream: Any) -> Stream:
    """Go on through a module of PyTorch's.

    Raises:
        ValueError: it is none of the layers here, or cannot take what it gets; what would do.
    """
    for kind, take in _KINDS.items():
        if isinstance(module, kind):
            if not isinstance(stream, Stream):
                raise ValueError(
                    "it gets no tensor that comes of the input; what would do is a chain of layers"
                )
            _check_weights(module)
            return take(draft, path, place, module, stream)
    raise ValueError(refusal(module))


def is_taken(module: nn.Module) -> bool:
    """Whether a module is one of PyTorch's that are taken as they are, or a class made of one."""
    return any(isinstance(module, kind) and type(module).forward is kind.forward for kind in _KINDS)


def refusal(module: nn.Module) -> str:
    """Say why a module is no layer here, and what would do."""
    for kinds, advice in _INSTEAD.items():
        if isinstance(module, kinds):
            return advice
    return KNOWN


def _dense(draft: Draft, path: str, place: str, module: Any, stream: Stream) -> Stream:
    return dense(draft, place, stream, module.weight, module.bias, path)


def _window(module: Any, output_padding: Any = 0) -> Window:
    if module.padding_mode != "zeros":
        raise ValueError(f'it pads with {module.padding_mode}; what would do is padding_mode="zeros"')
    return Window(
        lambda: module.weight,
        None if module.bias is None else lambda: module.bias,
        module.in_channels,
        module.out_channels,
        pair(module.kernel_size),
        module.stride,
        module.padding,
        module.dilation,
        module.groups,
        output_padding,
    )


def _convolution(draft: Draft, path: str, place: str, module: Any, stream: Stream) -> Stream:
    return convolved(draft, stream, path, place, _window(module))


def _transposed(draft: Draft, path: str, place: str, module: Any, stream: Stream) -> Stream:
    return convolved_back(draft, stream, path, place, _window(module, module.output_padding))


def _norm(draft: Draft, path: str, place: str, module: Any, stream: Stream) -> Stream:
    rank = 1 if isinstance(module, nn.BatchNorm1d) else 3
    if len(stream.shape) != rank or stream.shape[0] != module.num_features:
        wanted = f"{module.num_features:,} {'numbers' if rank == 1 else 'channels'}"
        raise ValueError(f"it wants {wanted} and gets {called(stream.shape)}")
    if module.running_mean is None:
        raise ValueError("it keeps no running mean and variance; what would do is track_running_stats=True")
    name = draft.name(path, place)
    ones: Getter = lambda: torch.ones(module.num_features)  # noqa: E731
    zeros: Getter = lambda: torch.zeros(module.num_features)  # noqa: E731
    draft.keep(
        name,
        {
            "weight": (lambda: module.weight) if module.affine else ones,
            "bias": (lambda: module.bias) if module.affine else zeros,
            "running_mean": lambda: module.running_mean,
            "running_var": lambda: module.running_var,
        },
    )
    return stream.then(BatchNorm(name, epsilon=float(module.eps)))


def _prelu(draft: Draft, path: str, place: str, module: Any, stream: Stream) -> Stream:
    if module.num_parameters != 1:
        raise ValueError(
            "it has a slope for each channel; what would do is nn.PReLU() with one, or nn.LeakyReLU"
        )
    return stream.bent(Activation("leaky_relu", slope=float(module.weight.detach())))


def _by_function(name: str, *attributes: str) -> Taker:
    """Return what takes a module as the function of its name, called with some of its attributes."""

    def take(draft: Draft, path: str, place: str, module: Any, stream: Stream) -> Stream:
        handler = function_named(name)
        assert handler is not None
        result: Stream = handler(draft, place, stream, **{each: getattr(module, each) for each in attributes})
        return result

    return take


def _unflattened(draft: Draft, path: str, place: str, module: Any, stream: Stream) -> Stream:
    return unflattened(draft, place, stream, module.dim, module.unflattened_size)


def _check_weights(module: nn.Module) -> None:
    """Refuse weights that are not there."""
    for weight in module.parameters(recurse=False):
        if isinstance(weight, nn.parameter.UninitializedParameter) or weight.is_meta:
            raise ValueError("it has no weights yet; what would do is to run it once, or to load them")
        if not weight.is_floating_point():
            raise ValueError(f"its weights are {weight.dtype}; what would do is .float()")


_KINDS: Final[Mapping[type[nn.Module], Taker]] = {
    nn.Linear: _dense,
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _transposed,
    nn.BatchNorm1d: _norm,
    nn.BatchNorm2d: _norm,
    nn.ReLU: _by_function("relu"),
    nn.LeakyReLU: _by_function("leaky_relu", "negative_slope"),
    nn.PReLU: _prelu,
    nn.Tanh: _by_function("tanh"),
    nn.Sigmoid: _by_function("sigmoid"),
    nn.SiLU: _by_function("silu"),
    nn.GELU: _by_function("gelu", "approximate"),
    nn.ELU: _by_function("elu", "alpha"),
    nn.SELU: _by_function("selu"),
    nn.Flatten: _by_function("flatten", "start_dim", "end_dim"),
    nn.Unflatten: _unflattened,
    nn.Upsample: _by_function("interpolate", "size", "scale_factor", "mode"),
    nn.AvgPool2d: _by_function(
        "avg_pool2d", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"
    ),
    nn.MaxPool2d: _by_function(
        "max_pool2d", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"
    ),
    nn.AdaptiveAvgPool2d: _by_function("adaptive_avg_pool2d", "output_size"),
    nn.AdaptiveMaxPool2d: _by_function("adaptive_max_pool2d", "output_size", "return_indices"),
    nn.Identity: _by_function("contiguous"),
    **dict.fromkeys((nn.Dropout, nn.Dropout2d, nn.AlphaDropout), _by_function("dropout")),
}

_INSTEAD: Final[Mapping[tuple[type[nn.Module], ...], str]] = {
    (nn.RNNBase, nn.RNNCellBase): "it goes through its input step by step; what would do is dense layers or "
    "convolutions, which see an image at once",
    (
        nn.MultiheadAttention,
        nn.Transformer,
        nn.TransformerEncoder,
        nn.TransformerEncoderLayer,
    ): "attention is no layer here; what would do is convolutions or dense layers, with residuals",
    (
        nn.LayerNorm,
        nn.GroupNorm,
        nn.InstanceNorm2d,
        nn.LocalResponseNorm,
    ): "it divides by what it finds in each image; what would do is nn.BatchNorm2d or nn.BatchNorm1d",
    (
        nn.Conv1d,
        nn.Conv3d,
        nn.ConvTranspose1d,
        nn.ConvTranspose3d,
    ): "images have rows and columns here; what would do is nn.Conv2d or nn.ConvTranspose2d",
    (
        nn.modules.padding._ReflectionPadNd,
        nn.modules.padding._ReplicationPadNd,
        nn.ZeroPad2d,
    ): "padding by itself is no layer here; what would do is padding= of the convolution behind it",
    (nn.Embedding,): "it looks words up; what would do is nn.Linear on their one-hot vectors",
    (nn.PixelShuffle,): "it is no layer here; what would do is nn.Upsample(scale_factor=2) and a convolution",
    (nn.DataParallel,): "it runs another module; what would do is that one, its .module",
}
