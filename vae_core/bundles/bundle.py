"""One file, one model, with all that is needed to explore it.

The layout stands in `vae_core.bundles.header`. A file is read as bytes and checked to the last one; nothing
in it is ever unpickled or run. It is written under another name and renamed, so it is whole or absent.

Importing this module imports no torch; `read_header` works without it.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vae_core.bundles import tensors as stored
from vae_core.bundles.header import (
    FORMAT,
    FORMAT_VERSION,
    MAX_BYTES,
    MAX_NAMES,
    BundleHeader,
    check_header,
    is_weight,
    open_regular,
    read_header,
    refusing,
)
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.models.layers.layer_json import nets_to_json
from vae_core.storage import tensorfile
from vae_core.storage.home import write_whole

if TYPE_CHECKING:
    import torch

    from vae_core.latent.projection import Projection
    from vae_core.models.vae import VAE

__all__ = [
    "Bundle",
    "BundleHeader",
    "BundleProbe",
    "check_target",
    "load_bundle",
    "pack_bundle",
    "read_header",
    "save_bundle",
    "unpack_bundle",
]


@dataclass(frozen=True, eq=False)
class BundleProbe:
    """Hold the images that stand on the map, and where the model puts them.

    Attributes:
        images: uint8, (P, C, H, W).
        mean: posterior means, float32, (P, D); an autoencoder's codes; None where there is no encoder.
        logvar: log variances of the posteriors, float32, (P, D), or None.
        labels: class of each image, int64, (P,), or None.
        factors: known factors of each image, float32, (P, F), or None.
    """

    images: torch.Tensor
    mean: torch.Tensor | None = None
    logvar: torch.Tensor | None = None
    labels: torch.Tensor | None = None
    factors: torch.Tensor | None = None


@dataclass(frozen=True, eq=False)
class Bundle:
    """Hold a trained model with all that is needed to explore it.

    Attributes:
        model_config: what the model is.
        train_config: how it was trained; None where that was elsewhere.
        model: the model, in eval mode.
        probe: images with their places in the latent space.
        projections: "pca" (with two or more dimensions) and "umap" (where fitted), of the probe's means.
        history: measurements during training, in order; nats per image.
        metrics: what was measured on held-out images, by name.
        card: title, versions of what made it, and what the model has.
        image_set: name, title, size, label_names, factor_names, licence, source of the training images.
        unknown: what a later version wrote besides, as in a `BundleHeader`: it plays no part, and is kept.
    """

    model_config: ModelConfig
    train_config: TrainConfig | None
    model: VAE
    probe: BundleProbe
    projections: dict[str, Projection]
    history: tuple[dict[str, Any], ...]
    metrics: dict[str, Any]
    card: dict[str, Any]
    image_set: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, dict[str, Any]] = field(default_factory=dict)


def save_bundle(path: str | Path, bundle: Bundle) -> None:
    """Write a bundle to one file, whole or not at all: what stood at `path` stays until that is done.

    Raises:
        ValueError: the bundle could not be opened again, and what is wrong with it; or `path` is no file.
        OSError: the file cannot be written (a full disk, a folder that is not there).
    """
    data, path = pack_bundle(bundle), Path(path)
    check_target(path)
    if not path.parent.is_dir():  # a mistyped one is not to be made
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    write_whole(path, data)


def check_target(path: Path) -> None:
    """Refuse to put a file where a folder, a device or a pipe stands: it would take its place.

    Raises:
        ValueError: what stands there.
    """
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is a folder or a device: name a file to write")


def pack_bundle(bundle: Bundle) -> bytes:
    """Return the bytes of a bundle's file; the same bundle always gives the same bytes.

    Weights are stored as float16 if that changes none of them, else as float32.

    Raises:
        ValueError: the bundle could not be opened again; what is wrong with it.
    """
    tensors = {f"probe.{name}": tensor for name, tensor in vars(bundle.probe).items() if tensor is not None}
    tensors |= stored.weights_of(bundle.model) | stored.projection_tensors(bundle.projections)
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    config, train = bundle.model_config.to_dict(), bundle.train_config
    config.pop("layers", None)
    texts = {
        "layers": nets_to_json(bundle.model_config.layers()),
        "model_config": {**config, **bundle.unknown.get("model_config", {})},
        "train_config": train and {**train.to_dict(), **bundle.unknown.get("train_config", {})},
        "image_set": bundle.image_set,
        "metrics": bundle.metrics,
        "history": list(bundle.history),
        "card": bundle.card,
    }
    try:
        metadata = {
            name: json.dumps(value, ensure_ascii=False, allow_nan=False) for name, value in texts.items()
        }
        version = {"format": FORMAT, "format_version": str(FORMAT_VERSION)}
        data = tensorfile.pack(arrays, {**bundle.unknown.get("header", {}), **version, **metadata})
        unpack_bundle(data)  # what is saved can be opened
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
        return unpack_bundle(data)


def unpack_bundle(data: bytes) -> Bundle:
    """Build a bundle from the bytes of its file.

    Raises:
        ValueError: they are no bundle's; only what was wrong.
    """
    metadata, arrays = tensorfile.unpack(data)
    header = check_header(metadata, tensorfile.describe(arrays))
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(
                f"its {name} are not all numbers: the training had diverged, or the file is damaged"
            )
    config = header.model_config
    model = stored.model_from(arrays, config)
    tensors = {name: stored.tensor_from(array) for name, array in arrays.items() if not is_weight(name)}
    labels = tensors.get("probe.labels")
    classes = config.n_classes or len(header.image_set["label_names"]) or MAX_NAMES
    if labels is not None and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError(f"its probe.labels are not all from 0 to {classes - 1}")
    probe = BundleProbe(
        tensors["probe.images"],
        tensors.get("probe.mean"),
        tensors.get("probe.logvar"),
        labels,
        tensors.get("probe.factors"),
    )
    return Bundle(
        config,
        header.train_config,
        model,
        probe,
        {} if probe.mean is None else stored.projections_from(probe.mean, tensors),
        header.history,
        header.metrics,
        header.card,
        header.image_set,
        header.unknown,
    )
