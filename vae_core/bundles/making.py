"""A bundle from a trainer: the model rounded as far as it bears it, measured, and put on the map."""

from __future__ import annotations

import copy
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import metadata as packages
from typing import TYPE_CHECKING, Any, Final, Protocol

from vae_core.bundles.bundle import Bundle, BundleProbe
from vae_core.bundles.header import MAX_TEXT, card_facts
from vae_core.bundles.header_checks import one_line
from vae_core.bundles.history import thinned
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.config.effort import images_measured
from vae_core.config.version import VERSION
from vae_core.images.image_set import ImageSet

if TYPE_CHECKING:
    import torch

    from vae_core.images.probe import Probe
    from vae_core.latent.projection import Projection
    from vae_core.models.passing import Learning
    from vae_core.models.vae import VAE

_DIVERGED: Final = "the training has diverged"
_REMEDY: Final = "Take a smaller learning rate"

HALF_TOLERANCE: Final = 0.1
"""Nats of held-out ELBO that storing weights as float16 may cost."""

SAMPLES: Final = 64
"""Samples that a model without an encoder is judged by."""


class Trained(Protocol):
    """What a bundle is made of: a `Trainer` has it all.

    Attributes:
        model: the model, on any device.
        model_config: its settings.
        train_config: the training's settings.
        image_set: what it learned from.
        probe: the images that stand on the map.
        history: a reading for each measurement, oldest first.
        test_images: held-out images in [0, 1], (N, C, H, W), or None.
        test_labels: their classes, (N,), or None.
    """

    @property
    def model(self) -> VAE: ...  # noqa: D102
    @property
    def model_config(self) -> ModelConfig: ...  # noqa: D102
    @property
    def train_config(self) -> TrainConfig: ...  # noqa: D102
    @property
    def image_set(self) -> ImageSet: ...  # noqa: D102
    @property
    def probe(self) -> Probe: ...  # noqa: D102
    @property
    def history(self) -> Sequence[Mapping[str, Any]]: ...  # noqa: D102
    @property
    def test_images(self) -> torch.Tensor | None: ...  # noqa: D102
    @property
    def test_labels(self) -> torch.Tensor | None: ...  # noqa: D102


def make_bundle(trainer: Trained, *, title: str = "", umap: bool = False) -> Bundle:
    """Make a bundle of what a trainer has learned so far.

    The model is a copy, its weights rounded to float16 where that moves what its family looks at first (the
    held-out ELBO) by less than 0.1 nats with the same noise: what is stored is what was measured. Without an
    encoder nothing is measured.

    Args:
        trainer: the trainer; it can go on afterwards.
        title: the model's title; by default one is made from the image set and the model.
        umap: whether to fit the probe's UMAP now, which takes up to half a minute. Saving in the app must
            not wait for it: `with_umap` adds it to a saved bundle later.

    Raises:
        ValueError: the training has diverged and left no numbers to save.
    """
    from vae_core.measures.suite import factor_metrics, held_out_metrics
    from vae_core.models.passing import Learning

    config, image_set = trainer.model_config, trainer.image_set
    model = copy.deepcopy(trainer.model).cpu().eval()
    if not all(bool(weight.isfinite().all()) for weight in model.state_dict().values()):
        raise ValueError(f"{_DIVERGED}: its weights are no numbers any more. {_REMEDY}")
    x, y = _held_out(trainer)
    most = images_measured(config, trainer.train_config, len(x))
    x, y = x[:most], None if y is None else y[:most]
    learning = Learning(trainer.train_config, len(image_set.images))
    _round_weights(model, x, y, learning)
    binarized = trainer.train_config.binarize != "none"
    metrics: dict[str, Any] = {}
    if config.has_encoder:
        metrics = held_out_metrics(model, x, y, binarized=binarized, learning=learning)
    if lost := [name for name, value in metrics.items() if _is_lost(value)]:
        raise ValueError(f"{_DIVERGED}: its {lost[0]} is no number any more. {_REMEDY}")

    probe = placed_probe(model, trainer.probe)
    if probe.mean is not None and probe.factors is not None:
        metrics |= factor_metrics(probe.mean, probe.factors, categories=config.categories)
    bundle = Bundle(
        config,
        trainer.train_config,
        model,
        probe,
        {} if config.categories else projections_of(probe),
        thinned([_short(entry) for entry in trainer.history]),
        metrics,
        {
            "title": one_line(title or f"{image_set.title}, {config.latent_dim} dimensions"),
            "versions": versions(),
            **card_facts(config, image_set.factor_names),
        },
        image_set_table(image_set),
    )
    return with_umap(bundle) if umap else bundle


