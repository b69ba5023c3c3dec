"""Nets given as lists of layers run in the browser as in torch, by each build of the kernels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional as F

from tests.browser.layer_lists import (
    Layers,
    RandomNet,
    Weights,
    architecture_lists,
    run_in_torch,
    with_heads,
)
from tests.browser.serving import JS, ROOT, StaticSite
from tests.browser.small_models import lively_model
from vae_core.bundles.bundle import load_bundle
from vae_core.config.configs import ARCHITECTURES, ModelConfig
from vae_core.models.layers.kinds import KINDS
from vae_core.models.vae import VAE, build_model

BUILDS = ("fused", "simd", "plain")
SHIPPED = [
    ROOT / "assets" / "bundles" / f"{name}.safetensors" for name in ("digits-2", "mnist-16", "shapes-10")
]
"""One of each size: those of one size differ in their weights alone."""
LARGEST_DIFFERENCE = 1e-4

RUN = f"""async ([url, build, nets]) => {{
    const {{ Safetensors }} = await import("{JS}/data/safetensors.js");
    const {{ kernels }} = await import("{JS}/decode/kernels/kernels.js");
    const {{ Net }} = await import("{JS}/decode/net.js");
    await kernels(build);
    const file = new Safetensors(await (await fetch(url)).arrayBuffer());
    const weights = new Map(file.names().map((name) => [name, file.floats(name)]));
    const apart = (a, b) => a.length === b.length
        ? a.reduce((worst, x, i) => (Math.abs(x - b[i]) <= worst ? worst : Math.abs(x - b[i])), 0) : NaN;
    return nets.map(({{ name, layers, inputShape, sizes }}) => {{
        const own = new Map([...weights].filter(([key]) => key.startsWith(name + "/"))
            .map(([key, value]) => [key.slice(name.length + 1), value]));
        const net = new Net(layers, own, inputShape);
        const [x, y, labels] = ["x", "y", "labels"].map((key) => own.get(key));
        const [inputs, outputs] = [inputShape, net.outputShape].map((s) => s.reduce((a, b) => a * b));
        const alone = new Float32Array(y.length);
        for (let n = 0; n * outputs < y.length; n++) {{
            alone.set(net.run(x.subarray(n * inputs, (n + 1) * inputs), 1, labels[n]), n * outputs);
        }}
        const together = sizes.map((size) => {{
            const part = net.run(x.subarray(0, size * inputs), size, labels);
            return apart(part, y.subarray(0, size * outputs));
        }});
        return {{ alone: apart(alone, y), together, multiplyAdds: net.multiplyAdds, shape: net.outputShape }};
    }});
}}"""


class Cases:
    """Nets with their inputs and torch's answers, to be run in one go."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.nets: list[dict[str, Any]] = []

    def add(
        self,
        name: str,
        layers: Layers,
        weights: Weights,
        x: Tensor,
        y: Tensor,
        *,
        labels: Tensor | None = None,
        sizes: tuple[int, ...] = (1, 3, 8),
    ) -> None:
        """Add a net, its input and torch's answer; `sizes` are batches to run beside all and each alone."""
        labels = torch.zeros(len(x)) if labels is None else labels.float()
        tensors = weights | {"x": x, "y": y, "labels": labels}
        self.tensors |= {f"{name}/{key}": value.detach().clone() for key, value in tensors.items()}
        sizes = (*[size for size in sizes if size <= len(x)], len(x))
        net = {"name": name, "layers": layers, "inputShape": list(x.shape[1:]), "sizes": sizes}
        self.nets.append(net)

    def run(self, page: Page, site: StaticSite, build: str) -> None:
        """Run all of them: each image alone, then so many together."""
        url = site.put("/nets.safetensors", save(self.tensors))
        found = page.evaluate(RUN, [url, build, self.nets])
        assert len(found) == len(self.nets) > 0
        for net, got in zip(self.nets, found, strict=True):
            y = self.tensors[f"{net['name']}/y"]
            assert got["shape"] == list(y.shape[1:]), net
            allowed = LARGEST_DIFFERENCE * max(1.0, float(y.abs().max()))
            for difference in (got["alone"], *got["together"]):
                assert difference is not None, net
                assert difference < allowed, (difference, net)


def with_names(model: VAE) -> Weights:
    return with_heads({name: value.detach() for name, value in model.state_dict().items() if value.ndim})


