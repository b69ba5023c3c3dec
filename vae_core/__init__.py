"""The variational autoencoder behind the app: images, models, training, latent space, bundles.

The public names below are loaded when first asked for (PEP 562). Importing the package imports no
torch, so that a process which only lists image sets or reads a bundle's header starts at once and
stays small.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vae_core.bundle import Bundle as Bundle
    from vae_core.bundle import load_bundle as load_bundle
    from vae_core.bundle import save_bundle as save_bundle
    from vae_core.config import ModelConfig as ModelConfig
    from vae_core.config import TrainConfig as TrainConfig
    from vae_core.evaluate import importance_nll as importance_nll
    from vae_core.explain import StepDetail as StepDetail
    from vae_core.images import ImageSet as ImageSet
    from vae_core.images import ImageSetInfo as ImageSetInfo
    from vae_core.images import image_sets as image_sets
    from vae_core.images import load_image_set as load_image_set
    from vae_core.latent import AttributeVector as AttributeVector
    from vae_core.latent import attribute_vector as attribute_vector
    from vae_core.latent import encode_images as encode_images
    from vae_core.latent import interpolate as interpolate
    from vae_core.latent import traverse as traverse
    from vae_core.model import VAE as VAE
    from vae_core.model import Posterior as Posterior
    from vae_core.model import build_model as build_model
    from vae_core.objective import ElboTerms as ElboTerms
    from vae_core.objective import elbo_terms as elbo_terms
    from vae_core.projection import Projection as Projection
    from vae_core.projection import fit_projection as fit_projection
    from vae_core.snapshot import Snapshot as Snapshot
    from vae_core.trainer import Trainer as Trainer

__version__ = "0.1.0"

_HOME = {  # public name -> the module that defines it
    "AttributeVector": "latent",
    "Bundle": "bundle",
    "ElboTerms": "objective",
    "ImageSet": "images",
    "ImageSetInfo": "images",
    "ModelConfig": "config",
    "Posterior": "model",
    "Projection": "projection",
    "Snapshot": "snapshot",
    "StepDetail": "explain",
    "TrainConfig": "config",
    "Trainer": "trainer",
    "VAE": "model",
    "attribute_vector": "latent",
    "build_model": "model",
    "elbo_terms": "objective",
    "encode_images": "latent",
    "fit_projection": "projection",
    "image_sets": "images",
    "importance_nll": "evaluate",
    "interpolate": "latent",
    "load_bundle": "bundle",
    "load_image_set": "images",
    "save_bundle": "bundle",
    "traverse": "latent",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Import the module that defines a public name, and keep the name."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
