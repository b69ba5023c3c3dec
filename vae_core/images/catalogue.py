"""The image sets that the app knows: names, shapes, sizes, licences, sources. Plain Python, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vae_core.images.downloads import DOWNLOADABLE
from vae_core.images.shapes import FACTOR_NAMES, KINDS

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
        path: the file of someone's own set; "" for the app's.
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
    path: str = ""

    @property
    def loads_as(self) -> str:
        """What `load_image_set`, and every job about images, takes for this set."""
        return self.path or self.name


KNOWN_SETS: Final = (
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
