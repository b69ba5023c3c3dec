"""A tiny image set, and untrained bundles of it, made quickly."""

import torch

from vae_core import ModelConfig, TrainConfig, build_model
from vae_core.bundles.bundle import Bundle, BundleProbe
from vae_core.bundles.header import card_facts
from vae_core.images.loading import ImageSet
from vae_core.latent.projection import fit_projection


def an_image_set(count=60, shape=(1, 8, 8), *, labels=True, factors=True):
    random = torch.Generator().manual_seed(0)
    return ImageSet(
        "tiny",
        "Tiny <b>set</b>",
        torch.randint(0, 256, (count, *shape), generator=random).to(torch.uint8),
        torch.arange(count) % 3 if labels else None,
        ("one", "two", "<script>alert(3)</script>") if labels else (),
        torch.rand(count, 2, generator=random) if factors else None,
        ("x", "y") if factors else (),
        "MIT",
        "a seed",
    )


def a_bundle(**changes):
    """Return an untrained bundle, quickly."""
    config = ModelConfig(
        **{"image_shape": (1, 8, 8), "latent_dim": 3, "architecture": "mlp", "width": 0.125, **changes}
    )
    images = an_image_set(24, config.image_shape)
    model = build_model(config).eval()
    model.load_state_dict(
        {k: v.half().float() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    )
    mean = logvar = None
    if config.has_encoder:
        with torch.no_grad():
            posterior = model.encode(images.images / 255, images.labels if config.n_classes else None)
        mean, logvar = posterior.mean, posterior.logvar
    probe = BundleProbe(images.images, mean, logvar, images.labels, images.factors)
    return Bundle(
        config,
        TrainConfig(epochs=3),
        model,
        probe,
        {"pca": fit_projection(mean, method="pca")} if mean is not None and config.latent_dim > 1 else {},
        ({"epoch": 1, "kl": 0.25, "kl_per_dim": [0.1, 0.15], "test_kl": None},),
        {"elbo": -12.5, "pixels": "grey"},
        {"title": "<b>Tiny</b>", "versions": {"torch": "2"}, **card_facts(config, ("x", "y"))},
        {
            "name": "tiny",
            "title": "Tiny",
            "size": 60,
            "label_names": ["a", "b", "c"],
            "factor_names": ["x", "y"],
            "licence": "MIT\nwith its notice",
            "source": "a seed",
        },
    )
