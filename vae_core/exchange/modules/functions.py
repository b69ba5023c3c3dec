"""What the code of a module calls on the way: PyTorch's functions and the methods of its tensors, as layers.

They are known by their names: `F.relu`, `torch.relu`, `x.relu()` and `x.relu_()` are one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from torch import Tensor

from vae_core.exchange.modules.activations import bent, elu, gelu, leaky, selu
from vae_core.exchange.modules.arithmetic import divided, minus, negative, plus, times
from vae_core.exchange.modules.draft import Draft
from vae_core.exchange.modules.pools import (
    average_pool,
    average_pool_to,
    max_pool,
    max_pool_to,
    mean,
    repeated,
)
from vae_core.exchange.modules.shapes import (
    attribute,
    chunked,
    flattened,
    item,
    joined,
    size,
    split,
    squeezed,
    unflattened,
    unsqueezed,
    viewed,
)
from vae_core.exchange.modules.streams import Stream, called
from vae_core.exchange.modules.windows import Window, convolved, convolved_back, pair
from vae_core.models.layers.kinds import Dense

Handler = Callable[..., Any]


def function_named(name: str) -> Handler | None:
    """Return what stands for a function or method: it takes a draft and a place before its arguments."""
    return _FUNCTIONS.get(name.removesuffix("_") if not name.startswith("_") else name)


def dropped(draft: Draft, place: str, stream: Stream, *_: Any, **__: Any) -> Stream:
    """Leave dropout out: what is explored is the trained model."""
    draft.notes["dropout left out"] = None
    return stream


def passed(draft: Draft, place: str, stream: Any, *_: Any, **__: Any) -> Any:
    """Do nothing."""
    return stream


def dense(
    draft: Draft, place: str, stream: Stream, weight: Tensor, bias: Tensor | None = None, path: str = "dense"
) -> Stream:
    """Go on through a dense layer.

    Raises:
        ValueError: it wants another number of inputs.
    """
    outputs, inputs = weight.shape
    if stream.step.layer is None and len(stream.shape) == 3 and math.prod(stream.shape) == inputs:
        draft.entry = (inputs,)  # the modules take images that are flattened already
        stream = stream.seen_as(draft.entry)
    if stream.shape != (inputs,):
        raise ValueError(
            f"it wants {inputs:,} numbers and gets {called(stream.shape)}"
            + ("" if len(stream.shape) == 1 else ": flatten them before")
        )
    name = draft.name(path, place)
    draft.keep(name, {"weight": lambda: weight, "bias": None if bias is None else lambda: bias})
    return stream.then(Dense(name, outputs, bias is not None))


def multiplied(draft: Draft, place: str, stream: Any, matrix: Any) -> Stream:
    """Go on through `x @ matrix`."""
    if not isinstance(stream, Stream) or not isinstance(matrix, Tensor) or matrix.ndim != 2:
        raise ValueError("it multiplies what passes through it with itself; what would do is a dense layer")
    return dense(draft, place, stream, matrix.t())


def convolution(
    draft: Draft,
    place: str,
    stream: Stream,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Stream:
    """Go on through `F.conv2d`."""
    channels, inputs, *kernel = weight.shape
    window = Window(
        lambda: weight,
        None if bias is None else lambda: bias,
        inputs * groups,
        channels,
        pair(kernel),
        stride,
        padding,
        dilation,
        groups,
    )
    return convolved(draft, stream, "convolution", place, window)


def transposed_convolution(
    draft: Draft,
    place: str,
    stream: Stream,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Stream:
    """Go on through `F.conv_transpose2d`."""
    inputs, channels, *kernel = weight.shape
    window = Window(
        lambda: weight,
        None if bias is None else lambda: bias,
        inputs,
        channels * groups,
        pair(kernel),
        stride,
        padding,
        dilation,
        groups,
        output_padding,
    )
    return convolved_back(draft, stream, "transposed_convolution", place, window)


def random(draft: Draft, place: str, *_: Any, **__: Any) -> Any:
    """Refuse to draw."""
    raise ValueError(
        "it draws random numbers; what would do is the encoder up to its means and log variances, "
        "and the decoder from a code on"
    )


def exponential(draft: Draft, place: str, *_: Any, **__: Any) -> Any:
    """Refuse standard deviations."""
    raise ValueError(
        "it is no layer here; what would do is an encoder that ends with means and log variances, "
        "without drawing a code"
    )


_FUNCTIONS: Final[Mapping[str, Handler]] = {
    **{name: bent(name) for name in ("relu", "tanh", "sigmoid", "silu")},
    "leaky_relu": leaky,
    "elu": elu,
    "selu": selu,
    "gelu": gelu,
    **dict.fromkeys(
        ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"), dropped
    ),
    **dict.fromkeys(("contiguous", "clone", "float", "to", "detach", "type_as", "cpu", "cuda"), passed),
    "linear": dense,
    "matmul": multiplied,
    "mm": multiplied,
    "conv2d": convolution,
    "conv_transpose2d": transposed_convolution,
    "avg_pool2d": average_pool,
    "max_pool2d": max_pool,
    "adaptive_avg_pool2d": average_pool_to,
    "adaptive_max_pool2d": max_pool_to,
    "mean": mean,
    "interpolate": repeated,
    "upsample": repeated,
    "flatten": flattened,
    "unflatten": unflattened,
    **dict.fromkeys(("view", "reshape"), viewed),
    "squeeze": squeezed,
    "unsqueeze": unsqueezed,
    "size": size,
    "getattr": attribute,
    "getitem": item,
    "chunk": chunked,
    "split": split,
    **dict.fromkeys(("cat", "concat", "concatenate"), joined),
    **dict.fromkeys(("add", "iadd"), plus),
    **dict.fromkeys(("sub", "isub"), minus),
    **dict.fromkeys(("mul", "imul"), times),
    **dict.fromkeys(("truediv", "itruediv", "div"), divided),
    "neg": negative,
    **dict.fromkeys(("randn", "randn_like", "rand", "rand_like", "normal", "bernoulli"), random),
    "exp": exponential,
}