def add_model(cases: Cases, name: str, model: VAE, x: Tensor, z: Tensor, labels: Tensor | None) -> None:
    """Add both nets of a model."""
    encoder, decoder = architecture_lists(model.config)
    weights = with_names(model)
    own = [{k: v for k, v in weights.items() if k.startswith(part)} for part in ("encoder", "decoder")]
    with torch.no_grad():
        posterior = model.encode(x, labels)
        heads = [posterior.mean] + ([] if posterior.logvar is None else [posterior.logvar])
        pictures = model.decode_images(z, labels) if model.config.likelihood == "bernoulli" else None
        decoded = model.decode(z, labels) if pictures is None else pictures
    cases.add(f"{name}-encoder", encoder, own[0], x, torch.cat(heads, dim=1), labels=labels)
    cases.add(f"{name}-decoder", decoder, own[1], z, decoded, labels=labels)


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_models_are_torch_s_in_batches_of_any_size(
    path: Path, build: str, site: StaticSite, module_page: Page
) -> None:
    bundle = load_bundle(path)
    cases = Cases()
    z = torch.randn(144, bundle.model_config.latent_dim, generator=torch.Generator().manual_seed(0))
    x = bundle.probe.images[:144].float() / 255
    add_model(cases, path.stem, bundle.model, x, z, None)

    cases.run(module_page, site, build)


@pytest.mark.parametrize("build", BUILDS)
def test_each_architecture_is_torch_s_with_labels_odd_sizes_and_colours(
    build: str, site: StaticSite, module_page: Page
) -> None:
    cases = Cases()
    generator = torch.Generator().manual_seed(4)
    for architecture in ARCHITECTURES:
        for shape, options in [
            ((1, 28, 28), {}),
            ((3, 30, 27), {"n_classes": 7, "likelihood": "gaussian"}),
            ((1, 8, 9), {"family": "autoencoder"}),
        ]:
            config = ModelConfig(shape, 5, architecture, **options)
            x = torch.rand(9, *shape, generator=generator)
            z = torch.randn(9, 5, generator=generator)
            labels = torch.arange(9) % config.n_classes if config.n_classes else None
            name = f"{architecture}-{config.family}-{shape[1]}"
            add_model(cases, name, lively_model(config), x, z, labels)

    cases.run(module_page, site, build)


@pytest.mark.parametrize("build", BUILDS)
def test_a_hundred_random_lists_are_torch_s(build: str, site: StaticSite, module_page: Page) -> None:
    cases = Cases()
    met: set[str] = set()
    for seed in range(100):
        net = RandomNet(seed)
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(25, *net.input_shape, generator=generator)
        labels = torch.randint(0, net.classes or 1, (25,), generator=generator)
        with torch.no_grad():
            y = run_in_torch(net.layers, net.weights, x, labels)
        assert y.std() > 1e-3
        cases.add(f"net{seed}", net.layers, net.weights, x, y, labels=labels)
        met |= {layer["kind"] for layer in net.layers}

    assert met == set(KINDS)
    cases.run(module_page, site, build)


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize(
    ("layer", "relative"),
    [
        ({"function": "tanh"}, True),
        ({"function": "sigmoid"}, True),
        ({"function": "silu"}, True),
        ({"function": "elu", "alpha": 1.3}, True),
        ({"function": "leaky_relu", "slope": 0.3}, True),
        ({"function": "gelu"}, False),
        ({"function": "gelu_tanh"}, False),
    ],
    ids=lambda value: value["function"] if isinstance(value, dict) else "",
)
def test_activations_are_right_to_the_last_digits(
    layer: dict[str, Any], relative: bool, build: str, call: Callable
) -> None:
    """A GELU's tail is a difference of nearly equal numbers in torch too: there only the size counts."""
    x = torch.cat([torch.linspace(-30, 30, 4001), torch.logspace(-8, 0, 200), -torch.logspace(-8, 0, 201)])
    found = call(
        "decode/net.js",
        f"""(await (await import("{JS}/decode/kernels/kernels.js")).kernels(a[2]),
            Array.from(new m.Net([a[0]], new Map(), [a[1].length]).run(Float32Array.from(a[1]))))""",
        [{"kind": "activation", **layer}, x.tolist(), build],
    )
    wide = x.double()
    expected = {
        "tanh": torch.tanh(wide),
        "sigmoid": torch.sigmoid(wide),
        "silu": F.silu(wide),
        "elu": F.elu(wide, 1.3),
        "leaky_relu": F.leaky_relu(wide, 0.3),
        "gelu": F.gelu(wide),
        "gelu_tanh": F.gelu(wide, approximate="tanh"),
    }[layer["function"]]
    error = (torch.tensor(found, dtype=torch.float64) - expected).abs()
    error /= expected.abs().clamp(min=1e-30) if relative else wide.abs().clamp(min=1)

    assert error.max() < 1e-6


