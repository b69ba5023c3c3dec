"""A trainer on disk: made from names and settings, its state written as safetensors and read back."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import torch
from safetensors.torch import load, save

from vae_core.engine.messages import metadata_of
from vae_core.images import load_image_set
from vae_core.trainer import Trainer

if TYPE_CHECKING:
    from vae_core.config import ModelConfig, TrainConfig
    from vae_core.images import ImageSet

MAX_SETS: Final = 3

_SETS: OrderedDict[str, tuple[ImageSet, ImageSet]] = OrderedDict()


def image_splits(name: str) -> tuple[ImageSet, ImageSet]:
    """Load the training and test split of an image set, or take them from memory."""
    if name not in _SETS:
        _SETS[name] = load_image_set(name), load_image_set(name, split="test")
    _SETS.move_to_end(name)
    while len(_SETS) > MAX_SETS:
        _SETS.popitem(last=False)
    return _SETS[name]


def make_trainer(image_set: str, model: ModelConfig, train: TrainConfig) -> Trainer:
    """Make the trainer of a run: it measures on the set's own test split."""
    train_set, test_set = image_splits(image_set)
    return Trainer(train_set, model, train, test_set=test_set)


def pack_state(trainer: Trainer) -> bytes:
    """Write a trainer's state as safetensors; what is no tensor stands as JSON in the header."""
    state = trainer.state_dict()
    tensors = {name: value.contiguous() for name, value in state.items() if isinstance(value, torch.Tensor)}
    others = {name: value for name, value in state.items() if name not in tensors}
    written: bytes = save(tensors, {"json": json.dumps(others)})
    return written


def load_state(trainer: Trainer, data: bytes) -> None:
    """Bring a trainer to a state that `pack_state` wrote.

    Raises:
        ValueError: the bytes are no such state, or of another run.
    """
    try:
        state: dict[str, Any] = {**load(data), **json.loads(metadata_of(data)["json"])}
        trainer.load_state_dict(state)
    except Exception as error:
        text = " ".join(str(error).split())[:200]
        raise ValueError(f"The saved state of this run cannot be read ({text}); start it anew.") from error
