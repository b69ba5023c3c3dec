"""A step is one of plain Adam, and rounding changes little."""

import math

import pytest
import torch

from tests.unit.bars import SMALL, finish, generator, same_weights, trained
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.models.vae import build_model, elbo_terms
from vae_core.training import descent
from vae_core.training import learner as learner_module
from vae_core.training.descent import LARGEST_GRADIENT


@pytest.mark.parametrize("largest", [LARGEST_GRADIENT, 0.5])
def test_a_step_is_one_of_plain_adam(monkeypatch, largest):
    monkeypatch.setattr(descent, "LARGEST_GRADIENT", largest)
    trainer = trained(train=TrainConfig(epochs=2, batch_size=16, learning_rate=3e-3, beta=2.0, free_bits=0.1))
    model = build_model(SMALL, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, fused=False, foreach=False)
    state = trainer.state_dict()
    order, noise = torch.Generator(), torch.Generator()
    order.set_state(state["generator.order"])
    noise.set_state(state["generator.noise"])
    x = trainer.image_set.images.float() / 255
    for _ in range(2):
        for batch in torch.randperm(50, generator=order).split(16):
            optimizer.zero_grad()
            elbo_terms(model, x[batch], generator=noise).loss(beta=2.0, free_bits=0.1).backward()
            length = torch.nn.utils.clip_grad_norm_(model.parameters(), largest)
            assert (length > largest) == (largest == 0.5)  # the smaller one cuts each
            optimizer.step()
    finish(trainer)
    for ours, plain in zip(trainer.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("architecture", ["mlp", "conv"])
def test_weight_decay_is_that_of_adamw(architecture):
    config = ModelConfig((1, 8, 8), 3, architecture, likelihood="gaussian_learned", width=0.25)
    train = TrainConfig(epochs=2, batch_size=16, learning_rate=3e-3)
    trainer = trained(config, train)
    trainer.set(weight_decay=0.5)  # live
    model = build_model(config, seed=0)
    matrices = [weights for weights in model.parameters() if weights.ndim > 1]
    others = [weights for weights in model.parameters() if weights.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.5}, {"params": others, "weight_decay": 0.0}], lr=3e-3
    )
    state = trainer.state_dict()
    order, noise = torch.Generator(), torch.Generator()
    order.set_state(state["generator.order"])
    noise.set_state(state["generator.noise"])
    x = trainer.image_set.images.float() / 255
    for batch in torch.randperm(50, generator=order).split(16):
        optimizer.zero_grad()
        elbo_terms(model, x[batch], generator=noise).loss().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), LARGEST_GRADIENT)
        optimizer.step()
    trainer.advance()
    for ours, theirs in zip(trainer.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=2e-5)


def test_weight_decay_spares_biases_norms_and_the_variance():
    config = ModelConfig((1, 8, 8), 3, "article", likelihood="gaussian_learned")
    before = build_model(config, seed=0).state_dict()
    plain, decayed = (
        trained(config, TrainConfig(epochs=2, learning_rate=1e-2, weight_decay=w)) for w in (0, 1)
    )
    for trainer in (plain, decayed):
        trainer.advance(steps=1, measure=False)
    theirs = dict(plain.model.named_parameters())
    for name, ours in decayed.model.named_parameters():
        shrunk = 1e-2 * before[name] if ours.ndim > 1 else 0.0
        torch.testing.assert_close(ours, theirs[name] - shrunk, rtol=1e-5, atol=1e-7)


def test_no_weight_decay_changes_nothing():
    plain, decayed = trained(), trained(train=TrainConfig(epochs=3, batch_size=16, weight_decay=0.1))
    for trainer in (plain, decayed):
        trainer.advance(steps=3)
        trainer.set(weight_decay=0.0)
    assert not same_weights(plain, decayed)
    again = trained()
    again.set(weight_decay=0.0)
    again.advance(steps=3)
    assert same_weights(plain, again)


