"""The arrays of a bundle: their types and shapes, compared with its settings and its lists of layers.

From the header alone: no weight is read, nothing is allocated.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Final

from vae_core.models.layers.lists import counters_of, stored_of

if TYPE_CHECKING:
    from vae_core.config.configs import ModelConfig

MAX_PROBE_IMAGES: Final = 2_000
MAX_PROBE_BYTES: Final = 2 * 2**20

Described = tuple[str, tuple[int, ...]]
"""Dtype (a key of `vae_core.storage.tensorfile.DTYPES`) and shape of an array."""


def is_weight(name: str) -> bool:
    """Whether an array belongs to the model itself."""
    return name.startswith(("encoder.", "decoder."))


def check_arrays(arrays: Mapping[str, Described], config: ModelConfig, *, factors: int) -> None:
    """Compare every array's type and shape with what a model wants.

    Args:
        arrays: all of the file's, by name.
        config: what the file says the model is.
        factors: how many known factors its image set has.

    Raises:
        ValueError: the first that is missing, too many, or of another type or shape.
    """
    known = {*_check_probe(arrays, config, factors), *_check_weights(arrays, config)}
    foreign = [name for name in arrays if name not in known]
    if foreign:
        raise ValueError(f"it holds an array {foreign[0][:60]!r}, which such a model has not")


def _check_probe(arrays: Mapping[str, Described], config: ModelConfig, factors: int) -> set[str]:
    """Check the images and their places, and return the names that these may have."""
    images = arrays.get("probe.images", ("U8", (0,)))[1]
    count, latent = images[0] if images else 0, config.code_size
    expected: dict[str, Described] = {"probe.images": ("U8", (count, *config.image_shape))}
    optional: dict[str, Described] = {
        "probe.labels": ("I64", (count,)),
        "probe.factors": ("F32", (count, factors)),
    }
    if config.has_encoder:
        expected["probe.mean"] = ("F32", (count, latent))
        optional |= {
            "pca.mean": ("F32", (latent,)),
            "pca.components": ("F32", (2, latent)),
            "umap.positions": ("F32", (count, 2)),
        }
    if config.latent_kind == "gaussian":
        expected["probe.logvar"] = ("F32", (count, latent))
    if not 1 <= count <= MAX_PROBE_IMAGES or prod(images) > MAX_PROBE_BYTES:
        raise ValueError(
            f"its probe.images have the shape {images}; a probe has 1 to {MAX_PROBE_IMAGES:,} images "
            f"of {MAX_PROBE_BYTES / 2**20:g} MiB together"
        )
    for name, wanted in {**expected, **optional}.items():
        if arrays.get(name, None if name in expected else wanted) != wanted:
            found = "missing" if name not in arrays else f"{arrays[name][0]} {arrays[name][1]}"
            raise ValueError(f"its {name} should be {wanted[0]} {wanted[1]} and is {found}")
    if ("pca.mean" in arrays) != ("pca.components" in arrays):
        raise ValueError("pca.mean and pca.components belong together, and one is missing")
    return {*expected, *optional}


def _check_weights(arrays: Mapping[str, Described], config: ModelConfig) -> set[str]:
    """Check what the layers store, and return the names that this may have."""
    nets = config.placed()
    expected = {name: shape for net in nets for name, shape in stored_of(net).items()}
    if config.likelihood == "gaussian_learned":
        expected["decoder.log_variance"] = ()
    for name, shape in expected.items():
        if name not in arrays:
            raise ValueError(f"its weights {name[:60]} of shape {shape} are missing")
        dtype, found = arrays[name]
        if dtype not in ("F16", "F32"):
            raise ValueError(f"its weights {name[:60]} are of type {dtype}, not F16 or F32")
        if found != shape:
            raise ValueError(f"its weights {name[:60]} have the shape {found}; its layers ask for {shape}")
    counters = {name for net in nets for name in counters_of(net)}
    for name in counters & arrays.keys():
        if arrays[name] != ("I64", ()):
            raise ValueError(f"its {name[:60]} are of type {arrays[name][0]}; a counter is one I64")
    return {*expected, *counters}
