"""The model: an encoder to a posterior over latent codes, a decoder to the parameters of p(x|z).

Its nets are lists of layers (`vae_core.models.architectures`); its weights are named as these are.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_core.config.configs import ModelConfig
from vae_core.models.distributions import Posterior, one_hot
from vae_core.models.family import OnePass, objective_of
from vae_core.models.first_weights import draw_weights
from vae_core.models.layers.lists import check_limits
from vae_core.models.nets import Net
from vae_core.models.objective import ElboTerms

INITIAL_LOG_VARIANCE: Final = -3.0
LEAST_LOG_VARIANCE: Final = 2 * math.log(1 / 256)
"""Of "gaussian_learned": a standard deviation of one grey level, below which there is nothing to learn."""


class VAE(nn.Module):
    """An encoder and a decoder for images of one shape.

    Attributes:
        config: what was built.
        objective: how its family computes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.objective = objective_of(config.family)
        encoder, decoder = config.layers()
        self.encoder = Net(encoder, config.image_shape, "encoder") if encoder else None
        self.decoder = Net(decoder, (config.code_size,), "decoder")
        if config.likelihood == "gaussian_learned":
            self.decoder.log_variance = nn.Parameter(torch.empty(()))

    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """Place images in the latent space.

        Args:
            x: images in [0, 1], of the weights' type (float32), (B, C, H, W).
            y: labels, int64, (B,); wanted by a model with classes and by no other.

        Returns:
            The posterior, its tensors (B, D).

        Raises:
            ValueError: if shapes, types or labels do not fit the model, or it has no encoder.
        """
        if self.encoder is None:
            raise ValueError("this model has no encoder: it cannot place images in its latent space")
        dtype = next(self.parameters()).dtype
        if x.ndim != 4 or tuple(x.shape[1:]) != self.config.image_shape or x.dtype != dtype:
            channels, height, width = self.config.image_shape
            raise ValueError(
                f"images must be floating point ({dtype}) in [0, 1], "
                f"of shape (B, {channels}, {height}, {width}); got {x.dtype} of shape {tuple(x.shape)}"
            )
        assert isinstance(self.objective, OnePass), "what has an encoder is gone through once"
        return self.objective.code(self.encoder(x, self.one_hot(y, x)), self.config)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the parameters of p(x|z): a Bernoulli's logits, a Gaussian's mean.

        Args:
            z: latent codes, of the weights' type (float32), (B, D); of variables the number of each one's
                category, or, where training mixes categories, the share of each, (B, D, K).
            y: labels, int64, (B,); wanted by a model with classes and by no other.

        Returns:
            (B, C, H, W).

        Raises:
            ValueError: if shapes, types or labels do not fit the model.
        """
        dtype = next(self.parameters()).dtype
        dims, categories = self.config.latent_dim, self.config.categories
        is_mixed = categories > 0 and tuple(z.shape[1:]) == (dims, categories)
        if z.dtype != dtype or not (is_mixed or tuple(z.shape[1:]) == (dims,)):
            raise ValueError(
                f"z must be floating point ({dtype}), of shape (B, {dims}); "
                f"got {z.dtype} of shape {tuple(z.shape)}"
            )
        taken = (z if is_mixed else one_hot(z, categories)).flatten(1) if categories else z
        parameters: Tensor = self.decoder(taken, self.one_hot(y, z))
        return parameters.to(z.dtype)

    def decode_images(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the expected images, (B, C, H, W) in [0, 1]; arguments as for `decode`."""
        return self.images_of(self.decode(z, y))

    def images_of(self, parameters: Tensor) -> Tensor:
        """Return the expected images, (B, C, H, W) in [0, 1], of parameters of p(x|z)."""
        if self.config.likelihood == "bernoulli":
            return torch.sigmoid(parameters)
        return parameters.clamp(0, 1)

    @property
    def log_variance(self) -> Tensor:
        """The learned log variance of p(x|z), at least one grey level's, its gradient kept there."""
        raw = self.decoder.get_parameter("log_variance")
        return raw + (raw.clamp(min=LEAST_LOG_VARIANCE) - raw).detach()

    def one_hot(self, y: Tensor | None, like: Tensor) -> Tensor | None:
        """Return labels as rows of zeros with a one, (B, K), of `like`'s type; None without classes.

        Raises:
            ValueError: these are no labels of this model.
        """
        classes = self.config.n_classes
        if classes == 0:
            if y is not None:
                raise ValueError("this model was built without classes (n_classes=0) and takes no labels")
            return None
        wanted = f"this model wants one label per image, int64, from 0 to {classes - 1}"
        if y is None or y.shape != (len(like),) or y.dtype != torch.int64:
            got = "none" if y is None else f"{y.dtype} of shape {tuple(y.shape)}"
            raise ValueError(f"{wanted}; got {got}")
        try:
            return F.one_hot(y, classes).to(like)
        except RuntimeError:  # a check of our own would make an accelerator wait at every step
            raise ValueError(f"{wanted}; got labels from {int(y.min())} to {int(y.max())}") from None


def build_model(config: ModelConfig, *, seed: int = 0) -> VAE:
    """Build a model with fresh weights, in train mode.

    Args:
        config: what to build.
        seed: of the weights; torch's own random state is neither used nor changed.

    Returns:
        The model, float32 on the CPU.

    Raises:
        ValueError: a net is too large; which layer, and what would do.
    """
    for placed in config.placed():
        check_limits(placed)
    with torch.device("meta"):  # so that the layers' constructors draw no numbers
        model = VAE(config)
    model.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    for net in (model.encoder, model.decoder):
        if net is not None:
            draw_weights(net, generator)
    if config.likelihood == "gaussian_learned":
        nn.init.constant_(model.decoder.get_parameter("log_variance"), INITIAL_LOG_VARIANCE)
    return model


def elbo_terms(
    model: VAE,
    x: Tensor,
    *,
    generator: torch.Generator | None = None,
    n_samples: int = 1,
    y: Tensor | None = None,
) -> ElboTerms:
    """Estimate the ELBO's terms, differentiably (arXiv:1312.6114, algorithm 1).

    Args:
        model: the model, in whatever mode it is.
        x: images in [0, 1], (B, C, H, W).
        generator: of the posterior's noise; None means a fresh unseeded one.
        n_samples: latent samples per image that the log-likelihood is averaged over.
        y: labels, (B,), for a model with classes.

    Returns:
        The terms, in nats per image.

    Raises:
        ValueError: if the images do not fit the model or `n_samples` is below 1.
    """
    terms = model.objective.measured(model, x, generator=generator, n_samples=n_samples, y=y)
    return ElboTerms(terms["log_likelihood"], terms.get("kl"))
