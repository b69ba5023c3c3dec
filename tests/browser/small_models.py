"""Small models for browser tests: real files, made in milliseconds, whose pictures differ everywhere."""

from __future__ import annotations

import json
from typing import Any

import torch

from tests.browser.serving import JS, NO_PLOTLY, PLOTLY, StaticSite
from ui.page.urls import style_sheets
from vae_core.bundles.bundle import Bundle, BundleProbe, pack_bundle
from vae_core.bundles.header import card_facts
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.latent.codes import encode_images
from vae_core.latent.projection import Projection
from vae_core.models.layers.kinds import Residual
from vae_core.models.layers.layer_json import nets_to_json
from vae_core.models.vae import VAE, build_model

THEME = {
    "--st-text-color": "#1b2233",
    "--st-background-color": "#ffffff",
    "--st-secondary-background-color": "#f3f5f9",
    "--st-border-color": "#dfe3ec",
    "--st-primary-color": "#3350cf",
}


def lively_model(config: ModelConfig) -> VAE:
    """A model whose pictures have contrast and whose batch norms are not the identity."""
    model = build_model(config, seed=1).eval()
    generator = torch.Generator().manual_seed(2)
    added = [layer.layers for layer in model.decoder.layers if isinstance(layer, Residual)]
    gentle = {layer.name for layers in added for layer in layers if hasattr(layer, "name")}
    for name, tensor in model.decoder.state_dict().items():
        if name.endswith("running_mean") or (name.endswith(".bias") and "norm" in name):
            tensor.copy_(0.3 * torch.randn(tensor.shape, generator=generator))
        elif name.endswith("running_var"):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
        elif name.endswith(".weight") and f"decoder.{name.removesuffix('.weight')}" not in gentle:
            tensor.mul_(2.0)
    return model


def in_browser(config: ModelConfig) -> dict[str, Any]:
    """A model's settings as the browser has them: with its lists of layers."""
    return config.to_dict() | {"layers": nets_to_json(config.layers()), "categories": config.categories}


def small_bundle(
    config: ModelConfig | None = None,
    *,
    count: int = 60,
    classes: tuple[str, ...] = ("sandal", "sneaker", "bag"),
    factors: tuple[str, ...] = (),
    umap: bool = True,
) -> Bundle:
    """A bundle with random images; without classes it has no labels, with more than two dimensions a map."""
    config = config or ModelConfig((1, 12, 10), 4, "conv", width=0.25)
    model = lively_model(config)
    generator = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (count, *config.image_shape), dtype=torch.uint8, generator=generator)
    labels = torch.arange(count) % len(classes) if classes else None
    posterior = encode_images(model, images, labels=labels if config.n_classes else None)
    mean = posterior.mean + torch.randn(posterior.mean.shape, generator=generator)
    projections = {}
    if config.categories:
        mean = torch.randint(0, config.categories, mean.shape, generator=generator).float()
    elif config.latent_dim > 1:
        directions = torch.linalg.qr(torch.randn(config.latent_dim, 2, generator=generator)).Q.T.contiguous()
        projections["pca"] = Projection.from_plane(mean, mean.mean(0), directions)
    if config.latent_dim > 2 and umap and not config.categories:
        places = torch.randn(count, 2, generator=generator) * 3 + 5
        projections["umap"] = Projection.from_positions(mean, places)
    return Bundle(
        model_config=config,
        train_config=TrainConfig(),
        model=model,
        probe=BundleProbe(
            images=images,
            mean=mean,
            logvar=posterior.logvar,
            labels=labels,
            factors=torch.rand(count, len(factors), generator=generator) if factors else None,
        ),
        projections=projections,
        history=(),
        metrics={},
        card={"title": "Small", "versions": {}, **card_facts(config, factors)},
        image_set={
            "name": "noise",
            "title": "Noise",
            "size": count,
            "label_names": classes,
            "factor_names": factors,
            "licence": "",
            "source": "",
        },
    )


def serve_model(site: StaticSite, name: str, bundle: Bundle) -> dict[str, str]:
    """Put a bundle on the static server; give what the component is told of it."""
    path = f"/models/{name}.safetensors"
    site.put(path, pack_bundle(bundle), "application/octet-stream")
    return {"name": name, "url": path, "title": f"The model {name}"}


def component_data(
    mode: str, bundle: dict[str, str] | None = None, *, plotly: bool = False, **changes: Any
) -> dict[str, Any]:
    """What `ui/explorer/component.py` sends; Plotly.js only where it is asked for."""
    return {
        "mode": mode,
        "plotly": PLOTLY if plotly else NO_PLOTLY,
        "bundle": bundle,
        "stream": None,
        "z": None,
        "axes": None,
        "layers": None,
        "interpolation": None,
        **changes,
    }


def component_page(data: dict[str, Any], *, head: str = "") -> str:
    """HTML that mounts the component as Streamlit does; what it tells Python is kept in `sent`."""
    style = ";".join(f"{name}:{value}" for name, value in THEME.items())
    styles = "\n".join(path.read_text(encoding="utf-8") for path in style_sheets())
    return f"""<!doctype html><meta charset=utf-8>
<meta name=viewport content="width=device-width"><link rel=icon href=data:>
<style>{styles}</style>{head}
<body style="margin:16px"><div id=root style="{style}"><div><div class=latent-explorer></div></div></div>
<script type=module>
window.sent = [];
window.data = {json.dumps(data).replace("<", chr(92) + "u003c")};
window.mount = async (changes = {{}}, root = document.getElementById("root")) => {{
    const {{ default: mount }} = await import("{JS}/explorer.js");
    Object.assign(window.data, changes);
    const setStateValue = (key, said) => window.sent.push([key, said.value, said.of]);
    return mount({{ parentElement: root, data: {{ ...window.data }}, setStateValue }});
}};
window.cleanUp = await window.mount();
</script>"""
