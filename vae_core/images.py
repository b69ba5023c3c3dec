"""The image sets: what they are, whether they are here, and how to load them.

Every set comes as one `ImageSet`: pictures as uint8 `(N, C, H, W)`, labels and known factors where it has
them, and its licence. Some sets ship with the app, some are made here, some must be downloaded first
(`downloads.py`).

Importing this module and calling `image_sets` does not import torch: the server's process does both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

__all__ = ["ImageSet", "ImageSetInfo", "balanced_order", "image_sets", "load_image_set"]

SHIPPED = Path(__file__).resolve().parent.parent / "assets" / "images"

DIGITS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
CLOTHES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)  # fmt: skip

Array = npt.NDArray[np.generic]
Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Hold pictures with what is known about them.

    Attributes:
        name: the set's name, as in `image_sets`.
        title: the name for people.
        images: pictures, uint8, (N, C, H, W), 0..255.
        labels: class of each picture, int64, (N,), or None.
        label_names: name of each class; a label is an index into it.
        factors: what each picture was made from, float32, (N, F), or None.
        factor_names: name of each factor, F of them.
        licence: licence and notice that go wherever the pictures go.
        source: where the pictures come from.
    """

    name: str
    title: str
    images: torch.Tensor
    labels: torch.Tensor | None = None
    label_names: tuple[str, ...] = ()
    factors: torch.Tensor | None = None
    factor_names: tuple[str, ...] = ()
    licence: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        count = len(self.images)
        if self.images.ndim != 4 or str(self.images.dtype) != "torch.uint8":
            raise ValueError(
                f"images must be torch.uint8 of shape (N, C, H, W), "
                f"not {self.images.dtype} of shape {tuple(self.images.shape)}"
            )
        if self.labels is not None and tuple(self.labels.shape) != (count,):
            raise ValueError(f"labels must have shape ({count},), not {tuple(self.labels.shape)}")
        if self.factors is not None and tuple(self.factors.shape) != (count, len(self.factor_names)):
            expected = (count, len(self.factor_names))
            raise ValueError(f"factors must have shape {expected}, not {tuple(self.factors.shape)}")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape of one picture, (C, H, W)."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    def take(self, indices: torch.Tensor) -> ImageSet:
        """Return the pictures at `indices` (int64, (M,)), in that order, with their labels and factors."""
        return ImageSet(
            self.name,
            self.title,
            self.images[indices],
            None if self.labels is None else self.labels[indices],
            self.label_names,
            None if self.factors is None else self.factors[indices],
            self.factor_names,
            self.licence,
            self.source,
        )


@dataclass(frozen=True)
class ImageSetInfo:
    """Describe an image set without loading it.

    Attributes:
        name: what `load_image_set` takes.
        title: the name for people.
        shape: shape of one picture, (C, H, W).
        size: number of training pictures.
        test_size: number of test pictures.
        available: whether it can be loaded now, without a network.
        label_names: name of each class.
        factor_names: name of each known factor.
        licence: licence and notice that go wherever the pictures go.
        source: where the pictures come from.
        download_bytes: what a download would fetch; 0 for a set that is always here.
    """

    name: str
    title: str
    shape: tuple[int, int, int]
    size: int
    test_size: int
    available: bool
    label_names: tuple[str, ...]
    factor_names: tuple[str, ...]
    licence: str
    source: str
    download_bytes: int = 0


MNIST_LICENCE = (
    "MNIST database of handwritten digits by Yann LeCun, Corinna Cortes and Christopher Burges, made available "
    "by its authors under Creative Commons Attribution-ShareAlike 3.0 "
    "(https://creativecommons.org/licenses/by-sa/3.0/)"
)
FASHION_LICENCE = "Fashion-MNIST, copyright 2017 Zalando SE, https://tech.zalando.com; MIT licence"
FASHION_SOURCE = "https://github.com/zalandoresearch/fashion-mnist"
DIGITS_LICENCE = (
    "Optical Recognition of Handwritten Digits by E. Alpaydin and C. Kaynak, UCI Machine Learning "
    "Repository, Creative Commons Attribution 4.0 (https://creativecommons.org/licenses/by/4.0/)"
)

