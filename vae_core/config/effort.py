"""What a step of training takes, from the configs alone: how many multiply-adds, and in how many parts."""

from __future__ import annotations

from typing import Final

from vae_core.config.configs import (
    ModelConfig,
    TrainConfig,
    codes_per_image,
    count_multiply_adds,
    count_step_multiply_adds,
)

UNDIVIDED: Final = 3_000_000_000
"""Multiply-adds of a batch's way through both nets up to which a step is taken in one go: half a second, on
one thread of a machine of 2024 that does 40 thousand million in forward and backward passes."""

PART: Final = 1_500_000_000
"""Multiply-adds of each part of a step that is dearer."""

MEASURED_PART: Final = 3_000_000_000
"""Multiply-adds of a part of what is measured: nothing goes back."""

MEASURED_CODES: Final = 20_000
"""Codes that are decoded, at most, to measure the terms of held-out images: a second or less, where each of a
thousand images takes up to twenty."""

LEAST_MEASURED: Final = 32
"""Images of which the terms are measured, however many codes each takes."""

BACKWARD: Final = 2
"""A gradient's way back takes twice as long as the way forward."""


def step_effort(model: ModelConfig, train: TrainConfig) -> int:
    """Return how many multiply-adds a step takes, forwards and back."""
    return (1 + BACKWARD) * train.batch_size * count_step_multiply_adds(model, train)


def images_a_part(model: ModelConfig, train: TrainConfig) -> int | None:
    """Return how many images, or codes, are taken at a time of a step in parts; None: it is not divided."""
    whole = train.batch_size * count_step_multiply_adds(model, train)
    return None if whole <= UNDIVIDED else max(1, PART // max(1, count_multiply_adds(model)))


def images_measured_at_once(model: ModelConfig, codes: int = 1) -> int:
    """Return how many images at most are measured without a pause, with so many codes each."""
    return max(8, MEASURED_PART // max(1, count_multiply_adds(model, codes)))


def images_measured(model: ModelConfig, train: TrainConfig, count: int) -> int:
    """Return of how many held-out images, at most, the terms are measured: fewer where each takes many codes.

    Args:
        model: what is measured.
        train: how it is trained.
        count: images that there are.
    """
    return min(count, max(LEAST_MEASURED, MEASURED_CODES // codes_per_image(model, train)))
