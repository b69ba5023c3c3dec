"""What a lesson may name: the things to touch, their parts and settings, and the quantities they measure.

`assets/explorer/learn/things/` draws them. A lesson that names anything else is refused at the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Range: TypeAlias = tuple[float, float]
"""Least and greatest value, both counted in."""


@dataclass(frozen=True)
class Thing:
    """Describe a thing to touch.

    Attributes:
        parts: what in it a step can point at, by name.
        settings: what a step can set: the names to choose from, or a range.
        quantities: what it measures of what the learner does, by name.
        needs_model: whether it shows a shipped model.
        needs_run: whether the learner trains in it.
        shows: what can be chosen to be seen of it, by name; none: it always shows all.
        dims: least and greatest number of latent dimensions that a model shown in it can have.
    """

    parts: tuple[str, ...]
    settings: Mapping[str, tuple[str, ...] | Range]
    quantities: tuple[str, ...]
    needs_model: bool = False
    needs_run: bool = False
    shows: tuple[str, ...] = ()
    dims: tuple[int, int] | None = None


NUMBERS: Final = "numbers"
"""The numbers beside any thing, as a part that a link can hide."""

_CHOSEN: Final = ("beta", "latent_dim", "free_bits", "beta_warmup_epochs")
"""Settings of a run that a learner can choose, by the names of the configs."""

THINGS: Final[Mapping[str, Thing]] = {
    "walk": Thing(
        parts=("way", "ends"),
        settings={"ends": ("images", "prior")},
        quantities=(
            "t",
            "from",
            "to",
            "line",
            "arc",
            "line_share",
            "arc_share",
            "ends_share",
            "line_ratio",
            "angle",
            "is_prior",
            "pair",
        ),
        needs_model=True,
        dims=(2, 128),
    ),
    "clouds": Thing(
        parts=("image", "draw", "deviation", "posteriors"),
        settings={"posteriors": ("one", "all"), "deviation": (0.0, 12.0)},
        quantities=(
            "image",
            "deviation",
            "draws",
            "mean_0",
            "mean_1",
            "sd_0",
            "sd_1",
            "eps_0",
            "eps_1",
            "z_0",
            "z_1",
            "kl_0",
            "kl_1",
            "kl",
            "change",
            "change_share",
            "is_all",
            "is_drawn",
        ),
        needs_model=True,
        dims=(2, 2),
    ),
    "holes": Thing(
        parts=("train", "draw", "maps"),
        settings={},
        quantities=(
            "runs",
            "draws",
            "places",
            "is_done",
            "z_0",
            "z_1",
            "plain_error",
            "vae_error",
            "error_ratio",
            "plain_classes",
            "vae_classes",
            "plain_spread",
            "vae_spread",
        ),
        needs_model=True,
        needs_run=True,
        dims=(2, 2),
    ),
    "bound": Thing(
        parts=("points", "noise", "q"),
        settings={"noise": (0.1, 1.0)},
        quantities=(
            "points",
            "added",
            "x_0",
            "x_1",
            "noise",
            "q_mean",
            "q_sd",
            "posterior_mean",
            "posterior_sd",
            "offset",
            "width",
            "evidence",
            "quadrature",
            "reconstruction",
            "kl",
            "elbo",
            "gap",
            "joint",
            "article",
            "article_above",
        ),
    ),
    "trick": Thing(
        parts=("points", "noise", "mean", "sd", "measure"),
        settings={"noise": ("frozen", "free"), "sd": (0.02, 1.0), "q": ("trained",)},
        quantities=(
            "mean",
            "sd",
            "noise",
            "z",
            "is_frozen",
            "travelled",
            "misfit",
            "slope",
            "draws",
            "path_mean",
            "score_mean",
            "path_variance",
            "score_variance",
            "variance_ratio",
            "exact",
            "loss",
        ),
    ),
    "run": Thing(
        parts=("train", "map", "terms", "dimensions", "trace", "code", *_CHOSEN),
        settings=dict.fromkeys(_CHOSEN, (0.0, 1e5)),
        quantities=(
            *_CHOSEN,
            "runs",
            "moves",
            "epoch",
            "is_done",
            "reconstruction",
            "kl",
            "elbo",
            "loss",
            "active",
            "error",
        ),
        needs_run=True,
        shows=("map", "terms", "dimensions", "pictures", "code", "trace"),
    ),
}

CHECKS: Final[Mapping[str, tuple[str, ...]]] = {
    "moment": ("when", "times", "of"),
    "runs": ("when", "times", "of"),
}
"""Checks by name, with their keys: `moment` looks at each moment of the learner's hand at work, `runs` at the
end of each of the learner's runs. `when`: ranges of quantities that hold together; `times`: so often, each
time with another value of the quantity `of`."""