def test_new_weights_take_the_place_of_the_old_and_of_nothing_else(
    site: StaticSite, module_page: Page
) -> None:
    config = ModelConfig((1, 12, 10), 3, "article")
    old, new = (build_model(config, seed=seed).eval() for seed in (1, 2))
    z = torch.randn(5, 3, generator=torch.Generator().manual_seed(3))
    tensors = {
        f"{name}/{key}": v for name, m in [("old", old), ("new", new)] for key, v in with_names(m).items()
    }
    with torch.no_grad():
        tensors |= {"z": z, "y": new.decode_images(z)}
    url = site.put("/load.safetensors", save(tensors))
    found = module_page.evaluate(
        f"""async ([url, layers]) => {{
            const {{ Safetensors }} = await import("{JS}/data/safetensors.js");
            const {{ kernels }} = await import("{JS}/decode/kernels/kernels.js");
            const {{ Net }} = await import("{JS}/decode/net.js");
            await kernels();
            const file = new Safetensors(await (await fetch(url)).arrayBuffer());
            const weights = (which) => new Map(file.names().filter((name) => name.startsWith(which))
                .map((name) => [name.slice(4), file.floats(name)]));
            const net = new Net(layers, weights("old"), [3]);
            const memory = net.numbers;
            net.load(weights("new"));
            const [z, y] = [file.floats("z"), file.floats("y")];
            const after = net.run(z, 5);
            const broken = weights("old");
            broken.set("decoder.norm2.bias", new Float32Array(3));
            let reason = "";
            try {{ net.load(broken); }} catch (error) {{ reason = error.message; }}
            const again = net.run(z, 5);
            return {{
                worst: Math.max(...after.map((x, i) => Math.abs(x - y[i]))),
                kept: again.every((x, i) => x === after[i]),
                reason,
                sameMemory: net.numbers === memory,
            }};
        }}""",
        [url, architecture_lists(config)[1]],
    )
    assert found["worst"] < LARGEST_DIFFERENCE
    assert found["sameMemory"]
    assert "decoder.norm2.bias” have 3 numbers instead of" in found["reason"]
    assert found["kept"]


def refusal(
    call: Callable, layers: Any, shape: Any = (4,), weights: dict[str, list[float]] | None = None
) -> str:
    """What is said of a net, while no memory is to be had."""
    return call(
        "decode/net.js",
        f"""(async () => {{
            await (await import("{JS}/decode/kernels/kernels.js")).kernels();
            const weights = new Map(Object.entries(a[2]).map(([k, v]) => [k, Float32Array.from(v)]));
            const {{ Memory }} = WebAssembly;
            WebAssembly.Memory = class {{ constructor() {{ throw new Error("memory was asked for"); }} }};
            try {{ new m.Net(JSON.parse(a[0]), weights, a[1]); return ""; }}
            catch (error) {{ return `${{error.constructor.name}}: ${{error.message}}`; }}
            finally {{ WebAssembly.Memory = Memory; }}
        }})()""",
        [json.dumps(layers), shape, weights or {}],
    )


def nested(depth: int) -> dict[str, Any]:
    layer: dict[str, Any] = {"kind": "flatten"}
    for _ in range(depth):
        layer = {"kind": "residual", "layers": [layer]}
    return layer


DENSE = {"kind": "dense", "name": "d", "outputs": 3}
CONVOLUTION = {"kind": "convolution", "name": "c", "channels": 8, "kernel": 3}
TRANSPOSED = CONVOLUTION | {"kind": "transposed_convolution"}
IMAGE = (3, 9, 9)


