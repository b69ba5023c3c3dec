"""A run depends on its seed and settings alone, however it is sliced, and learns."""

import pytest
import torch

from tests.unit.bars import SMALL, TWO_EPOCHS, finish, pictures, same_weights, trained, without_clock
from vae_core.config.configs import ARCHITECTURES, ModelConfig, TrainConfig
from vae_core.models.objective import ElboTerms
from vae_core.training.generators import stream
from vae_core.training.trainer import Trainer


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_result_does_not_depend_on_the_slices(architecture):
    config = ModelConfig((1, 8, 8), 2, architecture, width=0.125)
    train = TrainConfig(epochs=3, batch_size=16, binarize="dynamic", beta_warmup_epochs=2)
    whole, sliced = trained(config, train), trained(config, train)
    last = finish(whole)
    sizes = iter([1, 0, 2, 5, 3] + 20 * [1])
    while not sliced.done:
        steps = next(sizes)
        sliced.advance(steps=steps, measure=steps % 2 == 0, weights=steps == 2)
        sliced.encode_probe(0, 5)
        sliced.advance(seconds=0.0, measure=False)
    assert same_weights(whole, sliced)
    assert without_clock(whole) == without_clock(sliced)
    final = sliced.advance()
    assert torch.equal(last.probe_mean, final.probe_mean)
    assert last.test_log_likelihood == final.test_log_likelihood
    assert torch.equal(last.samples, final.samples)


def test_the_seed_decides():
    one, same, other = (trained(train=TrainConfig(epochs=1, seed=seed)) for seed in (4, 4, 5))
    for trainer in (one, same, other):
        finish(trainer)
    assert same_weights(one, same)
    assert not same_weights(one, other)
    assert torch.equal(one.probe.images, same.probe.images)


def test_each_purpose_draws_from_a_stream_of_its_own():
    def drawn(seed, purpose):
        return torch.randn(4, generator=stream(seed, purpose, torch.device("cpu"))).tolist()

    assert drawn(1, "noise") == drawn(1, "noise")
    streams = [drawn(seed, purpose) for seed in (1, 2) for purpose in ("noise", "order", "test noise")]
    assert len({tuple(numbers) for numbers in streams}) == 6


def test_torch_s_own_random_state_is_neither_used_nor_changed():
    before = torch.get_rng_state()
    finish(trained(train=TrainConfig(epochs=1, binarize="dynamic"), test=0))
    assert torch.equal(torch.get_rng_state(), before)


def test_advance_without_arguments_is_one_pass():
    trainer = trained(train=TrainConfig(epochs=4, batch_size=16))
    assert trainer.advance().step == 4
    trainer.advance(steps=1)
    assert trainer.advance().step == 9


def test_time_is_kept_and_one_step_is_always_taken():
    trainer = trained(train=TrainConfig(epochs=500, batch_size=2))
    assert trainer.advance(seconds=0.0).step == 1
    snapshot = trainer.advance(seconds=0.05, measure=False)
    assert 1 < snapshot.step < trainer.total_steps
    assert trainer.advance(seconds=60.0, steps=2, measure=False).step == snapshot.step + 2
    for bad in ({"steps": -1}, {"seconds": -1.0}, {"seconds": float("nan")}):
        with pytest.raises(ValueError, match="0 or more"):
            trainer.advance(**bad)
    before = trainer.step
    with pytest.raises(ValueError, match=r"whole number; got 2\.5"):
        trainer.advance(steps=2.5)
    assert trainer.step == before


def test_past_the_end_the_last_snapshot_is_given_again():
    trainer = trained()
    trainer.advance(steps=10_000, measure=False)
    assert trainer.done
    last = trainer.advance()
    assert last.probe_mean is not None  # what was not measured then is measured now
    assert trainer.advance() is last
    assert trainer.advance(steps=3) is last
    assert trainer.advance(seconds=1.0, measure=False) is last
    assert trainer.advance(weights=True).weights is not None
    assert trainer.step == trainer.total_steps == 8
    assert len(trainer.history) == 2


def test_the_kl_s_weight_warms_up_from_the_run_s_start():
    trainer = trained(train=TrainConfig(epochs=6, batch_size=16, beta=4.0, beta_warmup_epochs=2))
    assert trainer.steps_per_epoch == 4
    betas = [trainer.advance(steps=n, measure=False).beta for n in (0, 1, 3, 4, 4)]
    assert betas == [0.0, 0.5, 2.0, 4.0, 4.0]
    trainer.set(beta_warmup_epochs=6)  # counted from the start, not from now
    assert trainer.advance(steps=0).beta == 2.0
    trainer.set(beta=1.0, beta_warmup_epochs=0)
    assert trainer.advance(steps=0).beta == 1.0


