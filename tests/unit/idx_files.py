"""A small set in the files of the MNIST family, and whether a set is here."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from vae_core.images.loading import image_sets


def idx(array: np.ndarray) -> bytes:
    """An array as a file of the family: magic number, sizes, bytes."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def family(count: int = 40) -> dict[str, np.ndarray]:
    """Random pictures and labels of both splits, by the names of their files."""
    random = np.random.default_rng(3)
    made = {}
    for prefix, size in (("train", count), ("t10k", count // 2)):
        made[f"{prefix}-images-idx3-ubyte"] = random.integers(0, 256, (size, 28, 28), dtype=np.uint8)
        made[f"{prefix}-labels-idx1-ubyte"] = (np.arange(size) % 10).astype(np.uint8)
    return made


def write_family(
    folder: Path,
    write: Callable[[str, np.ndarray], bytes] = lambda name, array: idx(array),
    *,
    suffix: str = "",
) -> None:
    """Put the family's files where torchvision does, each as `write` makes it of its name and its array."""
    raw = folder / "raw"
    raw.mkdir(parents=True)
    for name, array in family().items():
        (raw / f"{name}{suffix}").write_bytes(write(name, array))


def is_available(name, root) -> bool:
    return next(info for info in image_sets(root=root) if info.name == name).available
