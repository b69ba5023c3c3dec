"""What runs take of the memory, reckoned before anything starts, from shapes alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from vae_core.config.configs import (
    JUDGED,
    ModelConfig,
    TrainConfig,
    check_together,
    codes_per_image,
    count_learning_weights,
)
from vae_core.config.effort import images_a_part
from vae_core.config.settings import number
from vae_core.engine.processes.process import worker_pids
from vae_core.images.loading import known_set
from vae_core.models.layers.lists import check_limits

if TYPE_CHECKING:
    from vae_core.config.configs import ModelConfig, TrainConfig
    from vae_core.images.loading import ImageSetInfo

WORKER_BYTES: Final = 300_000_000
"""What the process takes that trains, its libraries included."""

CONTAINER: Final = Path("/sys/fs/cgroup")
"""Where Linux says what a container may take, of which psutil knows nothing."""

LOADING: Final = 2
"""While a set is loaded, it is there twice."""

MARGIN: Final = 0.8
"""Share of the memory that can be had that runs may take."""

MEASURED: Final = 1_000
"""Held-out images of which each run has a copy of its own (`vae_core.training.monitor`)."""

BESIDE: Final = 3_000_000
"""What each run takes besides: the images on the map, what was shown last (measured: 2 to 5 MB)."""


class TooLargeError(ValueError):
    """Say that a run does not fit into memory, and what would.

    Attributes:
        setting: what to make smaller: "images" or "batch_size".
    """

    def __init__(self, sentence: str, setting: str) -> None:
        super().__init__(sentence)
        self.setting = setting


@dataclass(frozen=True)
class Need:
    """Hold what a run takes of the training process's memory, in bytes.

    Attributes:
        image_set: name of its images, which are there once, however many runs learn from them.
        images: all of them.
        own: weights, gradients, the optimiser's moments, pictures of its own.
        batch: what a step takes; runs take their steps one after the other,
        divided: but not those that are taken in parts: they lie there side by side.
    """

    image_set: str
    images: int
    own: int
    batch: int
    divided: bool = False


def need_of(info: ImageSetInfo, model: ModelConfig, train: TrainConfig) -> Need:
    """Reckon what a run takes.

    Args:
        info: the images.
        model: what is trained on them.
        train: how.
    """
    each = math.prod(info.shape)
    own = 16 * count_learning_weights(model) + BESIDE + min(MEASURED, info.test_size) * each
    batch = train.batch_size * batch_bytes(model, codes_per_image(model, train))
    divided = images_a_part(model, train) is not None
    return Need(info.name, (info.size + info.test_size) * each, own, batch, divided)


def together(needs: Iterable[Need]) -> int:
    """Reckon what runs take together, in bytes, the process that trains them included."""
    needs = list(needs)
    sets = {need.image_set: need.images for need in needs}.values()
    loading = (LOADING - 1) * max(sets, default=0)  # one set after the other
    batch = max((need.batch for need in needs if not need.divided), default=0)
    batches = batch + sum(need.batch for need in needs if need.divided)
    return WORKER_BYTES + sum(sets) + loading + sum(need.own for need in needs) + batches


def check_memory(
    info: ImageSetInfo, model: ModelConfig, train: TrainConfig, *, free: int | None = None
) -> None:
    """Refuse a run that would not fit into memory if it trained alone; beside others it may have to wait.

    Args:
        info: the images.
        model: what is trained on them.
        train: how.
        free: bytes of memory that it could have; None looks.

    Raises:
        TooLargeError: what would fit.
    """
    found = memory_for_runs() if free is None else free
    if found is None:
        return
    need = need_of(info, model, train)
    room = int(found * MARGIN) - WORKER_BYTES - need.own
    each, per_image = LOADING * math.prod(info.shape), need.batch // train.batch_size
    images, batch = LOADING * need.images, need.batch
    if images + batch <= room:
        return
    if images <= room / 2:
        fit = max(int(number("batch_size").least), (room - images) // per_image)
        raise TooLargeError(
            f"A batch of {train.batch_size:,} images of this net needs {batch / 1e9:.1f} GB, more than this "
            f"machine has for it. The largest batch size that fits is {fit:,}.",
            "batch_size",
        )
    fit = max(0, (room - min(batch, room // 2)) // each - info.test_size)
    raise TooLargeError(
        f"{info.title} has {info.size:,} images, too many for this machine's memory "
        f"({found / 1e9:.1f} GB for all runs). The largest number that fits is {fit:,}: take a smaller set.",
        "images",
    )


def batch_bytes(model: ModelConfig, codes: int = 1) -> int:
    """Return about how many bytes a step takes for each image: what each layer makes, and its gradient.

    Args:
        model: what is trained.
        codes: how many are decoded for each image.
    """
    encoder, decoder, discriminator = (
        sum(math.prod(each.output) for each in net) for net in model.placed_to_learn()
    )
    beside = 4 * math.prod(model.image_shape) + 8 * model.code_size  # images, likelihood, posterior, code
    return 2 * 4 * (encoder + JUDGED * discriminator + codes * (decoder + beside))


def memory_for_runs() -> int | None:
    """Return how many bytes all runs together could have: what is free, and what runs take now.

    None where that cannot be known.
    """
    free = free_memory()
    return None if free is None else free + sum(map(_own_memory, worker_pids("train")))


def free_memory() -> int | None:
    """Return how many bytes of memory can be had; None where that cannot be known."""
    answers = []
    with suppress(OSError, psutil.Error):
        answers.append(int(psutil.virtual_memory().available))
    with suppress(OSError, ValueError, KeyError):  # a container's own limit; "max" is no number, and no limit
        limit, used = (int((CONTAINER / f"memory.{name}").read_text()) for name in ("max", "current"))
        lines = (CONTAINER / "memory.stat").read_text().splitlines()
        cached = int(dict(line.split() for line in lines)["inactive_file"])  # given back when it is needed
        answers.append(limit - used + cached)
    return min(answers, default=None)


def whole_memory() -> int | None:
    """Return how many bytes of memory the machine has, or its container may use; None where nothing says."""
    answers = []
    with suppress(OSError, psutil.Error):
        answers.append(int(psutil.virtual_memory().total))
    with suppress(OSError, ValueError):
        answers.append(int((CONTAINER / "memory.max").read_text()))
    return min((answer for answer in answers if answer > 0), default=None)


def _own_memory(pid: int) -> int:
    """Return how many bytes a process would give back at its end; what it only reads from files stays."""
    with suppress(OSError, psutil.Error):
        info = psutil.Process(pid).memory_info()
        return int(info.rss - getattr(info, "shared", 0))
    return 0


def check_run(image_set: str, model: ModelConfig, train: TrainConfig) -> None:
    """Refuse a run that could not train.

    Args:
        image_set: name of the images it is to learn from, or the path of an own set's file.
        model: what is trained.
        train: how.

    Raises:
        ValueError: the images are not there, or what is wanted does not fit together, or not into memory.
    """
    check_together(model, train)
    for placed in model.placed():
        check_limits(placed)
    info = known_set(image_set)
    if info is None:
        raise ValueError(f"There is no image set {image_set!r}.")
    if not info.available:
        raise ValueError(f"{info.title} is not on this server yet. Download it on the Images page first.")
    if model.n_classes > len(info.label_names):
        raise ValueError(
            f"{info.title} has {len(info.label_names) or 'no'} classes; the model is told {model.n_classes}."
        )
    if tuple(info.shape) != model.image_shape:
        raise ValueError(f"{info.title} has images of shape {info.shape}, the model {model.image_shape}.")
    check_memory(info, model, train)
