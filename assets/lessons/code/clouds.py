"""Clouds: draw z from the posterior of one image, and see how much its picture changes."""

import torch

from vae_core import encode_images, load_bundle
from vae_core.models.distributions import gaussian_kl

MODEL = "assets/bundles/mnist-2.safetensors"
IMAGE = 0
DEVIATIONS = (0.0, 1.0, 3.0, 8.0)
DRAWS = 200

bundle = load_bundle(MODEL)
model = bundle.model.eval()
posterior = encode_images(model, bundle.probe.images[IMAGE : IMAGE + 1])
mean, logvar = posterior.mean[0], posterior.logvar[0]
print("mean", mean.tolist(), "deviation", torch.exp(0.5 * logvar).tolist())
print("KL to the prior, nats:", gaussian_kl(mean, logvar).sum().item())

generator = torch.Generator().manual_seed(0)
noise = torch.randn(DRAWS, len(mean), generator=generator)
with torch.no_grad():
    of_mean = model.decode_images(mean[None])
    for times in DEVIATIONS:
        z = mean + times * torch.exp(0.5 * logvar) * noise
        change = (model.decode_images(z) - of_mean).square().mean()
        print(f"with {times:g} times the deviation, the picture changes by {change:.5f} per pixel, squared")
