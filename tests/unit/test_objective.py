import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from tests.unit.linear_gaussian import LinearGaussian
from vae_core.config import ARCHITECTURES, LIKELIHOODS, ModelConfig
from vae_core.model import build_model
from vae_core.objective import (
    ElboTerms,
    bernoulli_log_likelihood,
    elbo_terms,
    gaussian_kl,
    gaussian_log_likelihood,
)

torch.set_num_threads(1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0, scale=1.0):
    return scale * torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def same_value_and_gradients(ours, oracle, *inputs):
    """Compare two functions of the same leaves: the values, and what flows back to each leaf."""
    answers = []
    for function in (ours, oracle):
        leaves = [value.clone().requires_grad_() for value in inputs]
        value = function(*leaves)
        weights = torch.linspace(-1, 2, value.numel(), dtype=value.dtype).view(value.shape)
        answers.append((value, *torch.autograd.grad((value * weights).sum(), leaves)))
    for a, b in zip(*answers, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


def test_kl_is_that_of_torch_distributions():
    def oracle(mean, logvar):
        prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
        return kl_divergence(Normal(mean, torch.exp(0.5 * logvar)), prior)

    same_value_and_gradients(gaussian_kl, oracle, normal(6, 5, scale=2), normal(6, 5, seed=1, scale=2))


def test_kl_stays_right_near_zero():
    logvar = torch.tensor([1e-4, -1e-4, 1e-3], dtype=torch.float32)
    series = logvar.double() ** 2 / 4 + logvar.double() ** 3 / 12
    torch.testing.assert_close(gaussian_kl(torch.zeros(3), logvar).double(), series, rtol=0.02, atol=0)
    plain = 0.5 * (torch.exp(logvar) - 1 - logvar)
    assert not torch.allclose(plain.double(), series, rtol=0.2, atol=0)  # what the expm1 form is for


@given(st.floats(-30, 30), st.floats(-30, 30))
def test_kl_is_never_negative_and_zero_at_the_prior_alone(mean, logvar):
    kl = gaussian_kl(
        torch.tensor(mean, dtype=torch.float64), torch.tensor(logvar, dtype=torch.float64)
    ).item()
    assert math.isfinite(kl)
    assert kl >= 0
    assert kl > 0 or (abs(mean) < 1e-7 and abs(logvar) < 1e-7)


def test_bernoulli_is_that_of_torch_distributions():
    x = (torch.rand(4, 3, 5, 6, generator=generator()) < 0.5).double()

    def oracle(logits):
        return Independent(Bernoulli(logits=logits), 3).log_prob(x)

    same_value_and_gradients(
        lambda logits: bernoulli_log_likelihood(x, logits), oracle, normal(4, 3, 5, 6, scale=3)
    )


def test_a_grey_pixel_counts_as_the_mean_of_its_draws():
    x = torch.rand(3, 1, 4, 4, generator=generator(), dtype=torch.float64)

    def oracle(logits):
        pixel = Bernoulli(logits=logits)
        white, black = pixel.log_prob(torch.ones_like(x)), pixel.log_prob(torch.zeros_like(x))
        return (x * white + (1 - x) * black).sum(dim=(1, 2, 3))

    same_value_and_gradients(lambda logits: bernoulli_log_likelihood(x, logits), oracle, normal(3, 1, 4, 4))


def test_gaussian_is_that_of_torch_distributions():
    x = normal(4, 3, 5, 6, seed=1)

    def oracle(mean):
        return Independent(Normal(mean, 1.0), 3).log_prob(x)

    same_value_and_gradients(lambda mean: gaussian_log_likelihood(x, mean), oracle, normal(4, 3, 5, 6))


def test_gaussian_with_unit_variance_is_half_the_squared_error_and_a_constant():
    x, mean = torch.zeros(1, 1, 8, 8), torch.full((1, 1, 8, 8), 0.5)
    expected = -0.5 * 64 * 0.25 - 32 * math.log(2 * math.pi)
    assert gaussian_log_likelihood(x, mean).item() == pytest.approx(expected, rel=1e-6)


def test_gaussian_with_a_variance_is_that_of_torch_distributions():
    x = normal(4, 1, 5, 6, seed=1)

    def oracle(mean, log_variance):
        return Independent(Normal(mean, torch.exp(0.5 * log_variance)), 3).log_prob(x)

    for log_variance in (-11.0, -3.0, 0.0, 4.0):
        value = torch.tensor(log_variance, dtype=torch.float64)
        same_value_and_gradients(
            lambda mean, v: gaussian_log_likelihood(x, mean, v), oracle, normal(4, 1, 5, 6), value
        )


def test_gradcheck():
    x = torch.rand(2, 1, 3, 3, generator=generator(), dtype=torch.float64)
    parameters = normal(2, 1, 3, 3).requires_grad_()
    log_variance = torch.tensor(-1.0, dtype=torch.float64, requires_grad=True)
    mean, logvar = normal(2, 3).requires_grad_(), normal(2, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: bernoulli_log_likelihood(x, p), (parameters,))
    assert torch.autograd.gradcheck(lambda p, v: gaussian_log_likelihood(x, p, v), (parameters, log_variance))
    assert torch.autograd.gradcheck(gaussian_kl, (mean, logvar))
    assert torch.autograd.gradcheck(
        lambda fit, m, v: ElboTerms(fit, gaussian_kl(m, v)).loss(beta=3.0, free_bits=0.2),
        (normal(2, seed=2).requires_grad_(), mean, logvar),
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


def many_times(model, x, count):
    """The ELBO of each image as the mean over so many draws."""
    return (
        elbo_terms(model, x.repeat_interleave(count, 0), generator=generator())
        .elbo.view(-1, count)
        .mean(dim=1)
    )


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


def test_the_loss_weighs_the_kl():
    terms = ElboTerms(torch.tensor([-10.0, -20.0]), torch.tensor([[1.0, 0.25], [3.0, 0.0]]))
    assert terms.loss().item() == pytest.approx(15 + 2.125)
    assert terms.loss(beta=4).item() == pytest.approx(15 + 4 * 2.125)
    assert terms.loss(beta=0).item() == 15
    assert terms.loss().item() == pytest.approx(-terms.elbo.mean().item())


def test_free_bits_hold_for_each_dimension_s_mean_over_the_batch():
    terms = ElboTerms(torch.tensor([-10.0, -20.0]), torch.tensor([[1.0, 0.25], [3.0, 0.0]]))
    assert terms.loss(free_bits=0.5).item() == pytest.approx(15 + 2 + 0.5)
    assert terms.loss(beta=2, free_bits=2.5).item() == pytest.approx(15 + 2 * (2.5 + 2.5))
    torch.testing.assert_close(terms.elbo, torch.tensor([-11.25, -23.0]))


def test_free_bits_pull_at_no_dimension_that_has_fewer():
    mean = torch.tensor([[2.0, 0.1], [1.0, -0.1]], requires_grad=True)
    kl = gaussian_kl(mean, torch.zeros(2, 2))
    ElboTerms(torch.zeros(2), kl).loss(free_bits=0.5).backward()
    assert mean.grad[:, 1].abs().max() == 0
    assert mean.grad[:, 0].abs().min() > 0


@given(st.floats(0, 100), st.floats(0, 5))
def test_the_loss_is_never_below_the_weighted_one(beta, free_bits):
    terms = ElboTerms(normal(4), gaussian_kl(normal(4, 3), normal(4, 3, seed=1)))
    plain, padded = terms.loss(beta=beta).item(), terms.loss(beta=beta, free_bits=free_bits).item()
    assert padded >= plain - 1e-9
    assert padded <= plain + beta * 3 * free_bits + 1e-9


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


@pytest.mark.parametrize("logit", [-200.0, 200.0])
def test_logits_of_200_are_numbers(logit):
    logits = torch.full((2, 1, 2, 2), logit, requires_grad=True)
    x = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 1, 2, 2)
    value = bernoulli_log_likelihood(x, logits)
    right, wrong = (1, 0) if logit > 0 else (0, 1)
    assert value[right].item() == pytest.approx(0, abs=1e-6)
    assert value[wrong].item() == pytest.approx(-800, rel=1e-6)
    value.sum().backward()
    expected = x - (1.0 if logit > 0 else 0.0)
    torch.testing.assert_close(logits.grad, expected, rtol=0, atol=1e-6)


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
