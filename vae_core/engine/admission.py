"""Admission: what a run must meet before anything is started for it."""

from __future__ import annotations

from vae_core.config import ModelConfig, TrainConfig, check_together
from vae_core.engine.memory import check_memory
from vae_core.images import image_sets


def check_run(image_set: str, model: ModelConfig, train: TrainConfig) -> None:
    """Refuse a run that could not train.

    Args:
        image_set: name of the images it is to learn from.
        model: what is trained.
        train: how.

    Raises:
        ValueError: the images are not there, or what is wanted does not fit together, or not into memory.
    """
    check_together(model, train)
    info = next((info for info in image_sets() if info.name == image_set), None)
    if info is None:
        raise ValueError(f"There is no image set {image_set!r}.")
    if not info.available:
        raise ValueError(f"{info.title} is not on this server yet. Download it on the Images page first.")
    if tuple(info.shape) != model.image_shape:
        raise ValueError(f"{info.title} has images of shape {info.shape}, the model {model.image_shape}.")
    check_memory(info, model, train)
