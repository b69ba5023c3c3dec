"""The importance-weighted bound: against a model that can be solved, the ELBO, and differences."""

import contextlib
import math

import pytest
import torch

from tests.unit.bars import finish, generator, pictures, trained
from tests.unit.linear_gaussian import LinearGaussian
from vae_core.config.configs import MAX_CODES, ModelConfig, TrainConfig, check_together
from vae_core.config.effort import LEAST_MEASURED, images_a_part, images_measured, step_effort
from vae_core.engine.contract.memory import batch_bytes
from vae_core.measures.evaluate import importance_nll
from vae_core.models.family import StepContext, objective_of
from vae_core.models.passing import Learning, passed_through
from vae_core.models.vae import build_model, elbo_terms

CONFIG = ModelConfig((1, 8, 8), 2, "mlp", family="iwae", width=0.125)
IWAE = objective_of("iwae")


def context(codes, estimator="plain"):
    return StepContext(TrainConfig(importance_samples=codes, gradient_estimator=estimator), 0, 10, 500)


def terms_of(model, x, codes, *, seed=0, estimator="plain"):
    learning = context(codes, estimator).learning
    return IWAE.terms(passed_through(model, x, generator=generator(seed), n_samples=codes, learning=learning))


def test_with_the_true_posterior_it_is_the_likelihood_however_many_codes():
    model = LinearGaussian()
    x = model.images(6)
    exact = model.evidence().log_prob(x.flatten(1)).detach()
    for codes in (1, 4):
        torch.testing.assert_close(terms_of(model, x, codes)["bound"].detach(), exact, rtol=0, atol=1e-9)


def test_it_rises_from_the_elbo_towards_the_likelihood_and_never_crosses():
    model = LinearGaussian(shift=0.5, stretch=0.5)
    x = model.images(1).expand(8_000, 1, 8, 8)
    exact = model.evidence().log_prob(x[:1].flatten(1)).item()
    with torch.no_grad():
        elbo = elbo_terms(model, x, generator=generator()).elbo.mean().item()
        found = [terms_of(model, x, codes)["bound"].mean().item() for codes in (1, 3, 10)]
    assert found[0] == pytest.approx(elbo, abs=0.1)
    assert found[0] + 0.1 < found[1] < found[2] - 0.05
    assert found[2] < exact


def test_it_is_what_the_nll_is_estimated_by():
    model = LinearGaussian(shift=0.3, stretch=0.3)
    x = model.images(40).repeat(50, 1, 1, 1)
    with torch.no_grad():
        bound = terms_of(model, x, 7)["bound"].mean().item()
    nll = importance_nll(model, x, n_samples=7, generator=generator(1)).mean().item()
    assert bound == pytest.approx(-nll, abs=0.1)


class Moves:
    """What a step asks of a learner; keeps the gradients instead of following them."""

    rounding = staticmethod(contextlib.nullcontext)

    def __init__(self, model, seed):
        self.model, self.noise = model, generator(seed)

    def descend(self, loss, optimizer=""):
        self.model.zero_grad()
        loss.backward()


def a_model(family="iwae"):
    """A model whose posterior is far from the true one, float64."""
    model = build_model(ModelConfig((1, 8, 8), 2, "mlp", family=family, width=0.125), seed=2).double()
    with torch.no_grad():
        for weights in model.encoder.parameters():
            weights *= 3
        for weights in model.decoder.parameters():
            weights *= 2
    return model


def gradients(model, codes, *, seed, estimator="plain", x=None):
    """Of one step: by the encoder's weights, and by the decoder's, each in a row."""
    x = pictures(4).images.double() / 255 if x is None else x
    model.objective.step(Moves(model, seed), x, None, context(codes, estimator))
    return tuple(
        torch.cat([weights.grad.flatten() for weights in net.parameters()])
        for net in (model.encoder, model.decoder)
    )


def test_gradients_are_those_of_differences():
    model = a_model()
    x = pictures(4).images.double() / 255
    found = torch.cat(gradients(model, 5, seed=3))
    weights = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    for seed in range(4):
        way = torch.randn(len(weights), generator=generator(seed), dtype=torch.float64)
        values = []
        for sign in (1, -1):
            torch.nn.utils.vector_to_parameters(weights + sign * 1e-6 * way, model.parameters())
            with torch.no_grad():
                values.append(IWAE.loss(terms_of(model, x, 5, seed=3), context(5)).item())
        assert (values[0] - values[1]) / 2e-6 == pytest.approx((found * way).sum().item(), rel=1e-5, abs=1e-6)


def mean_and_error(model, codes, estimator, first=0):
    """Of 24 gradients by the encoder, of 300 draws each, along four ways: the mean, its error, the spread."""
    x = (pictures(1).images.double() / 255).expand(300, 1, 8, 8)
    ways, found = None, []
    for seed in range(first, first + 24):
        gradient = gradients(model, codes, seed=seed, estimator=estimator, x=x)[0]
        if ways is None:
            ways = torch.randn(len(gradient), 4, generator=generator(99), dtype=torch.float64)
        found.append(gradient @ ways)
    found = torch.stack(found)
    return found.mean(dim=0), found.std(dim=0) / math.sqrt(len(found)), found.std(dim=0)


