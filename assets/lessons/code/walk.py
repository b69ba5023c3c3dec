"""Walking: the line and the arc between two draws from the prior, and how far from the centre they lead."""

import math

import torch

from vae_core import interpolate, load_bundle

MODEL = "assets/bundles/mnist-16.safetensors"
STEPS = 9

bundle = load_bundle(MODEL)
model, dims = bundle.model.eval(), bundle.model_config.latent_dim
generator = torch.Generator().manual_seed(0)
start, end = torch.randn(2, dims, generator=generator)

for method in ("linear", "slerp"):
    walk = interpolate(start, end, STEPS, method=method)  # (STEPS, D)
    with torch.no_grad():
        pictures = model.decode_images(walk)  # (STEPS, C, H, W)
    # The squared length of a draw has a chi-square distribution with D degrees of freedom.
    further = torch.special.gammaincc(torch.tensor(dims / 2), walk.square().sum(1) / 2)
    print(method, "distance from the centre:", [f"{length:.2f}" for length in walk.norm(dim=1).tolist()])
    print(method, "share of the prior further out:", [f"{share:.2f}" for share in further.tolist()])
print(f"a draw lies at about {math.sqrt(dims):.1f}; pictures of the last walk: {tuple(pictures.shape)}")
