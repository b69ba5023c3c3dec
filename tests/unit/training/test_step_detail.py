"""One step taken apart is the very step that training takes, and its gradients are what it says."""

import pytest
import torch

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.images.loading import ImageSet
from vae_core.models.vae import elbo_terms
from vae_core.training.trainer import Trainer


def make_trainer(n=21, **options):
    generator = torch.Generator().manual_seed(5)
    images = torch.randint(0, 256, (n, 1, 8, 8), generator=generator, dtype=torch.uint8)
    image_set = ImageSet(
        name="noise", title="Noise", images=images, labels=None, label_names=(), factors=None,
        factor_names=(), licence="", source="",
    )  # fmt: skip
    train = {name: options.pop(name) for name in ("beta", "free_bits", "binarize") if name in options}
    model = {"image_shape": (1, 8, 8), "latent_dim": 3, "architecture": "mlp"} | options
    return Trainer(
        image_set, ModelConfig(**model), TrainConfig(epochs=2, batch_size=10, **train), device="cpu"
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beta": 4.0},
        {"binarize": "dynamic"},
        {"likelihood": "gaussian_learned"},
        {"architecture": "conv"},
        {"architecture": "article", "likelihood": "gaussian"},
        {"family": "autoencoder"},
    ],
)
def test_an_explained_step_is_the_step_itself(options):
    plain, explained = make_trainer(**options), make_trainer(**options)
    for _ in range(3):
        plain.advance(steps=1, measure=False)
        detail = explained.explain_step()
    torch.testing.assert_close(explained.model.state_dict(), plain.model.state_dict(), rtol=0, atol=0)
    assert explained.step == plain.step == 3
    assert len(detail.x) == 8
    if options.get("family") == "autoencoder":
        assert detail.logvar is None
        assert detail.noise is None
        assert detail.kl_per_dim is None
        torch.testing.assert_close(detail.grad_z, detail.grad_mean)


def test_each_image_has_the_gradients_of_its_own_loss():
    trainer = make_trainer(beta=3.0)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    detail = trainer.explain_step(images=10)
    after = {name: value.clone() for name, value in trainer.model.state_dict().items()}

    trainer.model.load_state_dict(before)
    for i in range(len(detail.x)):
        mean = detail.mean[i : i + 1].clone().requires_grad_()
        logvar = detail.logvar[i : i + 1].clone().requires_grad_()
        z = mean + torch.exp(logvar / 2) * detail.noise[i : i + 1]
        z.retain_grad()
        posterior = torch.distributions.Normal(mean, torch.exp(logvar / 2))
        kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0))
        pixels = torch.distributions.Bernoulli(logits=trainer.model.decode(z), validate_args=False)
        log_likelihood = pixels.log_prob(detail.x[i : i + 1]).sum()
        (3.0 * kl.sum() - log_likelihood).backward()
        close = {"rtol": 1e-4, "atol": 1e-4}
        torch.testing.assert_close(detail.z[i], z.detach()[0], **close)
        torch.testing.assert_close(detail.log_likelihood[i], log_likelihood.detach(), **close)
        torch.testing.assert_close(detail.kl_per_dim[i], kl.detach()[0], **close)
        torch.testing.assert_close(detail.grad_z[i], z.grad[0], **close)
        torch.testing.assert_close(detail.grad_mean[i], mean.grad[0], **close)
        torch.testing.assert_close(detail.grad_logvar[i], logvar.grad[0], **close)
        picture = trainer.model.decode_images(z.detach())[0]
        torch.testing.assert_close(detail.reconstruction[i], picture.detach(), **close)

    for name, moved in detail.weight_change.items():
        assert moved == pytest.approx(float((after[name] - before[name]).norm()), rel=1e-5)
        assert moved > 0


@pytest.mark.parametrize(("free_bits", "paid"), [(0.0, [1, 1, 1]), (1.0, [1, 0, 1]), (9.0, [0, 0, 0])])
def test_a_dimension_within_its_free_bits_pulls_at_nothing(free_bits, paid):
    """By hand: a mean m is pulled by what z is and by beta m; a log variance likewise, by half of e^v - 1."""
    trainer = make_trainer(beta=2.0, free_bits=free_bits)
    with torch.no_grad():
        trainer.model.encoder.mean.bias.copy_(torch.tensor([2.0, 0.1, -3.0]))
    detail = trainer.explain_step(images=10)
    kl = detail.kl_per_dim.mean(dim=0)
    assert (kl > free_bits).tolist() == [bool(part) for part in paid]
    pull, deviation = 2.0 * torch.tensor(paid), torch.exp(0.5 * detail.logvar)
    close = {"rtol": 1e-4, "atol": 1e-5}
    torch.testing.assert_close(detail.grad_mean, detail.grad_z + pull * detail.mean, **close)
    by_noise = detail.grad_z * detail.noise * 0.5 * deviation
    torch.testing.assert_close(detail.grad_logvar, by_noise + pull * 0.5 * (deviation.square() - 1), **close)


def test_the_terms_are_those_of_the_objective():
    trainer = make_trainer()
    x = trainer._batches.images[:10].float() / 255
    terms = elbo_terms(trainer.model, x, generator=torch.Generator().manual_seed(1))
    from vae_core.training.step_detail import Dissection

    taken = Dissection.passing(trainer.model, x, generator=torch.Generator().manual_seed(1), y=None)
    torch.testing.assert_close(taken.terms["log_likelihood"], terms.log_likelihood, rtol=0, atol=0)
    torch.testing.assert_close(taken.terms["kl"], terms.kl_per_dim, rtol=0, atol=0)


@pytest.mark.parametrize("logvar", [-30.0, -200.0, 8.0])
def test_the_noise_is_what_was_drawn_however_narrow_the_posterior(logvar):
    trainer = make_trainer()
    with torch.no_grad():
        trainer.model.encoder.logvar.weight.zero_()
        trainer.model.encoder.logvar.bias.fill_(logvar)
        trainer.model.encoder.mean.bias.fill_(2.0)
    drawn = torch.Generator()
    drawn.set_state(trainer.state_dict()["generator.noise"])
    detail = trainer.explain_step(images=10)
    assert torch.equal(detail.noise, torch.randn(10, 3, generator=drawn))


def test_at_the_end_there_is_no_step_to_explain():
    trainer = make_trainer()
    while not trainer.done:
        trainer.explain_step()
    assert len(trainer.history) == 2
    with pytest.raises(ValueError, match="no step left"):
        trainer.explain_step()
