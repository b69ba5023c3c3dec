"""Categorical variables through the Gumbel-softmax: against sums over all words, and torch."""

import itertools
import math

import pytest
import torch
from torch.distributions import Categorical, kl_divergence
from torch.distributions.relaxed_categorical import ExpRelaxedCategorical

from tests.unit.bars import generator
from vae_core.bundles.bundle import load_bundle, save_bundle
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.images.loading import load_image_set
from vae_core.measures.evaluate import importance_nll
from vae_core.models.distributions import Posterior, one_hot, standard_gumbel
from vae_core.models.families.concrete import HEATED_STEPS, HOT, relaxed, temperature_at
from vae_core.models.family import objective_of
from vae_core.models.passing import log_likelihood
from vae_core.models.vae import build_model, elbo_terms
from vae_core.training.trainer import Trainer

VARIABLES, CATEGORIES = 2, 3
CONFIG = ModelConfig((1, 8, 8), VARIABLES, "mlp", "concrete", n_categories=CATEGORIES, width=0.125)


@pytest.fixture(scope="module")
def model():
    """One whose posterior is uneven and whose words differ, float64."""
    model = build_model(CONFIG, seed=3).double()
    with torch.no_grad():
        for weights in model.parameters():
            weights *= 3
    return model


@pytest.fixture(scope="module")
def x():
    return torch.rand(2, 1, 8, 8, generator=generator(5), dtype=torch.float64)


def words():
    """All words, (W, D)."""
    each = [list(word) for word in itertools.product(range(CATEGORIES), repeat=VARIABLES)]
    return torch.tensor(each).double()


def one_hot_words():
    """All words, one-hot, (W, D x K)."""
    return torch.nn.functional.one_hot(words().long(), CATEGORIES).double().flatten(1)


def enumerated(model, x, log_probabilities):
    """The terms of the ELBO and log p(x) as sums over all words, (B,) each."""
    likelihoods = torch.stack(
        [log_likelihood(model, x, model.decode(word.expand(len(x), -1))) for word in words()], dim=1
    )  # (B, W)
    log_q = log_probabilities.flatten(1) @ one_hot_words().T  # (B, W)
    log_p = -VARIABLES * math.log(CATEGORIES)
    expected = (log_q.exp() * likelihoods).sum(1)
    kl = (log_q.exp() * (log_q - log_p)).sum(1)
    return expected, kl, torch.logsumexp(likelihoods + log_p, dim=1)


def test_the_elbo_is_the_sum_over_all_words(model, x):
    with torch.no_grad():
        posterior = model.encode(x)
        expected, kl, evidence = enumerated(model, x, posterior.log_probabilities)
        found = elbo_terms(model, x, n_samples=4_000, generator=generator())
        spread = elbo_terms(model, x.repeat(500, 1, 1, 1), generator=generator(1)).log_likelihood
    torch.testing.assert_close(found.kl, kl, rtol=0, atol=1e-12)
    deviation = spread.view(500, -1).std(dim=0) / math.sqrt(4_000)
    assert ((found.log_likelihood - expected).abs() < 4 * deviation).all()
    assert (expected - kl < evidence).all()


def test_the_nll_comes_down_to_the_sum_over_all_words(model, x):
    with torch.no_grad():
        *_, evidence = enumerated(model, x, model.encode(x).log_probabilities)
    found = importance_nll(model, x, n_samples=20_000, generator=generator())
    torch.testing.assert_close(found, -evidence, rtol=0, atol=0.15)


def test_the_relaxed_model_s_own_kl_is_another_at_every_temperature_the_same():
    logits = torch.tensor([0.0, 1.0, 3.0], dtype=torch.float64)
    even = torch.zeros_like(logits)
    found = []
    for temperature in (0.1, 0.67, 3.0):
        q, p = (
            ExpRelaxedCategorical(torch.tensor(temperature).double(), logits=each) for each in (logits, even)
        )
        torch.manual_seed(0)  # of this test's process: torch's distributions take no generator
        log_choice = q.sample((20_000,))
        found.append(float((q.log_prob(log_choice) - p.log_prob(log_choice)).mean()))
    assert found == pytest.approx([found[0]] * 3, rel=1e-9)
    assert found[0] > 1.5 * float(Posterior.of_categories(logits[None, None]).kl_per_dim())


def test_choices_have_their_probabilities_and_the_kl_is_torch_s():
    logits = torch.tensor([[[0.0, 1.0, -2.0], [3.0, 3.0, 0.0]]], dtype=torch.float64)
    posterior = Posterior.of_categories(logits + 100)
    many = Posterior.of_categories(logits.expand(40_000, -1, -1))
    drawn, _ = many.draw(generator())
    shares = torch.stack([(drawn == k).double().mean(0) for k in range(3)], dim=1)  # (D, K)
    torch.testing.assert_close(shares, torch.softmax(logits[0], dim=1), rtol=0, atol=0.01)
    wanted = kl_divergence(Categorical(logits=logits), Categorical(logits=torch.zeros_like(logits)))
    torch.testing.assert_close(posterior.kl_per_dim(), wanted)
    assert posterior.mean[0].tolist() == [1, 0]