_INFOS = (
    ImageSetInfo(
        "mnist", "MNIST: handwritten digits", (1, 28, 28), 10_000, 2_000, True, DIGITS, (),
        MNIST_LICENCE, "a class-balanced sample, drawn at random from the two splits of the MNIST database",
    ),
    ImageSetInfo(
        "fashion", "Fashion-MNIST: clothes", (1, 28, 28), 10_000, 2_000, True, CLOTHES, (),
        FASHION_LICENCE, f"a class-balanced sample, drawn at random from the two splits of {FASHION_SOURCE}",
    ),
    ImageSetInfo(
        "digits", "Digits: handwritten, small", (1, 8, 8), 1_497, 300, True, DIGITS, (),
        DIGITS_LICENCE, "scikit-learn's load_digits; https://doi.org/10.24432/C50P49",
    ),
)  # fmt: skip


def image_sets(*, root: Path | str | None = None) -> tuple[ImageSetInfo, ...]:
    """List the image sets; cheap, and without torch.

    Args:
        root: folder of the downloaded sets; by default the app's own.
    """
    return _INFOS


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
        name: a name from `image_sets`.
        split: "train" or "test".
        root: folder of the downloaded sets; by default the app's own.
        download: fetch a set that is not here yet; sets that ship ignore it.
        limit: load at most so many pictures: the first of a class-balanced shuffle. None loads all.
        seed: seed of that shuffle. The set itself does not depend on it.
        progress: called now and then during a download with (fraction done 0..1, what is going on).

    Raises:
        ValueError: an unknown name or split, or a limit below 1.
    """
    names = [info.name for info in _INFOS]
    if name not in names:
        raise ValueError(f"no image set is called {name!r}; there are {', '.join(names)}")
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', not {split!r}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1 picture, not {limit}")
    import torch

    images, labels = _read_digits(split) if name == "digits" else _read_shipped(name, split)
    info = next(info for info in _INFOS if info.name == name)
    loaded = ImageSet(
        name,
        info.title,
        torch.from_numpy(np.ascontiguousarray(images, dtype=np.uint8)),
        torch.from_numpy(labels.astype(np.int64)),
        info.label_names,
        None,
        info.factor_names,
        info.licence,
        info.source,
    )
    if limit is None or limit >= len(loaded):
        return loaded
    return loaded.take(torch.from_numpy(balanced_order(labels, seed=seed)[:limit]))


def balanced_order(labels: Array, *, seed: int = 0) -> npt.NDArray[np.int64]:
    """Shuffle so that every beginning of the order holds the classes in equal numbers, while they last.

    Args:
        labels: class of each picture, (N,).
        seed: seed of the shuffle.

    Returns:
        A permutation of 0..N-1, (N,).
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    turn = np.empty(len(labels), dtype=np.int64)  # how many of its class come before
    for label in np.unique(labels):
        mine = np.flatnonzero(labels[shuffled] == label)
        turn[mine] = np.arange(len(mine))
    return shuffled[np.argsort(turn, kind="stable")]


def _read_shipped(name: str, split: str) -> tuple[Array, Array]:
    """Read a set of `assets/images/`: uint8 (N, 1, H, W) and labels (N,)."""
    with np.load(SHIPPED / f"{name}.npz", allow_pickle=False) as stored:
        return stored[f"{split}_images"][:, None], stored[f"{split}_labels"]


def _read_digits(split: str) -> tuple[Array, Array]:
    """Read scikit-learn's digits, 0..16 stretched to 0..255; 30 of each class are the test split."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = np.round(pixels.reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    order = balanced_order(labels, seed=0)
    chosen = np.sort(order[:300] if split == "test" else order[300:])
    return images[chosen], labels[chosen]