def test_one_code_s_gradient_is_the_vae_s_in_the_mean():
    ours, error, _ = mean_and_error(a_model(), 1, "plain")
    plain, plain_error, _ = mean_and_error(a_model("vae"), 1, "plain", first=10_000)
    assert bool(((ours - plain).abs() < 4 * torch.hypot(error, plain_error)).all())
    assert bool((plain.abs() > 4 * plain_error).any())  # there is something to be the same


def test_doubly_reparameterised_gradients_are_the_same_in_the_mean_with_less_noise():
    plain, error, spread = mean_and_error(a_model(), 6, "plain")
    ours, own_error, own_spread = mean_and_error(a_model(), 6, "dreg", first=10_000)
    assert bool(((ours - plain).abs() < 4 * torch.hypot(error, own_error)).all())
    assert bool((ours.abs() > 4 * own_error).any())
    assert float(own_spread.mean()) < float(spread.mean())


def test_the_decoder_s_gradient_is_the_same_either_way():
    plain, ours = (gradients(a_model(), 6, seed=5, estimator=each)[1] for each in ("plain", "dreg"))
    torch.testing.assert_close(ours, plain, rtol=1e-9, atol=1e-12)


def test_at_the_true_posterior_doubly_reparameterised_gradients_rest():
    model = LinearGaussian()
    x = model.images(3)
    for estimator, rests in (("plain", False), ("dreg", True)):
        learning = context(4, estimator).learning
        passed = passed_through(model, x, generator=generator(), n_samples=4, learning=learning)
        loss = IWAE.loss(IWAE.terms(passed), context(4, estimator))
        (by_mean,) = torch.autograd.grad(loss, [passed.posterior.mean])
        assert bool(by_mean.abs().max() < 1e-9) == rests, estimator


@pytest.mark.parametrize(("count", "codes"), [(1, 5), (40, 5), (3, 400)])
def test_any_number_of_images_is_measured(count, codes):
    model = build_model(CONFIG, seed=1).eval()
    x = pictures(count).images.float() / 255
    learning = Learning(TrainConfig(importance_samples=codes))
    with torch.no_grad():
        terms = IWAE.measured(model, x, generator=generator(), n_samples=8, y=None, learning=learning)
        elbo = elbo_terms(model, x, generator=generator(1), n_samples=20)
    shapes = {name: values.shape for name, values in terms.items()}
    assert shapes == {"bound": (count,), "log_likelihood": (count,), "kl": (count, 2)}
    torch.testing.assert_close(terms["kl"], elbo.kl_per_dim)
    assert float(terms["bound"].mean()) > float(elbo.elbo.mean()) - 0.5
    with pytest.raises(ValueError, match="n_samples"):
        IWAE.measured(model, x, generator=None, n_samples=0, y=None)


def test_too_many_codes_in_a_step_are_refused_with_what_would_do():
    check_together(CONFIG, TrainConfig(batch_size=64, importance_samples=1_000))
    with pytest.raises(ValueError, match="importance_samples may be 512 at most with a batch of 128 images"):
        check_together(CONFIG, TrainConfig(batch_size=128, importance_samples=513))
    assert MAX_CODES == 65_536
    vae = ModelConfig((1, 8, 8))
    check_together(vae, TrainConfig(batch_size=4096, importance_samples=1_000))  # which it does not have


def test_what_a_step_takes_grows_with_the_codes():
    conv, vae = (ModelConfig((1, 28, 28), 2, "conv", family=family) for family in ("iwae", "vae"))
    few, many = TrainConfig(importance_samples=1), TrainConfig(importance_samples=100)
    assert step_effort(conv, few) == step_effort(vae, few) == step_effort(vae, many)
    assert 30 * step_effort(conv, few) < step_effort(conv, many) < 100 * step_effort(conv, few)
    assert images_a_part(conv, few) is None
    assert images_a_part(conv, many) is not None
    assert batch_bytes(conv) == batch_bytes(vae)
    assert 30 * batch_bytes(conv) < batch_bytes(conv, 100) < 100 * batch_bytes(conv)


def test_of_dear_bounds_fewer_images_are_measured_while_training():
    assert images_measured(CONFIG, TrainConfig(importance_samples=5), 1_000) == 1_000
    assert images_measured(CONFIG, TrainConfig(importance_samples=100), 1_000) == 200
    assert images_measured(CONFIG, TrainConfig(importance_samples=1_000), 1_000) == LEAST_MEASURED
    assert images_measured(CONFIG, TrainConfig(importance_samples=1_000), 7) == 7


@pytest.mark.parametrize("estimator", ["plain", "dreg"])
def test_it_trains_reports_all_its_terms_and_goes_on_from_a_state(estimator):
    settings = TrainConfig(epochs=3, batch_size=16, importance_samples=4, gradient_estimator=estimator)
    whole, first, second = (trained(CONFIG, settings) for _ in range(3))
    snapshot = finish(whole)
    assert set(snapshot.terms) == set(snapshot.test_terms) == {"bound", "log_likelihood", "kl"}
    assert whole.history[-1]["test_bound"] > whole.history[0]["test_bound"]
    first.advance(steps=5)
    second.load_state_dict(first.state_dict())
    finish(second)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, second.model.state_dict()[name]), name
    metrics = whole.bundle().metrics
    assert metrics["bound"] > metrics["elbo"] - 0.5
