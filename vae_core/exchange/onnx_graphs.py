"""A bundle's nets as graphs of ONNX, for whatever else runs nets: two models, an encoder and a decoder.

The encoder takes "image", float32 in [0, 1], (N, C, H, W), and gives "mean" and "logvar", (N, D), or, where a
code is a point, "code"; of variables with K categories "code", the number of each one's likeliest category,
and "log_probabilities", (N, D, K). The decoder takes "z", (N, D), and gives "image", in [0, 1], and the
parameters of p(x|z) behind it: "logits" of a Bernoulli, "location" of a Gaussian. Both also take "label",
int64, (N,), where the nets are told classes. N is free. Computing is float32.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from vae_core.config.version import VERSION
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
from vae_core.models.layers.lists import Layers, classes_of, placed
from vae_core.models.layers.windows import AveragePool, Convolution, MaxPool, TransposedConvolution

if TYPE_CHECKING:
    import onnx

    from vae_core.bundles.bundle import Bundle

OPSET: Final = 20
"""The first that has GELU."""

IR_VERSION: Final = 9
"""The oldest form of file that may hold it."""

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")

Array = npt.NDArray[Any]


def onnx_models(bundle: Bundle) -> dict[str, onnx.ModelProto]:
    """Return a bundle's nets as models of ONNX: "encoder", where there is one, and "decoder".

    Raises:
        ValueError: the package `onnx` is not installed; how to install it.
    """
    _check_installed()
    config = bundle.model_config
    encoder, decoder = config.layers()
    weights = {name: weight.detach().cpu().numpy() for name, weight in bundle.model.state_dict().items()}
    dims, shape = config.latent_dim, config.image_shape
    models = {}
    if encoder:
        graph = _Graph(weights, encoder, shape, "encoder", "image")
        if config.latent_kind == "gaussian":
            graph.add("Split", [graph.end], ["mean", "logvar"], axis=1, num_outputs=2)
            outputs: dict[str, Shape] = {"mean": (dims,), "logvar": (dims,)}
        elif config.categories:
            outputs = graph.add_choices(dims, config.categories)
        else:
            graph.add("Identity", [graph.end], ["code"])
            outputs = {"code": (dims,)}
        models["encoder"] = _model(graph, bundle, outputs)
    graph = _Graph(weights, decoder, (dims,), "decoder", "z", categories=config.categories)
    is_bernoulli = config.likelihood == "bernoulli"
    parameters = "logits" if is_bernoulli else "location"
    graph.add("Identity", [graph.end], [parameters])
    if is_bernoulli:
        graph.add("Sigmoid", [parameters], ["image"])
    else:
        graph.add("Clip", [parameters, *graph.constants(np.float32(0), np.float32(1))], ["image"])
    models["decoder"] = _model(graph, bundle, {"image": shape, parameters: shape})
    return models


def _check_installed() -> None:
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise ValueError(
            "the package onnx is not installed, and nothing else of the app needs it; install it with "
            f"pip install -r {REQUIREMENTS}"
        ) from None


class _Graph:
    """Write a list of layers as nodes of ONNX, one after the other.

    Args:
        weights: by the layers' names.
        layers: the list.
        given: the shape of the input, without the batch.
        part: "encoder" or "decoder".
        start: the input's name.
        categories: of each number of the input, which the layers take one-hot; 0: they take it as it is.

    Attributes:
        end: the name of what the last layer makes.
    """

    def __init__(
        self,
        weights: Mapping[str, Array],
        layers: Layers,
        given: Shape,
        part: str,
        start: str,
        *,
        categories: int = 0,
    ) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []
        self.part = part
        self.inputs = {start: given}
        taken = (given[0] * categories,) if categories else given
        self.classes = max(classes_of(placed(layers, taken, part)), default=0)
        self._weights = weights
        self._count = 0
        first = self._chosen(start, taken, categories) if categories else start
        self.end = self._through(layers, taken, first)

    def add(self, kind: str, given: Sequence[str], outputs: Sequence[str] = (), **attributes: Any) -> str:
        """Add a node and return the name of its first output."""
        from onnx import helper

        names = list(outputs) or [self._name(kind.lower())]
        self.nodes.append(helper.make_node(kind, list(given), names, name=names[0], **attributes))
        return names[0]

    def add_choices(self, dims: int, categories: int) -> dict[str, Shape]:
        """End in the likeliest categories, and all log probabilities; return these outputs."""
        from onnx import TensorProto

        sides = np.array([-1, dims, categories], np.int64)
        scores = self.add("Reshape", [self.end, *self.constants(sides)])
        self.add("LogSoftmax", [scores], ["log_probabilities"], axis=2)
        number = self.add("ArgMax", [scores], axis=2, keepdims=0)
        self.add("Cast", [number], ["code"], to=TensorProto.FLOAT)
        return {"code": (dims,), "log_probabilities": (dims, categories)}

    def constants(self, *values: Any) -> list[str]:
        """Add arrays and return their names."""
        return [self._keep(self._name("constant"), np.asarray(value)) for value in values]

    def _name(self, what: str) -> str:
        self._count += 1
        return f"{self.part}/{what}_{self._count}"

    def _keep(self, name: str, array: Array) -> str:
        from onnx import numpy_helper

        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _weight(self, name: str) -> str:
        return self._keep(name, self._weights[name])

    def _through(self, layers: Layers, given: Shape, x: str) -> str:
        for layer in layers:
            x = self._layer(layer, given, x)
            given = layer.output(given)
        return x

    def _layer(self, layer: Layer, given: Shape, x: str) -> str:
        match layer:
            case Dense():
                return self._dense(layer, x)
            case Heads():
                parts = [self._dense(part, x) for part in layer.parts()]
                return self.add("Concat", parts, axis=1)
            case Convolution() | TransposedConvolution():
                return self._window(layer, x)
            case BatchNorm():
                return self._norm(layer, given, x)
            case Activation():
                return self._bent(layer, x)
            case Residual():
                return self.add("Add", [x, self._through(layer.layers, given, x)])
            case Flatten() | Reshape():
                sides = np.array([-1, *layer.output(given)], np.int64)
                return self.add("Reshape", [x, *self.constants(sides)])
            case Crop():
                ends = np.array([layer.height, layer.width], np.int64)
                bounds = self.constants(np.zeros(2, np.int64), ends, np.array([2, 3], np.int64))
                return self.add("Slice", [x, *bounds])
            case Upsample():
                return self._repeated(layer, given, x)
            case AveragePool():
                return self.add("AveragePool", [x], count_include_pad=1, **_sliding(layer))
            case MaxPool():
                return self.add("MaxPool", [x], **_sliding(layer))
            case AppendLabel():
                return self.add("Concat", [x, self._one_hot(layer.classes)], axis=1)
            case _:
                raise TypeError(f"nothing here writes a {layer.kind}")

    def _chosen(self, z: str, taken: Shape, categories: int) -> str:
        """Write numbers of categories one-hot, what is none as the nearest one's."""
        from onnx import TensorProto

        half, least, most = self.constants(np.float32(0.5), np.float32(0), np.float32(categories - 1))
        nearest = self.add("Clip", [self.add("Floor", [self.add("Add", [z, half])]), least, most])
        whole = self.add("Cast", [nearest], to=TensorProto.INT64)
        depth, values, sides = self.constants(
            np.int64(categories), np.array([0, 1], np.float32), np.array([-1, *taken], np.int64)
        )
        return self.add("Reshape", [self.add("OneHot", [whole, depth, values], axis=-1), sides])

    def _dense(self, layer: Dense, x: str) -> str:
        weights = [f"{layer.name}.weight"] + ([f"{layer.name}.bias"] if layer.bias else [])
        return self.add("Gemm", [x, *map(self._weight, weights)], transB=1)

    def _window(self, layer: Convolution | TransposedConvolution, x: str) -> str:
        weights = [f"{layer.name}.weight"] + ([f"{layer.name}.bias"] if layer.bias else [])
        given = [x, *map(self._weight, weights)]
        if isinstance(layer, Convolution):
            return self.add("Conv", given, **_sliding(layer))
        return self.add("ConvTranspose", given, output_padding=list(layer.output_padding), **_sliding(layer))

    def _norm(self, layer: BatchNorm, given: Shape, x: str) -> str:
        """Multiply and add: what an evaluated batch norm comes to."""
        weight, bias, mean, variance = (
            self._weights[f"{layer.name}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / np.sqrt(variance + layer.epsilon)
        sides = (-1, *(1,) * (len(given) - 1))
        names = [
            self._keep(f"{layer.name}.{what}", values.astype(np.float32).reshape(sides))
            for what, values in (("scale", scale), ("shift", bias - mean * scale))
        ]
        return self.add("Add", [self.add("Mul", [x, names[0]]), names[1]])

    def _bent(self, layer: Activation, x: str) -> str:
        match layer.function:
            case "leaky_relu":
                return self.add("LeakyRelu", [x], alpha=float(layer.slope))
            case "elu":
                return self.add("Elu", [x], alpha=float(layer.alpha))
            case "gelu" | "gelu_tanh":
                return self.add("Gelu", [x], approximate="none" if layer.function == "gelu" else "tanh")
            case "silu":
                return self.add("Mul", [x, self.add("Sigmoid", [x])])
            case _:
                return self.add(layer.function.capitalize(), [x])

    def _repeated(self, layer: Upsample, given: Shape, x: str) -> str:
        """Repeat pixels by putting each into a square of its own and unfolding that."""
        channels, rows, columns = given
        down, right = layer.factor
        single, square, whole = self.constants(
            np.array([-1, channels, rows, 1, columns, 1], np.int64),
            np.array([1, 1, 1, down, 1, right], np.int64),
            np.array([-1, channels, rows * down, columns * right], np.int64),
        )
        apart = self.add("Reshape", [x, single])
        return self.add("Reshape", [self.add("Expand", [apart, square]), whole])

    def _one_hot(self, classes: int) -> str:
        self.inputs["label"] = ()
        depth, values = self.constants(np.int64(classes), np.array([0, 1], np.float32))
        return self.add("OneHot", ["label", depth, values], axis=1)


def _sliding(layer: Convolution | TransposedConvolution | AveragePool | MaxPool) -> dict[str, Any]:
    above, left = layer.padding
    return {
        "kernel_shape": list(layer.kernel),
        "strides": list(layer.stride),
        "pads": [above, left, above, left],
    }


def _model(graph: _Graph, bundle: Bundle, outputs: Mapping[str, Shape]) -> onnx.ModelProto:
    """Return a checked model of a graph, with what the card says."""
    import onnx
    from onnx import TensorProto, helper

    def values(shapes: Mapping[str, Shape]) -> list[onnx.ValueInfoProto]:
        return [
            helper.make_tensor_value_info(
                name, TensorProto.INT64 if name == "label" else TensorProto.FLOAT, ["N", *shape]
            )
            for name, shape in shapes.items()
        ]

    written = helper.make_graph(
        graph.nodes, graph.part, values(graph.inputs), values(outputs), initializer=graph.tensors
    )
    model = helper.make_model(
        written,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="latent-explorer",
        producer_version=VERSION,
        doc_string=__doc__,
    )
    config, images = bundle.model_config, bundle.image_set
    helper.set_model_props(
        model,
        {
            "title": str(bundle.card.get("title", "")),
            "family": config.family,
            "likelihood": config.likelihood,
            "label_names": json.dumps(list(images.get("label_names", ())), ensure_ascii=False),
            "images": str(images.get("title", "")),
            "licence": str(images.get("licence", "")),
        },
    )
    onnx.checker.check_model(model, full_check=True)
    return model
