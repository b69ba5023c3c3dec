"""Whether images and a batch fit into memory, reckoned before anything starts, from shapes alone."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vae_core.config import RANGES, count_weights, layer_sizes

if TYPE_CHECKING:
    from vae_core.config import ModelConfig, TrainConfig
    from vae_core.images import ImageSetInfo

WORKER_BYTES: Final = 300_000_000
"""What the process takes that trains, its libraries included."""

LOADING: Final = 2
"""While a set is loaded, it is there twice."""

MARGIN: Final = 0.8
"""Share of the free memory that one run may take."""


class TooLargeError(ValueError):
    """Say that a run does not fit into memory, and what would.

    Attributes:
        setting: what to make smaller: "images" or "batch_size".
    """

    def __init__(self, sentence: str, setting: str) -> None:
        super().__init__(sentence)
        self.setting = setting


def check_memory(
    info: ImageSetInfo, model: ModelConfig, train: TrainConfig, *, free: int | None = None
) -> None:
    """Refuse a run that would not fit into memory.

    Args:
        info: the images.
        model: what is trained on them.
        train: how.
        free: bytes of memory that can be had; None looks.

    Raises:
        TooLargeError: what would fit.
    """
    found = free_memory() if free is None else free
    if found is None:
        return
    room = int(found * MARGIN) - WORKER_BYTES - 16 * count_weights(model)
    each, per_image = LOADING * math.prod(info.shape), batch_bytes(model)
    images, batch = (info.size + info.test_size) * each, train.batch_size * per_image
    if images + batch <= room:
        return
    if images <= room / 2:
        fit = max(int(RANGES["batch_size"][0]), (room - images) // per_image)
        raise TooLargeError(
            f"A batch of {train.batch_size:,} images of this net needs {batch / 1e9:.1f} GB, more than this "
            f"machine has free. The largest batch size that fits is {fit:,}.",
            "batch_size",
        )
    fit = max(0, (room - min(batch, room // 2)) // each - info.test_size)
    raise TooLargeError(
        f"{info.title} has {info.size:,} images, too many for this machine's memory "
        f"({found / 1e9:.1f} GB free). The largest number that fits is {fit:,}: take a smaller set.",
        "images",
    )


def batch_bytes(model: ModelConfig) -> int:
    """Return about how many bytes a step takes for each image: activations and their gradients."""
    channels, height, width = model.image_shape
    sizes, cells = layer_sizes(model), model.grid[0] * model.grid[1]
    pixels = channels * height * width
    numbers = 6 * pixels + 4 * sizes.dense + 8 * model.latent_dim
    if model.architecture != "mlp":
        (first, second), (coarse, fine) = sizes.encoder_channels, sizes.decoder_channels
        numbers += cells * (4 * first + second + coarse + 4 * fine) * 2  # before and after the activation
    return 2 * 4 * numbers


def free_memory() -> int | None:
    """Return how many bytes of memory can be had; None where that cannot be known (not on Linux)."""
    answers = []
    with suppress(OSError, ValueError, KeyError):
        answers.append(1024 * int(_table("/proc/meminfo")["MemAvailable:"]))
    with suppress(OSError, ValueError, KeyError):  # a container's own limit; "max" is no number, and no limit
        group = Path("/sys/fs/cgroup")
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        cached = int(_table(str(group / "memory.stat"))["inactive_file"])  # given back when it is needed
        answers.append(limit - used + cached)
    return min(answers, default=None)


def _table(path: str) -> dict[str, str]:
    """Read a file of names and numbers, one pair a line."""
    words = (line.split() for line in Path(path).read_text().splitlines())
    return {each[0]: each[1] for each in words if len(each) > 1}