@pytest.mark.parametrize(
    ("layers", "shape", "words"),
    [
        (None, (4,), "must be a list"),
        ({}, (4,), "must be a list"),
        ([], (4,), "must be a list"),
        ([None], (4,), "Layer 1: its kind"),
        (["dense"], (4,), "Layer 1: its kind"),
        ([{"kind": "lstm"}], (4,), "“lstm”, is not known here; known are dense, "),
        ([{"kind": "constructor"}], (4,), "is not known here"),
        ([{"kind": "dense", "outputs": 3}], (4,), "Layer 1 (dense): it wants a name"),
        ([{"kind": "heads", "outputs": 3}], (4,), "Layer 1 (heads): its names must be a list of names"),
        ([{"kind": "heads", "outputs": 3, "names": ["d", 3]}], (4,), "Layer 1 (heads): it wants a name"),
        ([DENSE | {"outputs": 0}], (4,), "Layer 1 (d): its outputs must be a whole number from 1 on"),
        ([DENSE | {"outputs": 2.5}], (4,), "its outputs must be a whole number"),
        ([DENSE | {"outputs": "3"}], (4,), "its outputs must be a whole number"),
        ([DENSE | {"bias": 1}], (4,), "its bias must be true or false"),
        (
            [{"kind": "flatten"}, DENSE, CONVOLUTION],
            (4,),
            "Layer 3 (c): it wants an image and gets 3 numbers",
        ),
        ([DENSE], IMAGE, "wants plain numbers and gets an image of 3x9x9; flatten it before"),
        ([CONVOLUTION | {"kernel": 10}], IMAGE, "its kernel is larger than its input"),
        ([CONVOLUTION | {"kernel": [3, 3, 3]}], IMAGE, "its kernel must be one or two whole numbers"),
        ([CONVOLUTION | {"stride": 0}], IMAGE, "its stride must be a whole number from 1 on"),
        ([CONVOLUTION | {"padding": -1}], IMAGE, "its padding must be a whole number from 0 on"),
        (
            [CONVOLUTION | {"padding": 5000}],
            IMAGE,
            "with its padding its input has more than 4 million numbers",
        ),
        ([TRANSPOSED | {"output_padding": 1}], IMAGE, "its output_padding must be smaller than its stride"),
        ([TRANSPOSED | {"padding": 9}], IMAGE, "leaves nothing of the image"),
        ([TRANSPOSED | {"kernel": [1, 100_000]}], IMAGE, "Layer 1 (c): "),
        ([{"kind": "reshape", "shape": [2, 2, 2]}], (4,), "it makes an image of 2x2x2 of 4 numbers"),
        ([{"kind": "reshape", "shape": [2, 2]}], (4,), "its shape must be one whole number, or three"),
        ([{"kind": "crop", "height": 10, "width": 3}], IMAGE, "keeps 10x3 pixels of an image of only 9x9"),
        (
            [{"kind": "max_pool", "kernel": 2, "padding": 2}],
            IMAGE,
            "its padding must be at most half its kernel",
        ),
        ([{"kind": "activation", "function": "mish"}], (4,), "“mish”, is not known here; known are relu"),
        ([{"kind": "activation", "function": "elu", "alpha": "1"}], (4,), "its alpha must be a number"),
        ([{"kind": "batch_norm", "name": "n", "epsilon": -1}], (4,), "its epsilon must not be negative"),
        ([{"kind": "residual", "layers": [DENSE]}], (4,), "its layers make 3 numbers of 4 numbers"),
        ([{"kind": "residual", "layers": []}], (4,), "Layer 1 (residual): its layers must be a list"),
        (
            [{"kind": "residual", "layers": [CONVOLUTION]}],
            (4,),
            "Layer 1 (residual), layer 1 (c): it wants an image",
        ),
        ([DENSE], (), "input must be one whole number, or three"),
        ([DENSE], (2, 3), "input must be one whole number, or three"),
        ([DENSE], (0,), "input must be one whole number, or three"),
        ([{"kind": "flatten"}] * 65, (4,), "more than 64 layers"),
        ([nested(300)], (4,), "more than 64 layers"),
        (
            [DENSE | {"outputs": 2_000_000}],
            (11,),
            "Layer 1 (d): with it the net has more than 20 million weights",
        ),
        (
            [{"kind": "heads", "names": ["d", "e"], "outputs": 1_000_000}],
            (11,),
            "Layer 1 (heads): with it the net has more than 20 million weights",
        ),
        ([DENSE], (5_000_000,), "input has more than 4 million numbers"),
        ([{"kind": "upsample", "factor": 400}], IMAGE, "more than 4 million numbers"),
        ([CONVOLUTION | {"channels": 300, "padding": 1}], (3, 200, 200), "more than 4 million numbers"),
        (
            [CONVOLUTION | {"channels": 64, "kernel": 5}],
            (50, 100, 100),
            "more than 200 million multiplications",
        ),
        ([{"kind": "max_pool", "kernel": 500, "stride": 1}], (1, 1500, 1500), "more than 200 million"),
        ([DENSE], (4,), "weights “d.weight” are missing"),
    ],
)
def test_what_is_no_net_or_too_large_is_refused_before_memory_is_asked_for(
    layers: Any, shape: Any, words: str, call: Callable
) -> None:
    said = refusal(call, layers, shape)
    assert said.startswith("FormatError: ")
    assert words in said


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"d.weight": [1.0] * 11, "d.bias": [1.0] * 3}, "“d.weight” have 11 numbers instead of 12"),
        ({"d.weight": [1.0] * 12}, "“d.bias” are missing"),
    ],
)
def test_weights_of_another_net_are_refused_with_a_reason(
    weights: dict[str, list[float]], words: str, call: Callable
) -> None:
    assert words in refusal(call, [DENSE], (4,), weights)


