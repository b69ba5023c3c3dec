"""The terms of the loss, summed on the way: means over a pass, and since the last snapshot.

Terms are the log-likelihood and, where the model has a posterior, the KL per dimension, as one tensor,
(1 + D,), in nats. The sums stay on the device until means are asked for, and a mean is of just the images it
names, however training was sliced.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from vae_core.config.configs import ModelConfig, TrainConfig
    from vae_core.models.objective import ElboTerms


class DivergedError(RuntimeError, FloatingPointError):
    """Say that the loss is no number any more: the weights are lost, an earlier state is not."""


class Tally:
    """Sum the terms of each step.

    Args:
        config: the model's: it says which terms there are.
        device: where the model is.

    Attributes:
        shown: means as the last snapshot had them, (1 + D,); NaN: not yet.
        images_per_second: training speed between the last two snapshots; 0: not yet.
    """

    def __init__(self, config: ModelConfig, device: torch.device) -> None:
        self._sums = empty_sums(config, device)  # of the pass under way
        self._images = 0  # in these sums
        self.shown = unknown_means(config)
        self._base = torch.zeros_like(self.shown)  # the sums at the last snapshot
        self._pending = torch.zeros_like(self.shown)  # since then, of ended passes
        self._images_since = 0
        self._seconds_then = 0.0
        self.images_per_second = 0.0

    def add(self, terms: ElboTerms) -> None:
        """Add a step's terms."""
        add_terms(self._sums, terms)
        self._images += len(terms.log_likelihood)
        self._images_since += len(terms.log_likelihood)

    def wait(self) -> None:
        """Wait until the device has done what it was told to."""
        self._sums[0].item()

    def pass_means(self) -> Tensor:
        """Return mean terms of the pass so far, (1 + D,)."""
        return self._sums.cpu().double() / self._images

    def end_pass(self) -> None:
        """Begin the sums of the next pass."""
        self._images = 0
        self._pending += self._sums.cpu().double() - self._base
        self._base.zero_()
        self._sums.zero_()

    def show(self, seconds: float, *, step: int, train_config: TrainConfig) -> None:
        """Take the means since this was last called, if any step was taken since.

        Args:
            seconds: time spent in training so far.
            step: steps taken so far.
            train_config: the settings in effect.

        Raises:
            DivergedError: the means are no numbers any more.
        """
        if self._images_since:
            sums = self._sums.cpu().double()
            means = (self._pending + sums - self._base) / self._images_since
            self.shown.copy_(checked(means, step=step, train_config=train_config))
            spent = seconds - self._seconds_then
            self.images_per_second = self._images_since / spent if spent > 0 else 0.0
            self._base.copy_(sums)
            self._pending.zero_()
            self._images_since, self._seconds_then = 0, seconds

    def begin_anew(self, seconds: float) -> None:
        """Forget all; so much time has been spent in training before."""
        self._images, self.images_per_second = 0, 0.0
        for sums in (self._sums, self._base, self._pending):
            sums.zero_()
        self._images_since, self._seconds_then = 0, seconds
        self.shown.fill_(math.nan)

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors themselves, by the names that they have in a state."""
        return {
            "sums": self._sums,
            "since.base": self._base,
            "since.pending": self._pending,
            "shown": self.shown,
        }

    def numbers(self) -> dict[str, float]:
        """Return what else a state has of this, by name."""
        return {
            "sums.images": self._images,
            "since.images": self._images_since,
            "since.seconds": self._seconds_then,
            "images_per_second": self.images_per_second,
        }

    def load_numbers(self, state: Mapping[str, Any]) -> None:
        """Take over what `numbers` returned."""
        self._images = int(state["sums.images"])
        self._images_since, self._seconds_then = int(state["since.images"]), float(state["since.seconds"])
        self.images_per_second = float(state["images_per_second"])


def empty_sums(config: ModelConfig, device: torch.device) -> Tensor:
    """Return zeros to sum a model's terms in, (1 + D,), as exactly as the device can."""
    dtype = torch.float32 if device.type == "mps" else torch.float64
    return torch.zeros(len(unknown_means(config)), dtype=dtype, device=device)


def unknown_means(config: ModelConfig) -> Tensor:
    """Return means that are not there yet, NaN, (1 + D,), or (1,) for a model without a posterior."""
    terms = 1 + (config.latent_dim if config.latent_kind == "gaussian" else 0)
    return torch.full((terms,), math.nan, dtype=torch.float64)


def add_terms(sums: Tensor, terms: ElboTerms) -> None:
    """Add a batch's log-likelihood and KL per dimension to the sums, (1 + D,)."""
    sums[0] += terms.log_likelihood.detach().sum()
    if terms.kl_per_dim is not None:
        sums[1:] += terms.kl_per_dim.detach().sum(dim=0)


def split(means: Tensor) -> tuple[float | None, Tensor | None]:
    """Return mean log-likelihood and KL per dimension, (D,); None for what is not there (yet)."""
    if bool(means.isnan().all()):
        return None, None
    return float(means[0]), means[1:].float() if len(means) > 1 else None


def named(means: Tensor) -> dict[str, Any]:
    """Return mean terms as a history has them."""
    log_likelihood, kl_per_dim = split(means)
    per_dim = None if kl_per_dim is None else kl_per_dim.tolist()
    return {
        "log_likelihood": log_likelihood,
        "kl": None if kl_per_dim is None else float(means[1:].sum()),
        "kl_per_dim": None if per_dim is None else [round(value, 5) for value in per_dim],
    }


def checked(means: Tensor, *, step: int, train_config: TrainConfig) -> Tensor:
    """Return mean terms, (1 + D,), if they are numbers.

    Raises:
        DivergedError: if not.
    """
    if not bool(means.isfinite().all()):
        raise DivergedError(
            f"the loss is no number any more, at step {step} with learning rate "
            f"{train_config.learning_rate:g} and beta {train_config.beta:g}: start over, or go back, with a "
            "smaller learning rate"
        )
    return means
