"""How long a job will take, reckoned from its arguments before it starts, on a slow machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from vae_core.bundles.header import read_header
from vae_core.config.configs import ModelConfig, count_multiply_adds
from vae_core.images.loading import known_set

MULTIPLY_ADDS_A_SECOND: Final = 1e10
"""Of one thread: measured are 8 to 40 thousand million, for convolutions and dense layers."""

SAVED_PASSES: Final = 5_000
"""Images that pass a model while it is saved: held-out ones for the rounding and the measures, the probe."""


def seconds_for(function: str, arguments: Mapping[str, Any]) -> float:
    """Reckon how long a job takes; 0 for one of which nothing needs to be known.

    Args:
        function: its name in `vae_core.engine.tasks.functions`.
        arguments: the function's.
    """
    with suppress(OSError, ValueError, KeyError):  # what cannot be used will be refused with a sentence
        match function:
            case "save_run" | "save_keyframe":
                return _passing(ModelConfig.from_dict(arguments["model"]), SAVED_PASSES)
            case "encode":
                model = read_header(arguments["bundle"]).model_config
                return _passing(model, _count(arguments, math.prod(model.image_shape)))
    return 0.0


def _passing(model: ModelConfig, images: int) -> float:
    return images * count_multiply_adds(model) / MULTIPLY_ADDS_A_SECOND


def _count(arguments: Mapping[str, Any], pixels: int) -> int:
    """Return how many images, of so many bytes each, are to be encoded."""
    if (given := arguments.get("images")) is not None:
        return len(given) // pixels
    info = known_set(str(arguments.get("image_set")))
    if info is None:
        return 0
    return info.size if arguments.get("split") == "train" else info.test_size
