"""One file, one model, with all that is needed to explore it.

The layout stands in `vae_core.header`. A file is read as bytes and checked to the last one; nothing in it
is ever unpickled or run. It is written under another name and renamed, so it is whole or absent.

Importing this module imports no torch; `read_header` works without it.
"""

from __future__ import annotations

import contextlib
import copy
import json
import math
import os
import platform
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata as packages
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

import vae_core
from vae_core import tensorfile
from vae_core.config import ModelConfig, TrainConfig
from vae_core.header import (
    FORMAT,
    FORMAT_VERSION,
    MAX_BYTES,
    MAX_NAMES,
    MAX_TITLE,
    BundleHeader,
    card_facts,
    check_header,
    is_weight,
    open_regular,
    read_header,
    refusing,
)
from vae_core.tensorfile import Array

if TYPE_CHECKING:
    import torch

    from vae_core.model import VAE
    from vae_core.probe import Probe
    from vae_core.projection import Projection
    from vae_core.trainer import Trainer

__all__ = [
    "Bundle",
    "BundleHeader",
    "BundleProbe",
    "load_bundle",
    "make_bundle",
    "read_header",
    "save_bundle",
    "with_umap",
]

HALF_TOLERANCE: Final = 0.1
"""Nats of held-out ELBO that storing weights as float16 may cost."""


@dataclass(frozen=True, eq=False)
class BundleProbe:
    """Hold the images that stand on the map, and where the model puts them.

    Attributes:
        images: uint8, (P, C, H, W).
        mean: posterior means, float32, (P, D); an autoencoder's codes.
        logvar: log variances of the posteriors, float32, (P, D), or None.
        labels: class of each image, int64, (P,), or None.
        factors: known factors of each image, float32, (P, F), or None.
    """

    images: torch.Tensor
    mean: torch.Tensor
    logvar: torch.Tensor | None = None
    labels: torch.Tensor | None = None
    factors: torch.Tensor | None = None


@dataclass(frozen=True, eq=False)
class Bundle:
    """Hold a trained model with all that is needed to explore it.

    Attributes:
        model_config: what the model is.
        train_config: how it was trained.
        model: the model, in eval mode.
        probe: images with their places in the latent space.
        projections: "pca" (with two or more dimensions) and "umap" (where fitted), of the probe's means.
        history: measurements during training, in order; nats per image.
        metrics: what was measured on held-out images, by name.
        card: title, versions of what made it, and what the model has.
        image_set: name, title, size, label_names, factor_names, licence, source of the training images.
    """

    model_config: ModelConfig
    train_config: TrainConfig
    model: VAE
    probe: BundleProbe
    projections: dict[str, Projection]
    history: tuple[dict[str, Any], ...]
    metrics: dict[str, Any]
    card: dict[str, Any]
    image_set: dict[str, Any] = field(default_factory=dict)


def save_bundle(path: str | Path, bundle: Bundle) -> None:
    """Write a bundle to one file, whole or not at all: what stood at `path` stays until that is done.

    Raises:
        ValueError: the bundle could not be opened again; what is wrong with it.
        OSError: the file cannot be written (a full disk, a folder that is not there).
    """
    _write_whole(Path(path), pack_bundle(bundle))


def pack_bundle(bundle: Bundle) -> bytes:
    """Return the bytes of a bundle's file; the same bundle always gives the same bytes.

    Weights are stored as float16 if that changes none of them, else as float32.

    Raises:
        ValueError: the bundle could not be opened again; what is wrong with it.
    """
    tensors = {f"probe.{name}": tensor for name, tensor in vars(bundle.probe).items() if tensor is not None}
    weights = bundle.model.state_dict()
    if _fit_half(weights):
        weights = {name: w.half() if w.is_floating_point() else w for name, w in weights.items()}
    tensors |= weights | _projection_tensors(bundle.projections)
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    texts = {
        "model_config": bundle.model_config.to_dict(),
        "train_config": bundle.train_config.to_dict(),
        "image_set": bundle.image_set,
        "metrics": bundle.metrics,
        "history": list(bundle.history),
        "card": bundle.card,
    }
    try:
        metadata = {
            name: json.dumps(value, ensure_ascii=False, allow_nan=False) for name, value in texts.items()
        }
        data = tensorfile.pack(arrays, {"format": FORMAT, "format_version": str(FORMAT_VERSION), **metadata})
        _unpacked(data)  # what is saved can be opened
    except (TypeError, ValueError) as error:  # a UnicodeEncodeError is a ValueError too
        raise ValueError(f"the model cannot be saved: {error}") from None
    return data


