"""The state that a run resumes from: tensors, numbers and JSON texts by name, checked before it is used."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

if TYPE_CHECKING:
    from vae_core.config import ModelConfig, TrainConfig

State: TypeAlias = Mapping[str, Tensor | float | str]


def identity(image_set: str, images: int, model: ModelConfig, train: TrainConfig) -> str:
    """Return what must be the same for a state to fit a run, as a JSON text.

    Args:
        image_set: the set's name.
        images: how many of them are learned from.
        model: what is trained.
        train: how; what can be changed while a run is under way plays no part.
    """
    return json.dumps(
        {
            "image_set": image_set,
            "images": images,
            "model": model.to_dict(),
            "epochs": train.epochs,
            "batch_size": train.batch_size,
            "binarize": train.binarize,
            "seed": train.seed,
        }
    )


def check_like(state: State, own: State) -> None:
    """Refuse a state that has not the names, types, shapes and identity of one's own.

    Raises:
        ValueError: what does not fit.
    """
    if odd := sorted(set(own) ^ set(state)):
        raise ValueError(f"this is no state of such a run: {', '.join(odd[:4])} missing or unknown")
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
    if parsed(state, "run", dict) != parsed(own, "run", dict):
        raise ValueError(f"this state is of another run: {state['run']} instead of {own['run']}")


def check_generators(state: State, own: Mapping[str, torch.Generator]) -> None:
    """Refuse states that one's own generators cannot take; they stay as they are.

    Raises:
        ValueError: a generator's state is damaged.
    """
    try:
        for name, generator in own.items():
            torch.Generator(generator.device).set_state(tensor_in(state, name))
    except RuntimeError as error:
        raise ValueError(f"this state is damaged: {error}") from None


def parsed(state: State, name: str, kind: type[Any]) -> Any:
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


def tensor_in(state: State, name: str) -> Tensor:
    """Return a tensor of a checked state."""
    value = state[name]
    assert isinstance(value, Tensor)
    return value
