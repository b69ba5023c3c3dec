"""Every model that ships runs in the browser as it does in torch, and its map is the stored one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from safetensors.torch import save

from tests.browser.serving import JS, ROOT, StaticSite
from vae_core.bundles.bundle import load_bundle
from vae_core.bundles.older import with_layers

SHIPPED = sorted((ROOT / "assets" / "bundles").glob("*.safetensors"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_model_is_torch_s(path: Path, site: StaticSite, module_page: Page) -> None:
    bundle = load_bundle(path)
    codes = torch.randn(1000, bundle.model_config.latent_dim, generator=torch.Generator().manual_seed(0))
    told = bundle.model_config.n_classes > 0
    labels = bundle.probe.labels[:200] if told else None
    images = bundle.probe.images[:200].float() / 255
    tensors = {}
    with torch.no_grad():
        expected = bundle.model.decode_images(codes, torch.arange(1000) % 10 if told else None)
        if bundle.model_config.has_encoder:
            posterior = bundle.model.encode(images, labels)
            tensors = {"images": images, "mean": posterior.mean, "logvar": posterior.logvar}
    model = site.put("/shipped.safetensors", with_layers(path.read_bytes()))
    tensors = {name: value.contiguous() for name, value in tensors.items() if value is not None}
    cases = site.put("/cases.safetensors", save({"codes": codes, "expected": expected, **tensors}))
    found = module_page.evaluate(
        f"""async ([model, cases, labels, places]) => {{
            const {{ parseBundle }} = await import("{JS}/data/bundle.js");
            const {{ Decoder }} = await import("{JS}/decode/decoder.js");
            const {{ encoderOf }} = await import("{JS}/decode/encoder.js");
            await (await import("{JS}/decode/kernels/kernels.js")).kernels();
            const {{ Safetensors }} = await import("{JS}/data/safetensors.js");
            const {{ defaultAxes, makeAxes }} = await import("{JS}/map/scene/axes.js");
            const bytes = async (url) => (await fetch(url)).arrayBuffer();
            const bundle = parseBundle(await bytes(model), "shipped");
            const decoder = new Decoder(bundle.space.config, bundle.weights);
            const file = new Safetensors(await bytes(cases));
            const [codes, expected] = [file.floats("codes"), file.floats("expected")];
            let worst = 0;
            for (let n = 0; n * decoder.dims < codes.length; n++) {{
                const z = codes.subarray(n * decoder.dims, (n + 1) * decoder.dims);
                const picture = decoder.decode(z, undefined, labels ? n % 10 : 0);
                for (let p = 0; p < decoder.size; p++) {{
                    const difference = Math.abs(picture[p] - expected[n * decoder.size + p]);
                    if (!(difference <= worst)) worst = difference;
                }}
            }}
            const apart = (a, b) => Math.max(...a.map((x, i) => Math.abs(x - b[i])));
            const encoded = [];
            let isKept = true;
            if (places) {{
                const encoder = encoderOf(bundle);
                isKept = encoderOf(bundle) === encoder;
                const {{ mean, logvar }} = encoder.encode(file.floats("images"), labels ?? 0);
                const first = file.floats("images").subarray(0, encoder.size);
                const alone = encoder.encode(first, labels?.[0] ?? 0);
                encoded.push(
                    apart(mean, file.floats("mean")),
                    logvar ? apart(logvar, file.floats("logvar")) : 0,
                    apart(alone.mean, mean.subarray(0, encoder.dims)),
                    apart(mean, bundle.space.mean.subarray(0, mean.length)),
                );
            }}
            const axes = defaultAxes(bundle.space);
            const points = places ? Array.from(makeAxes(axes, bundle.space).points()) : [];
            return {{ worst, encoded, isKept, axes, points }};
        }}""",
        [model, cases, labels.tolist() if told else None, bundle.model_config.has_encoder],
    )
    assert found["worst"] < 1e-4
    assert len(found["encoded"]) == (4 if bundle.model_config.has_encoder else 0)
    assert max(found["encoded"], default=0) < 1e-3
    assert found["isKept"]
    if not bundle.model_config.has_encoder:
        return
    latent = bundle.model_config.latent_dim
    assert found["axes"] == ("0,1" if latent == 2 else "umap")
    stored = bundle.probe.mean if latent == 2 else bundle.projections["umap"].positions
    points = (
        np.round(found["points"]) if bundle.model_config.categories else found["points"]
    )  # spread in a cell
    assert np.allclose(points, stored.flatten(), atol=1e-6)
