import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal

from tests.unit.bars import generator
from tests.unit.linear_gaussian import LinearGaussian
from vae_core.config.configs import ModelConfig
from vae_core.measures import evaluate
from vae_core.measures.evaluate import active_units, importance_nll, reconstruction_error
from vae_core.models.vae import build_model, elbo_terms


def black_and_white(count, *shape):
    return (torch.rand(count, *shape, generator=generator(9)) < 0.4).float()


def test_with_the_true_posterior_every_sample_gives_the_likelihood():
    model = LinearGaussian()
    x = model.images(6)
    exact = -model.evidence().log_prob(x.flatten(1)).detach()
    for n_samples in (1, 7):
        torch.testing.assert_close(importance_nll(model, x, n_samples=n_samples), exact, rtol=0, atol=1e-9)


def test_chunks_change_nothing(monkeypatch):
    model = LinearGaussian()
    x = model.images(7)
    exact = importance_nll(model, x, n_samples=1)
    for codes in (1, 3, 14, 100):
        monkeypatch.setattr(evaluate, "CHUNK_PIXELS", codes * 64)
        torch.testing.assert_close(importance_nll(model, x, n_samples=5), exact, rtol=0, atol=1e-9)


def test_many_samples_from_another_posterior_find_the_likelihood():
    model = LinearGaussian(shift=0.2, stretch=0.5)
    x = model.images(6)
    exact = -model.evidence().log_prob(x.flatten(1)).detach()
    found = importance_nll(model, x, n_samples=20_000, generator=generator())
    torch.testing.assert_close(found, exact, rtol=0, atol=0.05)


