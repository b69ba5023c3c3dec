"""A VAE that can be solved: a linear decoder, Gaussian noise, and the posterior known in closed form.

p(x|z) = N(Az + b, I) and p(z) = N(0, I), so p(x) = N(b, AA' + I), and the true posterior is Gaussian with
covariance S = (I + A'A)^-1 and mean SA'(x - b). A's columns are orthogonal, so S is diagonal, as a VAE's is.
"""

import torch
from torch import nn

from vae_core.config.configs import ModelConfig
from vae_core.models.distributions import Posterior
from vae_core.models.family import objective_of

SCALES = (3.0, 1.0, 0.3)


class LinearGaussian(nn.Module):
    """Encode with the true posterior, or beside it: `shift` moves its mean, `stretch` adds to its logvar."""

    def __init__(self, *, shift=0.0, stretch=0.0):
        super().__init__()
        self.config = ModelConfig((1, 8, 8), len(SCALES), "mlp", likelihood="gaussian")
        self.objective = objective_of(self.config.family)
        generator = torch.Generator().manual_seed(3)
        basis, _ = torch.linalg.qr(torch.randn(64, len(SCALES), generator=generator, dtype=torch.float64))
        self.a = nn.Parameter(basis * torch.tensor(SCALES, dtype=torch.float64))  # (64, D)
        self.b = nn.Parameter(torch.randn(64, generator=generator, dtype=torch.float64))
        self.shift, self.stretch = shift, stretch

    def encode(self, x, y=None):
        variance = 1 / (1 + self.a.square().sum(dim=0))  # (D,)
        mean = (x.flatten(1) - self.b) @ self.a * variance + self.shift
        return Posterior(mean, (variance.log() + self.stretch).expand_as(mean))

    def decode(self, z, y=None):
        return (z @ self.a.T + self.b).view(-1, 1, 8, 8)

    def evidence(self):
        """p(x), over flat images."""
        covariance = self.a @ self.a.T + torch.eye(64, dtype=torch.float64)
        return torch.distributions.MultivariateNormal(self.b, covariance)

    def images(self, count):
        generator = torch.Generator().manual_seed(5)
        z = torch.randn(count, len(SCALES), generator=generator, dtype=torch.float64)
        noise = torch.randn(count, 1, 8, 8, generator=generator, dtype=torch.float64)
        return (self.decode(z) + noise).detach()
