"""What the Train page teaches besides its settings: the images, and what is being learned."""

from __future__ import annotations

from typing import Final

from vae_core.config.settings import SETTINGS

IMAGES: Final = "Images"
"""What the field for the image set is called."""

IMAGES_HELP: Final = "What the model learns from. The Images page shows every set."

THEORY: Final = r"""
For every image x the encoder gives q(z|x), a Gaussian with a mean and a variance for each latent dimension.
A code is drawn from it, z = mean + exp(logvar / 2) · noise, and the decoder turns z into p(x|z). What rises
is the ELBO, a lower bound of log p(x), in nats per image:

$$\log p(x) \;\ge\; \mathbb{E}_{q(z|x)}[\log p(x|z)] \;-\; \mathrm{KL}\big(q(z|x)\,\|\,p(z)\big)$$

The first term rewards reconstruction. The second is what the code costs: it pulls every q(z|x) towards the
prior p(z), a standard Gaussian, so that places between the codes mean something too. Beta multiplies it.
Both are sums, over pixels and over dimensions.
"""

ARTICLE: Final = """
The tutorial whose layers **article** has says some things differently:
- Its code trains no VAE, for it draws no z and has no KL. That is family **autoencoder** here, with the
  Gaussian likelihood.
- Its bound puts joint distributions of x and z in both places. The expectation is of log p(x|z), and the KL
  is between q(z|x) and p(z).
- A "reparameterised softmax" is not how Gaussians are drawn. Noise is drawn apart from mean and variance and
  then shifted and scaled by them, so that gradients reach both.
"""


def beta_help(pixels: int) -> str:
    """Return the help beside beta for images of so many pixels (C * H * W)."""
    help = SETTINGS["beta"].help
    return f"{help} Averaging the loss over pixels, a common slip, is beta {pixels:,} here."


def collapse_note(likelihood: str, images: str) -> str:
    """Say beside the likelihood what a Gaussian of variance 1 codes (arXiv:1911.02469), or ""."""
    if likelihood != "gaussian":
        return ""
    rule = "With variance 1 a direction of the data is coded only if its own variance exceeds 1."
    if images == "digits":
        return f"{rule} On digits the largest is 0.70, so every dimension collapses, by theory."
    return rule
