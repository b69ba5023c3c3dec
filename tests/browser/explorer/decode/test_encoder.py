"""The encoder in the browser gives torch's codes, with labels too, and where codes are points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from safetensors.torch import save

from tests.browser.serving import JS, StaticSite
from tests.browser.small_models import component_data, in_browser, lively_model, serve_model, small_bundle
from vae_core.bundles.bundle import Bundle, BundleProbe
from vae_core.bundles.header import card_facts
from vae_core.config.configs import ARCHITECTURES, ModelConfig
from vae_core.models.vae import VAE

CASES = [
    *[ModelConfig(architecture=name, latent_dim=16) for name in ARCHITECTURES],
    *[ModelConfig((3, 30, 27), 3, name, n_classes=7, likelihood="gaussian") for name in ARCHITECTURES],
    *[ModelConfig((1, 8, 9), 5, name, family="autoencoder") for name in ARCHITECTURES],
    ModelConfig((1, 8, 9), 5, "conv", family="concrete", n_categories=4),
]

ENCODE = f"""async ([url, config, labels]) => {{
    const {{ Safetensors, weightsOf }} = await import("{JS}/data/safetensors.js");
    const {{ Encoder }} = await import("{JS}/decode/encoder.js");
    await (await import("{JS}/decode/kernels/kernels.js")).kernels();
    const file = new Safetensors(await (await fetch(url)).arrayBuffer());
    const encoder = new Encoder(config, weightsOf(file, "encoder"));
    const {{ mean, logvar }} = encoder.encode(file.floats("images"), labels);
    return [Array.from(mean), logvar && Array.from(logvar)];
}}"""


def encoded(page: Page, site: StaticSite, model: VAE, images: torch.Tensor, labels: list[int]) -> list:
    """Run a model's encoder in the browser."""
    weights = {f"encoder.{name}": value for name, value in model.encoder.state_dict().items()}
    url = site.put("/encoder.safetensors", save({**weights, "images": images}))
    return page.evaluate(ENCODE, [url, in_browser(model.config), labels])


@pytest.mark.parametrize(
    "config", CASES, ids=lambda c: f"{c.architecture}-{c.family}-{c.n_classes}-{c.image_shape[1]}"
)
def test_encoding_is_torch_s(config: ModelConfig, site: StaticSite, module_page: Page) -> None:
    model = lively_model(config)
    images = torch.rand(20, *config.image_shape, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(20) % config.n_classes if config.n_classes else None
    with torch.no_grad():
        posterior = model.encode(images, labels)

    mean, logvar = encoded(module_page, site, model, images, [] if labels is None else labels.tolist())

    assert posterior.mean.std() > 0.01
    assert np.allclose(mean, posterior.mean.flatten(), atol=1e-4)
    assert (logvar is None) == (posterior.logvar is None)
    if logvar is not None:
        assert np.allclose(logvar, posterior.logvar.flatten(), atol=1e-4)


def test_what_is_no_encoder_is_refused_with_a_reason(call: Callable) -> None:
    config = in_browser(ModelConfig((1, 8, 8), 2, "mlp", width=0.125))
    layers = config["layers"]

    def message(encoder: object, image: int = 64) -> str:
        return call(
            "decode/encoder.js",
            f"""(async () => {{
                await (await import("{JS}/decode/kernels/kernels.js")).kernels();
                const sized = (n) => ({{ shape: [n], data: new Float32Array(n) }});
                const parts = [["weight", 64 * a[1]], ["bias", a[1]]];
                const weights = new Map(parts.map(([part, n]) => [`encoder.dense.${{part}}`, sized(n)]));
                try {{ new m.Encoder(a[0], weights).encode(new Float32Array(a[2])); return ""; }}
                catch (error) {{ return `${{error.constructor.name}}: ${{error.message}}`; }}
            }})()""",
            [config | {"layers": layers | {"encoder": encoder}}, 4 if image else 3, image or 64],
        )

    dense = {"kind": "dense", "name": "encoder.dense", "outputs": 4}
    assert message([{"kind": "flatten"}, dense]) == ""
    assert "An image here has 64 numbers; 65 came" in message([{"kind": "flatten"}, dense], 65)
    assert "has no encoder" in message(None)
    wrong = message([{"kind": "flatten"}, dense | {"outputs": 3}], 0)
    assert wrong.startswith("FormatError: Its encoder makes 3 numbers instead of 4 numbers, or 2")
    assert "flatten it before" in message([dense])


def test_the_page_encodes_its_own_images_as_the_file_has_them(
    opened: Callable, site: StaticSite, errors: list
) -> None:
    bundle = small_bundle()
    page = opened(component_data("explore", serve_model(site, "encoding", bundle)))
    image = bundle.probe.images[3].float() / 255
    with torch.no_grad():
        posterior = bundle.model.encode(image[None])
    found = page.evaluate(
        """async (image) => {
            const { mean, logvar } = await window.latentExplorer.encode(image);
            return [Array.from(mean), Array.from(logvar)];
        }""",
        image.flatten().tolist(),
    )
    assert np.allclose(found[0], posterior.mean[0], atol=1e-4)
    assert np.allclose(found[1], posterior.logvar[0], atol=1e-4)
    assert not errors


def decoder_alone() -> Bundle:
    """A model without an encoder, as a file from elsewhere may hold one."""
    whole = small_bundle(ModelConfig((1, 12, 10), 4, "conv", width=0.25))
    config = replace(whole.model_config, nets=((), whole.model_config.layers()[1]))
    model = VAE(config)
    model.load_state_dict({name: v for name, v in whole.model.state_dict().items() if "decoder." in name})
    return replace(
        whole,
        model_config=config,
        model=model.eval(),
        probe=BundleProbe(whole.probe.images, labels=whole.probe.labels),
        projections={},
        train_config=None,
        card={**whole.card, **card_facts(config, ())},
    )


def test_a_model_without_encoder_has_sliders_samples_and_no_points(
    opened: Callable, site: StaticSite, errors: list
) -> None:
    bundle = decoder_alone()
    source = serve_model(site, "decoder-alone", bundle)
    page = opened(component_data("explore", source, plotly=True, layers=["prior", "manifold"]))
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    assert page.evaluate("window.latentExplorer.points.length") == 0
    assert page.locator("[data-role=slider-3]").is_visible()
    assert page.locator("[data-role=neighbours], [data-role=glass], [data-role=draw-panel]").evaluate_all(
        "all => all.every((e) => e.hidden)"
    )
    buttons = page.locator(".le-explore .le-buttons button").all_inner_texts()
    assert "Prior sample" in buttons
    assert "A real image" in buttons, "it is searched: where, test_find.py says"
    page.get_by_role("button", name="Prior sample").click()
    page.wait_for_function("window.latentExplorer.z.some(Boolean)")
    z = page.evaluate("window.latentExplorer.z")
    with torch.no_grad():
        expected = bundle.model.decode_images(torch.tensor([z]))
    pixels = page.evaluate("async (z) => Array.from(await window.latentExplorer.decode(z))", z)
    assert np.allclose(pixels, expected.flatten(), atol=1e-4)
    box = page.locator("[data-role=map]").bounding_box()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    page.wait_for_function("(z) => window.latentExplorer.z.join() !== z.join()", arg=z)
    assert not errors


def test_interpolate_says_that_a_model_without_encoder_has_no_images_to_walk_between(
    opened: Callable, site: StaticSite
) -> None:
    source = serve_model(site, "decoder-alone", decoder_alone())
    page = opened(component_data("interpolate", source), ready=False)
    page.get_by_role("alert").get_by_text("has no encoder").wait_for()
