"""Jobs that draw: samples of image sets, contact sheets, walks through the latent space."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from vae_core.bundles.bundle import load_bundle
from vae_core.images.loading import balanced_order, load_image_set
from vae_core.pictures import sheets

if TYPE_CHECKING:
    from vae_core.engine.contract.info import Report
    from vae_core.images.loading import ImageSet

MAX_PICTURES: Final = 1_000
MAX_FRAMES: Final = 600


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
        reconstructed: draw every picture of a bundle as its model reconstructs it; one without an encoder
            draws as many samples, always the same.
    """
    if bundle is not None:
        loaded = load_bundle(bundle)
        images, labels = loaded.probe.images, loaded.probe.labels
        order = _class_order(labels, len(images), rows, columns)
        picked = images[torch.from_numpy(order)]
        if reconstructed:
            if loaded.probe.mean is None:
                z = torch.randn(len(order), loaded.model_config.code_size, generator=_fixed())
            else:
                z = loaded.probe.mean[torch.from_numpy(order)]
            classes = loaded.model_config.n_classes
            own = torch.arange(len(z)) if labels is None else labels[torch.from_numpy(order)]
            with torch.no_grad():
                decoded = loaded.model.decode_images(z, own % classes if classes else None)
            picked = (decoded * 255).round().to(torch.uint8)
        return sheets.png(sheets.grid(picked.numpy(), max(1, len(order) // rows)))
    if image_set is None:
        raise ValueError("thumbnails needs a bundle or an image_set")
    shown: ImageSet = load_image_set(image_set, limit=2_000)
    order = _class_order(shown.labels, len(shown), rows, columns)
    return sheets.png(sheets.grid(shown.images[torch.from_numpy(order)].numpy(), max(1, len(order) // rows)))


def gif(
    report: Report,
    *,
    bundle: str,
    z: Sequence[Sequence[float]],
    milliseconds: int = 80,
    scale: int = 6,
    there_and_back: bool = True,
    label: int = 0,
) -> bytes:
    """Decode a walk through the latent space and draw it as a GIF.

    Args:
        report: progress.
        bundle: the model's file.
        z: latent codes, (S, D).
        milliseconds: each picture is shown so long.
        scale: each pixel becomes so many.
        there_and_back: whether the walk returns to its beginning.
        label: the class that a model with classes is told.
    """
    loaded = load_bundle(bundle)
    codes = torch.tensor(z, dtype=torch.float32)
    if (
        codes.ndim != 2
        or codes.shape[1] != loaded.model_config.code_size
        or not 1 <= len(codes) <= MAX_FRAMES
    ):
        raise ValueError(
            f"z must be 1 to {MAX_FRAMES} codes of {loaded.model_config.code_size} numbers, "
            f"not {tuple(codes.shape)}"
        )
    told = torch.full((len(codes),), label) if loaded.model_config.n_classes else None
    frames = []
    for start in range(0, len(codes), 64):
        report(start / len(codes), f"{start} of {len(codes)} pictures")
        with torch.no_grad():
            y = None if told is None else told[start : start + 64]
            decoded = loaded.model.decode_images(codes[start : start + 64], y)
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


def _fixed() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _class_order(labels: torch.Tensor | None, count: int, rows: int, columns: int) -> npt.NDArray[Any]:
    return sheets.by_class(None if labels is None else labels.numpy(), count, rows, columns)
