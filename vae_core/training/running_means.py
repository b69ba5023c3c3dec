"""The terms of a family, summed on the way: means over a pass, and since the last snapshot.

All of them lie in one tensor, (T,): in the family's order, a term with a value for each latent dimension
taking D places, another one. The sums stay on the device until means are asked for, and a mean is of just the
images it names, however training was sliced.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

if TYPE_CHECKING:
    from vae_core.config.configs import ModelConfig, TrainConfig
    from vae_core.models.objective import Terms

Means: TypeAlias = dict[str, float | Tensor | None]
"""Mean terms by name: a number, or (D,) where there is one for each dimension; None: not there (yet)."""


class DivergedError(RuntimeError, FloatingPointError):
    """Say that the loss is no number any more: the weights are lost, an earlier state is not."""


class TermLayout:
    """Say where each of a family's terms lies in a tensor of all of them, (T,).

    Args:
        config: the model's.
    """

    def __init__(self, config: ModelConfig) -> None:
        self._places: dict[str, tuple[slice, bool]] = {}
        end = 0
        for term in config.traits.computed:
            size = config.latent_dim if term.per_dim else 1
            self._places[term.name] = slice(end, end + size), term.per_dim
            end += size
        self.size = end

    def empty_sums(self, device: torch.device) -> Tensor:
        """Return zeros to sum terms in, (T,), as exactly as the device can."""
        dtype = torch.float32 if device.type == "mps" else torch.float64
        return torch.zeros(self.size, dtype=dtype, device=device)

    def unknown_means(self) -> Tensor:
        """Return means that are not there yet, NaN, (T,)."""
        return torch.full((self.size,), math.nan, dtype=torch.float64)

    def add(self, sums: Tensor, terms: Terms) -> None:
        """Add a batch's terms to the sums."""
        for name, (place, _) in self._places.items():
            sums[place] += terms[name].detach().sum(dim=0)

    def split(self, means: Tensor) -> Means:
        """Return mean terms by name; None each for what is not there (yet)."""
        if bool(means.isnan().all()):
            return dict.fromkeys(self._places)
        return {
            name: means[place].float() if per_dim else float(means[place])
            for name, (place, per_dim) in self._places.items()
        }

    def entry(self, means: Tensor) -> dict[str, Any]:
        """Return mean terms as a history has them: each by its name, those of the dimensions besides."""
        known = not bool(means.isnan().all())
        values: dict[str, Any] = {}
        for name, (place, per_dim) in self._places.items():
            values[name] = float(means[place].sum()) if known else None
            if per_dim:
                values[f"{name}_per_dim"] = (
                    [round(value, 5) for value in means[place].float().tolist()] if known else None
                )
        return values


class RunningMeans:
    """Sum the terms of each step.

    Args:
        layout: which terms there are.
        device: where the model is.

    Attributes:
        layout: what was given.
        shown: means as the last snapshot had them, (T,); NaN: not yet.
        images_per_second: training speed between the last two snapshots; 0: not yet.
    """

    def __init__(self, layout: TermLayout, device: torch.device) -> None:
        self.layout = layout
        self._sums = layout.empty_sums(device)  # of the pass under way
        self._images = 0  # in these sums
        self.shown = layout.unknown_means()
        self._base = torch.zeros_like(self.shown)  # the sums at the last snapshot
        self._pending = torch.zeros_like(self.shown)  # since then, of ended passes
        self._images_since = 0
        self._seconds_then = 0.0
        self.images_per_second = 0.0

    def add(self, terms: Terms, images: int) -> None:
        """Add a step's terms, which are of so many images."""
        self.layout.add(self._sums, terms)
        self._images += images
        self._images_since += images

    def wait(self) -> None:
        """Wait until the device has done what it was told to."""
        self._sums[0].item()

    def pass_means(self) -> Tensor:
        """Return mean terms of the pass so far, (T,)."""
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


def checked(means: Tensor, *, step: int, train_config: TrainConfig) -> Tensor:
    """Return mean terms, (T,), if they are numbers.

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
