"""The jobs: functions of the core with progress and a result that can travel.

Each takes `report(progress 0..1, message)` first, which also is where a cancelled job ends. Files are named
by path: the server's side knows whose they are. `lanes.py` says which process does which.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from vae_core import tensorfile
from vae_core.bundle import load_bundle, save_bundle
from vae_core.bundle_making import make_bundle, with_umap
from vae_core.config import ModelConfig, TrainConfig
from vae_core.engine import sheets
from vae_core.engine.film import film
from vae_core.engine.state import begin_at_keyframe, load_state, make_trainer
from vae_core.images import balanced_order, load_image_set

if TYPE_CHECKING:
    from vae_core.bundle import Bundle
    from vae_core.images import ImageSet

Report = Callable[[float, str], None]

MAX_PICTURES: Final = 1_000
MAX_FRAMES: Final = 600
MAX_ENCODED: Final = 100_000


def check_bundle(report: Report, *, path: str) -> dict[str, Any]:
    """Open a file that may come from anyone; ValueError says what is wrong with it."""
    bundle = load_bundle(path)
    return {"title": bundle.card.get("title", ""), "latent_dim": bundle.model_config.latent_dim}


def save_run(
    report: Report,
    *,
    state: str,
    temporary: bool,
    image_set: str,
    model: Mapping[str, Any],
    train: Mapping[str, Any],
    title: str,
    path: str,
) -> dict[str, Any]:
    """Write a run's model as a bundle.

    Args:
        report: progress.
        state: file with the trainer's state.
        temporary: whether that file goes afterwards.
        image_set: name of the images it learned from.
        model: fields of `ModelConfig`.
        train: fields of `TrainConfig`.
        title: the model's title.
        path: where the bundle goes.
    """
    with _short_lived(*[Path(state)] * temporary):
        try:
            data = Path(state).read_bytes()
        except FileNotFoundError:
            raise ValueError("This run has not trained yet, so there is nothing to save.") from None
        report(0.1, "Reading the run")
        trainer = make_trainer(image_set, ModelConfig.from_dict(model), TrainConfig.from_dict(train))
        load_state(trainer, data)
        report(0.3, "Measuring the model")
        return _write_bundle(report, make_bundle(trainer, title=title), path)


def save_keyframe(
    report: Report,
    *,
    shown: str,
    encoder: str,
    image_set: str,
    model: Mapping[str, Any],
    train: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    title: str,
    path: str,
) -> dict[str, Any]:
    """Write a moment of a run's past as a bundle.

    Args:
        report: progress.
        shown: file with the keyframe as the browser gets it, which goes afterwards,
        encoder: and with its encoder, which goes too.
        image_set: name of the images it learned from.
        model: fields of `ModelConfig`.
        train: fields of `TrainConfig`, as they were then.
        history: the run's; what came later is left out.
        title: the model's title.
        path: where the bundle goes.
    """
    files = [Path(shown), Path(encoder)]
    with _short_lived(*files):
        report(0.1, "Reading the keyframe")
        trainer = make_trainer(image_set, ModelConfig.from_dict(model), TrainConfig.from_dict(train))
        begin_at_keyframe(trainer, *(file.read_bytes() for file in files), history=history)
        report(0.3, "Measuring the model")
        return _write_bundle(report, make_bundle(trainer, title=title), path)


@contextmanager
def _short_lived(*files: Path) -> Iterator[None]:
    """Delete files once they have served, well or not; if the process dies, the next attempt finds them."""
    try:
        yield
    finally:
        for file in files:
            with suppress(OSError):
                file.unlink()


def _write_bundle(report: Report, bundle: Bundle, path: str) -> dict[str, Any]:
    report(0.9, "Writing the file")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_bundle(path, bundle)
    return {"path": path, "name": Path(path).stem}


def fit_umap(report: Report, *, bundle: str, write: bool = False, seed: int = 0) -> dict[str, Any]:
    """Fit the UMAP of a bundle's probe.

    Args:
        report: progress.
        bundle: the file.
        write: whether to put it into the file, unless that has changed or gone meanwhile.
        seed: of the fit.

    Returns:
        `positions` (float32, (P, 2), as bytes; empty where PCA has to do), `trustworthiness`, `written`.
    """
    path = Path(bundle)
    before = path.stat()
    fitted = with_umap(load_bundle(path), seed=seed)
    projection = fitted.projections.get("umap")
    if projection is None:
        return {"positions": b"", "trustworthiness": None, "written": False}
    report(0.9, "Judging the map")
    written = False
    if write:
        partial = path.with_name(f".{path.name}.umap")
        save_bundle(partial, fitted)
        try:
            now = path.stat()
            if (now.st_mtime_ns, now.st_size) == (before.st_mtime_ns, before.st_size):
                os.replace(partial, path)
                written = True
        except FileNotFoundError:  # the model was deleted or renamed meanwhile
            pass
        finally:
            partial.unlink(missing_ok=True)
    return {
        "positions": projection.positions.numpy().astype("<f4").tobytes(),
        "trustworthiness": projection.trustworthiness,
        "written": written,
    }


def importance_nll(
    report: Report, *, bundle: str, n_samples: int = 256, count: int = 500, seed: int = 0
) -> dict[str, Any]:
    """Estimate -log p(x) of a bundle's model on held-out images, in nats per image (arXiv:1509.00519)."""
    from vae_core.evaluate import importance_nll as estimate

    loaded = load_bundle(bundle)
    binarized = loaded.train_config.binarize == "dynamic"
    images = load_image_set(loaded.image_set["name"], split="test", limit=count).images.float() / 255
    generator = torch.Generator().manual_seed(seed)
    if binarized:
        images = torch.bernoulli(images, generator=generator)
    parts = []
    for start in range(0, len(images), 20):
        report(start / len(images), f"{start:,} of {len(images):,} images")
        with torch.no_grad():
            parts.append(
                estimate(loaded.model, images[start : start + 20], n_samples=n_samples, generator=generator)
            )
    values = torch.cat(parts).double()
    return {
        "nll": float(values.mean()),
        "standard_error": float(values.std() / math.sqrt(len(values))) if len(values) > 1 else None,
        "n_samples": n_samples,
        "count": len(values),
        "pixels": "binarized" if binarized else "grey",
    }


