"""The beta-TC-VAE's maths: q(z) against mixtures, the KL's parts, the loss beside the vae's."""

import itertools
import math
from dataclasses import replace

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from tests.unit.bars import finish, generator, pictures, trained
from vae_core.config.configs import MAX_PAIRS, ModelConfig, TrainConfig, check_together
from vae_core.models.aggregate import kl_parts, normal_log_density, stratified_log_weights
from vae_core.models.distributions import Posterior
from vae_core.models.family import StepContext, objective_of
from vae_core.models.passing import Learning, passed_through
from vae_core.models.vae import build_model

CONFIG = ModelConfig((1, 8, 8), 3, "mlp", family="beta_tc", width=0.125)


def posteriors(count, dims, *, seed=0, logvar=-1.0):
    draw = torch.randn(2, count, dims, generator=generator(seed), dtype=torch.float64)
    return Posterior(1.5 * draw[0], draw[1] + logvar)


def drawn(posterior, seed=1):
    return posterior.sample(generator(seed))


def mixture(posterior, dims=slice(None)):
    """q(z) of a whole set by torch.distributions, of some of its dimensions."""
    each = Normal(posterior.mean[:, dims], torch.exp(0.5 * posterior.logvar[:, dims]))
    equal = Categorical(torch.ones(len(posterior.mean), dtype=torch.float64))
    return MixtureSameFamily(equal, Independent(each, 1))


@pytest.mark.parametrize("images", [0, 7])
def test_it_is_exact_when_the_batch_is_the_whole_set(images):
    posterior = posteriors(7, 3)
    z = drawn(posterior)
    own = Normal(posterior.mean, torch.exp(0.5 * posterior.logvar)).log_prob(z).sum(dim=1)
    joint = mixture(posterior).log_prob(z)
    single = torch.stack([mixture(posterior, slice(d, d + 1)).log_prob(z[:, d : d + 1]) for d in range(3)], 1)
    parts = kl_parts(z, posterior, images)
    close = {"rtol": 1e-6, "atol": 1e-6}  # of weights that are float32
    torch.testing.assert_close(parts.mutual_information, own - joint, **close)
    torch.testing.assert_close(parts.total_correlation, joint - single.sum(dim=1), **close)
    torch.testing.assert_close(parts.dimension_kl, single - Normal(0.0, 1.0).log_prob(z), **close)


@pytest.mark.parametrize("batch", [2, 3, 5])
def test_the_estimate_of_the_density_is_right_in_the_mean_over_batches(batch):
    posterior = posteriors(6, 2, logvar=1.0)
    z = drawn(posterior)[:1]  # of the first image
    exact = mixture(posterior).log_prob(z).exp()
    estimates = []
    for others in itertools.combinations(range(1, 6), batch - 1):
        index = torch.tensor([0, *others])
        each = normal_log_density(z, posterior.mean[index], posterior.logvar[index]).sum(dim=1)
        estimates.append(torch.logsumexp(each + stratified_log_weights(batch, 6)[0], dim=0).exp())
    assert float(torch.stack(estimates).std()) > 0.02 * float(exact)
    torch.testing.assert_close(torch.stack(estimates).mean(), exact[0], rtol=1e-6, atol=0)


@pytest.mark.parametrize(("batch", "images"), [(1, 1), (1, 50), (2, 2), (5, 1_000), (5, 3), (9, 9)])
def test_weights_sum_to_one_and_one_s_own_is_its_share_of_the_set(batch, images):
    weights = stratified_log_weights(batch, images).exp()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(batch))
    own = 1.0 if batch == 1 else 1 / max(batch, images)
    torch.testing.assert_close(weights.diagonal(), torch.full((batch,), own))