def test_the_bound_tightens_from_the_elbo_and_never_crosses():
    model = LinearGaussian(shift=0.5, stretch=0.5)
    x = model.images(1).expand(20_000, 1, 8, 8)
    exact = -model.evidence().log_prob(x[:1].flatten(1)).item()
    with torch.no_grad():
        one = -elbo_terms(model, x, generator=generator()).elbo.mean().item()
    means = [importance_nll(model, x, n_samples=n, generator=generator()).mean().item() for n in (1, 3, 10)]
    assert means[0] == pytest.approx(one, abs=0.1)
    assert means[0] > means[1] + 0.1 > means[2] + 0.15
    assert means[2] > exact


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian_learned"])
def test_two_dimensions_agree_with_quadrature(likelihood):
    model = build_model(ModelConfig((1, 8, 8), 2, "mlp", likelihood=likelihood, width=0.125), seed=1).eval()
    x = black_and_white(3, 1, 8, 8)
    line = torch.linspace(-7, 7, 201)
    z = torch.cartesian_prod(line, line)  # (40,401, 2)
    with torch.no_grad():
        model.decoder.dense1.weight *= 2.5  # so that p(x|z) changes with z
        model.decoder.output.weight *= 2.5
        model.encoder.mean.bias += 0.3
        model.encoder.logvar.bias += 0.5  # a posterior wide enough to sample from
        parameters = model.decode(z).flatten(1)
        if likelihood == "bernoulli":
            pixels = Bernoulli(logits=parameters)
        else:
            model.decoder.log_variance.fill_(-0.5)
            pixels = Normal(parameters, math.exp(-0.25))
        prior = Normal(0.0, 1.0).log_prob(z).sum(dim=1)
    found = importance_nll(model, x, n_samples=20_000, generator=generator())
    for image, nll in zip(x.flatten(1), found, strict=True):
        given_z = pixels.log_prob(image).sum(dim=1).double()
        exact = -((given_z + prior).logsumexp(dim=0) + 2 * (line[1] - line[0]).log()).item()
        assert nll.item() == pytest.approx(exact, abs=0.05)
        assert abs(given_z[len(z) // 2].item() + exact) > 0.2  # the integral is not just its middle


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_one_dimension_agrees_with_quadrature_for_each_label(likelihood):
    """The ELBO and log p(x) as integrals over z, the likelihoods written out."""
    config = ModelConfig((1, 8, 8), 1, "mlp", likelihood=likelihood, n_classes=3, width=0.125)
    model = build_model(config, seed=2).double().eval()
    x, y = black_and_white(3, 1, 8, 8).double(), torch.tensor([2, 0, 1])
    z = torch.linspace(-9, 9, 2001, dtype=torch.float64)
    step = float(z[1] - z[0])
    with torch.no_grad():
        model.decoder.dense1.weight *= 2
        model.encoder.logvar.bias -= 0.5
        model.encoder.mean.bias += 1.5
        posterior = model.encode(x, y)
        elbo = elbo_terms(
            model, x.repeat_interleave(20_000, 0), generator=generator(), y=y.repeat_interleave(20_000)
        ).elbo
        found = importance_nll(model, x, n_samples=20_000, generator=generator(), y=y)
        for i in range(3):
            parameters = model.decode(z[:, None], y[i].expand(len(z)))
            if likelihood == "bernoulli":
                pixels = x[i] * parameters - torch.log1p(torch.exp(parameters))
            else:
                pixels = -0.5 * (x[i] - parameters) ** 2 - 0.5 * math.log(2 * math.pi)
            given_z = pixels.sum(dim=(1, 2, 3))
            prior = -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
            mean, logvar = posterior.mean[i], posterior.logvar[i]
            q = -0.5 * ((z - mean) ** 2 / logvar.exp() + logvar + math.log(2 * math.pi))
            evidence = float((given_z + prior).exp().sum() * step)
            bound = float((q.exp() * (given_z + prior - q)).sum() * step)
            assert bound < math.log(evidence) - 0.05
            assert found[i].item() == pytest.approx(-math.log(evidence), abs=0.05)
            draws = elbo.view(3, -1)[i]
            assert draws.mean().item() == pytest.approx(
                bound, abs=4 * draws.std().item() / math.sqrt(len(draws))
            )


def test_extreme_posteriors_give_numbers():
    model = build_model(ModelConfig((1, 8, 8), 2, "mlp", width=0.125)).eval()
    for logvar in (-30.0, 30.0):
        with torch.no_grad():
            model.encoder.logvar.weight.zero_()
            model.encoder.logvar.bias.fill_(logvar)
        assert importance_nll(model, black_and_white(2, 1, 8, 8), n_samples=4).isfinite().all()


def test_labels_are_passed_on():
    model = build_model(ModelConfig((1, 8, 8), 2, "mlp", n_classes=2, width=0.125)).eval()
    x = black_and_white(1, 1, 8, 8).expand(2, 1, 8, 8)
    with torch.no_grad():
        model.decoder.output.bias.zero_()
        model.decoder.dense1.weight[:, 2:] *= 30
    found = importance_nll(model, x, n_samples=50, generator=generator(), y=torch.tensor([0, 1]))
    assert abs(found[0] - found[1]) > 1
    errors = reconstruction_error(model, x, torch.tensor([0, 1]))
    assert errors[0] != errors[1]


def test_what_has_no_likelihood_is_refused():
    x = torch.rand(2, 1, 8, 8)
    with pytest.raises(ValueError, match="autoencoder"):
        importance_nll(build_model(ModelConfig((1, 8, 8), family="autoencoder")), x, n_samples=5)
    with pytest.raises(ValueError, match="n_samples"):
        importance_nll(build_model(ModelConfig((1, 8, 8))), x, n_samples=0)


def test_nothing_is_left_behind_and_the_seed_decides():
    model = build_model(ModelConfig((1, 8, 8), 2, width=0.25))
    x = black_and_white(3, 1, 8, 8)
    before = torch.get_rng_state()
    found = importance_nll(model, x, n_samples=5, generator=generator(1))
    assert torch.equal(found, importance_nll(model, x, n_samples=5, generator=generator(1)))
    assert not torch.equal(found, importance_nll(model, x, n_samples=5))
    assert model.training
    assert not found.requires_grad
    assert torch.equal(torch.get_rng_state(), before)
    assert importance_nll(model, x[:0], n_samples=5).shape == (0,)


def test_a_unit_is_active_when_its_mean_varies():
    means = torch.zeros(1000, 4)
    means[:, 1] = torch.randn(1000, generator=generator()) * 0.2 + 5
    means[:, 2] = torch.randn(1000, generator=generator(1)) * 0.05
    means[:, 3] = 3.0
    assert active_units(means) == 1
    assert active_units(means[:1]) == 0


def test_a_unit_is_active_above_a_variance_of_a_hundredth():
    signs = torch.tensor([-1.0, 1.0])[:, None]
    means = 7 + signs * torch.tensor([0.0099, 0.0101]).sqrt()  # variances over images, exactly
    assert active_units(means[:, :1]) == 0
    assert active_units(means) == 1


def test_reconstruction_error_is_a_mean_over_pixels():
    model = build_model(ModelConfig((3, 9, 8), 2, likelihood="gaussian", width=0.25)).eval()
    x = torch.rand(4, 3, 9, 8, generator=generator())
    images = model.decode_images(model.encode(x).mean).detach()
    for i, error in enumerate(reconstruction_error(model, x)):
        assert error.item() == pytest.approx(((images[i] - x[i]) ** 2).sum().item() / (3 * 9 * 8), rel=1e-5)