def download_set(report: Report, *, name: str) -> dict[str, Any]:
    """Fetch an image set."""
    loaded = load_image_set(name, download=True, progress=report)
    return {"name": name, "size": len(loaded)}


def set_sample(
    report: Report,
    *,
    name: str,
    split: str = "train",
    count: int = 60,
    seed: int = 0,
    label: int | None = None,
    columns: int = 10,
) -> dict[str, Any]:
    """Draw pictures of an image set as one grid.

    Args:
        report: progress.
        name: the set.
        split: "train" or "test".
        count: pictures, at most 1,000.
        seed: of the draw.
        label: only this class; None draws from all, in equal numbers.
        columns: of the grid.

    Returns:
        `png`, and `labels`, `factors` (or None) of the pictures in reading order, `columns`.
    """
    images = load_image_set(name, split=split)
    if label is not None and images.labels is not None:
        images = images.take(torch.nonzero(images.labels == label).flatten())
    labels = np.zeros(len(images), np.int64) if images.labels is None else images.labels.numpy()
    chosen = torch.from_numpy(balanced_order(labels, seed=seed)[: max(1, min(count, MAX_PICTURES))])
    shown = images.take(chosen)
    return {
        "png": sheets.png(sheets.grid(shown.images.numpy(), columns)),
        "labels": None if shown.labels is None else shown.labels.tolist(),
        "factors": None if shown.factors is None else shown.factors.tolist(),
        "columns": columns,
    }