def load_bundle(path: str | Path) -> Bundle:
    """Read a bundle from a file that may come from anyone.

    Returns:
        The bundle, its model in eval mode.

    Raises:
        ValueError: the file is no bundle; what was wrong and what to do.
        OSError: there is no such file, or it cannot be read.
    """
    path = Path(path)
    with refusing(path.name):
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
        return _unpacked(data)


def with_umap(bundle: Bundle, *, seed: int = 0) -> Bundle:
    """Return the bundle with its probe's UMAP, or as it is if two dimensions need none.

    Takes seconds, in a new process half a minute: run it as a job.
    """
    from vae_core.projection import fit_projection

    if bundle.model_config.latent_dim <= 2:
        return bundle
    projection = fit_projection(bundle.probe.mean, method="umap", seed=seed)
    if projection.method != "umap":  # too few images for one
        return bundle
    return replace(bundle, projections={**bundle.projections, "umap": projection})


def make_bundle(trainer: Trainer, *, title: str = "", umap: bool = False) -> Bundle:
    """Make a bundle of what a trainer has learned so far.

    The model is a copy, its weights rounded to float16 where that moves the held-out ELBO (an autoencoder's
    log-likelihood) by less than 0.1 nats with the same noise: what is stored is what was measured.

    Args:
        trainer: the trainer; it can go on afterwards.
        title: the model's title; by default one is made from the image set and the model.
        umap: whether to fit the probe's UMAP now, which takes up to half a minute. Saving in the app must
            not wait for it: `with_umap` adds it to a saved bundle later.

    Raises:
        ValueError: the training has diverged and left no numbers to save.
    """
    from vae_core.measure import held_out_metrics
    from vae_core.projection import fit_projection

    config, image_set = trainer.model_config, trainer.image_set
    model = copy.deepcopy(trainer.model).cpu().eval()
    if not all(bool(weight.isfinite().all()) for weight in model.state_dict().values()):
        raise ValueError(
            "the training has diverged: its weights are no numbers any more. Take a smaller learning rate"
        )
    x, y = _held_out(trainer)
    _round_weights(model, x, y)

    probe = _placed(model, trainer.probe)
    projections = {}
    if config.latent_dim >= 2:
        projections["pca"] = fit_projection(probe.mean, method="pca")
    bundle = Bundle(
        config,
        trainer.train_config,
        model,
        probe,
        projections,
        tuple(_short(entry) for entry in trainer.history),
        held_out_metrics(model, x, y, binarized=trainer.train_config.binarize != "none"),
        {
            "title": _title(title or f"{image_set.title}, {config.latent_dim} dimensions"),
            "versions": _versions(),
            **card_facts(config, image_set.factor_names),
        },
        {
            "name": image_set.name,
            "title": _title(image_set.title),
            "size": len(image_set.images),
            "label_names": [_title(name) for name in image_set.label_names],
            "factor_names": [_title(name) for name in image_set.factor_names],
            "licence": image_set.licence,
            "source": image_set.source,
        },
    )
    return with_umap(bundle) if umap else bundle


