"""The ELBO of whole models: against what is known in closed form."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from tests.unit.bars import generator
from tests.unit.linear_gaussian import LinearGaussian
from vae_core.config.configs import ARCHITECTURES, LIKELIHOODS, ModelConfig
from vae_core.models.distributions import bernoulli_log_likelihood
from vae_core.models.vae import build_model, elbo_terms


def many_times(model, x, count):
    """The ELBO of each image as the mean over so many draws."""
    return (
        elbo_terms(model, x.repeat_interleave(count, 0), generator=generator())
        .elbo.view(-1, count)
        .mean(dim=1)
    )


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_gradients_through_a_whole_model_are_differences(likelihood):
    model = build_model(ModelConfig((1, 8, 8), 2, "conv", likelihood=likelihood, width=0.125)).double()
    x = torch.rand(3, 1, 8, 8, generator=generator(), dtype=torch.float64)

    def loss():
        return elbo_terms(model, x, generator=generator(1)).loss(beta=2.0)

    loss().backward()
    for name, parameter in model.named_parameters():
        direction = torch.randn(parameter.shape, generator=generator(2), dtype=torch.float64)
        with torch.no_grad():
            parameter += 1e-6 * direction
            above = loss().item()
            parameter -= 2e-6 * direction
            below = loss().item()
            parameter += 1e-6 * direction
        slope = (parameter.grad * direction).sum().item()
        assert slope == pytest.approx((above - below) / 2e-6, rel=1e-3, abs=1e-4), name
        assert slope != 0, name


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_terms_are_those_of_the_formula(architecture, likelihood):
    model = build_model(ModelConfig((1, 8, 8), 3, architecture, likelihood=likelihood, width=0.25)).eval()
    x = (torch.rand(4, 1, 8, 8, generator=generator()) < 0.5).float()
    with torch.no_grad():
        terms = elbo_terms(model, x, generator=generator(7))
        posterior = model.encode(x)
        noise = torch.randn(4, 3, generator=generator(7))
        parameters = model.decode(posterior.mean + posterior.logvar.exp().sqrt() * noise)
        if likelihood == "bernoulli":
            pixels = Bernoulli(logits=parameters)
        else:
            pixels = Normal(parameters, 1.0 if likelihood == "gaussian" else math.exp(-1.5))
        q = Normal(posterior.mean, posterior.logvar.exp().sqrt())
        torch.testing.assert_close(terms.log_likelihood, pixels.log_prob(x).sum(dim=(1, 2, 3)))
        torch.testing.assert_close(terms.kl_per_dim, kl_divergence(q, Normal(0.0, 1.0)), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(terms.kl, terms.kl_per_dim.sum(dim=1))
    torch.testing.assert_close(terms.elbo, terms.log_likelihood - terms.kl)


def test_more_samples_are_averaged():
    model = LinearGaussian(stretch=1.0)
    x = model.images(2)
    with torch.no_grad():
        three = elbo_terms(model, x, generator=generator(), n_samples=3)
        noise = generator()
        singles = [elbo_terms(model, x, generator=noise).log_likelihood for _ in range(3)]
    torch.testing.assert_close(three.log_likelihood, torch.stack(singles).mean(dim=0))
    assert three.kl_per_dim.shape == (2, 3)
    with pytest.raises(ValueError, match="n_samples"):
        elbo_terms(model, x, n_samples=0)


def test_the_elbo_of_the_true_posterior_is_the_likelihood():
    model = LinearGaussian()
    x = model.images(8)
    with torch.no_grad():
        exact = model.evidence().log_prob(x.flatten(1))
        torch.testing.assert_close(many_times(model, x, 10_000), exact, rtol=0, atol=0.05)


def test_the_elbo_of_another_posterior_lacks_its_kl_to_the_true_one():
    model, beside = LinearGaussian(), LinearGaussian(shift=0.3, stretch=0.7)
    x = model.images(8)
    with torch.no_grad():
        true, other = model.encode(x), beside.encode(x)
        gap = kl_divergence(
            Normal(other.mean, torch.exp(0.5 * other.logvar)), Normal(true.mean, torch.exp(0.5 * true.logvar))
        ).sum(dim=1)
        exact = model.evidence().log_prob(x.flatten(1))
        assert gap.min().item() > 0.5
        torch.testing.assert_close(many_times(beside, x, 20_000), exact - gap, rtol=0, atol=0.06)


def test_the_gradient_of_the_elbo_is_that_of_the_likelihood_at_the_true_posterior():
    model = LinearGaussian()
    x = model.images(4)
    elbo = many_times(model, x, 20_000).sum()
    exact = model.evidence().log_prob(x.flatten(1)).sum()
    ours, theirs = torch.autograd.grad(elbo, model.b)[0], torch.autograd.grad(exact, model.b)[0]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0.1)
    assert theirs.abs().max().item() > 2


def test_an_autoencoder_has_a_log_likelihood_alone():
    model = build_model(ModelConfig((1, 8, 8), family="autoencoder", width=0.25))
    x = torch.rand(3, 1, 8, 8, generator=generator())
    terms = elbo_terms(model, x, n_samples=5)
    assert terms.log_likelihood.shape == (3,)
    assert terms.kl_per_dim is None
    assert terms.kl is None
    assert terms.elbo is None
    torch.testing.assert_close(
        terms.log_likelihood, bernoulli_log_likelihood(x, model.decode(model.encode(x).mean))
    )
    assert terms.loss(beta=9, free_bits=3).item() == pytest.approx(-terms.log_likelihood.mean().item())


def test_one_image_is_a_batch():
    model = build_model(ModelConfig((1, 8, 8), 4, width=0.25))
    terms = elbo_terms(model, torch.rand(1, 1, 8, 8))
    assert terms.log_likelihood.shape == (1,)
    assert terms.kl_per_dim.shape == (1, 4)
    assert terms.loss().ndim == 0


@pytest.mark.parametrize("logvar", [-30.0, 30.0])
def test_log_variances_of_30_are_numbers(logvar):
    model = build_model(ModelConfig((1, 8, 8), 2, "mlp", width=0.25))
    with torch.no_grad():
        model.encoder.logvar.bias.fill_(logvar)
        model.encoder.logvar.weight.zero_()
    terms = elbo_terms(model, torch.rand(4, 1, 8, 8), generator=generator())
    kl = 0.5 * (math.exp(logvar) - 1 - logvar)
    assert terms.kl_per_dim.min().item() == pytest.approx(kl, rel=0.1)
    terms.loss().backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_noise_comes_from_the_generator_alone():
    model = build_model(ModelConfig((1, 8, 8), 4, width=0.25))
    x = torch.rand(2, 1, 8, 8)
    before = torch.get_rng_state()
    one, same, fresh, other = (
        elbo_terms(model, x, generator=g).log_likelihood for g in (generator(1), generator(1), None, None)
    )
    assert torch.equal(one, same)
    assert not torch.equal(fresh, other)
    assert torch.equal(torch.get_rng_state(), before)
