"""Codes to make maps of, and what is asked of a map."""

import math

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def clusters(count: int, dims: int = 8, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Six clouds well apart, as a trained model's classes: codes (N, D) and which cloud (N,)."""
    labels = torch.arange(count) % 6
    centres = 4 * normal(6, dims, seed=100)
    return centres[labels] + normal(count, dims, seed=seed), labels


def turn(angle: float, mirrored: bool = False) -> torch.Tensor:
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.tensor([[cos, sin], [-sin, cos]]) @ torch.diag(
        torch.tensor([1.0, -1.0 if mirrored else 1.0])
    )


def overlap(latents: torch.Tensor, positions: torch.Tensor, k: int = 10) -> float:
    """Share of each point's k neighbours in latent space that are its neighbours on the map."""
    found = [NearestNeighbors(n_neighbors=k).fit(rows).kneighbors()[1] for rows in (latents, positions)]
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(*found)]))
