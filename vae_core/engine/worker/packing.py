"""What watchers get of a run, as arrays in the safetensors layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import torch

from vae_core.storage import tensorfile

if TYPE_CHECKING:
    from vae_core.images.probe import Probe
    from vae_core.latent.projection import Projection
    from vae_core.training.snapshot import Snapshot
    from vae_core.training.step_detail import StepDetail

Array = npt.NDArray[Any]

LARGEST_HALF: Final = 65504.0
DECODER: Final = "decoder."


def pack_probe(probe: Probe) -> bytes:
    """Pack the images on the map, with labels and factors where there are any."""
    arrays: dict[str, Array] = {"probe.images": _pixels(probe.images)}
    if probe.labels is not None:
        arrays["probe.labels"] = probe.labels.numpy().astype(np.int32)
    if probe.factors is not None:
        arrays["probe.factors"] = probe.factors.numpy().astype(np.float32)
    return tensorfile.pack(arrays, {})


def pack_frame(start: int, mean: torch.Tensor | None, pinned: dict[str, Array]) -> bytes:
    """Pack the places of a part of the probe, and pictures of pinned latents.

    Args:
        start: the first image.
        mean: of the images from that one on, (K, D); None where no image has a place.
        pinned: as `pinned_arrays` makes them; none where nothing is pinned.
    """
    if mean is None:
        return tensorfile.pack(pinned, {})
    index = np.arange(start, start + len(mean), dtype=np.int32)
    return tensorfile.pack({"index": index, "mean": _half(mean), **pinned}, {})


def pinned_arrays(z: torch.Tensor, pictures: torch.Tensor) -> dict[str, Array]:
    """Return latents (N, D), exactly as the browser named them, and their pictures (N, C, H, W)."""
    return {"pinned.z": z.numpy().astype(np.float32), "pinned.pictures": _pixels(pictures)}


def snapshot_arrays(snapshot: Snapshot, probe: Probe, plane: Projection | None) -> dict[str, Array]:
    """Return all that there is to see.

    Args:
        snapshot: with the probe's codes, where images have some.
        probe: the images on the map; its first ones are the reconstructions' originals.
        plane: the map of more than two dimensions, or None.
    """
    arrays: dict[str, Array] = {}
    if snapshot.probe_mean is not None:
        arrays["mean"] = _half(snapshot.probe_mean)
    if snapshot.probe_logvar is not None:
        arrays["logvar"] = _half(snapshot.probe_logvar)
    if plane is not None and plane.mean is not None and plane.components is not None:
        arrays["pca.mean"] = plane.mean.numpy()
        arrays["pca.components"] = plane.components.numpy()
    if snapshot.reconstructions is not None:
        arrays["reconstructions"] = _pixels(snapshot.reconstructions)
        arrays["originals"] = _pixels(probe.images[: len(snapshot.reconstructions)])
    samples = snapshot.decoded_noise if snapshot.samples is None else snapshot.samples
    if samples is not None:
        arrays["samples"] = _pixels(samples)
    return arrays


def decoder_arrays(weights: Mapping[str, torch.Tensor]) -> dict[str, Array]:
    """Return of all nets' weights and running statistics, by name, those of the decoder as float16."""
    return {
        name: _half(value)
        for name, value in weights.items()
        if name.startswith(DECODER) and value.is_floating_point()
    }


def pack_decoder(weights: Mapping[str, torch.Tensor]) -> bytes:
    """Pack those that `decoder_arrays` returns: what the browser gets."""
    return tensorfile.pack(decoder_arrays(weights), {})


def pack_rest(weights: Mapping[str, torch.Tensor]) -> bytes:
    """Pack those of the other nets, the encoder or the discriminator, as float16."""
    rest = {
        name: _half(value)
        for name, value in weights.items()
        if not name.startswith(DECODER) and value.is_floating_point()
    }
    return tensorfile.pack(rest, {})


def pack_detail(detail: StepDetail) -> bytes:
    """Pack one step taken apart, as float32; what a family has not is left out."""
    values = {name: value for name, value in vars(detail).items() if isinstance(value, torch.Tensor)}
    arrays = {name: value.numpy().astype(np.float32) for name, value in values.items() if name != "labels"}
    return tensorfile.pack(arrays, {})


def _half(values: torch.Tensor) -> Array:
    """Return values as float16; what is too large for it becomes the largest it has."""
    clipped = values.detach().float().clamp(-LARGEST_HALF, LARGEST_HALF)
    half: Array = clipped.cpu().numpy().astype(np.float16)
    return half


def _pixels(images: torch.Tensor) -> Array:
    """Return pictures as uint8; floats are in [0, 1]."""
    if images.dtype != torch.uint8:
        images = (images.detach().clamp(0, 1) * 255).round().to(torch.uint8)
    pixels: Array = images.cpu().numpy()
    return pixels
