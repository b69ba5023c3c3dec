"""What is kept of Fashion-MNIST's four original files: each picture's label, and one byte that tells of it.

    python -m tests.unit.images.fashion_originals FOLDER

reads them in a folder, such as that of Debian's package `dataset-fashion-mnist`, and writes
`tests/data/fashion-originals.npz`: 106 kB, where the files have 31 MB. A test asks by these bytes whether a
picture of the sample is the very one that was drawn; one picture in 256 would pass for another, so that of a
sample of 12,000 nothing can be exchanged.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.unit.idx_files import idx
from vae_core.images import downloads

KEPT = Path(__file__).resolve().parents[2] / "data" / "fashion-originals.npz"
PREFIXES = {"train": "train", "test": "t10k"}


def tell_tales(images: Iterable[np.ndarray]) -> np.ndarray:
    """Return one byte of each picture's checksum, uint8 (N,)."""
    return np.array([zlib.crc32(image.tobytes()) & 255 for image in images], dtype=np.uint8)


def write_stand_ins(folder: Path) -> None:
    """Write the four files with each picture's byte in place of its first pixel, and all others black."""
    folder.mkdir()
    with np.load(KEPT) as kept:
        for split, prefix in PREFIXES.items():
            images = np.zeros((len(kept[f"{split}_bytes"]), 28, 28), dtype=np.uint8)
            images[:, 0, 0] = kept[f"{split}_bytes"]
            for name, array in (("images-idx3", images), ("labels-idx1", kept[f"{split}_labels"])):
                (folder / f"{prefix}-{name}-ubyte.gz").write_bytes(gzip.compress(idx(array), 1))


def main() -> None:
    found: dict[str, np.ndarray] = {}
    folder = Path(sys.argv[1])
    for split, prefix in PREFIXES.items():
        found[f"{split}_bytes"] = tell_tales(downloads._read_idx(folder / f"{prefix}-images-idx3-ubyte", 3))
        found[f"{split}_labels"] = downloads._read_idx(folder / f"{prefix}-labels-idx1-ubyte", 1)
    np.savez_compressed(KEPT, **found)


if __name__ == "__main__":
    main()
