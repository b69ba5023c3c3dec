"""The image sets: what they are, whether they are here, and how to load them.

Every set comes as one `ImageSet`: pictures as uint8 `(N, C, H, W)`, labels and known factors where it has
them, and its licence. Some sets ship with the app, some are made here, some must be downloaded first
(`downloads.py`).

Importing this module and calling `image_sets` does not import torch: the server's process does both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vae_core.config import RANGES
from vae_core.downloads import DOWNLOADABLE, Progress, default_root, fetch, is_here, read
from vae_core.shapes import FACTOR_NAMES, KINDS, draw_shapes, shape_factors

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
KANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

MOST_CLASSES = int(RANGES["n_classes"][1])

_SHAPES_SEED = {"train": 1, "test": 2}


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

    Raises:
        ValueError: types, shapes or labels that do not fit.
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
        if self.labels is not None:
            _check_rows("labels", self.labels, "torch.int64", (count,))
            _check_labels(self.labels, self.label_names)
        if self.factors is not None:
            _check_rows("factors", self.factors, "torch.float32", (count, len(self.factor_names)))

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
    "MNIST database of handwritten digits by Yann LeCun, Corinna Cortes and Christopher Burges, made "
    "available by its authors under Creative Commons Attribution-ShareAlike 3.0 "
    "(https://creativecommons.org/licenses/by-sa/3.0/)"
)
FASHION_LICENCE = "Fashion-MNIST, copyright 2017 Zalando SE, https://tech.zalando.com; MIT licence"
FASHION_SOURCE = "https://github.com/zalandoresearch/fashion-mnist"
DIGITS_LICENCE = (
    "Optical Recognition of Handwritten Digits by E. Alpaydin and C. Kaynak, UCI Machine Learning "
    "Repository, Creative Commons Attribution 4.0 (https://creativecommons.org/licenses/by/4.0/)"
)

KMNIST_LICENCE = (
    "KMNIST Dataset, created by the Center for Open Data in the Humanities (CODH), adapted from the "
    "Kuzushiji Dataset by the National Institute of Japanese Literature and others, doi:10.20676/00000341; "
    "Creative Commons Attribution-ShareAlike 4.0 (https://creativecommons.org/licenses/by-sa/4.0/)"
)
CIFAR_LICENCE = (
    "CIFAR-10 by Alex Krizhevsky, Vinod Nair and Geoffrey Hinton; its authors state no licence and ask to be "
    "cited: Learning Multiple Layers of Features from Tiny Images, 2009"
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
    ImageSetInfo(
        "shapes", "Shapes: five known factors", (1, 32, 32), 10_000, 2_000, True, KINDS, FACTOR_NAMES,
        "made by this app; free to use", "generated from a fixed seed",
    ),
    ImageSetInfo(
        "mnist_full", "MNIST, all of it", (1, 28, 28), 60_000, 10_000, False, DIGITS, (),
        MNIST_LICENCE, "http://yann.lecun.com/exdb/mnist/", DOWNLOADABLE["mnist_full"].download_bytes,
    ),
    ImageSetInfo(
        "fashion_full", "Fashion-MNIST, all of it", (1, 28, 28), 60_000, 10_000, False, CLOTHES, (),
        FASHION_LICENCE, FASHION_SOURCE, DOWNLOADABLE["fashion_full"].download_bytes,
    ),
    ImageSetInfo(
        "kmnist", "Kuzushiji-MNIST: cursive Japanese", (1, 28, 28), 60_000, 10_000, False, KANA, (),
        KMNIST_LICENCE, "http://codh.rois.ac.jp/kmnist/", DOWNLOADABLE["kmnist"].download_bytes,
    ),
    ImageSetInfo(
        "cifar10", "CIFAR-10: small photographs", (3, 32, 32), 50_000, 10_000, False, THINGS, (),
        CIFAR_LICENCE, "https://www.cs.toronto.edu/~kriz/cifar.html", DOWNLOADABLE["cifar10"].download_bytes,
    ),
)  # fmt: skip


def image_sets(*, root: Path | str | None = None) -> tuple[ImageSetInfo, ...]:
    """List the image sets; cheap, and without torch.

    Args:
        root: folder of the downloaded sets; by default the app's own.
    """
    folder = _root(root)
    return tuple(
        replace(info, available=is_here(info.name, folder)) if info.name in DOWNLOADABLE else info
        for info in _INFOS
    )


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
        ValueError: an unknown name or split, a limit below 1, or damaged files.
        FileNotFoundError: the set must be downloaded first.
        OSError: the download failed. Each says what to do.
    """
    names = [info.name for info in _INFOS]
    if name not in names:
        raise ValueError(f"no image set is called {name!r}; there are {', '.join(names)}")
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', not {split!r}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1 picture, not {limit}")
    factors = None
    images: npt.NDArray[Any]
    labels: npt.NDArray[Any]
    if name == "shapes":
        factors = shape_factors(_size("shapes", split), seed=_SHAPES_SEED[split])
        images, labels = draw_shapes(factors), factors[:, 0]
    elif name == "digits":
        images, labels = _read_digits(split)
    elif name in DOWNLOADABLE:
        folder = _root(root)
        if download and not is_here(name, folder):
            fetch(name, folder, progress)
        images, labels = read(name, split, folder)
    else:
        images, labels = _read_shipped(name, split)
    import torch

    info = _info(name)
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


def balanced_order(labels: npt.NDArray[Any], *, seed: int = 0) -> npt.NDArray[np.int64]:
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


def _check_rows(what: str, rows: torch.Tensor, dtype: str, shape: tuple[int, ...]) -> None:
    if str(rows.dtype) != dtype or tuple(rows.shape) != shape:
        raise ValueError(
            f"{what} must be {dtype} of shape {shape}, not {rows.dtype} of shape {tuple(rows.shape)}"
        )


def _check_labels(labels: torch.Tensor, names: tuple[str, ...]) -> None:
    if len(names) > MOST_CLASSES:
        raise ValueError(f"a set has at most {MOST_CLASSES:,} label_names, not {len(names):,}")
    last = (len(names) or MOST_CLASSES) - 1
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) <= last:
        raise ValueError(
            f"labels must be from 0 to {last}, an index into label_names; "
            f"they go from {int(labels.min())} to {int(labels.max())}"
        )


def _info(name: str) -> ImageSetInfo:
    return next(info for info in _INFOS if info.name == name)


def _size(name: str, split: str) -> int:
    return _info(name).size if split == "train" else _info(name).test_size


def _root(root: Path | str | None) -> Path:
    return default_root() if root is None else Path(root).expanduser()


def _read_shipped(name: str, split: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Read a set of `assets/images/`: uint8 (N, 1, H, W) and labels (N,)."""
    with np.load(SHIPPED / f"{name}.npz", allow_pickle=False) as stored:
        return stored[f"{split}_images"][:, None], stored[f"{split}_labels"]


def _read_digits(split: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Read scikit-learn's digits, 0..16 stretched to 0..255; 30 of each class are the test split."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = np.round(pixels.reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    order, held_out = balanced_order(labels, seed=0), _size("digits", "test")
    chosen = np.sort(order[:held_out] if split == "test" else order[held_out:])
    return images[chosen], labels[chosen]
