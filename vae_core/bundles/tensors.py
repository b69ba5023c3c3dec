"""A model's weights and its projections as a file holds them, and back.

What comes from a file may come from anyone: the weights' names and shapes were compared with the layers
(`vae_core.bundles.header_arrays`) before any memory is taken for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vae_core.storage.tensorfile import Array

if TYPE_CHECKING:
    import torch

    from vae_core.config.configs import ModelConfig
    from vae_core.latent.projection import Projection
    from vae_core.models.vae import VAE


def weights_of(model: VAE) -> dict[str, torch.Tensor]:
    """Return a model's weights by name, as float16 if that changes none of them."""
    weights: dict[str, torch.Tensor] = model.state_dict()
    if _fit_half(weights):
        weights = {name: w.half() if w.is_floating_point() else w for name, w in weights.items()}
    return weights


def model_from(arrays: Mapping[str, Array], config: ModelConfig) -> VAE:
    """Build the model around a file's weights, whose names and shapes are its own.

    Args:
        arrays: all of the file's, by name.
        config: what the file says the model is.

    Returns:
        The model, in eval mode, its weights float32.

    Raises:
        ValueError: a variance is negative.
    """
    import torch

    from vae_core.models.vae import VAE

    with torch.device("meta"):  # names and shapes, no memory
        model = VAE(config)
    weights = {}
    for name, wanted in model.state_dict().items():
        if name not in arrays:  # a counter of batch norm, which nothing needs
            weights[name] = torch.zeros_like(wanted, device="cpu")
            continue
        if name.endswith("running_var") and (arrays[name] < 0).any():
            raise ValueError(f"its {name} hold a negative variance")
        weight = tensor_from(arrays[name])
        weights[name] = weight.float() if weight.is_floating_point() else weight
    model.load_state_dict(weights, assign=True)
    return model.eval()


def projection_tensors(projections: Mapping[str, Projection]) -> dict[str, torch.Tensor]:
    """Return what a file holds of projections, by name.

    Raises:
        ValueError: a PCA without its plane.
    """
    tensors: dict[str, torch.Tensor] = {}
    if "pca" in projections:
        pca = projections["pca"]
        if pca.mean is None or pca.components is None:
            raise ValueError("its pca has no plane")
        tensors |= {"pca.mean": pca.mean.float(), "pca.components": pca.components.float()}
    if "umap" in projections:
        tensors["umap.positions"] = projections["umap"].positions.float()
    return tensors


def projections_from(mean: torch.Tensor, tensors: Mapping[str, torch.Tensor]) -> dict[str, Projection]:
    """Make projections of what a file holds of them.

    Args:
        mean: the probe's codes, (P, D).
        tensors: the file's, by name.
    """
    from vae_core.latent.projection import Projection

    projections = {}
    if "pca.mean" in tensors:
        projections["pca"] = Projection.from_plane(mean, tensors["pca.mean"], tensors["pca.components"])
    if "umap.positions" in tensors:
        projections["umap"] = Projection.from_positions(mean, tensors["umap.positions"])
    return projections


def tensor_from(array: Array) -> torch.Tensor:
    """Copy an array out of the file's bytes."""
    import torch

    return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=True))


def _fit_half(weights: Mapping[str, torch.Tensor]) -> bool:
    """Whether float16 holds every weight exactly."""
    floating = [weight for weight in weights.values() if weight.is_floating_point()]
    return all(bool((weight.half().float() == weight).all()) for weight in floating)
