"""The formulas of the loss, each against an oracle: value, gradient and extremes."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from tests.unit.bars import generator
from vae_core.models.distributions import bernoulli_log_likelihood, gaussian_kl, gaussian_log_likelihood
from vae_core.models.objective import ElboTerms


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
