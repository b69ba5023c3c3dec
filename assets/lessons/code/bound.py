"""The bound: log p(x) = ELBO + KL(q || p(z|x)), exactly, in a linear-Gaussian model with one latent."""

import math

import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

NOISE = 0.4
POINTS = [
    [-1.7, -0.9],
    [-1.2, -0.5],
    [-0.7, -0.45],
    [-0.2, 0],
    [0.3, 0.05],
    [0.8, 0.5],
    [1.2, 0.5],
    [1.6, 0.9],
]
X = 5

points = torch.tensor(POINTS, dtype=torch.float64)
b = points.mean(0)
values, vectors = torch.linalg.eigh((points - b).T @ (points - b) / len(points))
w = vectors[:, -1] * (values[-1] - NOISE**2).clamp(min=0).sqrt()  # the maximum-likelihood fit
x = points[X]

variance = 1 / (1 + w @ w / NOISE**2)
posterior = Normal(variance * (w @ (x - b)) / NOISE**2, variance.sqrt())
evidence = MultivariateNormal(b, torch.outer(w, w) + NOISE**2 * torch.eye(2, dtype=torch.float64)).log_prob(x)
prior = Normal(torch.zeros((), dtype=torch.float64), 1)
for mean, sd in ((posterior.mean, posterior.stddev), (torch.tensor(-1.0), torch.tensor(1.0))):
    q = Normal(mean.double(), sd.double())
    square = (x - b - w * q.mean).square().sum() + (w @ w) * q.variance
    reconstruction = -math.log(2 * math.pi * NOISE**2) - square / (2 * NOISE**2)
    elbo = reconstruction - kl_divergence(q, prior)
    gap = kl_divergence(q, posterior)
    joint = reconstruction + prior.log_prob(torch.zeros(())) - 0.5 * (q.mean**2 + q.variance)
    print(f"log p(x) {evidence:.6f} = ELBO {elbo:.6f} + gap {gap:.6f}; as printed: {joint + elbo:.6f}")
