"""The sets that are not shipped: where their files lie, fetching them, reading them.

Files lie where `torchvision.datasets` puts them, so that a folder it filled is used as it is; Fashion-MNIST
is also found where Debian's package `dataset-fashion-mnist` puts it. Addresses and checksums are those of
torchvision. The fetching is our own: torchvision's waits for ever on a silent network and cannot tell how far
it is.

Importing this module imports neither torch nor torchvision.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import math
import secrets
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vae_core.storage.home import latent_home, make_folder, put_in_place

__all__ = ["DOWNLOADABLE", "Progress", "default_root", "fetch", "is_here", "read"]

Progress = Callable[[float, str], None]
Array = npt.NDArray[np.uint8]

DEBIAN_FASHION = Path("/usr/share/datasets/fashion-mnist")
SILENCE = 20.0  # seconds without a byte after which a download has failed
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Downloadable:
    """Say where a set comes from.

    Attributes:
        dataset: its class in `torchvision.datasets`.
        folder: the folder of its files below the root.
        files: the files without which it is not here; for the MNIST family also compressed, with ".gz".
        download_bytes: size of all that a download fetches.
        elsewhere: further folders in which its files may lie.
    """

    dataset: str
    folder: str
    files: tuple[str, ...]
    download_bytes: int
    elsewhere: tuple[Path, ...] = ()


_IDX = (
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
)  # fmt: skip
_BATCHES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta")

DOWNLOADABLE = {
    "mnist_full": Downloadable("MNIST", "MNIST/raw", _IDX, 11_594_722),
    "fashion_full": Downloadable("FashionMNIST", "FashionMNIST/raw", _IDX, 30_878_645, (DEBIAN_FASHION,)),
    "kmnist": Downloadable("KMNIST", "KMNIST/raw", _IDX, 21_240_888),
    "cifar10": Downloadable("CIFAR10", "cifar-10-batches-py", _BATCHES, 170_498_071),
}


def default_root() -> Path:
    """Return the folder of downloaded sets when none is given: `images` in the app's data folder."""
    return latent_home() / "images"


def is_here(name: str, root: Path) -> bool:
    """Say whether all files of a set are on this computer."""
    return _folder(name, root) is not None


def fetch(name: str, root: Path, progress: Progress | None = None) -> None:
    """Download what a set still lacks.

    Args:
        name: a key of `DOWNLOADABLE`.
        root: the folder of downloaded sets.
        progress: called with (fraction done 0..1, what is going on); what it raises ends the download.

    Raises:
        OSError: it could not be had; the text says why and what to do.
    """
    wanted = DOWNLOADABLE[name]
    dataset = _dataset(wanted)
    if wanted.files is _BATCHES:
        mirrors, folder = [dataset.url.rpartition("/")[0] + "/"], root
        resources = [(dataset.filename, dataset.tgz_md5)]
    else:
        mirrors, folder, resources = dataset.mirrors, root / wanted.folder, dataset.resources
    done = 0
    for filename, md5 in resources:

        def tell(received: int, filename: str = filename, before: int = done) -> None:
            if progress is not None:
                fraction = min(1.0, (before + received) / wanted.download_bytes)
                progress(fraction, f"downloading {filename}: {(before + received) / 1e6:.1f} MB")

        try:
            done += _fetch_file(mirrors, filename, md5, folder, tell)
            if wanted.files is _BATCHES:
                dataset(root, download=True)  # finds the archive it would fetch, and unpacks it
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            raise OSError(
                f"{name} could not be downloaded ({_reason(error)}). Check the network connection and the "
                f"space on the disk and try again, or copy {_by_hand(name, root)}"
            ) from error
    if progress is not None:
        progress(1.0, "downloaded")


def read(name: str, split: str, root: Path) -> tuple[Array, npt.NDArray[np.int64]]:
    """Read one split: pictures (N, C, H, W) and labels (N,).

    Raises:
        FileNotFoundError: the set is not here; the text says what to do.
        ValueError: its files are damaged.
    """
    folder = _folder(name, root)
    if folder is None:
        size = DOWNLOADABLE[name].download_bytes / 1e6
        raise FileNotFoundError(
            f"{name} is not on this computer yet: download it ({size:.0f} MB; "
            "in Python with download=True, on the command line with --download), "
            f"or copy {_by_hand(name, root)}"
        )
    if name == "cifar10":
        return _read_cifar(split, folder)
    prefix = "train" if split == "train" else "t10k"
    images = _read_idx(folder / f"{prefix}-images-idx3-ubyte", 3)
    labels = _read_idx(folder / f"{prefix}-labels-idx1-ubyte", 1)
    if images.shape[1:] != (28, 28) or len(images) != len(labels) or labels.max(initial=0) > 9:
        raise ValueError(f"the files in {folder} are no pictures of 28x28 with labels 0 to 9: {_remedy()}")
    return images[:, None], labels.astype(np.int64)


