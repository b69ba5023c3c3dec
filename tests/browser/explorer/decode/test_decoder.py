"""The decoder in the browser gives torch's pictures: every architecture, size, likelihood and family."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from playwright.sync_api import Page
from safetensors.torch import save

from tests.browser.serving import JS, StaticSite
from tests.browser.small_models import in_browser, lively_model
from vae_core.config.configs import ARCHITECTURES, ModelConfig
from vae_core.models.vae import build_model

LARGEST_DIFFERENCE = 1e-3

CASES = [
    *[ModelConfig(architecture=name, latent_dim=16) for name in ARCHITECTURES],
    *[ModelConfig((1, 8, 8), 2, name, likelihood="gaussian") for name in ARCHITECTURES],
    *[ModelConfig((3, 32, 32), 5, name) for name in ARCHITECTURES],
    *[ModelConfig((3, 30, 27), 3, name, likelihood="gaussian_learned") for name in ARCHITECTURES],
    ModelConfig((1, 28, 28), 1, "conv", family="autoencoder", width=0.125),
    ModelConfig((1, 28, 28), 4, "conv", n_classes=10, width=1.3),
    ModelConfig((1, 8, 8), 128, "mlp", width=4.0),
    ModelConfig((1, 28, 28), 3, "conv", family="concrete", n_categories=6),
]


def describe(config: ModelConfig) -> str:
    return (
        f"{config.architecture}-{'x'.join(map(str, config.image_shape))}-{config.latent_dim}d-{config.family}"
    )


@pytest.mark.parametrize("config", CASES, ids=describe)
def test_decoding_is_torch_s_on_random_latents(
    config: ModelConfig, site: StaticSite, module_page: Page
) -> None:
    model = lively_model(config)
    count = {"mlp": 1000, "conv": 1000, "article": 40}[config.architecture]
    codes = torch.randn(count, config.latent_dim, generator=torch.Generator().manual_seed(3)) * 1.5
    label = 3 if config.n_classes else 0
    labels = torch.full((count,), label) if config.n_classes else None
    with torch.no_grad():
        expected = model.decode_images(codes, labels)
    weights = {f"decoder.{name}": value for name, value in model.decoder.state_dict().items()}
    url = site.put("/decoder.safetensors", save({**weights, "codes": codes, "expected": expected}))

    worst = module_page.evaluate(
        f"""async ([url, config, label]) => {{
            const {{ Safetensors }} = await import("{JS}/data/safetensors.js");
            const {{ Decoder }} = await import("{JS}/decode/decoder.js");
            await (await import("{JS}/decode/kernels/kernels.js")).kernels();
            const file = new Safetensors(await (await fetch(url)).arrayBuffer());
            const weights = new Map(file.names().filter((n) => n.startsWith("decoder."))
                .map((n) => [n, {{ shape: file.shape(n), data: file.floats(n) }}]));
            const decoder = new Decoder(config, weights);
            const codes = file.floats("codes");
            const expected = file.floats("expected");
            const together = decoder.decode(codes, undefined, label);
            let worst = 0;
            for (let n = 0; n * decoder.dims < codes.length; n++) {{
                const z = codes.subarray(n * decoder.dims, (n + 1) * decoder.dims);
                const picture = decoder.decode(z, undefined, label);
                for (let p = 0; p < decoder.size; p++) {{
                    for (const pixel of [picture[p], together[n * decoder.size + p]]) {{
                        const difference = Math.abs(pixel - expected[n * decoder.size + p]);
                        if (!(difference <= worst)) worst = difference;
                    }}
                }}
            }}
            return worst;
        }}""",
        [url, in_browser(config), label],
    )

    assert expected.std() > 0.02
    assert worst < LARGEST_DIFFERENCE / 10


def test_weights_of_another_model_are_refused_with_a_reason(site: StaticSite, call: Callable) -> None:
    tiny = ModelConfig((1, 8, 8), architecture="mlp", width=0.125)
    state = build_model(tiny).decoder.state_dict()
    weights = [[f"decoder.{name}", list(t.shape), t.flatten().tolist()] for name, t in state.items()]

    def message(**changes: object) -> str:
        return call(
            "decode/decoder.js",
            f"""(async () => {{
                await (await import("{JS}/decode/kernels/kernels.js")).kernels();
                const tensor = ([name, shape, data]) => [name, {{ shape, data: Float32Array.from(data) }}];
                try {{ new m.Decoder(a[0], new Map(a[1].map(tensor))); return ""; }}
                catch (error) {{ return error.message; }} }})()""",
            [in_browser(tiny) | changes, weights],
        )

    def layers(*decoder: dict[str, object]) -> dict[str, object]:
        return {"encoder": None, "decoder": [*in_browser(tiny)["layers"]["decoder"], *decoder]}

    assert message() == ""
    assert message(architecture="a label, which nobody asks for") == ""
    more = {"kind": "batch_norm", "name": "decoder.norm"}
    assert "“decoder.norm.weight” are missing" in message(layers=layers(more))
    assert "instead of" in message(latent_dim=3)
    assert "“attention”, is not known here" in message(layers=layers({"kind": "attention"}))
    pool = {"kind": "max_pool", "kernel": 2}
    assert "makes an image of 1x4x4; the images are 1x8x8" in message(layers=layers(pool))
    assert message(layers=layers(*[{"kind": "crop", "height": 8, "width": 8}] * 60)) == ""
    assert "more than 64 layers" in message(layers=layers(*[{"kind": "flatten"}] * 61))


def test_newer_weights_go_into_the_decoder_that_there_is(site: StaticSite, module_page: Page) -> None:
    config = ModelConfig((3, 9, 11), 2, "conv", likelihood="gaussian", n_classes=3)
    codes = torch.randn(4, 2, generator=torch.Generator().manual_seed(5))
    models = {name: build_model(config, seed=seed) for seed, name in enumerate(("old", "new"))}
    tensors = {
        f"{name}/decoder.{key}": v for name, m in models.items() for key, v in m.decoder.state_dict().items()
    }
    with torch.no_grad():
        expected = models["new"].decode_images(codes, torch.full((4,), 2))
    url = site.put("/newer.safetensors", save({**tensors, "codes": codes, "expected": expected}))
    found = module_page.evaluate(
        f"""async ([url, config]) => {{
            const {{ Safetensors }} = await import("{JS}/data/safetensors.js");
            const {{ decoderWith }} = await import("{JS}/decode/decoder.js");
            await (await import("{JS}/decode/kernels/kernels.js")).kernels();
            const file = new Safetensors(await (await fetch(url)).arrayBuffer());
            const weights = (which) => new Map(file.names().filter((name) => name.startsWith(which))
                .map((name) => [name.slice(4), {{ shape: file.shape(name), data: file.floats(name) }}]));
            const first = decoderWith(null, config, weights("old/"));
            const second = decoderWith(first, {{ ...config }}, weights("new/"));
            const third = decoderWith(second, {{ ...config, likelihood: "bernoulli" }}, weights("new/"));
            const expected = file.floats("expected");
            const pictures = second.decode(file.floats("codes"), undefined, 2);
            const worst = Math.max(...pictures.map((x, i) => Math.abs(x - expected[i])));
            return [worst, first === second, second === third];
        }}""",
        [url, in_browser(config)],
    )
    worst, is_kept, is_taken_for_another = found
    assert worst < LARGEST_DIFFERENCE / 10
    assert is_kept
    assert not is_taken_for_another


def test_half_precision_is_widened_exactly(site: StaticSite, module_page: Page) -> None:
    every = torch.arange(65536, dtype=torch.int32).to(torch.uint16).view(torch.float16)
    url = site.put("/half.safetensors", save({"half": every, "single": every.float()}))
    different = module_page.evaluate(
        f"""async (url) => {{
            const {{ Safetensors }} = await import("{JS}/data/safetensors.js");
            const file = new Safetensors(await (await fetch(url)).arrayBuffer());
            const [half, single] = [file.data("half"), file.data("single")];
            return half.reduce((count, value, n) => count + !Object.is(value, single[n]), 0);
        }}""",
        url,
    )
    assert different == 0
