"""What the Train page teaches: one or two sentences beside each field, and what is being learned."""

from __future__ import annotations

from typing import Final

LABELS: Final = {
    "train_images": "Images",
    "train_architecture": "Architecture",
    "train_family": "Family",
    "train_likelihood": "Likelihood",
    "train_latent_dim": "Latent dimensions",
    "train_beta": "Beta",
    "train_learning_rate": "Learning rate",
    "train_epochs": "Epochs",
    "train_batch_size": "Batch size",
    "train_seed": "Seed",
    "train_width": "Width",
    "train_beta_warmup_epochs": "Warm-up epochs",
    "train_free_bits": "Free bits",
    "train_binarize": "Binarize",
}
"""What a field is called, by its key."""

HELP: Final = {
    "train_images": """
What the model learns from. The Images page shows every set.
""",
    "train_architecture": r"""
**mlp**: one hidden layer of 400 units on either side, the textbook net.\
**conv**: small convolutions: sharper pictures from fewer weights, and quick under your hand.\
**article**: the layer widths of a tutorial that is often copied: 5×5 convolutions of 32 and 64 channels,
dense 128, and back through 256 and 128. As printed, its decoder ends at 14×14 and its model cannot be
built; here both transposed convolutions have stride 2.
""",
    "train_family": r"""
**vae**: the encoder gives a mean and a variance, z = mean + exp(logvar / 2) · noise is drawn from them,
and the KL keeps them near the prior.\
**autoencoder**: the same nets with one point for each image: no noise and no KL, hence no ELBO. It
reconstructs well, and leaves holes that decode to nothing.
""",
    "train_likelihood": r"""
What p(x|z) says of the pixels.\
**bernoulli**: each pixel's brightness is a probability.\
**gaussian**: variance 1, so log p(x|z) is −½ squared error and a constant. "Squared error + KL",
without the half, is beta 0.5.\
**gaussian_learned**: one variance for all pixels, learned along with the rest.
""",
    "train_latent_dim": """
How many numbers describe an image. Two can be drawn as they are; more keep more detail, and the map then
shows two of them or a projection.
""",
    "train_beta": """
Weight of the KL; 1 is the ELBO. Larger: codes draw together, samples get smoother, reconstructions
blurrier. Also changes the run that is going on.
""",
    "train_learning_rate": """
Adam's step size. Too large and the loss jumps or blows up, too small and nothing seems to happen. Also
changes the run that is going on.
""",
    "train_epochs": """
How often the model sees every training image.
""",
    "train_batch_size": """
Images in one step. Small batches take more and noisier steps in an epoch.
""",
    "train_seed": """
Fixes the first weights, the order of the images and all noise: same seed, same run.
""",
    "train_width": """
Factor on the hidden widths and channels of mlp and conv. At 0.125 the net is too small to learn much.
""",
    "train_beta_warmup_epochs": """
Beta rises from 0 to its value over so many first epochs, so that the model learns to use its latents
before they cost anything.
""",
    "train_free_bits": """
Nats that each latent dimension may use at no cost, so that it is not switched off early.
""",
    "train_binarize": """
**dynamic** draws every pixel as black or white, anew at each visit, with its brightness as the
probability. Only then can a Bernoulli's numbers stand beside those of the literature.
""",
}
"""Markdown, by the field's key."""

THEORY: Final = r"""
For every image x the encoder gives q(z|x), a Gaussian with a mean and a variance for each latent dimension.
A code is drawn from it, z = mean + exp(logvar / 2) · noise, and the decoder turns z into p(x|z). What rises
is the ELBO, a lower bound of log p(x), in nats per image:

$$\log p(x) \;\ge\; \mathbb{E}_{q(z|x)}[\log p(x|z)] \;-\; \mathrm{KL}\big(q(z|x)\,\|\,p(z)\big)$$

The first term rewards reconstruction. The second is what the code costs: it pulls every q(z|x) towards the
prior p(z), a standard Gaussian, so that places between the codes mean something too. Beta multiplies it.
Both are sums, over pixels and over dimensions.

The tutorial behind **article** says some of this differently:
- Its code trains no VAE, for it draws no z and has no KL. That is family **autoencoder** here, with the
  Gaussian likelihood.
- Its bound puts joint distributions of x and z in both places. The expectation is of log p(x|z), and the KL
  is between q(z|x) and p(z).
- A "reparameterised softmax" is not how Gaussians are drawn. Noise is drawn apart from mean and variance and
  then shifted and scaled by them, so that gradients reach both.
"""


def beta_help(pixels: int) -> str:
    """Return the help beside beta for images of so many pixels (C * H * W)."""
    return f"{HELP['train_beta']} Averaging the loss over pixels, a common slip, is beta {pixels:,} here."


def collapse_note(likelihood: str, images: str) -> str:
    """Say beside the likelihood what a Gaussian of variance 1 codes (arXiv:1911.02469), or ""."""
    if likelihood != "gaussian":
        return ""
    rule = "With variance 1 a direction of the data is coded only if its own variance exceeds 1."
    if images == "digits":
        return f"{rule} On digits the largest is 0.70, so every dimension collapses, by theory."
    return rule
