"""The settings of a model and of its training: each one once.

Whatever names, checks, offers, links, explains or marks a setting reads it here: the configs, the fields of
Train and their links, the command line, what may change while a run trains, the marks on its curves. A new
setting is an entry here, its typed field in `vae_core.config.configs`, and the place that uses it.

`image_shape` is no setting: it is the images'; nor is `nets`, which come with a model. Plain Python, no
torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from vae_core.config.families import FAMILIES
from vae_core.config.setting_kinds import Choice as Choice
from vae_core.config.setting_kinds import Number as Number
from vae_core.models.architectures import ARCHITECTURES

_ALL: Final[tuple[Choice | Number, ...]] = (
    Choice(
        name="architecture",
        config="model",
        title="Architecture",
        summary="The layers of the encoder and the decoder.",
        folded=True,
        default="conv",
        options={architecture.name: architecture.help for architecture in ARCHITECTURES.values()},
    ),
    Choice(
        name="family",
        config="model",
        title="Family",
        summary="What an image's code is, and what is learned.",
        folded=True,
        default="vae",
        options={family.name: family.help for family in FAMILIES.values()},
    ),
    Choice(
        name="likelihood",
        config="model",
        title="Likelihood",
        summary="What p(x|z) says of the pixels.",
        folded=True,
        default="bernoulli",
        options={
            "bernoulli": "each pixel's brightness is a probability.",
            "gaussian": 'variance 1, so log p(x|z) is −½ squared error and a constant. "Squared error + KL", '
            "without the half, is beta 0.5.",
            "gaussian_learned": "one variance for all pixels, learned along with the rest.",
        },
    ),
    Number(
        name="latent_dim",
        config="model",
        title="Latent dimensions",
        summary="How many numbers describe an image.",
        details="Two can be drawn as they are; more keep more detail, and the map then shows two of them or "
        "a projection.",
        default=2,
        least=1,
        greatest=128,
        whole=True,
    ),
    Number(
        name="n_categories",
        config="model",
        title="Categories",
        summary="How many categories each variable of the code has.",
        details="A code is then one of categories ^ variables words.",
        default=10,
        least=2,
        greatest=32,
        whole=True,
    ),
    Number(
        name="beta",
        config="train",
        title="Beta",
        summary="Weight of the KL; 1 is the ELBO.",
        details="Larger: codes draw together, samples get smoother, reconstructions blurrier.",
        live=True,
        default=1.0,
        least=0.0,
        greatest=1e5,
        step=0.5,
    ),
    Number(
        name="learning_rate",
        config="train",
        title="Learning rate",
        summary="Adam's step size.",
        details="Too large and the loss jumps or blows up, too small and nothing seems to happen.",
        live=True,
        folded=True,
        default=1e-3,
        least=1e-6,
        greatest=1.0,
        step=1e-4,
    ),
    Number(
        name="epochs",
        config="train",
        title="Epochs",
        summary="How often the model sees every training image.",
        folded=True,
        default=20,
        least=1,
        greatest=500,
        whole=True,
    ),
    Number(
        name="batch_size",
        config="train",
        title="Batch size",
        summary="Images in one step.",
        details="Small batches take more and noisier steps in an epoch.",
        folded=True,
        default=128,
        least=2,
        greatest=4096,
        whole=True,
        unit="images",
    ),
    Number(
        name="seed",
        config="train",
        title="Seed",
        summary="Fixes the first weights, the order of the images and all noise: same seed, same run.",
        folded=True,
        default=0,
        least=0,
        greatest=2**63 - 1,
        whole=True,
    ),
    Number(
        name="width",
        config="model",
        title="Width",
        summary="Factor on the hidden widths and channels of mlp and conv.",
        details="At 0.125 the net is too small to learn much.",
        folded=True,
        architectures=tuple(each.name for each in ARCHITECTURES.values() if each.has_width),
        default=1.0,
        least=0.125,
        greatest=4.0,
        step=0.125,
    ),
    Number(
        name="beta_warmup_epochs",
        config="train",
        title="Warm-up epochs",
        summary="Beta rises from 0 to its value over so many first epochs.",
        details="So the model learns to use its latents before they cost anything.",
        live=True,
        folded=True,
        default=0,
        least=0,
        greatest=500,
        whole=True,
        at_most="epochs",
    ),
    Number(
        name="free_bits",
        config="train",
        title="Free bits",
        summary="Nats that each latent dimension may use at no cost, so that it is not switched off early.",
        live=True,
        folded=True,
        default=0.0,
        least=0.0,
        greatest=10.0,
        unit="nats",
        step=0.1,
    ),
    Number(
        name="importance_samples",
        config="train",
        title="Importance samples",
        summary="How many codes are drawn for each image; the bound is of their mean weight.",
        details="1 is the ELBO; more come closer to log p(x), and each costs a decoding.",
        default=5,
        least=1,
        greatest=1_000,
        whole=True,
    ),
    Choice(
        name="gradient_estimator",
        config="train",
        title="Gradients",
        summary="How the bound's gradient reaches the encoder.",
        folded=True,
        default="plain",
        options={
            "plain": "as it is. The more samples, the more noise there is beside it.",
            "dreg": "doubly reparameterised (arXiv:1810.04152): the same in the mean, with less noise the "
            "more samples there are.",
        },
    ),
    Number(
        name="r1_weight",
        config="train",
        title="R1",
        summary="How much the discriminator's slope at real images costs it (the R1 penalty).",
        details="It keeps the two nets in balance. Too little, and all samples become one; too much, and the "
        "discriminator sees nothing. 0 leaves it out.",
        live=True,
        default=1.0,
        least=0.0,
        greatest=1_000.0,
        step=0.5,
    ),
    Number(
        name="temperature",
        config="train",
        title="Temperature",
        summary="How far the codes of training are from one category each.",
        details="Small: nearly a category, and noisy gradients; large: soft mixtures, which the decoder will "
        "not see later. What is reported is always of categories. Each run begins at 10, so that not all "
        "images fall into one cell, and is at what you set after 300 steps.",
        live=True,
        default=0.67,
        least=0.1,
        greatest=10.0,
        step=0.05,
    ),
    Number(
        name="weight_decay",
        config="train",
        title="Weight decay",
        summary="Shrinks the weights at each step by this share of the learning rate.",
        details="As AdamW does: apart from the gradient, and not the biases and batch norms.",
        live=True,
        folded=True,
        default=0.0,
        least=0.0,
        greatest=1.0,
        step=0.01,
    ),
    Choice(
        name="binarize",
        config="train",
        title="Binarize",
        summary="Whether pixels are drawn black or white.",
        folded=True,
        default="none",
        options={
            "none": "they stay grey.",
            "dynamic": "each is drawn anew at every visit, with its brightness as the probability. Only then "
            "can a Bernoulli's numbers stand beside those of the literature.",
        },
    ),
    Number(
        name="n_classes",
        config="model",
        title="Classes",
        summary="How many classes of images encoder and decoder are told.",
        asked=False,
        default=0,
        least=0,
        greatest=1000,
        whole=True,
    ),
)

SETTINGS: Final[Mapping[str, Choice | Number]] = {setting.name: setting for setting in _ALL}
"""By name, in the order in which they are asked for."""

LIVE: Final = tuple(setting.name for setting in _ALL if setting.live)
"""Names of those that can change while a run trains."""


def of_config(config: Literal["model", "train"]) -> tuple[Choice | Number, ...]:
    """Return the settings of one config."""
    return tuple(setting for setting in _ALL if setting.config == config)


def choice(name: str) -> Choice:
    """Return a setting with values that have names."""
    setting = SETTINGS[name]
    assert isinstance(setting, Choice)
    return setting


def number(name: str) -> Number:
    """Return a setting that is a number."""
    setting = SETTINGS[name]
    assert isinstance(setting, Number)
    return setting


def default(name: str) -> Any:
    """Return what a setting is where nothing is said, in the type of its values."""
    return SETTINGS[name].default
