"""The models that ship: what each is, how it is trained, and why so.

`python -m vae_core bundles` makes them from these seeds on the shipped training splits (10,000 images of
28x28 or 32x32; 1,497 of 8x8). A test compares the shipped files with this table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.config.settings import number

if TYPE_CHECKING:
    from vae_core.bundles.bundle import Bundle
    from vae_core.training.trainer import Trainer

SHIPPED_BUNDLES: Final = Path(__file__).resolve().parents[2] / "assets" / "bundles"
SCHEDULE: Final = "the learning rate falls to zero along a cosine, epoch by epoch"

_GREY: Final = (1, 28, 28)


@dataclass(frozen=True)
class Recipe:
    """Describe one model that ships.

    Attributes:
        name: stem of the file, and the model's name in the URL.
        image_set: name of the image set.
        title: the model's title.
        model: what is built.
        train: how it is trained; its learning rate is where the cosine starts.
        why: why so.
    """

    name: str
    image_set: str
    title: str
    model: ModelConfig
    train: TrainConfig
    why: str


RECIPES: Final = (
    Recipe(
        "mnist-2",
        "mnist",
        "Handwritten digits in 2 dimensions",
        ModelConfig(_GREY, 2),
        TrainConfig(epochs=80, batch_size=32, learning_rate=2e-3, binarize="dynamic"),
        "small batches find a better map; pixels drawn anew at every visit keep 10,000 images from being "
        "learned by heart",
    ),
    Recipe(
        "mnist-16",
        "mnist",
        "Handwritten digits in 16 dimensions",
        ModelConfig(_GREY, 16),
        TrainConfig(epochs=60, learning_rate=2e-3),
        "sixty epochs with a falling rate: the held-out ELBO has stopped rising by then",
    ),
    Recipe(
        "fashion-2",
        "fashion",
        "Clothes in 2 dimensions",
        ModelConfig(_GREY, 2),
        TrainConfig(
            epochs=300,
            batch_size=32,
            learning_rate=2e-3,
            beta_warmup_epochs=150,
            binarize="dynamic",
            seed=1,
        ),
        "as mnist-2, and longer: the map still sorts itself after two hundred epochs",
    ),
    Recipe(
        "fashion-16",
        "fashion",
        "Clothes in 16 dimensions",
        ModelConfig(_GREY, 16),
        TrainConfig(epochs=60, learning_rate=2e-3),
        "sixty epochs with a falling rate: the held-out ELBO has stopped rising by then",
    ),
    Recipe(
        "digits-2",
        "digits",
        "Small handwritten digits in 2 dimensions",
        ModelConfig((1, 8, 8), 2),
        TrainConfig(epochs=200, batch_size=32, learning_rate=2e-3),
        "few images want many small steps: half a minute of them",
    ),
    Recipe(
        "shapes-10",
        "shapes",
        "Shapes with known factors in 10 dimensions",
        ModelConfig((1, 32, 32), 10),
        TrainConfig(epochs=40, learning_rate=2e-3, beta=4.0, seed=1),
        "beta 4 makes a dimension pay for what it says: what varies alone is then said alone",
    ),
    Recipe(
        "shapes-tc",
        "shapes",
        "Shapes with known factors, total correlation weighed",
        ModelConfig((1, 32, 32), 10, family="beta_tc"),
        TrainConfig(epochs=160, batch_size=64, beta=6.0, seed=2),
        "as shapes-10, but only what dimensions say together is made dear: size gets one of its own",
    ),
    Recipe(
        "mnist-ae",
        "mnist",
        "Handwritten digits by an autoencoder",
        ModelConfig(_GREY, 2, family="autoencoder"),
        TrainConfig(epochs=60, learning_rate=2e-3),
        "beside mnist-2: without a prior codes lie anywhere, and between them is nothing in particular",
    ),
    Recipe(
        "mnist-cond",
        "mnist",
        "Handwritten digits, told which",
        ModelConfig(_GREY, 2, family="conditional", n_classes=10),
        TrainConfig(epochs=60, learning_rate=2e-3, binarize="dynamic"),
        "told the digit, two dimensions are left for the hand: slant and weight, the same for all ten",
    ),
    Recipe(
        "mnist-concrete",
        "mnist",
        "Handwritten digits as words of two letters",
        ModelConfig(_GREY, 2, family="concrete", n_categories=10),
        TrainConfig(epochs=60, learning_rate=2e-3, binarize="dynamic"),
        "two variables of ten categories: a code is a word of two letters, and all hundred lie on one map",
    ),
    Recipe(
        "mnist-gan",
        "mnist",
        "Handwritten digits by a GAN",
        ModelConfig(_GREY, 16, family="gan"),
        TrainConfig(epochs=60, learning_rate=1e-3),
        "beside mnist-16, with the same decoder: sharper, and no image has a place",
    ),
)


def learning_rate_at(recipe: Recipe, epoch: int) -> float:
    """Return the learning rate of an epoch, 0 to epochs - 1: half a cosine from the recipe's own to zero."""
    fall = 0.5 * (1 + math.cos(math.pi * epoch / recipe.train.epochs))
    return max(number("learning_rate").least, recipe.train.learning_rate * fall)


def start(recipe: Recipe) -> Trainer:
    """Return a trainer of a recipe, before its first step; it is measured on the set's own test split."""
    from vae_core.images.loading import load_image_set
    from vae_core.training.trainer import Trainer

    images = load_image_set(recipe.image_set)
    test = load_image_set(recipe.image_set, split="test")
    return Trainer(images, recipe.model, recipe.train, test_set=test, device="cpu")


def train_epoch(recipe: Recipe, trainer: Trainer) -> None:
    """Train one epoch of a recipe."""
    trainer.set(learning_rate=learning_rate_at(recipe, round(trainer.epoch)))
    trainer.advance(measure=False)


def finish(recipe: Recipe, trainer: Trainer, *, umap: bool = True, nll_samples: int = 100) -> Bundle:
    """Return the bundle of a recipe's trainer: measured on the whole test split, its UMAP fitted.

    Args:
        recipe: what was trained.
        trainer: the trainer, at whatever epoch.
        umap: whether to fit the UMAP, which takes up to half a minute.
        nll_samples: importance samples per image for the NLL.
    """
    from vae_core.bundles.making import make_bundle
    from vae_core.images.loading import load_image_set
    from vae_core.measures.classifier import learn_classifier
    from vae_core.measures.suite import measure
    from vae_core.models.passing import Learning

    bundle = make_bundle(trainer, title=recipe.title, umap=umap)
    metrics = measure(
        bundle.model,
        trainer.image_set,
        load_image_set(recipe.image_set, split="test"),
        binarized=recipe.train.binarize != "none",
        nll_samples=nll_samples,
        seed=recipe.train.seed,
        learning=Learning(recipe.train),
        classifier=learn_classifier(trainer.image_set),
    )
    card = {**bundle.card, "schedule": SCHEDULE, "why": recipe.why}
    return replace(bundle, train_config=recipe.train, metrics=metrics, card=card)
