"""What a model is and how it is trained, as two frozen dataclasses with their ranges.

Plain Python on purpose: the server's process, which must not import torch, makes and checks these.
Both are refused with a ``ValueError`` when they are made, so whoever holds one holds one that works.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from numbers import Integral, Real
from typing import Any, Final, Literal, TypeVar, get_args

from vae_core.config.sizes import count_weights as count_weights

Architecture = Literal["mlp", "conv", "article"]
Family = Literal["vae", "autoencoder"]
Likelihood = Literal["bernoulli", "gaussian", "gaussian_learned"]
Binarize = Literal["none", "dynamic"]
LatentKind = Literal["gaussian", "point"]

ARCHITECTURES: Final = get_args(Architecture)
FAMILIES: Final = get_args(Family)
LIKELIHOODS: Final = get_args(Likelihood)
BINARIZE: Final = get_args(Binarize)

SIDE_RANGE: Final = (8, 128)
CHANNELS: Final = (1, 3)
MAX_WEIGHTS: Final = 20_000_000
ARTICLE_MAX_SIDE: Final = 32
"""The largest side at which pages offer "article": its 40 M multiply-adds at 28x28 grow with the area."""

RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "latent_dim": (1, 128),
    "n_classes": (0, 1000),
    "width": (0.125, 4.0),
    "epochs": (1, 500),
    "batch_size": (2, 4096),
    "learning_rate": (1e-6, 1.0),
    "beta": (0.0, 1e5),
    "free_bits": (0.0, 10.0),
    "seed": (0, 2**63 - 1),
}
"""Least and greatest value of every number; `beta_warmup_epochs` goes from 0 to `epochs`."""

_WHOLE: Final = ("latent_dim", "n_classes", "epochs", "batch_size", "seed", "beta_warmup_epochs")


@dataclass(frozen=True)
class ModelConfig:
    """Describe a model: from this alone, and its weights, anyone can run it.

    Attributes:
        image_shape: (C, H, W); C is 1 or 3, H and W are 8 to 128.
        latent_dim: number of latent dimensions D, 1 to 128.
        architecture: "mlp", "conv" or "article"; the layer lists stand in `vae_core.models.vae`.
        family: "vae", or "autoencoder" (the same nets, a deterministic code, no KL).
        likelihood: p(x|z): "bernoulli", "gaussian" (variance 1) or "gaussian_learned" (one variance for all).
        n_classes: 0, or the number of labels that encoder and decoder are told.
        width: factor on the hidden widths and channels of "mlp" and "conv", 0.125 to 4.

    Raises:
        ValueError: what was given, what was expected.
    """

    image_shape: tuple[int, int, int] = (1, 28, 28)
    latent_dim: int = 2
    architecture: Architecture = "conv"
    family: Family = "vae"
    likelihood: Likelihood = "bernoulli"
    n_classes: int = 0
    width: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "image_shape", _checked_shape(self.image_shape))
        _check_choice("architecture", self.architecture, ARCHITECTURES)
        _check_choice("family", self.family, FAMILIES)
        _check_choice("likelihood", self.likelihood, LIKELIHOODS)
        for name in ("latent_dim", "n_classes", "width"):
            _check_number(self, name, *RANGES[name])
        weights = count_weights(self)
        if weights >= MAX_WEIGHTS:
            channels, height, width = self.image_shape
            raise ValueError(
                f"{self.architecture} at {height}x{width}x{channels}, width {self.width:g} and "
                f"{self.latent_dim} latent dimensions has {weights / 1e6:.1f} M weights; "
                f"the limit is {MAX_WEIGHTS / 1e6:g} M: take a smaller width, smaller images or another net"
            )

    @property
    def has_encoder(self) -> bool:
        """Whether an image can be placed in the latent space."""
        return True

    @property
    def has_likelihood(self) -> bool:
        """Whether the model has a p(x), hence an ELBO, a KL and samples from a prior."""
        return self.family == "vae"

    @property
    def latent_kind(self) -> LatentKind:
        """Whether an image's code is a Gaussian or a single point."""
        return "gaussian" if self.family == "vae" else "point"

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the coarsest feature map: a quarter of the image's, rounded up."""
        _, height, width = self.image_shape
        return -(-height // 4), -(-width // 4)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-able values."""
        return {**asdict(self), "image_shape": list(self.image_shape)}

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
        epochs: passes over the training images, 1 to 500.
        batch_size: images a step, 2 to 4096; a last batch of one image joins the one before.
        learning_rate: Adam's, 1e-6 to 1.
        beta: weight of the KL, 0 to 1e5 (arXiv:1804.03599 and the beta-VAE); 1 is the ELBO.
        beta_warmup_epochs: beta rises linearly from 0 over the run's first epochs, 0 to `epochs`.
        free_bits: nats per latent dimension that cost nothing, 0 to 10 (arXiv:1606.04934).
        binarize: "none", or "dynamic" (Bernoulli only): pixels are drawn anew at every visit.
        seed: of the weights, the order of the images and all noise.

    Raises:
        ValueError: what was given, what was expected.
    """

    epochs: int = 20
    batch_size: int = 128
    learning_rate: float = 1e-3
    beta: float = 1.0
    beta_warmup_epochs: int = 0
    free_bits: float = 0.0
    binarize: Binarize = "none"
    seed: int = 0

    def __post_init__(self) -> None:
        _check_choice("binarize", self.binarize, BINARIZE)
        for name in ("epochs", "batch_size", "learning_rate", "beta", "free_bits", "seed"):
            _check_number(self, name, *RANGES[name])
        _check_number(self, "beta_warmup_epochs", 0, self.epochs)

    def replace(self, **changes: Any) -> TrainConfig:
        """Return a copy with other values, checked anew."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-able values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Make a config from `to_dict`'s answer; what is missing takes its default.

        Raises:
            ValueError: for an unknown name or a value out of range.
        """
        return _from_dict(cls, values)


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


def offered_architectures(image_shape: tuple[int, int, int]) -> tuple[Architecture, ...]:
    """Return the architectures that a page offers for images of this shape."""
    small = max(image_shape[1:]) <= ARTICLE_MAX_SIDE
    return tuple(name for name in ARCHITECTURES if small or name != "article")


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


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}")


def _check_number(config: object, name: str, least: float, greatest: float) -> None:
    value = getattr(config, name)
    whole = name in _WHOLE
    number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if not number or not least <= value <= greatest:  # a NaN is in no range
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{name} must be {kind} from {least:g} to {greatest:g}; got {value!r}")
    object.__setattr__(config, name, int(value) if whole else float(value))


Config = TypeVar("Config", ModelConfig, TrainConfig)


def _from_dict(cls: type[Config], values: Mapping[str, Any]) -> Config:
    known = {field.name for field in fields(cls)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"{cls.__name__} has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    return cls(**values)
