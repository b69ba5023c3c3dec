"""What one person, and all together, may take of a shared server: all limits, each from the environment.

A limit is read when it is applied, so that a test, or a restart, can change it. Pages say them (`stated`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from vae_core.engine.contract.memory import whole_memory


@dataclass(frozen=True)
class Limit:
    """Describe one limit.

    Attributes:
        name: of the environment variable.
        default: what holds without it.
        sentence: what it means; `{}` stands for the number.
        least: the smallest that makes sense.
    """

    name: str
    default: float
    sentence: str
    least: float = 1

    def value(self) -> float:
        """Return what holds now.

        Raises:
            ValueError: the environment says something that is no such number.
        """
        given = os.environ.get(self.name, "").strip()
        if not given:
            return self.default
        number = math.nan
        with suppress(ValueError):
            number = float(given)
        if not self.least <= number < math.inf:
            raise ValueError(f"{self.name}={given!r}: expected a number, {self.least} or more.")
        return number


UNKNOWN_MEMORY: Final = 8_000_000_000
"""What a machine is taken to have that does not say how much it has."""

ACTIVE_RUNS: Final = Limit("LATENT_MAX_ACTIVE", 40, "{} runs train at a time; more wait in a line")
MEMORY_MEGABYTES: Final = Limit(
    "LATENT_MAX_MEMORY_MB",
    round((whole_memory() or UNKNOWN_MEMORY) / 2 / 1e8) * 100,  # the other half is for all else that goes on
    "{} MB of memory for all runs that train together; a run that does not fit beside them waits in the line",
)
RUNS: Final = Limit("LATENT_MAX_RUNS", 12, "{} runs of each browser are kept; the oldest go first")
RUN_MEGABYTES: Final = Limit("LATENT_MAX_RUNS_MB", 1_000, "{} MB for each browser's runs", least=0)
MODELS: Final = Limit("LATENT_MAX_MODELS", 50, "{} models in each browser's library")
MODEL_MEGABYTES: Final = Limit("LATENT_MAX_MODELS_MB", 500, "{} MB for each browser's models", least=0)
KEYFRAMES: Final = Limit("LATENT_MAX_KEYFRAMES", 60, "{} moments of each run are kept", least=2)
KEYFRAME_MEGABYTES: Final = Limit("LATENT_MAX_KEYFRAMES_MB", 150, "{} MB for each run's moments", least=0)
STARTS: Final = Limit(
    "LATENT_MAX_STARTS", 20, "{} runs and branches of each browser may be started in a minute"
)
JOBS: Final = Limit("LATENT_MAX_JOBS", 2, "{} jobs of each browser at a time")
WAITING_JOBS: Final = Limit("LATENT_MAX_WAITING_JOBS", 64, "{} more of its jobs may wait")
PARK_MINUTES: Final = Limit(
    "LATENT_PARK_MINUTES", 10, "a run is put aside when its browser has been away for {} minutes", least=0
)
KEEP_DAYS: Final = Limit("LATENT_KEEP_DAYS", 14, "a run that nobody uses is deleted after {} days")
KEEP_MODELS_DAYS: Final = Limit(
    "LATENT_KEEP_MODELS_DAYS",
    400,
    "models are deleted {} days after their browser's last visit "
    "(0: never, as where only this machine is served)",
    least=0,
)
NEW_OWNERS: Final = Limit(
    "LATENT_MAX_NEW_OWNERS", 120, "{} new browsers a minute from one address; a proxy counts as one"
)
UPLOAD_MEGABYTES: Final = Limit(
    "LATENT_MAX_UPLOADS_MB", 250, "{} MB of uploads at a time, of all browsers together", least=0
)
UPLOAD_MEGABYTES_EACH: Final = Limit(
    "LATENT_MAX_UPLOADS_MB_EACH", 110, "{} MB of them from each page", least=0
)
IMAGE_SETS: Final = Limit("LATENT_MAX_IMAGE_SETS", 20, "{} image sets of each browser's own")
IMAGE_SETS_MEGABYTES: Final = Limit(
    "LATENT_MAX_IMAGE_SETS_MB", 1_000, "{} MB for each browser's image sets", least=0
)
IMAGE_UPLOAD_MEGABYTES: Final = Limit(
    "LATENT_MAX_IMAGES_MB_EACH", 1_000, "{} MB of images may each browser bring at a time", least=0
)
IMAGE_UPLOADS_MEGABYTES: Final = Limit(
    "LATENT_MAX_IMAGES_MB",
    5_000,
    "{} MB of images that browsers brought lie here until they are kept, for a day at most",
    least=0,
)
DRAWINGS: Final = Limit("LATENT_MAX_DRAWINGS", 4_000, "{} drawings in each browser's collection")
DRAWINGS_OF_A_GUEST: Final = Limit(
    "LATENT_MAX_DRAWINGS_EACH", 100, "{} of them from each browser that has the link to another's collection"
)
DRAWINGS_A_MINUTE: Final = Limit(
    "LATENT_MAX_DRAWINGS_A_MINUTE", 60, "{} drawings of each browser in a minute"
)
WALL_POSTS: Final = Limit("LATENT_WALL_POSTS", 60, "{} maps on the wall")
WALL_POSTS_EACH: Final = Limit("LATENT_WALL_POSTS_EACH", 3, "{} of them from each browser")

ALL: Final = (
    ACTIVE_RUNS,
    MEMORY_MEGABYTES,
    RUNS,
    RUN_MEGABYTES,
    KEYFRAMES,
    KEYFRAME_MEGABYTES,
    KEEP_DAYS,
    PARK_MINUTES,
    STARTS,
    JOBS,
    WAITING_JOBS,
    MODELS,
    MODEL_MEGABYTES,
    KEEP_MODELS_DAYS,
    NEW_OWNERS,
    UPLOAD_MEGABYTES,
    UPLOAD_MEGABYTES_EACH,
    IMAGE_SETS,
    IMAGE_SETS_MEGABYTES,
    IMAGE_UPLOAD_MEGABYTES,
    IMAGE_UPLOADS_MEGABYTES,
    DRAWINGS,
    DRAWINGS_OF_A_GUEST,
    DRAWINGS_A_MINUTE,
    WALL_POSTS,
    WALL_POSTS_EACH,
)


def stated() -> Mapping[str, str]:
    """Return what holds now, as sentences by the name of the environment variable."""
    return {limit.name: limit.sentence.format(f"{limit.value():,g}") for limit in ALL}


def check() -> None:
    """Refuse an environment that says nonsense, before anyone relies on it.

    Raises:
        ValueError: which variable says what, and what was expected.
    """
    for limit in ALL:
        limit.value()