def _folder(name: str, root: Path) -> Path | None:
    """Return the first folder that holds all files of a set."""
    wanted = DOWNLOADABLE[name]
    for folder in (root / wanted.folder, *wanted.elsewhere):
        if all(_present(folder / file) for file in wanted.files):
            return folder
    return None


def _present(path: Path) -> Path | None:
    """Return the file, or the file compressed, or None."""
    for candidate in (path, path.with_name(path.name + ".gz")):
        if candidate.is_file():
            return candidate
    return None


def _read_idx(path: Path, dimensions: int) -> Array:
    """Read a file of the MNIST family: a header (0, 0, 8 for uint8, dimensions; sizes), then bytes."""
    found = _present(path) or path
    try:
        with gzip.open(found) if found.suffix == ".gz" else found.open("rb") as file:
            header = file.read(4 + 4 * dimensions)
            if header[:4] != bytes([0, 0, 8, dimensions]) or len(header) != 4 + 4 * dimensions:
                raise ValueError("its header is another")
            shape = tuple(int(size) for size in np.frombuffer(header, ">u4", offset=4))
            content = file.read(math.prod(shape) + 1)
    except (EOFError, gzip.BadGzipFile, ValueError, OverflowError) as error:
        raise ValueError(f"{found} is not a file of the MNIST family ({error}): {_remedy()}") from error
    if len(content) != math.prod(shape):
        raise ValueError(f"{found} holds {len(content)} values instead of {math.prod(shape)}: {_remedy()}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read_cifar(split: str, folder: Path) -> tuple[Array, npt.NDArray[np.int64]]:
    """Read CIFAR-10 by torchvision, which checks each file's checksum before it unpickles it."""
    try:
        loaded = _dataset(DOWNLOADABLE["cifar10"])(folder.parent, train=split == "train")
    except RuntimeError as error:
        raise ValueError(f"the files in {folder} are not CIFAR-10's: {_remedy()}") from error
    images = np.ascontiguousarray(np.asarray(loaded.data, dtype=np.uint8).transpose(0, 3, 1, 2))
    return images, np.asarray(loaded.targets, dtype=np.int64)


def _fetch_file(
    mirrors: list[str], filename: str, md5: str, folder: Path, tell: Callable[[int], None]
) -> int:
    """Bring one file into `folder`, whole or not at all, from the first mirror that has it: its size."""
    target = folder / filename
    if target.is_file() and _md5(target) == md5:
        return target.stat().st_size
    make_folder(folder)
    failure: OSError | http.client.HTTPException = OSError("no address is known")
    for mirror in mirrors:
        partial = folder / f".{filename}.{secrets.token_hex(4)}.part"
        try:
            _copy(mirror + filename, partial, tell)
            if _md5(partial) != md5:
                raise OSError(f"what {mirror} sent is incomplete or not the right file")
            put_in_place(partial, target)
            return target.stat().st_size
        except (OSError, http.client.HTTPException) as error:
            failure = error
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
    raise failure


def _copy(url: str, target: Path, tell: Callable[[int], None]) -> None:
    """Copy what an address sends into a file, telling how many bytes have come."""
    request = urllib.request.Request(url, headers={"User-Agent": "latent-explorer"})
    received = 0
    tell(received)
    with urllib.request.urlopen(request, timeout=SILENCE) as answer, target.open("wb") as file:
        while block := answer.read(_BLOCK):
            received += file.write(block)
            tell(received)


def _md5(path: Path) -> str:
    """Return a file's checksum; it guards against damage, not against malice."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _dataset(wanted: Downloadable) -> Any:
    """Return a set's class in torchvision."""
    from vae_core.images.torchvision_import import import_torchvision

    return getattr(import_torchvision().datasets, wanted.dataset)


def _by_hand(name: str, root: Path) -> str:
    """Say which files go where for who has them already."""
    wanted = DOWNLOADABLE[name]
    compressed = ".gz" if wanted.files is _IDX else ""
    return f"{', '.join(file + compressed for file in wanted.files)} into {root / wanted.folder}"


def _remedy() -> str:
    return "delete them and download the set again"


def _reason(error: Exception) -> str:
    """Return what went wrong, without urllib's wrapping."""
    return str(getattr(error, "reason", "") or error or type(error).__name__)
