"""The models that ship: what each is, how it is trained, and why so.

`python -m vae_core bundles` makes them from these seeds on the shipped training splits (10,000 images of
28x28 or 32x32; 1,497 of 8x8), and a test compares the files' own configs with this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vae_core.config import ModelConfig, TrainConfig

SHIPPED_BUNDLES: Final = Path(__file__).resolve().parent.parent / "assets" / "bundles"


@dataclass(frozen=True)
class Recipe:
    """Describe one model that ships.

    Attributes:
        name: stem of the file, and the model's name in the URL.
        image_set: name of the image set.
        title: the model's title.
        model: what is built.
        train: how it is trained.
        why: why so, in a sentence.
    """

    name: str
    image_set: str
    title: str
    model: ModelConfig
    train: TrainConfig
    why: str