def test_weights_that_were_no_numbers_leave_nothing_behind(call: Callable) -> None:
    """A run that diverges sends such weights, and may be started again."""
    first, second = call(
        "decode/net.js",
        f"""await (async () => {{
            await (await import("{JS}/decode/kernels/kernels.js")).kernels();
            const weights = (value) => new Map([["c.weight", new Float32Array(27).fill(value)],
                ["c.bias", new Float32Array(3)]]);
            const layers = [{{ kind: "convolution", name: "c", channels: 3, kernel: [3, 1] }},
                {{ kind: "convolution", name: "c", channels: 3, kernel: [3, 1] }}];
            const net = new m.Net(layers, weights(NaN), [3, 5, 1]);
            const first = net.run(new Float32Array(60).fill(1), 4);
            net.load(weights(1));
            return [Array.from(first, String), Array.from(net.run(new Float32Array(15).fill(1)))];
        }})()""",
    )
    assert first == ["NaN"] * 12
    assert second == [81.0] * 3


def test_a_net_that_is_dropped_gives_its_memory_back(module_page: Page, site: StaticSite) -> None:
    module_page.evaluate(
        f"""async () => {{
            await (await import("{JS}/decode/kernels/kernels.js")).kernels();
            const {{ Net }} = await import("{JS}/decode/net.js");
            const layers = [{{ kind: "activation", function: "relu" }}];
            window.kept = new Net(layers, new Map(), [1000]);
            window.memories = Array.from({{ length: 20 }}, () => {{
                const net = new Net(layers, new Map(), [1000]);
                net.run(new Float32Array(1000));
                return new WeakRef(net.numbers.buffer);
            }});
            window.memories.push(new WeakRef(window.kept.numbers.buffer));
        }}"""
    )
    session = module_page.context.new_cdp_session(module_page)
    session.send("HeapProfiler.collectGarbage")
    held = module_page.evaluate("() => window.memories.map((memory) => memory.deref() !== undefined)")
    assert held == [False] * 20 + [True]


def test_a_net_runs_in_a_worker(site: StaticSite, module_page: Page) -> None:
    layers = [DENSE, {"kind": "activation", "function": "tanh"}]
    weight = torch.arange(12.0) / 10 - 0.5
    worker = f"""
        import {{ kernels }} from "{site.url}{JS}/decode/kernels/kernels.js";
        import {{ Net }} from "{site.url}{JS}/decode/net.js";
        await kernels();
        const weights = new Map([["d.weight", new Float32Array({weight.tolist()})],
            ["d.bias", new Float32Array([0, 1, 2])]]);
        postMessage(Array.from(new Net({layers}, weights, [4]).run(new Float32Array([1, 2, 3, 4]))));
    """
    url = site.put("/worker.js", worker.replace("'", '"'), "text/javascript")
    found = module_page.evaluate(
        """(url) => new Promise((resolve, reject) => {
            const worker = new Worker(url, { type: "module" });
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = (event) => reject(new Error(event.message));
        })""",
        url,
    )
    expected = torch.tanh(weight.view(3, 4) @ torch.tensor([1.0, 2, 3, 4]) + torch.arange(3.0))
    assert np.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("runs", "file"),
    [
        ("() => true", "kernels-fused.wasm"),
        ("(bytes) => bytes.length < 40", "kernels.wasm"),
        ("() => false", "kernels-plain.wasm"),
    ],
)
def test_the_fastest_build_that_the_browser_runs_is_fetched(
    runs: str, file: str, site: StaticSite, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.goto(site.url)
    answer = page.evaluate(
        f"""async () => {{
            WebAssembly.validate = {runs};
            delete WebAssembly.compileStreaming;
            delete WebAssembly.instantiateStreaming;
            const {{ kernels }} = await import("{JS}/decode/kernels/kernels.js");
            const {{ Net }} = await import("{JS}/decode/net.js");
            await Promise.all([kernels(), kernels()]);
            const net = new Net([{{ kind: "activation", function: "relu" }}], new Map(), [3]);
            return Array.from(net.run(new Float32Array([-1, 0, 2])));
        }}"""
    )
    assert answer == [0, 0, 2]
    assert [name for name in asked if name.endswith(".wasm")] == [file]


def test_this_browser_runs_the_fastest_build(call: Callable) -> None:
    assert call("decode/kernels/kernels.js", "m.fastestBuild()") == "fused"
