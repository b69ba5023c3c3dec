"""The families: what each one has. Whoever needs to know asks this table, and never a family's name.

What a family computes stands in its file in `vae_core.models.families`. Plain Python, no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

LatentKind = Literal["gaussian", "point", "categorical", "prior"]
"""What an image's code is: a Gaussian, a single point, one category for each variable, or none at all, where
there is a prior and no encoder."""


@dataclass(frozen=True)
class Term:
    """One number that a family reports for each image, as a mean over them.

    Attributes:
        name: what it is called in histories, messages and the maths.
        title: what it is called for people.
        caption: what it says, or what is good, in a few words.
        unit: of the number.
        better: which way is better, or "" where neither is.
        per_dim: whether there is one for each latent dimension; told without a dimension, it is their sum.
        parts: the terms that it is made of, each with its factor; empty for one that is computed itself.
    """

    name: str
    title: str
    caption: str
    unit: str = "nats"
    better: Literal["higher", "lower", ""] = ""
    per_dim: bool = False
    parts: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-able values, for the browser."""
        return {**vars(self), "parts": dict(self.parts)}


@dataclass(frozen=True)
class Optimizer:
    """One of the optimisers that move a family's weights.

    Attributes:
        name: names it among the family's own.
        parameters: what the names of its weights begin with.
        betas: how much of the gradients before Adam's two means keep at each step (arXiv:1412.6980).
        pace: factor on the learning rate.
    """

    name: str
    parameters: tuple[str, ...]
    betas: tuple[float, float] = (0.9, 0.999)
    pace: float = 1.0


WHOLE_MODEL: Final = (Optimizer("model", ("encoder.", "decoder.")),)
"""One optimiser for all weights."""


@dataclass(frozen=True)
class Family:
    """Say what a family has.

    Attributes:
        name: what it is called in configs and links, and its file's name in `vae_core.models.families`.
        help: what it is, in Markdown, beside the field on Train.
        latent_kind: what an image's code is.
        has_likelihood: whether there is a p(x), hence an ELBO and an estimate of the likelihood.
        terms: what is reported, the one that is looked at first in front.
        settings: names of the settings that not every family has, and this one does.
        optimizers: what moves its weights, in the order in which a step uses them.
        in_one_go: whether a step is of the family's own and cannot be taken in parts, so that it is bounded.
        explained: whether a step can be taken apart: one pass through encoder and decoder, a loss that is
            each image's own.
        told_classes: whether encoder and decoder are told each image's class; without classes there is none.
        compares_codes: whether the loss compares each code of a batch with each other one.
        draws: name of the setting that says how many codes a step draws for each image; "": it draws one.
        has_discriminator: whether a second net learns beside the decoder to tell images from samples: the
            encoder's layers, ending in one logit. It is no part of the model that is kept.
    """

    name: str
    help: str
    latent_kind: LatentKind
    has_likelihood: bool
    terms: tuple[Term, ...]
    settings: tuple[str, ...] = ()
    optimizers: tuple[Optimizer, ...] = WHOLE_MODEL
    in_one_go: bool = False
    explained: bool = True
    told_classes: bool = False
    compares_codes: bool = False
    draws: str = ""
    has_discriminator: bool = False

    @property
    def has_encoder(self) -> bool:
        """Whether an image can be placed in the latent space."""
        return self.latent_kind != "prior"

    @property
    def has_prior(self) -> bool:
        """Whether codes can be drawn without an image, and decoded to samples."""
        return self.latent_kind != "point"

    @property
    def computed(self) -> tuple[Term, ...]:
        """The terms that are not made of others, in order."""
        return tuple(term for term in self.terms if not term.parts)

    def has_term(self, name: str) -> bool:
        """Whether a term is reported."""
        return any(term.name == name for term in self.terms)

    def value(self, term: Term, numbers: Mapping[str, Any], prefix: str = "") -> float | None:
        """Return a term of a table of measurements, put together from its parts if need be.

        Args:
            term: one of the family's.
            numbers: measurements by name, such as an entry of a history; what is missing may be None.
            prefix: of the names in the table: "test_" for those of held-out images.

        Returns:
            The number, or None where it was not measured.
        """
        total = 0.0
        for name, factor in (term.parts or {term.name: 1.0}).items():
            part = numbers.get(f"{prefix}{name}")
            if not isinstance(part, (int, float)) or isinstance(part, bool):
                return None
            total += factor * part
        return total

    def to_dict(self) -> dict[str, Any]:
        """Return what the browser is told, as JSON-able values."""
        return {
            "latent_kind": self.latent_kind,
            "has_encoder": self.has_encoder,
            "has_likelihood": self.has_likelihood,
            "has_prior": self.has_prior,
            "explained": self.explained,
            "terms": [term.to_dict() for term in self.terms],
        }


