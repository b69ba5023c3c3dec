"""Encode, sample, decode: what a model takes, gives and refuses."""

import math

import pytest
import torch

from tests.unit.bars import generator
from vae_core.config.configs import LIKELIHOODS, ModelConfig
from vae_core.models.distributions import Posterior
from vae_core.models.vae import LEAST_LOG_VARIANCE, build_model


def test_weights_come_from_the_seed_and_touch_no_global_state():
    before = torch.get_rng_state()
    config = ModelConfig(architecture="article", latent_dim=3)
    one, same, other = (build_model(config, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    for (name, a), b, c in zip(one.named_parameters(), same.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert "norm" in name or not torch.equal(a, c)


def test_a_fresh_model_is_in_train_mode_and_measures_nothing_by_itself():
    model = build_model(ModelConfig((1, 8, 8), architecture="article"))
    assert model.training
    model.encode(torch.rand(2, 1, 8, 8))
    model.decode(torch.zeros(2, 2))
    assert all(module.training for module in model.modules())


def test_an_autoencoder_has_a_point_for_a_code():
    model = build_model(ModelConfig((1, 8, 8), family="autoencoder"))
    posterior = model.encode(torch.rand(3, 1, 8, 8))
    assert posterior.logvar is None
    assert posterior.sample(generator()) is posterior.mean
    with pytest.raises(ValueError, match="no distribution, hence no KL"):
        posterior.kl_per_dim()
    assert not any("logvar" in name for name in model.state_dict())


def test_samples_have_the_posterior_s_moments():
    mean, logvar = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, math.log(0.25)]])
    draws = Posterior(mean.repeat(40_000, 1), logvar.repeat(40_000, 1)).sample(generator())
    torch.testing.assert_close(draws.mean(dim=0), mean[0], atol=0.02, rtol=0)
    torch.testing.assert_close(draws.std(dim=0), torch.tensor([1.0, 0.5]), atol=0.02, rtol=0)


def test_samples_depend_on_the_generator_alone():
    posterior = Posterior(torch.zeros(4, 3), torch.zeros(4, 3))
    assert torch.equal(posterior.sample(generator(1)), posterior.sample(generator(1)))
    before = torch.get_rng_state()
    assert not torch.equal(posterior.sample(), posterior.sample())
    assert torch.equal(torch.get_rng_state(), before)


def test_samples_pass_gradients_to_mean_and_logvar():
    mean = torch.randn(4, 3, generator=generator(), dtype=torch.float64, requires_grad=True)
    logvar = torch.randn(4, 3, generator=generator(1), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m, v: Posterior(m, v).sample(generator(2)), (mean, logvar))


def test_images_lie_between_black_and_white():
    z = 50 * torch.randn(20, 2, generator=generator())
    for likelihood in LIKELIHOODS:
        model = build_model(ModelConfig((1, 8, 8), likelihood=likelihood, width=0.25)).eval()
        with torch.no_grad():
            parameters, images = model.decode(z), model.decode_images(z)
        expected = torch.sigmoid(parameters) if likelihood == "bernoulli" else parameters.clamp(0, 1)
        assert torch.equal(images, expected)
        assert float(images.min()) >= 0
        assert float(images.max()) <= 1
        assert parameters.min().item() < 0


def test_the_learned_variance_has_a_floor_that_passes_gradients():
    model = build_model(ModelConfig((1, 8, 8), likelihood="gaussian_learned"))
    assert model.log_variance.item() == -3.0
    with torch.no_grad():
        model.decoder.log_variance.fill_(-20.0)
    assert model.log_variance.item() == pytest.approx(LEAST_LOG_VARIANCE) == pytest.approx(-11.09, abs=0.01)
    model.log_variance.backward()
    assert float(model.decoder.log_variance.grad) == 1.0


def test_a_label_is_a_one_hot_beside_the_code():
    config = ModelConfig((1, 8, 8), 2, n_classes=4, width=0.25)
    model = build_model(config)
    z, y = torch.zeros(4, 2), torch.arange(4)
    told = model.decode(z, y)
    torch.testing.assert_close(told, model.decoder(z, torch.eye(4)))
    assert not torch.allclose(told[0], told[1])
    x = torch.rand(1, 1, 8, 8).expand(4, 1, 8, 8)
    assert not torch.allclose(model.encode(x, y).mean[0], model.encode(x, y).mean[1])


def test_what_does_not_fit_is_refused_in_words():
    model = build_model(ModelConfig((1, 8, 8), 2))
    with pytest.raises(ValueError, match=r"floating point.*uint8"):
        model.encode(torch.zeros(2, 1, 8, 8, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"\(B, 1, 8, 8\).*\(2, 1, 8, 9\)"):
        model.encode(torch.zeros(2, 1, 8, 9))
    with pytest.raises(ValueError, match=r"\(B, 2\).*\(2, 3\)"):
        model.decode(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="without classes"):
        model.decode(torch.zeros(2, 2), torch.zeros(2, dtype=torch.int64))
    told = build_model(ModelConfig((1, 8, 8), 2, n_classes=3))
    with pytest.raises(ValueError, match="label"):
        told.decode(torch.zeros(2, 2))
    with pytest.raises(ValueError, match="label"):
        told.decode(torch.zeros(2, 2), torch.zeros(3, dtype=torch.int64))


@pytest.mark.parametrize(
    ("labels", "got"),
    [
        (torch.tensor([0, 3]), "from 0 to 3"),
        (torch.tensor([-1, 2]), "from -1 to 2"),
        (torch.tensor([0.0, 1.0]), "float32"),
        (torch.tensor([0, 1], dtype=torch.int32), "int32"),
    ],
    ids=str,
)
def test_labels_that_are_no_classes_are_refused_in_words(labels, got):
    model = build_model(ModelConfig((1, 8, 8), 2, n_classes=3))
    for call, given in ((model.encode, torch.rand(2, 1, 8, 8)), (model.decode, torch.zeros(2, 2))):
        with pytest.raises(ValueError, match=f"int64, from 0 to 2; got .*{got}"):
            call(given, labels)


def test_numbers_of_another_type_than_the_weights_are_refused_in_words():
    model = build_model(ModelConfig((1, 8, 8), 2))
    with pytest.raises(ValueError, match=r"torch\.float32.*got torch\.float64"):
        model.encode(torch.rand(2, 1, 8, 8, dtype=torch.float64))
    for dtype in (torch.int64, torch.float64):
        with pytest.raises(ValueError, match=rf"torch\.float32.*got {dtype}"):
            model.decode(torch.zeros(2, 2, dtype=dtype))
    exact = model.double()
    assert exact.decode(exact.encode(torch.rand(2, 1, 8, 8).double()).mean).dtype == torch.float64
