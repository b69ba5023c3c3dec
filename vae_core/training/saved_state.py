"""The state that a run resumes from: tensors, numbers and JSON texts by name; made here, checked, taken over.

A state is checked whole before anything is changed, since it may be damaged or another run's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import torch
from torch import Tensor

from vae_core.config.configs import ModelConfig, TrainConfig, read_saved
from vae_core.config.settings import of_config

if TYPE_CHECKING:
    from vae_core.training.batches import Batches
    from vae_core.training.learner import Learner
    from vae_core.training.monitor import Monitor
    from vae_core.training.running_means import RunningMeans

State: TypeAlias = Mapping[str, Tensor | float | str]

_FIXED: Final = tuple(setting for setting in of_config("train") if not setting.live)
"""Settings that stay as they are while a run trains."""


@dataclass(frozen=True)
class Standing:
    """Say where a run stands, apart from its tensors and random numbers.

    Attributes:
        step: optimiser steps taken.
        seconds: time spent in training so far.
        train_config: the settings as they are now.
        history: measurements at each epoch's end.
    """

    step: int
    seconds: float
    train_config: TrainConfig
    history: list[dict[str, Any]]


class Resuming:
    """Make a run's states, and let the run go on from one.

    Args:
        image_set: name of the images that are learned from.
        model_config: what is trained.
        batches: the run's.
        learner: the run's.
        means: the run's.
        monitor: the run's.
    """

    def __init__(
        self,
        image_set: str,
        model_config: ModelConfig,
        *,
        batches: Batches,
        learner: Learner,
        means: RunningMeans,
        monitor: Monitor,
    ) -> None:
        self._image_set, self._model_config = image_set, model_config
        self._batches, self._learner, self._means, self._monitor = batches, learner, means, monitor

    def state(self, standing: Standing) -> dict[str, Tensor | float | str]:
        """Return a copy of all that is needed to go on exactly."""
        return {
            **{name: tensor.detach().clone() for name, tensor in self._tensors().items()},
            **{name: generator.get_state() for name, generator in self._generators().items()},
            "generator.order": self._batches.order_state(standing.step),
            "step": standing.step,
            "seconds": standing.seconds,
            **self._means.numbers(),
            "train_config": json.dumps(standing.train_config.to_dict()),
            "history": json.dumps(standing.history),
            "run": self._identity(standing.train_config),
        }

    def go_on(self, state: State, own: Standing, *, total_steps: int) -> Standing:
        """Take over a state's tensors and random numbers.

        Args:
            state: what `state` returned, perhaps in another process.
            own: where the run stands now.
            total_steps: of the whole run.

        Returns:
            Where the state's run stood.

        Raises:
            ValueError: it is from another run, incomplete or damaged; nothing has been changed.
        """
        _check_like(state, self.state(own))
        if not 0 <= state["step"] <= total_steps:  # type: ignore[operator]
            raise ValueError(f"this state is damaged: step {state['step']} of {total_steps}")
        train_config, _ = read_saved(TrainConfig, _parsed(state, "train_config", dict))
        if self._identity(train_config) != self._identity(own.train_config):
            raise ValueError(f"this state is damaged: its train_config is of another run: {train_config}")
        history = _parsed(state, "history", list)
        _check_generators(state, {**self._generators(), "generator.order": self._batches.order})

        with torch.no_grad():
            for name, tensor in self._tensors().items():
                tensor.copy_(_tensor_in(state, name))
        for name, generator in self._generators().items():
            generator.set_state(_tensor_in(state, name))
        step = int(state["step"])
        self._batches.go_on(step, _tensor_in(state, "generator.order"))
        self._means.load_numbers(state)
        self._monitor.go_on()
        return Standing(step, float(state["seconds"]), train_config, history)

    def _tensors(self) -> dict[str, Tensor]:
        """Return the tensors themselves, by the names that they have in a state."""
        return self._learner.tensors() | self._means.tensors() | {"test": self._monitor.test}

    def _generators(self) -> dict[str, torch.Generator]:
        return {"generator.noise": self._learner.noise, "generator.pixels": self._batches.pixels}

    def _identity(self, train_config: TrainConfig) -> str:
        return _identity(self._image_set, len(self._batches.images), self._model_config, train_config)


def _identity(image_set: str, images: int, model: ModelConfig, train: TrainConfig) -> str:
    """Return what must be the same for a state to fit a run, as a JSON text.

    Args:
        image_set: the set's name.
        images: how many of them are learned from.
        model: what is trained.
        train: how; what can be changed while a run is under way plays no part.
    """
    fixed = {setting.name: getattr(train, setting.name) for setting in _FIXED}
    return json.dumps({"image_set": image_set, "images": images, "model": model.to_dict(), **fixed})


def _same_run(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two identities, perhaps written by different versions, are of one run.

    A setting that one of them does not know yet has its default there.

    Raises:
        ValueError: one of them has a value out of range.
    """
    models = [read_saved(ModelConfig, identity.get("model", {}))[0] for identity in (one, other)]
    values = [
        [identity.get(name) for name in ("image_set", "images")]
        + [identity.get(setting.name, setting.default) for setting in _FIXED]
        for identity in (one, other)
    ]
    return models[0] == models[1] and values[0] == values[1]


def _check_like(state: State, own: State) -> None:
    """Refuse a state that has not the names, types, shapes and identity of one's own.

    Raises:
        ValueError: what does not fit.
    """
    if odd := sorted(set(own) ^ set(state)):
        more = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
        raise ValueError(
            "this is no state of such a run, or another version of this program wrote it: "
            f"{odd[0]}{more} missing or unknown"
        )
    for name, value in own.items():
        other = state[name]
        if isinstance(value, Tensor):
            fits = isinstance(other, Tensor) and other.shape == value.shape and other.dtype == value.dtype
        elif isinstance(value, str):
            fits = isinstance(other, str)
        else:
            fits = (
                isinstance(other, (int, float))
                and math.isfinite(other)
                and (isinstance(value, float) or other % 1 == 0)
            )
        if not fits:
            raise ValueError(f"this is no state of such a run: {name} does not fit")
    if not _same_run(_parsed(state, "run", dict), _parsed(own, "run", dict)):
        raise ValueError(f"this state is of another run: {state['run']} instead of {own['run']}")


def _check_generators(state: State, own: Mapping[str, torch.Generator]) -> None:
    """Refuse states that one's own generators cannot take; they stay as they are.

    Raises:
        ValueError: a generator's state is damaged.
    """
    try:
        for name, generator in own.items():
            torch.Generator(generator.device).set_state(_tensor_in(state, name))
    except RuntimeError as error:
        raise ValueError(f"this state is damaged: {error}") from None


def _parsed(state: State, name: str, kind: type[Any]) -> Any:
    """Return a JSON text of a state as what it stands for.

    Raises:
        ValueError: it is no such text.
    """
    try:
        value = json.loads(str(state[name]))
    except ValueError:
        value = None
    if not isinstance(value, kind):
        raise ValueError(f"this state is damaged: {name} cannot be read")
    return value


def _tensor_in(state: State, name: str) -> Tensor:
    """Return a tensor of a checked state."""
    value = state[name]
    assert isinstance(value, Tensor)
    return value