LOG_LIKELIHOOD: Final = Term(
    "log_likelihood", "Reconstruction", "log p(x|z), nats per image, higher is better", better="higher"
)
KL: Final = Term("kl", "KL", "nats per image: what the codes carry", per_dim=True)
ELBO: Final = Term(
    "elbo",
    "ELBO",
    "nats per image, higher is better",
    better="higher",
    parts={LOG_LIKELIHOOD.name: 1.0, KL.name: -1.0},
)
BOUND: Final = Term(
    "bound",
    "Bound of log p(x)",
    "of several codes for each image, nats, higher is better",
    better="higher",
)
MUTUAL_INFORMATION: Final = Term(
    "mutual_information", "Mutual information", "nats: what a code tells of which image it is of"
)
TOTAL_CORRELATION: Final = Term(
    "total_correlation", "Total correlation", "nats: how far dimensions are from independent; beta weighs it"
)
DISCRIMINATOR_LOSS: Final = Term(
    "discriminator_loss", "Discriminator", "nats: 1.39 where it only guesses, 0 where it is always right"
)
GENERATOR_LOSS: Final = Term(
    "generator_loss", "Generator", "nats: 0.69 where samples pass for images, the more the less they do"
)
TOLD_APART: Final = Term(
    "told_apart",
    "Told apart",
    "share of images and samples that the discriminator gets right; a draw is 0.5",
    unit="",
)
SLOPE: Final = Term(
    "slope",
    "Slope",
    "squared, of the discriminator at images: what R1 weighs down",
    unit="",
)
DIMENSION_KL: Final = Term(
    "dimension_kl", "Dimension-wise KL", "nats: how far each dimension is from the prior, summed"
)

FAMILIES: Final[Mapping[str, Family]] = {
    family.name: family
    for family in (
        Family(
            name="vae",
            help="the encoder gives a mean and a variance, z = mean + exp(logvar / 2) · noise is drawn from "
            "them, and the KL keeps them near the prior.",
            latent_kind="gaussian",
            has_likelihood=True,
            terms=(ELBO, LOG_LIKELIHOOD, KL),
            settings=("likelihood", "beta", "beta_warmup_epochs", "free_bits"),
        ),
        Family(
            name="autoencoder",
            help="the same nets with one point for each image: no noise and no KL, hence no ELBO. It "
            "reconstructs well, and leaves holes that decode to nothing.",
            latent_kind="point",
            has_likelihood=False,
            terms=(LOG_LIKELIHOOD,),
            settings=("likelihood",),
        ),
        Family(
            name="beta_tc",
            help="the vae, with beta on one part of the KL alone: the total correlation, which says how far "
            "the dimensions are from independent. What a code tells of its image is left in peace, so the "
            "dimensions come apart at less cost. The parts are estimated by comparing the codes of a batch.",
            latent_kind="gaussian",
            has_likelihood=True,
            terms=(ELBO, LOG_LIKELIHOOD, KL, MUTUAL_INFORMATION, TOTAL_CORRELATION, DIMENSION_KL),
            settings=("likelihood", "beta", "beta_warmup_epochs"),
            explained=False,
            compares_codes=True,
        ),
        Family(
            name="iwae",
            help="the vae with a tighter bound (importance-weighted): several codes are drawn for each "
            "image, and the likelier one makes the image, the more it counts. The posterior may be wrong "
            "about some of them, so it is held less tightly.",
            latent_kind="gaussian",
            has_likelihood=True,
            terms=(BOUND, ELBO, LOG_LIKELIHOOD, KL),
            settings=("likelihood", "importance_samples", "gradient_estimator"),
            explained=False,
            draws="importance_samples",
        ),
        Family(
            name="conditional",
            help="the vae, whose encoder and decoder are told the image's class. The code says what the "
            "class does not: the same z is the same manner in every class. It wants images with classes.",
            latent_kind="gaussian",
            has_likelihood=True,
            terms=(ELBO, LOG_LIKELIHOOD, KL),
            settings=("likelihood", "beta", "beta_warmup_epochs", "free_bits"),
            told_classes=True,
        ),
        Family(
            name="gan",
            help="the decoder alone, which makes images of noise and learns to fool a second net that learns "
            "to tell them from real ones: sharper samples, but no image has a place on the map.",
            latent_kind="prior",
            has_likelihood=False,
            terms=(DISCRIMINATOR_LOSS, GENERATOR_LOSS, TOLD_APART, SLOPE),
            settings=("r1_weight",),
            optimizers=(
                Optimizer("discriminator", ("discriminator.",), betas=(0.0, 0.99)),
                Optimizer("generator", ("decoder.",), betas=(0.0, 0.99)),
            ),
            in_one_go=True,
            explained=False,
            has_discriminator=True,
        ),
        Family(
            name="concrete",
            help="the code is a word: each variable has one of some categories. A choice has no gradient, so "
            "training goes by a soft one, the Gumbel-softmax: the categories' scores and noise, divided by "
            "the temperature, through a softmax. All that is reported is of hard choices.",
            latent_kind="categorical",
            has_likelihood=True,
            terms=(ELBO, LOG_LIKELIHOOD, KL),
            settings=("likelihood", "n_categories", "temperature", "beta", "beta_warmup_epochs", "free_bits"),
            in_one_go=True,
            explained=False,
        ),
    )
}
"""By name, in the order in which they are offered."""
