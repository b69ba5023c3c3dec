"""Which images a run learns from, which it is measured on, and which stand on its map.

All choices are seeded and class-balanced where there are classes: the same set and seed, the same images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from vae_core.images.loading import ImageSet, balanced_order

MOST_IMAGES: Final = 2_000
MOST_BYTES: Final = 2_000_000
LEAST_TO_HOLD_OUT: Final = 20
"""Below so many images nothing is held out: two images in a test set would say nothing."""


@dataclass(frozen=True, eq=False)
class Probe:
    """Hold the images that stand on the map.

    Attributes:
        images: uint8, (P, C, H, W); at most 2,000 images and 2 MB.
        labels: class of each image, int64, (P,), or None.
        factors: known factors of each image, float32, (P, F), or None.
    """

    images: Tensor
    labels: Tensor | None
    factors: Tensor | None

    def __len__(self) -> int:
        return len(self.images)


def hold_out(image_set: ImageSet, *, seed: int) -> tuple[ImageSet, ImageSet | None]:
    """Split off a tenth to measure on; a set of fewer than 20 images stays whole.

    Args:
        image_set: N images.
        seed: of the choice.

    Returns:
        The images to learn from, and the held-out ones (N // 10) or None.
    """
    if len(image_set.images) < LEAST_TO_HOLD_OUT:
        return image_set, None
    order = shuffled(image_set, seed=seed)
    held_out = len(order) // 10
    return image_set.take(order[held_out:].sort().values), image_set.take(order[:held_out])


def choose_probe(learned: ImageSet, held_out: ImageSet | None, *, seed: int) -> Probe:
    """Choose the images that stand on the map: held-out ones, filled up with learned ones.

    Args:
        learned: the images that are trained on.
        held_out: the images that are not, or None.
        seed: of the choice.

    Returns:
        The probe: in each part every beginning has the classes in equal numbers, while they last.
    """
    room = min(MOST_IMAGES, max(1, MOST_BYTES // learned.images[0].numel()))
    parts = []
    for image_set in (held_out, learned):
        if image_set is not None and room > 0:
            parts.append(image_set.take(shuffled(image_set, seed=seed)[:room]))
            room -= len(parts[-1].images)
    return Probe(
        torch.cat([part.images for part in parts]),
        _joined([part.labels for part in parts]),
        _joined([part.factors for part in parts]),
    )


def shuffled(image_set: ImageSet, *, seed: int) -> Tensor:
    """Return a seeded, class-balanced order of a set's images, int64, (N,)."""
    count = len(image_set.images)
    labels = np.zeros(count, dtype=np.int64) if image_set.labels is None else image_set.labels.numpy()
    return torch.from_numpy(balanced_order(labels, seed=seed))


def _joined(parts: list[Tensor | None]) -> Tensor | None:
    """Join what every part has; what one lacks, the whole lacks."""
    present = [part for part in parts if part is not None]
    return torch.cat(present) if len(present) == len(parts) else None
