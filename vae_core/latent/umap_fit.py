"""Running umap-learn: imported when first needed, one fit at a time, from given positions."""

from __future__ import annotations

import importlib
import sys
import threading
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
_one_fit_at_a_time = threading.Lock()  # two at once in one process can end it (numba's threads)


def run_umap(codes: Matrix, start: Matrix, seed: int) -> Matrix:
    """Fit a UMAP of codes; the first fit of a process compiles for ten seconds or more.

    Args:
        codes: what is mapped, (N, D).
        start: positions from which it starts, (N, 2).
        seed: seed of its randomness.

    Returns:
        Positions, (N, 2), turned and shifted in any way.

    Raises:
        ValueError: it found no map.
    """
    random = np.random.default_rng(seed)
    extent = np.ptp(start, axis=0).max()
    jitter = 1e-4 * (extent if extent > 0 else 1.0)  # umap-learn divides by the extent of each axis
    mapper = umap_class()(
        n_neighbors=min(15, len(codes) - 1),
        init=start + random.normal(scale=jitter, size=start.shape),
        random_state=seed % 2**32,  # all that NumPy's old generators take
        n_jobs=1,
    )
    with _one_fit_at_a_time:
        positions = np.asarray(mapper.fit_transform(codes), dtype=np.float64)
    if not np.isfinite(positions).all():
        raise ValueError("UMAP found no map of these codes; use PCA")
    return positions


def umap_class() -> Any:
    """Import umap-learn, which needs a folder to keep compiled code in: the app's own if it finds none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportWarning)  # that Tensorflow is not there
            return importlib.import_module("umap").UMAP
    except RuntimeError as error:
        from numba import config

        settings: Any = config  # its names come from the environment
        if "no locator available" not in str(error) or settings.CACHE_DIR:
            raise
        from vae_core.storage.home import latent_home

        settings.CACHE_DIR = str(latent_home() / "cache" / "numba")
        for name in [name for name in sys.modules if name.partition(".")[0] in ("umap", "pynndescent")]:
            del sys.modules[name]  # what the failed import left behind
        return umap_class()
