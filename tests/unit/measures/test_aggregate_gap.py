"""How far all codes together lie from the prior: against closed forms, quadrature and the rate."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from tests.unit.bars import generator
from vae_core.measures import aggregate_gap as module
from vae_core.measures.aggregate_gap import aggregate_gap
from vae_core.models.distributions import Posterior


def test_of_equal_posteriors_it_is_their_kl():
    mean, logvar = torch.tensor([0.5, -1.0, 0.0]), torch.tensor([-1.0, 0.3, 0.0])
    many = Posterior(mean.expand(500, 3), logvar.expand(500, 3))
    exact = kl_divergence(Normal(mean, torch.exp(0.5 * logvar)), Normal(0.0, 1.0)).sum().item()
    found = [aggregate_gap(many, generator=generator(seed)) for seed in range(20)]
    assert sum(found) / 20 == pytest.approx(exact, abs=0.06)


def test_posteriors_that_make_up_the_prior_leave_nothing():
    """q(z|x) = N(m, 1/2) with m drawn from N(0, 1/2): together N(0, 1), each of them far from it."""
    mean = math.sqrt(0.5) * torch.randn(8_000, 1, generator=generator())
    posterior = Posterior(mean, torch.full((8_000, 1), math.log(0.5)))
    assert posterior.kl_per_dim().mean() > 0.3
    assert aggregate_gap(posterior, generator=generator(1)) == pytest.approx(0, abs=0.03)


def test_two_bumps_are_what_quadrature_finds():
    means, deviation = torch.tensor([-2.0, 1.5]), 0.4
    posterior = Posterior(means.repeat(1_000)[:, None], torch.full((2_000, 1), 2 * math.log(deviation)))
    z = torch.linspace(-9, 9, 20_001, dtype=torch.float64)
    mixed = torch.stack([Normal(mean.double(), deviation).log_prob(z).exp() for mean in means]).mean(dim=0)
    terms = mixed * (mixed.clamp(min=1e-300).log() - Normal(0.0, 1.0).log_prob(z))
    exact = float(terms.sum() * (z[1] - z[0]))
    found = [aggregate_gap(posterior, generator=generator(seed)) for seed in range(5)]
    assert sum(found) / 5 == pytest.approx(exact, abs=0.05)


def test_it_is_the_rate_less_what_a_code_tells_of_its_image():
    """Of posteriors that never meet a code tells exactly which of the N images it is of: log N."""
    mean = 10.0 * torch.arange(6.0)[:, None]
    posterior = Posterior(mean, torch.full((6, 1), -6.0))
    rate = posterior.kl_per_dim().mean().item()
    found = [aggregate_gap(posterior, generator=generator(seed)) for seed in range(200)]
    assert sum(found) / 200 == pytest.approx(rate - math.log(6), rel=0.01)


def test_parts_change_nothing(monkeypatch):
    posterior = Posterior(torch.randn(50, 2, generator=generator()), torch.zeros(50, 2))
    whole = aggregate_gap(posterior, generator=generator(1))
    monkeypatch.setattr(module, "CHUNK", 700)
    assert aggregate_gap(posterior, generator=generator(1)) == pytest.approx(whole, rel=1e-6)


def test_points_have_none():
    with pytest.raises(ValueError, match="points have no density"):
        aggregate_gap(Posterior(torch.zeros(3, 2), None))