def with_umap(bundle: Bundle, *, seed: int = 0) -> Bundle:
    """Return the bundle with its probe's UMAP, or as it is: two dimensions need none, categories have none.

    Takes seconds, in a new process half a minute: run it as a job.
    """
    from vae_core.latent.projection import fit_projection

    mean = bundle.probe.mean
    if mean is None or bundle.model_config.latent_dim <= 2 or bundle.model_config.categories:
        return bundle
    projection = fit_projection(mean, method="umap", seed=seed)
    if projection.method != "umap":  # too few images for one
        return bundle
    return replace(bundle, projections={**bundle.projections, "umap": projection})


def image_set_table(image_set: ImageSet) -> dict[str, Any]:
    """Return what a bundle says of the images that its model learned from."""
    return {
        "name": one_line(image_set.name),
        "title": one_line(image_set.title),
        "size": len(image_set.images),
        "label_names": [one_line(name) for name in image_set.label_names],
        "factor_names": [one_line(name) for name in image_set.factor_names],
        "licence": _text(image_set.licence),
        "source": _text(image_set.source),
    }


def projections_of(probe: BundleProbe) -> dict[str, Projection]:
    """Return what is fitted at once: the PCA, where there are two dimensions or more."""
    from vae_core.latent.projection import fit_projection

    if probe.mean is None or probe.mean.shape[1] < 2:
        return {}
    return {"pca": fit_projection(probe.mean, method="pca")}


def _held_out(trainer: Trained) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the images in [0, 1], (N, C, H, W), and labels that a model is judged by; the probe in need.

    They are black and white where the run's images are.
    """
    import torch

    labels = trainer.model_config.n_classes > 0
    if trainer.test_images is not None:
        y = trainer.test_labels
        return trainer.test_images.cpu(), y.cpu() if labels and y is not None else None
    x = trainer.probe.images.float() / 255
    if trainer.train_config.binarize != "none":
        generator = torch.Generator().manual_seed(trainer.train_config.seed)
        x = torch.bernoulli(x, generator=generator)
    return x, trainer.probe.labels if labels else None


def placed_probe(model: VAE, probe: Probe) -> BundleProbe:
    """Put the probe's images into the model's latent space."""
    from vae_core.latent.codes import encode_images

    if not model.config.has_encoder:
        return BundleProbe(probe.images, labels=probe.labels, factors=probe.factors)
    labels = probe.labels if model.config.n_classes else None
    posterior = encode_images(model, probe.images, labels=labels)
    return BundleProbe(probe.images, posterior.mean, posterior.logvar, probe.labels, probe.factors)


def _round_weights(model: VAE, x: torch.Tensor, y: torch.Tensor | None, learning: Learning) -> None:
    """Round a model's weights to float16, in place, unless that would cost it more than `HALF_TOLERANCE`.

    One without an encoder is judged by its samples: no pixel of them may move by a grey level.

    Args:
        model: in eval mode.
        x: held-out images in [0, 1], (N, C, H, W).
        y: their labels, (N,), for a model with classes.
        learning: how the model learned.
    """
    import torch

    from vae_core.measures.suite import chunks
    from vae_core.models.objective import value_of

    best = model.config.traits.terms[0]

    def samples() -> torch.Tensor:
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            return model.decode_images(model.objective.prior(model, SAMPLES, generator))

    def worth() -> float:
        generator, total = torch.Generator().manual_seed(0), 0.0
        with torch.no_grad():
            for part in chunks(len(x), model.config):
                labels = None if y is None else y[part]
                terms = model.objective.measured(
                    model, x[part], generator=generator, n_samples=1, y=labels, learning=learning
                )
                total += float(value_of(best, terms).sum())
        return total / len(x)

    exact = {name: weight.clone() for name, weight in model.state_dict().items()}
    half = {name: w.half().float() if w.is_floating_point() else w for name, w in exact.items()}
    if not all(bool(weight.isfinite().all()) for weight in half.values()):
        return  # an overflow
    if not model.config.has_encoder:
        shown = samples()
        model.load_state_dict(half)
        if not float((samples() - shown).abs().max()) < 1 / 255:
            model.load_state_dict(exact)
        return
    before = worth()
    model.load_state_dict(half)
    if not abs(worth() - before) < HALF_TOLERANCE:
        model.load_state_dict(exact)


def _is_lost(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _short(value: Any) -> Any:
    """Keep six digits of every number in a history's entry."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _short(part) for name, part in value.items()}
    return [_short(part) for part in value] if isinstance(value, (list, tuple)) else value


def _text(text: str) -> str:
    """Make a text, its lines kept, of at most 20,000 characters."""
    return "".join(char if char.isprintable() or char in "\n\t" else " " for char in text)[:MAX_TEXT]


def versions() -> dict[str, str]:
    """Return the versions of what makes a bundle."""
    names = ("torch", "numpy")
    return {
        "latent-explorer": VERSION,
        "python": platform.python_version(),
        **{name: packages.version(name) for name in names},
    }