def _held_out(trainer: Trainer) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the images in [0, 1], (N, C, H, W), and labels that a model is judged by; the probe in need."""
    labels = trainer.model_config.n_classes > 0
    if trainer.test_images is not None:
        y = trainer.test_labels
        return trainer.test_images.cpu(), y.cpu() if labels and y is not None else None
    return trainer.probe.images.float() / 255, trainer.probe.labels if labels else None


def _placed(model: VAE, probe: Probe) -> BundleProbe:
    """Put the probe's images into the model's latent space."""
    from vae_core.latent import encode_images

    labels = probe.labels if model.config.n_classes else None
    posterior = encode_images(model, probe.images, labels=labels)
    return BundleProbe(probe.images, posterior.mean, posterior.logvar, probe.labels, probe.factors)


def _unpacked(data: bytes) -> Bundle:
    """Build a bundle from the bytes of its file; a message says only what was wrong."""
    metadata, arrays = tensorfile.unpack(data)
    header = check_header(metadata, tensorfile.describe(arrays))
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(
                f"its {name} are not all numbers: the training had diverged, or the file is damaged"
            )
    model = _model(header, arrays)
    tensors = {name: _tensor(array) for name, array in arrays.items() if not is_weight(name)}
    labels = tensors.get("probe.labels")
    classes = len(header.image_set["label_names"]) or MAX_NAMES
    if labels is not None and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError(f"its probe.labels are not all from 0 to {classes - 1}")
    probe = BundleProbe(
        tensors["probe.images"],
        tensors["probe.mean"],
        tensors.get("probe.logvar"),
        labels,
        tensors.get("probe.factors"),
    )
    return Bundle(
        header.model_config,
        header.train_config,
        model,
        probe,
        _projections(probe.mean, tensors),
        header.history,
        header.metrics,
        header.card,
        header.image_set,
    )


def _model(header: BundleHeader, arrays: Mapping[str, Array]) -> VAE:
    """Build the model around the file's weights, once their names and shapes are found to be its own."""
    import torch

    from vae_core.model import VAE

    with torch.device("meta"):  # names and shapes, no memory
        model = VAE(header.model_config)
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: array.shape for name, array in arrays.items() if is_weight(name)}
    for name in sorted({*wanted, *found}):
        if wanted.get(name) != found.get(name):
            raise ValueError(
                f"its model_config asks for {name[:60]} of shape {wanted.get(name)}, "
                f"the file has {found.get(name)}"
            )
        if name.endswith("running_var") and (arrays[name] < 0).any():
            raise ValueError(f"its {name} hold a negative variance")
    weights = {name: _tensor(arrays[name]) for name in wanted}
    model.load_state_dict(
        {name: weight.float() if weight.is_floating_point() else weight for name, weight in weights.items()},
        assign=True,
    )
    return model.eval()


def _tensor(array: Array) -> torch.Tensor:
    """Copy an array out of the file's bytes."""
    import torch

    return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=True))


def _projections(mean: torch.Tensor, tensors: Mapping[str, torch.Tensor]) -> dict[str, Projection]:
    from vae_core.projection import Projection

    projections = {}
    if "pca.mean" in tensors:
        projections["pca"] = Projection.from_plane(mean, tensors["pca.mean"], tensors["pca.components"])
    if "umap.positions" in tensors:
        projections["umap"] = Projection.from_positions(mean, tensors["umap.positions"])
    return projections


def _projection_tensors(projections: Mapping[str, Projection]) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = {}
    if "pca" in projections:
        pca = projections["pca"]
        if pca.mean is None or pca.components is None:
            raise ValueError("its pca has no plane")
        tensors |= {"pca.mean": pca.mean.float(), "pca.components": pca.components.float()}
    if "umap" in projections:
        tensors["umap.positions"] = projections["umap"].positions.float()
    return tensors


def _round_weights(model: VAE, x: torch.Tensor, y: torch.Tensor | None) -> None:
    """Round a model's weights to float16, in place, unless that would cost it more than `HALF_TOLERANCE`.

    Args:
        model: in eval mode.
        x: held-out images in [0, 1], (N, C, H, W).
        y: their labels, (N,), for a model with classes.
    """
    import torch

    from vae_core.objective import elbo_terms

    def worth() -> float:
        with torch.no_grad():
            terms = elbo_terms(model, x, generator=torch.Generator().manual_seed(0), y=y)
        return float((terms.log_likelihood if terms.elbo is None else terms.elbo).mean())

    exact = {name: weight.clone() for name, weight in model.state_dict().items()}
    half = {name: w.half().float() if w.is_floating_point() else w for name, w in exact.items()}
    if not all(bool(weight.isfinite().all()) for weight in half.values()):
        return  # an overflow
    before = worth()
    model.load_state_dict(half)
    if not abs(worth() - before) < HALF_TOLERANCE:
        model.load_state_dict(exact)


def _short(value: Any) -> Any:
    """Keep six digits of every number in a history's entry."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _short(part) for name, part in value.items()}
    return [_short(part) for part in value] if isinstance(value, (list, tuple)) else value


def _title(text: str) -> str:
    """Make one line of text of at most 200 characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:MAX_TITLE]


def _versions() -> dict[str, str]:
    names = ("torch", "numpy")
    return {
        "latent-explorer": vae_core.__version__,
        "python": platform.python_version(),
        **{name: packages.version(name) for name in names},
    }


def _fit_half(weights: Mapping[str, torch.Tensor]) -> bool:
    """Whether float16 holds every weight exactly."""
    floating = [weight for weight in weights.values() if weight.is_floating_point()]
    return all(bool((weight.half().float() == weight).all()) for weight in floating)


def _write_whole(path: Path, data: bytes) -> None:
    """Write to a temporary name in the same folder and rename."""
    temporary = path.with_name(f".{path.name[:40]}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
