"""What a model is and how it is trained, as two frozen dataclasses; ranges and defaults stand in `settings`.

Plain Python on purpose: the server's process, which must not import torch, makes and checks these.
Both are refused with a ``ValueError`` when they are made, so whoever holds one holds one that works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from math import isqrt, prod
from numbers import Integral
from typing import Any, Final, Literal, TypeVar

from vae_core.config.families import FAMILIES, Family, LatentKind
from vae_core.config.settings import choice, default, of_config
from vae_core.models import architectures
from vae_core.models.architectures.contract import PlacedNets, check_nets, placed_nets
from vae_core.models.architectures.discriminator import discriminator
from vae_core.models.layers.layer_json import nets_from_json, nets_to_json
from vae_core.models.layers.lists import MAX_WEIGHTS as MAX_WEIGHTS
from vae_core.models.layers.lists import Layers, Nets, Placed, placed, weights_of

ARCHITECTURES: Final = tuple(choice("architecture").options)
LIKELIHOODS: Final = tuple(choice("likelihood").options)

SIDE_RANGE: Final = (8, 128)
CHANNELS: Final = (1, 3)
LONGEST_LABEL: Final = 60

MAX_CODES: Final = 65_536
"""Codes that a step may decode, of all images of its batch."""

JUDGED: Final = 4
"""How often an image's way through the discriminator is paid in a step: for the image, for a sample, for the
same one once more when the generator learns, and for the slope at images."""

MAX_UNDIVIDED: Final = 12_000_000_000
"""Multiply-adds, on the way forward, of a step that cannot be taken in parts: two seconds on one thread."""

MAX_PAIRS: Final = 2_000_000
"""Numbers that a step may take of the pairs of a batch's images, one for each dimension, where their codes
are compared: 8 MB, of which autograd keeps a few."""


@dataclass(frozen=True)
class ModelConfig:
    """Describe a model: from this alone, and its weights, anyone can run it.

    Attributes:
        image_shape: (C, H, W); C is 1 or 3, H and W are 8 to 128.
        latent_dim: number of latent dimensions D.
        architecture: name of the nets: one of `vae_core.models.architectures`, or, with `nets`, any label.
        family: name in `vae_core.config.families`, which says what it has.
        likelihood: p(x|z): "bernoulli", "gaussian" (variance 1) or "gaussian_learned" (one variance for all).
        n_classes: 0, or the number of labels that encoder and decoder are told.
        width: factor on the hidden widths and channels of "mlp" and "conv".
        n_categories: of each latent dimension, where these are variables with categories.
        nets: the two lists of layers, where they are not those that the architecture's name stands for; the
            encoder's is empty where there is none.

    Raises:
        ValueError: what was given, what was expected.
    """

    image_shape: tuple[int, int, int] = (1, 28, 28)
    latent_dim: int = default("latent_dim")
    architecture: str = default("architecture")
    family: str = default("family")
    likelihood: str = default("likelihood")
    n_classes: int = default("n_classes")
    width: float = default("width")
    n_categories: int = default("n_categories")
    nets: Nets | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "image_shape", _checked_shape(self.image_shape))
        _check(self, "model")
        if self.traits.told_classes and self.n_classes == 0:
            raise ValueError(
                f"family {self.family!r} is told the class of each image: it wants images with classes, and "
                "their number as n_classes"
            )
        if "likelihood" not in self.traits.settings and self.likelihood != default("likelihood"):
            raise ValueError(
                f"likelihood says nothing where there is no p(x|z), as in family {self.family!r}: leave it "
                f"at {default('likelihood')!r}; got {self.likelihood!r}"
            )
        if self.traits.has_discriminator and self.n_classes:
            raise ValueError(
                f"n_classes must be 0 in family {self.family!r}, whose discriminator is told no classes; "
                f"got {self.n_classes}"
            )
        if self.nets is not None and self.nets == self._named_nets():
            object.__setattr__(self, "nets", None)
        if self.categories and not self.has_encoder:
            raise ValueError(f"family {self.family!r} wants an encoder, which chooses the categories")
        if self.nets is not None:
            check_nets(self.placed(), self)
        weights = count_weights(self)
        if weights >= MAX_WEIGHTS:
            channels, height, width = self.image_shape
            raise ValueError(
                f"{self.architecture} at {height}x{width}x{channels}, width {self.width:g} and "
                f"{self.latent_dim} latent dimensions has {weights / 1e6:.1f} M weights; "
                f"the limit is {MAX_WEIGHTS / 1e6:g} M: take a smaller width, smaller images or another net"
            )

    @property
    def traits(self) -> Family:
        """What its family has."""
        return FAMILIES[self.family]

    @property
    def has_encoder(self) -> bool:
        """Whether an image can be placed in the latent space."""
        return self.traits.has_encoder and (self.nets is None or len(self.nets[0]) > 0)

    @property
    def has_likelihood(self) -> bool:
        """Whether the model has an ELBO: a p(x), and an encoder to bound it by."""
        return self.traits.has_likelihood and self.has_encoder

    @property
    def latent_kind(self) -> LatentKind:
        """What an image's code is: a Gaussian, a single point, or something else."""
        return self.traits.latent_kind if self.has_encoder else "prior"

    @property
    def categories(self) -> int:
        """How many each latent dimension has; 0 where dimensions are no variables with categories."""
        return self.n_categories if self.traits.latent_kind == "categorical" else 0

    @property
    def code_size(self) -> int:
        """How many numbers of a code the decoder's net takes: of categories one each, which is 0 or 1."""
        return self.latent_dim * max(1, self.categories)

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the coarsest feature map: a quarter of the image's, rounded up."""
        _, height, width = self.image_shape
        return -(-height // 4), -(-width // 4)

    def layers(self) -> Nets:
        """Return the encoder's and the decoder's list of layers."""
        return _nets_of(self._build(), self)[0]

    def placed(self) -> PlacedNets:
        """Return the two lists with the shapes that each layer gets and makes.

        Raises:
            ValueError: a list does not chain; which layer, and what would do.
        """
        return _nets_of(self._build(), self)[1]

    def discriminator(self) -> Layers:
        """Return the layers of the net that tells images from samples; none where the family has none.

        They are those of the encoder that the architecture's name stands for, ending in one logit.

        Raises:
            ValueError: the nets are given, not named: there is no encoder to make it of.
        """
        if not self.traits.has_discriminator:
            return ()
        build = self._build()
        if build is None:
            raise ValueError("a discriminator is made of a named architecture's encoder, not of given nets")
        return discriminator(build(self)[0])

    def placed_to_learn(self) -> tuple[tuple[Placed, ...], ...]:
        """Return the layers of all nets that training moves: encoder, decoder, discriminator.

        Raises:
            ValueError: as `discriminator`.
        """
        return *self.placed(), placed(self.discriminator(), self.image_shape, "encoder")

    def _build(self) -> Callable[[ModelConfig], Nets] | None:
        """Return what makes the two lists of the name; None where they are given."""
        return architectures.ARCHITECTURES[self.architecture].build if self.nets is None else None

    def _named_nets(self) -> Nets | None:
        """Return the lists that the architecture's name stands for, if it stands for any."""
        try:
            return replace(self, nets=None).layers()
        except ValueError:  # no such name, or its nets would be too large
            return None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-able values; `nets`, where there are any, as "layers"."""
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "nets"}
        values["image_shape"] = list(self.image_shape)
        return values if self.nets is None else values | {"layers": nets_to_json(self.nets)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelConfig:
        """Make a config from `to_dict`'s answer; what is missing takes its default.

        Raises:
            ValueError: for an unknown name or a value out of range.
        """
        return _from_dict(cls, values)


@dataclass(frozen=True)
class TrainConfig:
    """Describe a training run.

    Attributes:
        epochs: passes over the training images.
        batch_size: images a step; a last batch of one image joins the one before.
        learning_rate: Adam's.
        beta: weight of the KL (arXiv:1804.03599 and the beta-VAE); 1 is the ELBO.
        beta_warmup_epochs: beta rises linearly from 0 over the run's first epochs; no more than `epochs`.
        free_bits: nats per latent dimension that cost nothing (arXiv:1606.04934).
        importance_samples: codes that are drawn for each image (arXiv:1509.00519).
        gradient_estimator: "plain", or "dreg" (arXiv:1810.04152), for the bound of several codes.
        r1_weight: gamma of the discriminator's penalty, gamma / 2 |slope at images|^2 (arXiv:1801.04406).
        temperature: of the relaxed categories that are trained on (arXiv:1611.00712).
        weight_decay: share of the learning rate by which weights shrink at each step (arXiv:1711.05101).
        binarize: "none", or "dynamic" (Bernoulli only): pixels are drawn anew at every visit.
        seed: of the weights, the order of the images and all noise.

    Raises:
        ValueError: what was given, what was expected.
    """

    epochs: int = default("epochs")
    batch_size: int = default("batch_size")
    learning_rate: float = default("learning_rate")
    beta: float = default("beta")
    beta_warmup_epochs: int = default("beta_warmup_epochs")
    free_bits: float = default("free_bits")
    importance_samples: int = default("importance_samples")
    gradient_estimator: str = default("gradient_estimator")
    r1_weight: float = default("r1_weight")
    temperature: float = default("temperature")
    weight_decay: float = default("weight_decay")
    binarize: str = default("binarize")
    seed: int = default("seed")

    def __post_init__(self) -> None:
        _check(self, "train")

    def replace(self, **changes: Any) -> TrainConfig:
        """Return a copy with other values, checked anew."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-able values."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Make a config from `to_dict`'s answer; what is missing takes its default.

        Raises:
            ValueError: for an unknown name or a value out of range.
        """
        return _from_dict(cls, values)


@lru_cache(maxsize=256)  # a page's script asks for a dozen models each time it runs
def _nets_of(build: Callable[[ModelConfig], Nets] | None, config: ModelConfig) -> tuple[Nets, PlacedNets]:
    nets = config.nets if build is None else build(config)
    assert nets is not None
    if not config.traits.has_encoder:
        nets = (), nets[1]
    return nets, placed_nets(nets, config)


def count_weights(config: ModelConfig) -> int:
    """Return the number of trained parameters, without building the model."""
    learned = (shape for net in config.placed() for shape in weights_of(net).values())
    return sum(map(prod, learned)) + int(config.likelihood == "gaussian_learned")


def count_learning_weights(config: ModelConfig) -> int:
    """Return the number of parameters that training moves: a discriminator's too."""
    _, _, discriminator = config.placed_to_learn()
    return count_weights(config) + sum(map(prod, weights_of(discriminator).values()))


def count_multiply_adds(config: ModelConfig, codes: int = 1) -> int:
    """Return how many an image takes on its way through both nets, without building the model.

    Args:
        config: the model's.
        codes: how many are decoded for each image.
    """
    encoder, decoder = (sum(each.layer.multiply_adds(each.given) for each in net) for net in config.placed())
    return encoder + codes * decoder


def count_step_multiply_adds(model: ModelConfig, train: TrainConfig) -> int:
    """Return how many an image takes in a step on its way forward, through all nets that learn."""
    _, _, discriminator = model.placed_to_learn()
    judging = sum(each.layer.multiply_adds(each.given) for each in discriminator)
    return count_multiply_adds(model, codes_per_image(model, train)) + JUDGED * judging


def codes_per_image(model: ModelConfig, train: TrainConfig) -> int:
    """Return how many codes a step draws, and decodes, for each image."""
    setting = model.traits.draws
    return int(getattr(train, setting)) if setting else 1


def why_not_gone_on(model: ModelConfig) -> str:
    """Say why training cannot go on from what a saved model has learned; "" if it can."""
    if model.traits.has_discriminator:
        return (
            "Its file holds the generator alone, and training would want the discriminator that learned "
            "against it."
        )
    return ""


def check_together(model: ModelConfig, train: TrainConfig) -> None:
    """Refuse settings that are fine alone and not together.

    Raises:
        ValueError: what was given, what was expected.
    """
    if train.binarize == "dynamic" and model.likelihood != "bernoulli":
        raise ValueError(
            f"binarize='dynamic' draws black and white pixels, which {model.likelihood!r} does not model: "
            "take likelihood='bernoulli' or binarize='none'"
        )
    codes = codes_per_image(model, train)
    if train.batch_size * codes > MAX_CODES:
        raise ValueError(
            f"{model.traits.draws} may be {MAX_CODES // train.batch_size:,} at most with a batch of "
            f"{train.batch_size:,} images, for a step decodes {MAX_CODES:,} codes at most; got {codes:,}"
        )
    if model.traits.in_one_go and model.nets is None:  # nets that are given are not trained
        most = MAX_UNDIVIDED // max(1, count_step_multiply_adds(model, train))
        if train.batch_size > most:
            raise ValueError(
                f"batch_size may be {most:,} at most with these nets and images, for a step of "
                f"{model.family} is taken in one go; got {train.batch_size:,}"
            )
    if model.traits.compares_codes:
        pairs = train.batch_size**2 * model.latent_dim
        if pairs > MAX_PAIRS:
            most = isqrt(MAX_PAIRS // model.latent_dim)
            raise ValueError(
                f"batch_size may be {most:,} at most with {model.latent_dim} latent dimensions, for "
                f"{model.family} compares each code of a batch with each other one; got {train.batch_size:,}"
            )


def offered_architectures(image_shape: tuple[int, int, int]) -> tuple[str, ...]:
    """Return the architectures that a page offers for images of this shape."""
    side = max(image_shape[1:])
    return tuple(each.name for each in architectures.ARCHITECTURES.values() if side <= each.largest_side)


def _checked_shape(shape: Any) -> tuple[int, int, int]:
    wanted = "image_shape must be (channels, height, width): channels 1 or 3, height and width 8 to 128"
    if not isinstance(shape, (tuple, list)) or len(shape) != 3:
        raise ValueError(f"{wanted}; got {shape!r}")
    if any(isinstance(size, bool) or not isinstance(size, Integral) for size in shape):
        raise ValueError(f"{wanted}; got {shape!r}")
    channels, height, width = (int(size) for size in shape)
    if channels not in CHANNELS or not all(
        SIDE_RANGE[0] <= side <= SIDE_RANGE[1] for side in (height, width)
    ):
        raise ValueError(f"{wanted}; got {tuple(shape)!r}")
    return channels, height, width


def _check(config: ModelConfig | TrainConfig, which: Literal["model", "train"]) -> None:
    """Refuse what is out of range, and make plain numbers of what is not."""
    values = vars(config)
    for setting in of_config(which):
        value = values[setting.name]
        if setting.name == "architecture" and values.get("nets") is not None:
            _check_label(value)
        else:
            object.__setattr__(config, setting.name, setting.checked(value, values))


def _check_label(value: Any) -> None:
    is_text = isinstance(value, str) and 1 <= len(value) <= LONGEST_LABEL
    if not is_text or not value.isprintable():
        raise ValueError(f"architecture must be a name of 1 to {LONGEST_LABEL} characters; got {value!r:.80}")


Config = TypeVar("Config", ModelConfig, TrainConfig)


def read_saved(kind: type[Config], values: Mapping[str, Any]) -> tuple[Config, dict[str, Any]]:
    """Make a config of what a file says, perhaps one that a later version wrote.

    Args:
        kind: `ModelConfig` or `TrainConfig`.
        values: `to_dict`'s answer; what is missing takes its default.

    Returns:
        The config, and what this version does not know: it plays no part, and is to be kept and named.

    Raises:
        ValueError: no table, or a value out of range.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"a {kind.__name__} is made of a table; got {values!r}")
    names = {each.name for each in fields(kind)} - {"nets"}
    known = {name: value for name, value in values.items() if name in names}
    unknown = {name: value for name, value in values.items() if name not in names}
    if kind is ModelConfig and "layers" in unknown:
        known["nets"] = nets_from_json(unknown.pop("layers"))
    return kind(**known), unknown


def _from_dict(kind: type[Config], values: Mapping[str, Any]) -> Config:
    config, unknown = read_saved(kind, values)
    if unknown:
        known = ", ".join(sorted(each.name for each in fields(kind)))
        raise ValueError(f"{kind.__name__} has no {', '.join(sorted(unknown))}; it has {known}")
    return config