@pytest.mark.parametrize("images", [0, 12, 10_000])
def test_the_parts_sum_to_the_kl_at_the_code(images):
    posterior = posteriors(12, 4)
    z = drawn(posterior)
    parts = kl_parts(z, posterior, images)
    q = Normal(posterior.mean, torch.exp(0.5 * posterior.logvar))
    at_the_code = (q.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(dim=1)
    total = parts.mutual_information + parts.total_correlation + parts.dimension_kl.sum(dim=1)
    torch.testing.assert_close(total, at_the_code, rtol=1e-9, atol=1e-9)


def test_in_the_mean_over_codes_they_are_the_kl():
    posterior = posteriors(5, 2)
    totals = []
    for seed in range(4_000):
        parts = kl_parts(drawn(posterior, seed), posterior, 0)
        totals.append(parts.mutual_information + parts.total_correlation + parts.dimension_kl.sum(dim=1))
    totals = torch.stack(totals)
    error = totals.std(dim=0) / math.sqrt(len(totals))
    assert bool(((totals.mean(dim=0) - posterior.kl_per_dim().sum(dim=1)).abs() < 4 * error).all())


def test_dimensions_that_say_the_same_have_a_total_correlation_and_others_none():
    count = 400
    place = torch.linspace(-2, 2, count, dtype=torch.float64)
    twice = Posterior(torch.stack([place, place], dim=1), torch.full((count, 2), -4.0, dtype=torch.float64))
    order = torch.randperm(count, generator=generator())
    apart = Posterior(torch.stack([place, place[order]], dim=1), twice.logvar)
    found = [float(kl_parts(drawn(each), each, 0).total_correlation.mean()) for each in (twice, apart)]
    assert found[0] > 1.5
    assert abs(found[1]) < 0.7 * found[0]


def test_gradients_are_those_of_differences():
    posterior = posteriors(4, 2)
    noise = torch.randn(4, 2, generator=generator(3), dtype=torch.float64)

    def parts(mean, logvar):
        z = mean + torch.exp(0.5 * logvar) * noise
        found = kl_parts(z, Posterior(mean, logvar), 100)
        return found.mutual_information, found.total_correlation, found.dimension_kl

    leaves = posterior.mean.requires_grad_(), posterior.logvar.requires_grad_()
    assert torch.autograd.gradcheck(parts, leaves)


def a_model(family="beta_tc"):
    """A model whose codes tell something of their images, float64."""
    model = build_model(replace(CONFIG, family=family), seed=2).double()
    with torch.no_grad():
        for weights in model.encoder.parameters():
            weights *= 4
    return model


def loss_and_gradients(family, *, beta=1.0, seed=7):
    """Of one step with the same weights, images and noise: the loss, and all gradients in a row."""
    model = a_model(family)
    x = pictures(12).images.double() / 255
    at = StepContext(TrainConfig(beta=beta), 0, 10, 500)
    passed = passed_through(model, x, generator=generator(seed), learning=at.learning)
    terms = model.objective.terms(passed)
    loss = model.objective.loss(terms, at)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return terms, loss.detach(), torch.cat([each.flatten() for each in gradients])


def test_at_beta_one_its_step_is_the_vae_s():
    _, loss, gradients = loss_and_gradients("beta_tc")
    _, plain, of_plain = loss_and_gradients("vae")
    torch.testing.assert_close(loss, plain, rtol=1e-12, atol=0)
    torch.testing.assert_close(gradients, of_plain, rtol=1e-9, atol=1e-12)


def test_the_loss_of_the_parts_as_published_is_the_same_in_the_mean():
    posterior, beta = posteriors(6, 3), 6.0
    at = StepContext(TrainConfig(beta=beta), 0, 10, 500)
    rest = {"log_likelihood": torch.zeros(6, dtype=torch.float64), "kl": posterior.kl_per_dim()}
    differences, weighed = [], []
    for seed in range(2_000):
        parts = kl_parts(drawn(posterior, seed), posterior, 500)
        correlation = parts.total_correlation
        ours = objective_of("beta_tc").loss({**rest, "total_correlation": correlation}, at)
        published = parts.mutual_information + beta * correlation + parts.dimension_kl.sum(dim=1)
        differences.append(published.mean() - ours)
        weighed.append(ours - rest["kl"].sum(dim=1).mean())
    spread = torch.stack(differences)
    assert abs(float(spread.mean())) < 4 * float(spread.std()) / math.sqrt(len(spread))
    assert float(torch.stack(weighed).mean().abs()) > 0.5


def test_it_is_told_of_how_many_images_the_batch_is_a_sample():
    model = a_model()
    x = pictures(10).images.double() / 255
    found = []
    for images in (10, 10_000):
        learning = Learning(TrainConfig(), images)
        terms = model.objective.terms(passed_through(model, x, generator=generator(), learning=learning))
        found.append(float(terms["mutual_information"].mean().detach()))
    assert found[1] > found[0]


@pytest.mark.parametrize("count", [1, 2, 129, 300])
def test_any_number_of_images_is_measured(count):
    model = build_model(CONFIG, seed=1).eval()
    x = pictures(count).images.float() / 255
    terms = objective_of("beta_tc").measured(model, x, generator=generator(), n_samples=2, y=None)
    assert {name: values.shape for name, values in terms.items()} == {
        "log_likelihood": (count,),
        "kl": (count, 3),
        "mutual_information": (count,),
        "total_correlation": (count,),
        "dimension_kl": (count,),
    }
    assert all(bool(values.isfinite().all()) for values in terms.values())


def test_a_batch_too_large_to_be_compared_is_refused_with_what_would_do():
    config = replace(CONFIG, latent_dim=20)
    most = math.isqrt(MAX_PAIRS // 20)
    check_together(config, TrainConfig(batch_size=most))
    with pytest.raises(ValueError, match=f"batch_size may be {most} at most with 20 latent dimensions"):
        check_together(config, TrainConfig(batch_size=most + 1))
    check_together(replace(config, family="vae"), TrainConfig(batch_size=4096))


def test_it_trains_reports_all_its_terms_and_goes_on_from_a_state():
    settings = TrainConfig(epochs=3, batch_size=16, beta=4.0)
    whole, first, second = (trained(CONFIG, settings) for _ in range(3))
    snapshot = finish(whole)
    names = [term.name for term in CONFIG.traits.computed]
    assert names == ["log_likelihood", "kl", "mutual_information", "total_correlation", "dimension_kl"]
    assert set(snapshot.terms) == set(snapshot.test_terms) == set(names)
    assert all(f"test_{name}" in whole.history[-1] for name in names)
    assert whole.history[-1]["log_likelihood"] > whole.history[0]["log_likelihood"]
    first.advance(steps=5)
    second.load_state_dict(first.state_dict())
    finish(second)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, second.model.state_dict()[name]), name
    metrics = whole.bundle().metrics
    assert set(names) <= set(metrics)
    assert metrics["elbo"] == pytest.approx(metrics["log_likelihood"] - metrics["kl"])


def test_such_a_step_is_not_taken_apart():
    with pytest.raises(ValueError, match="cannot be taken apart"):
        trained(CONFIG).explain_step()