def test_a_category_without_a_chance_costs_no_number():
    posterior = Posterior.of_categories(torch.tensor([[[0.0, 200.0], [-1e4, 1e4]]]))
    assert torch.isfinite(posterior.kl_per_dim()).all()
    assert posterior.kl_per_dim().sum() == pytest.approx(2 * math.log(2))


def test_relaxed_gradients_come_to_those_of_the_sum_as_the_temperature_falls(model, x):
    logits = model.encode(x).log_probabilities.detach()[:1]
    exact = logits.clone().requires_grad_()
    expected, kl, _ = enumerated(model, x[:1], torch.log_softmax(exact, dim=2))
    (wanted,) = torch.autograd.grad((expected - kl).sum(), exact)

    count, far = 40_000, []
    image = x[:1].expand(count, -1, -1, -1)
    for temperature in (1.0, 0.3, 0.05):
        scores = logits.clone().requires_grad_()
        posterior = Posterior.of_categories(scores.expand(count, -1, -1))
        noise = standard_gumbel(posterior.log_probabilities.detach(), generator(1))
        made = model.decode(relaxed(posterior.log_probabilities, noise, temperature))
        elbo = log_likelihood(model, image, made) - posterior.kl_per_dim().sum(1)
        (found,) = torch.autograd.grad(elbo.mean(), scores)
        far.append(float((found - wanted).norm() / wanted.norm()))
    assert far[0] > far[1] > far[2], far
    assert far[2] < 0.08, far


def test_a_run_begins_hot_and_comes_to_what_is_set():
    assert temperature_at(0, 0.67) == HOT
    assert temperature_at(HEATED_STEPS // 2, 0.1) == pytest.approx(math.sqrt(HOT * 0.1))
    assert [temperature_at(step, 0.67) for step in (HEATED_STEPS, 10 * HEATED_STEPS)] == [0.67, 0.67]
    falling = [temperature_at(step, 0.67) for step in range(HEATED_STEPS + 1)]
    assert falling == sorted(falling, reverse=True)


def test_two_variables_tell_images_apart():
    """Trained without the heat, all of these images end in one cell."""
    images = load_image_set("mnist")
    config = ModelConfig((1, 28, 28), 2, "conv", "concrete", n_categories=10, width=0.5)
    trainer = Trainer(images, config, TrainConfig(batch_size=64, learning_rate=2e-3))
    trainer.advance(steps=HEATED_STEPS, measure=False)
    codes = trainer.bundle().probe.mean
    assert codes is not None
    assert len(codes.unique(dim=0)) > 20


def test_the_prior_draws_every_word_alike(model):
    drawn = objective_of("concrete").prior(model, 9_000, generator())
    counts = torch.bincount((drawn[:, 0] * CATEGORIES + drawn[:, 1]).long(), minlength=9)
    assert len(counts) == 9
    assert ((counts - 1_000).abs() < 5 * math.sqrt(1_000)).all()


def test_what_is_no_category_decodes_as_the_nearest(model):
    z = torch.tensor([[-4.0, 1.4], [0.5, 9.0], [math.nan, math.inf]]).double()
    wanted = torch.tensor([[0.0, 1.0], [1.0, 2.0], [0.0, 2.0]]).double()
    assert torch.equal(model.decode(z), model.decode(wanted))
    assert torch.equal(model.decode(one_hot(wanted, CATEGORIES)), model.decode(wanted))


def test_shapes_that_are_no_codes_are_refused(model):
    for shape in ((2, VARIABLES * CATEGORIES), (2, VARIABLES, CATEGORIES + 1), (VARIABLES,)):
        with pytest.raises(ValueError, match=r"of shape \(B, 2\)"):
            model.decode(torch.zeros(shape).double())


def test_it_learns_is_reported_by_choices_and_comes_back_from_its_file(tmp_path):
    config = ModelConfig((1, 8, 8), 4, "mlp", "concrete", n_categories=6, width=0.25)
    trainer = Trainer(
        load_image_set("digits"), config, TrainConfig(epochs=15, batch_size=64, learning_rate=3e-3, seed=1)
    )
    first = trainer.advance(steps=20)
    last = first
    while not trainer.done:
        last = trainer.advance()
    assert last.test_log_likelihood - last.test_kl_per_dim.sum() > (
        first.log_likelihood - first.kl_per_dim.sum() + 3  # nats
    )
    assert last.kl_per_dim.shape == (4,)
    assert 0.3 < last.kl_per_dim.sum() <= 4 * math.log(6)
    assert last.probe_mean.shape[1] == 4
    assert last.probe_mean.unique().tolist() == sorted(set(last.probe_mean.long().flatten().tolist()))
    trainer.set(temperature=0.3)
    save_bundle(tmp_path / "words.safetensors", trainer.bundle())
    back = load_bundle(tmp_path / "words.safetensors")
    assert back.model_config == config
    z = objective_of("concrete").prior(back.model, 3, generator())
    assert torch.equal(back.model.decode_images(z), back.model.decode_images(z))
