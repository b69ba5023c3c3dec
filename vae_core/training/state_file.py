"""A trainer on disk: made from names and settings, its state written as safetensors and read back."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

import torch
from safetensors.torch import load, save

from vae_core.bundles.bundle import load_bundle
from vae_core.images.loading import load_image_set
from vae_core.images.own_sets import is_own
from vae_core.models.discriminator import PART as DISCRIMINATOR
from vae_core.storage.tensorfile import metadata_of
from vae_core.training.batches import steps_per_epoch
from vae_core.training.trainer import Trainer

if TYPE_CHECKING:
    from vae_core.config.configs import ModelConfig, TrainConfig
    from vae_core.images.image_set import ImageSet

NETS: Final = ("encoder.", "decoder.", f"{DISCRIMINATOR}.")
"""With which the names of weights begin."""

MAX_SETS: Final = 3
"""So many sets stay for those who come next, when nobody learns from them any more."""

_LATELY: Final[OrderedDict[str, tuple[ImageSet, ImageSet]]] = OrderedDict()
_IN_USE: Final[WeakValueDictionary[tuple[str, str], ImageSet]] = WeakValueDictionary()


def image_splits(source: str) -> tuple[ImageSet, ImageSet]:
    """Load the training and test split of an image set, or take them from memory: each is there once.

    Args:
        source: name of a set, or path of an own set's file, of which each run has one with the same name.
    """
    name = Path(source).stem if is_own(source) else source
    splits = _split(name, source, "train"), _split(name, source, "test")
    _LATELY[name] = splits
    _LATELY.move_to_end(name)
    while len(_LATELY) > MAX_SETS:
        _LATELY.popitem(last=False)
    return splits


def _split(name: str, source: str, split: str) -> ImageSet:
    found = _IN_USE.get((name, split))
    if found is None:
        found = _IN_USE[name, split] = load_image_set(source, split=split)
    return found


def make_trainer(image_set: str, model: ModelConfig, train: TrainConfig) -> Trainer:
    """Make the trainer of a run: it measures on the set's own test split, if it has one."""
    train_set, test_set = image_splits(image_set)
    return Trainer(train_set, model, train, test_set=test_set if len(test_set) else None)


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


def begin_at_state(trainer: Trainer, data: bytes) -> int:
    """Let a trainer of other settings go on from a state, with its optimiser's moments; returns its step.

    Raises:
        ValueError: the bytes are no such state, or of another model.
    """
    with _readable("The state that this branch begins with"):
        tensors = load(data)
        others: dict[str, Any] = json.loads(metadata_of(data)["json"])
        before: dict[str, Any] = json.loads(others["run"])
        a_pass = steps_per_epoch(before["images"], before["batch_size"])
        trainer.begin_at(
            others["step"] / a_pass,
            {
                name.removeprefix("model."): value
                for name, value in tensors.items()
                if name.startswith("model.")
            },
            moments={name: value for name, value in tensors.items() if name.startswith("optimizer.")},
            seconds=float(others["seconds"]),
        )
        return int(others["step"])


def begin_at_keyframe(
    trainer: Trainer, shown: bytes, rest: bytes, *, history: Iterable[Mapping[str, Any]] = ()
) -> int:
    """Let a trainer go on from a keyframe, with fresh moments of its optimiser; returns the keyframe's step.

    Args:
        trainer: of the same model; its other settings may differ.
        shown: what the browser gets of the keyframe.
        rest: the weights of the nets that the browser does not get.
        history: measurements at the ends of the epochs before.

    Raises:
        ValueError: the bytes are no keyframe, or of another model.
    """
    with _readable("This keyframe"):
        tensors = {**load(shown), **load(rest)}
        facts: dict[str, Any] = json.loads(metadata_of(shown)["json"])
        trainer.begin_at(
            facts["epoch"],
            {name: value.float() for name, value in tensors.items() if name.startswith(NETS)},
            history=[entry for entry in history if entry["step"] <= facts["step"]],
            seconds=float(facts["seconds"]),
        )
        return int(facts["step"])


def begin_at_model(trainer: Trainer, path: Path) -> None:
    """Let a trainer begin with what a saved model has learned, at step 0 and with fresh moments.

    Args:
        trainer: of the same model.
        path: the model's bundle.

    Raises:
        ValueError: the file is no bundle, or of another model.
        OSError: it cannot be read.
    """
    bundle = load_bundle(path)
    with _readable("The model that this run begins with"):
        trainer.begin_at(0.0, bundle.model.state_dict())


@contextmanager
def _readable(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        text = " ".join(str(error).split())[:200]
        raise ValueError(f"{what} cannot be read ({text}); begin somewhere else.") from error