def test_the_loss_uses_the_weight_in_effect(monkeypatch):
    used = []

    original = ElboTerms.loss

    def spy(self, beta, free_bits):
        used.append((beta, free_bits))
        return original(self, beta, free_bits)

    monkeypatch.setattr(ElboTerms, "loss", spy)
    trainer = trained(train=TrainConfig(epochs=6, batch_size=16, beta=4.0, beta_warmup_epochs=1))
    trainer.advance(steps=5, measure=False)
    trainer.set(free_bits=0.5, beta=8.0)
    trainer.advance(steps=1, measure=False)
    assert used == [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (4.0, 0.0), (8.0, 0.5)]


def test_settings_take_effect_at_the_next_step():
    trainer = trained(train=TrainConfig(epochs=2, batch_size=16, learning_rate=1e-3))
    trainer.advance(steps=2, measure=False)
    before = trainer.advance(steps=0, weights=True).weights
    trainer.set(learning_rate=1e-6)
    assert trainer.train_config.learning_rate == 1e-6
    after = trainer.advance(steps=1, weights=True)
    assert after.learning_rate == 1e-6
    moved = max(float((after.weights[name] - before[name]).abs().max()) for name in before)
    assert 0 < moved < 1e-5


def test_settings_out_of_range_are_refused_and_change_nothing():
    trainer = trained()
    before = trainer.train_config
    for bad in ({"beta": -1}, {"learning_rate": 2}, {"beta_warmup_epochs": 3}, {"free_bits": 11}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            trainer.set(**{"beta": 2.0, "learning_rate": 1e-2, **bad})
    assert trainer.train_config == before
    with pytest.raises(ValueError, match="batch_size cannot change while a run trains"):
        trainer.set(batch_size=4)


def test_a_heavy_kl_collapses_the_posterior_and_none_frees_it():
    heavy, free = (
        trained(train=TrainConfig(epochs=20, batch_size=16, learning_rate=1e-2, beta=beta))
        for beta in (50.0, 0.0)
    )
    assert float(finish(heavy).test_kl_per_dim.sum()) < 0.1
    assert float(finish(free).test_kl_per_dim.sum()) > 3


def test_training_learns():
    trainer = trained(train=TrainConfig(epochs=30, batch_size=16, learning_rate=3e-3), count=200, test=40)
    before, after = trainer.advance(steps=0), finish(trainer)

    def elbo(snapshot):
        return snapshot.test_log_likelihood - float(snapshot.test_kl_per_dim.sum())

    assert elbo(trainer.advance(steps=0)) > -44 + 8
    assert after.test_log_likelihood > before.test_log_likelihood + 10
    posterior = trainer.encode_probe(0, 40)[0]
    labels = trainer.probe.labels[:40]
    centres = torch.stack([posterior[labels == k].mean(dim=0) for k in range(4)])
    assert (torch.cdist(posterior, centres).argmin(dim=1) == labels).float().mean() > 0.95


def test_a_conditional_model_trains():
    config = ModelConfig((1, 8, 8), 2, "conv", n_classes=4, width=0.25)
    trainer = trained(config, TrainConfig(epochs=30, batch_size=16, learning_rate=5e-3))
    snapshot = finish(trainer)
    assert snapshot.samples.shape == (16, 1, 8, 8)
    for k in range(4):  # the samples show each class in turn
        bar = snapshot.samples[k].mean(dim=(0, 1)).view(4, 2).mean(dim=1)
        assert int(bar.argmax()) == k
    assert trainer.encode_probe(0, 3)[0].shape == (3, 2)


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_image_is_refused(count):
    with pytest.raises(ValueError, match="two images"):
        trained(count=count)


def test_no_images_for_a_model_with_classes_are_refused():
    with pytest.raises(ValueError, match=r"two images.*got 0"):
        trained(ModelConfig((1, 8, 8), n_classes=4), count=0)


def test_an_unknown_device_is_refused():
    with pytest.raises(RuntimeError):
        Trainer(pictures(10), SMALL, TWO_EPOCHS, device="nonsense")
