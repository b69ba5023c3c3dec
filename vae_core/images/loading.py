"""The image sets: what they are, whether they are here, and how to load them.

Every set comes as one `ImageSet`: pictures as uint8 `(N, C, H, W)`, labels and known factors where it has
them, and its licence. Some sets ship with the app, some are made here, some must be downloaded first
(`downloads.py`), some are someone's own (`own_sets.py`).

Importing this module and calling `image_sets` does not import torch: the server's process does both.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vae_core.images.catalogue import KNOWN_SETS, ImageSetInfo
from vae_core.images.downloads import DOWNLOADABLE, Progress, default_root, fetch, is_here, read
from vae_core.images.image_set import ImageSet
from vae_core.images.order import balanced_order
from vae_core.images.own_sets import describe_set, is_own, read_set
from vae_core.images.shapes import draw_shapes, shape_factors

__all__ = ["ImageSet", "ImageSetInfo", "balanced_order", "image_sets", "known_set", "load_image_set"]

Array = npt.NDArray[Any]
SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "images"

_SHAPES_SEED = {"train": 1, "test": 2}


def image_sets(*, root: Path | str | None = None) -> tuple[ImageSetInfo, ...]:
    """List the image sets; cheap, and without torch.

    Args:
        root: folder of the downloaded sets; by default the app's own.
    """
    folder = _root(root)
    return tuple(
        replace(info, available=is_here(info.name, folder)) if info.name in DOWNLOADABLE else info
        for info in KNOWN_SETS
    )


def known_set(name: str) -> ImageSetInfo | None:
    """Return what is known of a set without loading it; None where there is no such set.

    Args:
        name: a name from `image_sets`, or the path of an own set's file.
    """
    if not is_own(name):
        return next((info for info in image_sets() if info.name == name), None)
    with suppress(OSError, ValueError):
        return describe_set(Path(name)).info
    return None


def load_image_set(
    name: str,
    *,
    split: str = "train",
    root: Path | str | None = None,
    download: bool = False,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> ImageSet:
    """Load one split of an image set.

    Args:
        name: a name from `image_sets`, or the path of an own set's file.
        split: "train" or "test".
        root: folder of the downloaded sets; by default the app's own.
        download: fetch a set that is not here yet; sets that ship ignore it.
        limit: load at most so many pictures: the first of a class-balanced shuffle. None loads all.
        seed: seed of that shuffle. The set itself does not depend on it.
        progress: called now and then during a download with (fraction done 0..1, what is going on).

    Raises:
        ValueError: an unknown name or split, a limit below 1, or damaged files.
        FileNotFoundError: the set must be downloaded first.
        OSError: the download failed. Each says what to do.
    """
    known = {info.name: info for info in KNOWN_SETS}
    if name not in known and not is_own(name):
        raise ValueError(f"no image set is called {name!r}; there are {', '.join(known)}")
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', not {split!r}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1 picture, not {limit}")
    if is_own(name):
        return read_set(Path(name), split, limit=limit, seed=seed)
    info, factors = known[name], None
    size = info.size if split == "train" else info.test_size
    images: Array
    labels: Array
    if name == "shapes":
        factors = shape_factors(size, seed=_SHAPES_SEED[split])
        images, labels = draw_shapes(factors), factors[:, 0]
    elif name == "digits":
        images, labels = _read_digits(split, info.test_size)
    elif name in DOWNLOADABLE:
        folder = _root(root)
        if download and not is_here(name, folder):
            fetch(name, folder, progress)
        images, labels = read(name, split, folder)
    else:
        images, labels = _read_shipped(name, split)
    import torch

    loaded = ImageSet(
        name,
        info.title,
        torch.tensor(images, dtype=torch.uint8),
        torch.tensor(labels, dtype=torch.int64),
        info.label_names,
        None if factors is None else torch.from_numpy(factors),
        info.factor_names,
        info.licence,
        info.source,
    )
    if limit is None:
        return loaded
    return loaded.take(torch.from_numpy(balanced_order(labels, seed=seed)[:limit]))


def _root(root: Path | str | None) -> Path:
    return default_root() if root is None else Path(root).expanduser()


def _read_shipped(name: str, split: str) -> tuple[Array, Array]:
    """Read a set of `assets/images/`: uint8 (N, 1, H, W) and labels (N,)."""
    with np.load(SHIPPED / f"{name}.npz", allow_pickle=False) as stored:
        return stored[f"{split}_images"][:, None], stored[f"{split}_labels"]


def _read_digits(split: str, held_out: int) -> tuple[Array, Array]:
    """Read scikit-learn's digits, 0..16 stretched to 0..255; so many, class-balanced, are the test split."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = np.round(pixels.reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    order = balanced_order(labels, seed=0)
    chosen = np.sort(order[:held_out] if split == "test" else order[held_out:])
    return images[chosen], labels[chosen]