def thumbnails(
    report: Report,
    *,
    bundle: str | None = None,
    image_set: str | None = None,
    rows: int = 4,
    columns: int = 10,
    reconstructed: bool = False,
) -> bytes:
    """Draw a contact sheet as PNG: columns by class, or just pictures where there are no classes.

    Args:
        report: progress.
        bundle: a model's file, or
        image_set: an image set's name.
        rows: pictures in a column.
        columns: at most so many.
        reconstructed: draw every picture of a bundle as its model reconstructs it.
    """
    if bundle is not None:
        loaded = load_bundle(bundle)
        images, labels = loaded.probe.images, loaded.probe.labels
        order = _class_order(labels, len(images), rows, columns)
        picked = images[torch.from_numpy(order)]
        if reconstructed:
            with torch.no_grad():
                decoded = loaded.model.decode_images(loaded.probe.mean[torch.from_numpy(order)])
            picked = (decoded * 255).round().to(torch.uint8)
        return sheets.png(sheets.grid(picked.numpy(), max(1, len(order) // rows)))
    if image_set is None:
        raise ValueError("thumbnails needs a bundle or an image_set")
    shown: ImageSet = load_image_set(image_set, limit=2_000)
    order = _class_order(shown.labels, len(shown), rows, columns)
    return sheets.png(sheets.grid(shown.images[torch.from_numpy(order)].numpy(), max(1, len(order) // rows)))


def encode(
    report: Report,
    *,
    bundle: str,
    images: bytes | None = None,
    image_set: str | None = None,
    split: str = "test",
) -> bytes:
    """Encode images with a bundle's model.

    Args:
        report: progress.
        bundle: the model's file.
        images: safetensors bytes with `images`, uint8, (N, C, H, W), or
        image_set: the name of an image set, of which the
        split: is taken.

    Returns:
        Safetensors bytes with `mean` and `logvar` (absent for an autoencoder), float32, (N, D).
    """
    from vae_core.latent import encode_images

    loaded = load_bundle(bundle)
    if images is not None:
        pixels = torch.from_numpy(tensorfile.unpack(images)[1]["images"].copy())
    elif image_set is not None:
        pixels = load_image_set(image_set, split=split).images
    else:
        raise ValueError("encode needs images or an image_set")
    shape = loaded.model_config.image_shape
    if pixels.dtype != torch.uint8 or tuple(pixels.shape[1:]) != shape or not 1 <= len(pixels) <= MAX_ENCODED:
        raise ValueError(
            f"this model takes 1 to {MAX_ENCODED:,} images of shape {shape} as uint8; "
            f"got {tuple(pixels.shape)} as {pixels.dtype}"
        )
    parts = []
    for start in range(0, len(pixels), 4096):
        report(start / len(pixels), f"{start:,} of {len(pixels):,} images")
        parts.append(encode_images(loaded.model, pixels[start : start + 4096]))
    arrays = {"mean": torch.cat([part.mean for part in parts]).numpy()}
    if parts[0].logvar is not None:
        arrays["logvar"] = torch.cat([part.logvar for part in parts if part.logvar is not None]).numpy()
    return tensorfile.pack(arrays, {})


def gif(
    report: Report,
    *,
    bundle: str,
    z: Sequence[Sequence[float]],
    milliseconds: int = 80,
    scale: int = 6,
    there_and_back: bool = True,
) -> bytes:
    """Decode a walk through the latent space and draw it as a GIF.

    Args:
        report: progress.
        bundle: the model's file.
        z: latent codes, (S, D).
        milliseconds: each picture is shown so long.
        scale: each pixel becomes so many.
        there_and_back: whether the walk returns to its beginning.
    """
    loaded = load_bundle(bundle)
    codes = torch.tensor(z, dtype=torch.float32)
    if (
        codes.ndim != 2
        or codes.shape[1] != loaded.model_config.latent_dim
        or not 1 <= len(codes) <= MAX_FRAMES
    ):
        raise ValueError(
            f"z must be 1 to {MAX_FRAMES} codes of {loaded.model_config.latent_dim} numbers, "
            f"not {tuple(codes.shape)}"
        )
    frames = []
    for start in range(0, len(codes), 64):
        report(start / len(codes), f"{start} of {len(codes)} pictures")
        with torch.no_grad():
            decoded = loaded.model.decode_images(codes[start : start + 64])
        for picture in (decoded * 255).round().to(torch.uint8).numpy():
            image = sheets.to_image(picture)
            frames.append(image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST))
    if there_and_back:
        frames += frames[-2:0:-1]
    file = io.BytesIO()
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, optimize=False
    )
    return file.getvalue()


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "check_bundle": check_bundle,
    "download_set": download_set,
    "encode": encode,
    "film": film,
    "fit_umap": fit_umap,
    "gif": gif,
    "importance_nll": importance_nll,
    "save_keyframe": save_keyframe,
    "save_run": save_run,
    "set_sample": set_sample,
    "thumbnails": thumbnails,
}


def _class_order(labels: torch.Tensor | None, count: int, rows: int, columns: int) -> npt.NDArray[Any]:
    return sheets.by_class(None if labels is None else labels.numpy(), count, rows, columns)