def test_one_image_s_wild_posterior_does_not_end_a_run():
    trainer = trained(train=TrainConfig(epochs=40, batch_size=16, learning_rate=3e-3))
    calm = trainer.advance(steps=40).log_likelihood
    with torch.no_grad():
        trainer.model.encoder.logvar.bias += 60  # KL: exp(60), gradient: 1e26, its square: beyond float32
    trainer.advance(steps=1)
    with torch.no_grad():
        trainer.model.encoder.logvar.bias -= 60
    moments = [slots["exp_avg_sq"] for slots in trainer._learner.descents["model"].optimizer.state.values()]
    assert all(bool(slot.isfinite().all()) for slot in moments)
    assert finish(trainer).log_likelihood > calm


def test_training_begins_with_the_weights_of_its_seed():
    trainer = trained(train=TrainConfig(seed=3))
    for ours, built in zip(trainer.model.parameters(), build_model(SMALL, seed=3).parameters(), strict=True):
        assert torch.equal(ours, built)


@pytest.mark.parametrize("likelihood", ["gaussian", "gaussian_learned"])
def test_every_likelihood_trains(likelihood):
    config = ModelConfig((3, 9, 13), 4, "conv", likelihood=likelihood, width=0.25)
    snapshot = finish(trained(config, TrainConfig(epochs=3, batch_size=16)))
    assert snapshot.reconstructions.shape == (16, 3, 9, 13)
    assert math.isfinite(snapshot.test_log_likelihood)


def test_the_learned_variance_is_learned():
    config = ModelConfig((1, 8, 8), 2, "mlp", likelihood="gaussian_learned", width=0.25)
    trainer = trained(config, TrainConfig(epochs=60, batch_size=16, learning_rate=1e-2), count=100)
    finish(trainer)
    with torch.no_grad():
        x = trainer.image_set.images.float() / 255
        error = (trainer.model.decode(trainer.model.encode(x).sample(generator())) - x).square().mean()
    assert float(trainer.model.log_variance.detach()) == pytest.approx(math.log(float(error)), abs=0.5)


def test_long_runs_of_dense_bernoulli_nets_are_rounded_where_it_is_fast(monkeypatch):
    able = {"avx512_bf16": True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert not trained()._learner.rounded
    monkeypatch.setattr(learner_module, "ROUNDED_WORK", 50 * 2_000)
    assert trained()._learner.rounded
    assert not trained(ModelConfig((1, 8, 8), 3, "conv"))._learner.rounded
    assert not trained(ModelConfig((1, 8, 8), 3, "mlp", likelihood="gaussian"))._learner.rounded
    able["avx512_bf16"] = False
    assert not trained()._learner.rounded


def test_rounding_changes_little_and_never_the_code():
    config = ModelConfig((1, 9, 13), 3, "mlp", width=0.25)
    exact, rounded, watched = (trained(config) for _ in range(3))
    exact._learner.rounded, rounded._learner.rounded, watched._learner.rounded = False, True, True
    a, b = exact.advance(steps=5), rounded.advance(steps=5)
    assert a.log_likelihood != b.log_likelihood
    assert b.log_likelihood == pytest.approx(a.log_likelihood, rel=5e-3)
    torch.testing.assert_close(a.kl_per_dim, b.kl_per_dim, rtol=0.1, atol=0.02)
    assert all(parameter.dtype == torch.float32 for parameter in rounded.model.parameters())

    seen = {}
    for name, module in watched.model.named_modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_hook(lambda _, given, out, name=name: seen.update({name: out.dtype}))
    watched.advance(steps=1, measure=False)
    half = {name for name, dtype in seen.items() if dtype == torch.bfloat16}
    assert half == {"encoder.dense1", "decoder.output"}
    assert set(seen) - half == {"encoder.mean", "encoder.logvar", "decoder.dense1"}
    watched.advance(steps=0)
    assert set(seen.values()) == {torch.float32}  # measuring is exact


def test_a_rounded_run_resumes_exactly_too():
    first, second = trained(), trained()
    first._learner.rounded = second._learner.rounded = True
    first.advance(steps=3)
    second.load_state_dict(first.state_dict())
    finish(first), finish(second)
    assert same_weights(first, second)
