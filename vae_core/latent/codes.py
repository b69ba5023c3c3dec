"""The latent space itself: put images into it, walk through it, ask which way an attribute lies.

All functions take and return tensors; codes are `(N, D)`, one code `(D,)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vae_core.models.distributions import Posterior

if TYPE_CHECKING:
    from vae_core.models.vae import VAE


def encode_images(
    model: VAE, images: Tensor, *, labels: Tensor | None = None, batch_size: int = 1024
) -> Posterior:
    """Encode images in batches, without gradients, in the model's present mode.

    Args:
        model: the model; its mode and its device stay as they are.
        images: uint8, (N, C, H, W), 0..255.
        labels: int64, (N,), for a model with classes.
        batch_size: how many images at once.

    Returns:
        The posterior of all N, on the images' device: mean (N, D), logvar (N, D) or None.

    Raises:
        ValueError: the images are not uint8, or do not fit the model.
    """
    if images.dtype != torch.uint8:
        raise ValueError(f"images must be torch.uint8, 0..255, not {images.dtype}")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    weight = next(model.parameters())
    parts = []
    with torch.no_grad():
        for start in range(0, max(1, len(images)), batch_size):
            batch = images[start : start + batch_size].to(weight.device)
            y = None if labels is None else labels[start : start + batch_size].to(weight.device)
            parts.append(model.encode(batch.to(weight.dtype) / 255, y))
    return Posterior.joined(parts, images.device)


def neighbours(z: Tensor, latents: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Find the codes nearest to given ones.

    Args:
        z: codes to ask about, (M, D).
        latents: codes to choose from, (N, D).
        k: how many; all N if there are fewer.

    Returns:
        Indices into `latents`, int64, (M, K), the nearest first, and Euclidean distances, (M, K).

    Raises:
        ValueError: shapes that do not fit, nothing to choose from, or k below 1.
    """
    if z.ndim != 2 or latents.ndim != 2 or z.shape[1] != latents.shape[1]:
        raise ValueError(f"codes must be (M, D) and (N, D), not {tuple(z.shape)} and {tuple(latents.shape)}")
    if len(latents) == 0 or k < 1:
        raise ValueError(f"no {k} nearest of {len(latents)} codes can be found")
    k = min(k, len(latents))
    found = [_nearest(z[start : start + 1024], latents, k) for start in range(0, max(1, len(z)), 1024)]
    return torch.cat([indices for indices, _ in found]), torch.cat([distances for _, distances in found])


def _nearest(z: Tensor, latents: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Answer `neighbours` for a chunk; without the matrix product that loses small distances far from 0."""
    distances = torch.cdist(z, latents, compute_mode="donot_use_mm_for_euclid_dist")  # (M, N)
    nearest = distances.topk(k, dim=1, largest=False)
    return nearest.indices, nearest.values


def floating(codes: Tensor) -> Tensor:
    """Return codes that lie between whole numbers too."""
    return codes if codes.is_floating_point() else codes.float()
