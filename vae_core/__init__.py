"""The variational autoencoder behind the app: images, models, training, latent space, bundles.

The public names below are loaded when first asked for (PEP 562). Importing the package imports no
torch, so that a process which only lists image sets or reads a bundle's header starts at once and
stays small.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from vae_core.config.version import VERSION

if TYPE_CHECKING:
    from vae_core.bundles.bundle import Bundle as Bundle
    from vae_core.bundles.bundle import load_bundle as load_bundle
    from vae_core.bundles.bundle import save_bundle as save_bundle
    from vae_core.config.configs import ModelConfig as ModelConfig
    from vae_core.config.configs import TrainConfig as TrainConfig
    from vae_core.exchange.from_modules import bundle_from_modules as bundle_from_modules
    from vae_core.images.catalogue import ImageSetInfo as ImageSetInfo
    from vae_core.images.image_set import ImageSet as ImageSet
    from vae_core.images.loading import image_sets as image_sets
    from vae_core.images.loading import load_image_set as load_image_set
    from vae_core.images.uploads.importing import ImportedImages as ImportedImages
    from vae_core.images.uploads.importing import import_images as import_images
    from vae_core.latent.codes import encode_images as encode_images
    from vae_core.latent.directions import AttributeVector as AttributeVector
    from vae_core.latent.directions import attribute_vector as attribute_vector
    from vae_core.latent.projection import Projection as Projection
    from vae_core.latent.projection import fit_projection as fit_projection
    from vae_core.latent.walks import interpolate as interpolate
    from vae_core.latent.walks import traverse as traverse
    from vae_core.measures.disentanglement import mutual_information_gap as mutual_information_gap
    from vae_core.measures.evaluate import importance_nll as importance_nll
    from vae_core.models.distributions import Posterior as Posterior
    from vae_core.models.objective import ElboTerms as ElboTerms
    from vae_core.models.vae import VAE as VAE
    from vae_core.models.vae import build_model as build_model
    from vae_core.models.vae import elbo_terms as elbo_terms
    from vae_core.training.snapshot import Snapshot as Snapshot
    from vae_core.training.step_detail import StepDetail as StepDetail
    from vae_core.training.trainer import Trainer as Trainer

__version__ = VERSION

_HOME = {  # public name -> the module that defines it
    "AttributeVector": "latent.directions",
    "Bundle": "bundles.bundle",
    "ElboTerms": "models.objective",
    "ImageSet": "images.image_set",
    "ImageSetInfo": "images.catalogue",
    "ImportedImages": "images.uploads.importing",
    "ModelConfig": "config.configs",
    "Posterior": "models.distributions",
    "Projection": "latent.projection",
    "Snapshot": "training.snapshot",
    "StepDetail": "training.step_detail",
    "TrainConfig": "config.configs",
    "Trainer": "training.trainer",
    "VAE": "models.vae",
    "attribute_vector": "latent.directions",
    "build_model": "models.vae",
    "bundle_from_modules": "exchange.from_modules",
    "elbo_terms": "models.vae",
    "encode_images": "latent.codes",
    "fit_projection": "latent.projection",
    "image_sets": "images.loading",
    "import_images": "images.uploads.importing",
    "importance_nll": "measures.evaluate",
    "interpolate": "latent.walks",
    "load_bundle": "bundles.bundle",
    "load_image_set": "images.loading",
    "mutual_information_gap": "measures.disentanglement",
    "save_bundle": "bundles.bundle",
    "traverse": "latent.walks",
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
