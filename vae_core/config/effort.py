"""What a step of training takes, from the configs alone: how many multiply-adds, and in how many parts."""

from __future__ import annotations

from typing import Final

from vae_core.config.configs import ModelConfig, TrainConfig, count_multiply_adds

UNDIVIDED: Final = 3_000_000_000
"""Multiply-adds of a batch's way through both nets up to which a step is taken in one go: half a second, on
one thread of a machine of 2024 that does 40 thousand million in forward and backward passes."""

PART: Final = 1_500_000_000
"""Multiply-adds of each part of a step that is dearer."""

MEASURED_PART: Final = 3_000_000_000
"""Multiply-adds of a part of what is measured: nothing goes back."""

BACKWARD: Final = 2
"""A gradient's way back takes twice as long as the way forward."""


def step_effort(model: ModelConfig, train: TrainConfig) -> int:
    """Return how many multiply-adds a step takes, forwards and back."""
    return (1 + BACKWARD) * train.batch_size * count_multiply_adds(model)


def images_a_part(model: ModelConfig, train: TrainConfig) -> int | None:
    """Return how many images are taken at a time of a step that is divided; None where it is not."""
    each = max(1, count_multiply_adds(model))
    return None if train.batch_size * each <= UNDIVIDED else max(1, PART // each)


def images_measured_at_once(model: ModelConfig) -> int:
    """Return how many images at most are measured without a pause."""
    return max(8, MEASURED_PART // max(1, count_multiply_adds(model)))
