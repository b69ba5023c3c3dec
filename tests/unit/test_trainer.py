import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from vae_core import trainer as trainer_module
from vae_core.config import ARCHITECTURES, ModelConfig, TrainConfig
from vae_core.images import ImageSet
from vae_core.model import build_model
from vae_core.objective import elbo_terms
from vae_core.trainer import DivergedError, Trainer

torch.set_num_threads(1)

SMALL = ModelConfig((1, 8, 8), 3, "mlp", width=0.125)
TWO_EPOCHS = TrainConfig(epochs=2, batch_size=16)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count, *, shape=(1, 8, 8), seed=0, labels=True, name="bars"):
    """Bars at one of four places, with noise: something that can be learned in seconds."""
    where = torch.arange(count) % 4
    images = torch.randint(0, 60, (count, *shape), generator=generator(seed), dtype=torch.uint8)
    for i, place in enumerate(where):
        images[i, :, :, 2 * place : 2 * place + 2] += 190
    return ImageSet(
        name,
        "Bars",
        images,
        labels=where if labels else None,
        label_names=("a", "b", "c", "d"),
        factors=torch.arange(count, dtype=torch.float32)[:, None] if labels else None,
        factor_names=("number",),
    )


def trained(model=SMALL, train=TWO_EPOCHS, count=50, test=20, **given):
    test_set = pictures(test, shape=model.image_shape, seed=1) if test else None
    return Trainer(pictures(count, shape=model.image_shape, **given), model, train, test_set=test_set)


def finish(trainer):
    while not trainer.done:
        snapshot = trainer.advance()
    return snapshot


def same_weights(a, b):
    return all(
        torch.equal(x, y) for x, y in zip(a.model.state_dict().values(), b.model.state_dict().values())
    )


def without_clock(trainer):
    return [{name: value for name, value in entry.items() if name != "seconds"} for entry in trainer.history]


# Batches


@pytest.mark.parametrize(
    ("images", "batch_size", "sizes"),
    [
        (48, 16, [16, 16, 16]),
        (50, 16, [16, 16, 16, 2]),
        (49, 16, [16, 16, 17]),
        (17, 16, [17]),
        (16, 16, [16]),
        (5, 16, [5]),
        (2, 16, [2]),
        (3, 2, [3]),
        (5, 2, [2, 3]),
    ],
)
def test_a_last_batch_of_one_joins_the_one_before(monkeypatch, images, batch_size, sizes):
    seen = []

    def spy(model, x, **more):
        if model.training:
            seen.append(x)
        return elbo_terms(model, x, **more)

    monkeypatch.setattr(trainer_module, "elbo_terms", spy)
    trainer = trained(train=TrainConfig(epochs=2, batch_size=batch_size), count=images)
    assert trainer.steps_per_epoch == len(sizes)
    assert trainer.total_steps == 2 * len(sizes)
    finish(trainer)
    assert [len(x) for x in seen] == 2 * sizes
    learned = (trainer.image_set.images.float() / 255).flatten(1)
    passes = [torch.cat(seen[: len(sizes)]).flatten(1), torch.cat(seen[len(sizes) :]).flatten(1)]
    for visited in passes:  # every image once, and the two passes in different orders
        assert torch.equal(visited[np.lexsort(visited.T.numpy())], learned[np.lexsort(learned.T.numpy())])
    assert images < 5 or not torch.equal(*passes)


def test_a_step_is_one_of_plain_adam():
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
            optimizer.step()
    finish(trainer)
    for ours, plain in zip(trainer.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-6)


# Determinism


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


def test_torch_s_own_random_state_is_neither_used_nor_changed():
    before = torch.get_rng_state()
    finish(trained(train=TrainConfig(epochs=1, binarize="dynamic"), test=0))
    assert torch.equal(torch.get_rng_state(), before)


def test_training_begins_with_the_weights_of_its_seed():
    trainer = trained(train=TrainConfig(seed=3))
    for ours, built in zip(trainer.model.parameters(), build_model(SMALL, seed=3).parameters(), strict=True):
        assert torch.equal(ours, built)


# Resuming


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("steps", [0, 3, 4, 6])
def test_a_run_resumes_exactly(architecture, steps):
    config = ModelConfig((1, 8, 8), 2, architecture, likelihood="bernoulli", width=0.125)
    train = TrainConfig(epochs=3, batch_size=16, binarize="dynamic", beta_warmup_epochs=3)
    whole, first, second = (trained(config, train) for _ in range(3))
    for trainer in (whole, first):
        trainer.advance(steps=steps)
        trainer.set(beta=3.0, learning_rate=2e-3, free_bits=0.05)
        trainer.advance(steps=1, measure=False)
    state = first.state_dict()
    tensors = {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
    others = {name: value for name, value in state.items() if name not in tensors}
    stored = {**load(save(tensors)), **json.loads(json.dumps(others))}  # the way over a disk
    second.load_state_dict(stored)
    assert second.step == first.step
    assert second.train_config == first.train_config
    assert second.history == first.history
    a, b = whole.advance(steps=2), second.advance(steps=2)
    assert a.log_likelihood == b.log_likelihood
    assert torch.equal(a.kl_per_dim, b.kl_per_dim)
    assert a.test_log_likelihood == b.test_log_likelihood
    assert a.beta == b.beta
    finish(whole), finish(second)
    assert same_weights(whole, second)
    assert without_clock(whole) == without_clock(second)


def test_a_run_goes_back_to_a_state_of_its_own():
    trainer = trained()
    trainer.advance(steps=2)
    state = trainer.state_dict()
    finish(trainer)
    end = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.load_state_dict(state)
    assert (trainer.step, trainer.done, len(trainer.history)) == (2, False, 0)
    finish(trainer)
    assert all(torch.equal(end[name], value) for name, value in trainer.model.state_dict().items())


def test_a_state_is_a_copy_of_tensors_numbers_and_json():
    trainer = trained()
    trainer.advance(steps=5)
    state = trainer.state_dict()
    kept = {
        name: value.clone() if isinstance(value, torch.Tensor) else value for name, value in state.items()
    }
    finish(trainer)
    for name, value in state.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, kept[name]), name
        elif isinstance(value, str):
            json.loads(value)
        else:
            assert isinstance(value, (int, float))
    assert not torch.equal(
        trainer.state_dict()["model.decoder.output.weight"], kept["model.decoder.output.weight"]
    )


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda state: state.pop("step"), "step"),
        (lambda state: state.update(extra=1), "extra"),
        (lambda state: state.update(step=10_000), "step 10000"),
        (lambda state: state.update(step=-1), "step -1"),
        (lambda state: state.update(step=float("nan")), "step"),
        (lambda state: state.update(step=torch.tensor(1)), "step"),
        (lambda state: state.update({"model.encoder.mean.bias": torch.zeros(9)}), "encoder.mean.bias"),
        (lambda state: state.update({"sums": torch.zeros(4)}), "sums"),
        (lambda state: state.update({"generator.noise": torch.zeros(5056, dtype=torch.uint8)}), "damaged"),
        (lambda state: state.update(train_config='{"beta": -1}'), "beta"),
        (lambda state: state.update(history="["), "damaged"),
        (lambda state: state.update(history='{"epoch": 1}'), "damaged"),
        (lambda state: state.update(run="{"), "damaged"),
        (lambda state: state.update(train_config="[]"), "damaged"),
        (lambda state: state.update(run=json.dumps({"seed": 9})), "another run"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(harm, message):
    source, target = trained(), trained()
    source.advance(steps=3)
    target.advance(steps=1)
    state, before = source.state_dict(), target.state_dict()
    harm(state)
    with pytest.raises(ValueError, match=message):
        target.load_state_dict(state)
    for name, value in target.state_dict().items():
        assert torch.equal(value, before[name]) if isinstance(value, torch.Tensor) else value == before[name]


def test_a_state_of_another_run_is_refused():
    state = trained().state_dict()
    for other in (
        trained(train=TrainConfig(epochs=3, batch_size=16)),
        trained(train=TrainConfig(epochs=2, batch_size=16, seed=1)),
        trained(count=51),
        trained(name="other"),
        trained(ModelConfig((1, 8, 8), 3, "mlp", likelihood="gaussian", width=0.125)),
    ):
        with pytest.raises(ValueError, match="another run"):
            other.load_state_dict(state)


# Settings


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

    class Spy:
        def __init__(self, terms):
            self.terms, self.log_likelihood, self.kl_per_dim = terms, terms.log_likelihood, terms.kl_per_dim

        def loss(self, beta, free_bits):
            used.append((beta, free_bits))
            return self.terms.loss(beta, free_bits)

    monkeypatch.setattr(trainer_module, "elbo_terms", lambda *given, **more: Spy(elbo_terms(*given, **more)))
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
    with pytest.raises(TypeError):
        trainer.set(batch_size=4)


def test_a_heavy_kl_collapses_the_posterior_and_none_frees_it():
    heavy, free = (
        trained(train=TrainConfig(epochs=20, batch_size=16, learning_rate=1e-2, beta=beta))
        for beta in (50.0, 0.0)
    )
    assert float(finish(heavy).test_kl_per_dim.sum()) < 0.1
    assert float(finish(free).test_kl_per_dim.sum()) > 3


# Snapshots


def test_a_snapshot_has_all_that_a_vae_has():
    trainer = trained()
    snapshot = trainer.advance()
    probe = len(trainer.probe)
    assert (snapshot.step, snapshot.epoch) == (4, 1)
    assert snapshot.seconds > 0
    assert snapshot.images_per_second == pytest.approx(50 / snapshot.seconds)
    assert snapshot.kl_per_dim.shape == snapshot.test_kl_per_dim.shape == (3,)
    assert isinstance(snapshot.log_likelihood, float)
    assert isinstance(snapshot.test_log_likelihood, float)
    assert snapshot.probe_mean.shape == snapshot.probe_logvar.shape == (probe, 3)
    for images in (snapshot.reconstructions, snapshot.samples):
        assert images.shape == (16, 1, 8, 8)
        assert float(images.min()) >= 0
        assert float(images.max()) <= 1
    assert snapshot.weights is None
    assert trainer.advance(steps=2).epoch == 1.5


def test_an_autoencoder_s_snapshot_lacks_what_it_has_not():
    trainer = trained(ModelConfig((1, 8, 8), 3, "mlp", family="autoencoder", width=0.125))
    snapshot = finish(trainer)
    assert snapshot.kl_per_dim is None
    assert snapshot.test_kl_per_dim is None
    assert snapshot.probe_logvar is None
    assert snapshot.samples is None
    assert snapshot.log_likelihood < 0
    assert snapshot.test_log_likelihood < 0
    assert snapshot.reconstructions.shape == (16, 1, 8, 8)
    assert trainer.history[-1]["kl"] is None
    assert trainer.encode_probe(0, 4)[1] is None


def test_the_terms_are_means_per_image_since_the_snapshot_before(monkeypatch):
    seen = []

    def spy(model, x, **more):
        terms = elbo_terms(model, x, **more)
        if model.training:
            seen.append((terms.log_likelihood.detach(), terms.kl_per_dim.detach()))
        return terms

    monkeypatch.setattr(trainer_module, "elbo_terms", spy)
    trainer = trained(train=TrainConfig(epochs=4, batch_size=16))
    for steps in (3, 3, 1, 6, 3):  # within a pass, over its end, over two ends
        seen.clear()
        snapshot = trainer.advance(steps=steps)
        likelihoods, kls = (torch.cat(part) for part in zip(*seen))
        assert snapshot.log_likelihood == pytest.approx(float(likelihoods.mean()), rel=1e-6)
        torch.testing.assert_close(snapshot.kl_per_dim, kls.mean(dim=0), rtol=1e-5, atol=1e-7)
    again = trainer.advance(steps=0)
    assert again.log_likelihood == snapshot.log_likelihood


def test_the_history_has_an_entry_at_each_pass_s_end(monkeypatch):
    seen = []

    def spy(model, x, **more):
        terms = elbo_terms(model, x, **more)
        if model.training:
            seen.append(terms.elbo.detach())
        return terms

    monkeypatch.setattr(trainer_module, "elbo_terms", spy)
    trainer = trained(train=TrainConfig(epochs=3, batch_size=16))
    trainer.advance(steps=9)
    assert [(entry["epoch"], entry["step"]) for entry in trainer.history] == [(1, 4), (2, 8)]
    for n, entry in enumerate(trainer.history):
        assert set(entry) == {
            "epoch", "step", "seconds", "beta", "log_likelihood", "kl", "kl_per_dim",
            "test_log_likelihood", "test_kl",
        }  # fmt: skip
        elbo = float(torch.cat(seen[4 * n : 4 * n + 4]).mean())
        assert entry["log_likelihood"] - entry["kl"] == pytest.approx(elbo, rel=1e-6)
        assert sum(entry["kl_per_dim"]) == pytest.approx(entry["kl"], abs=1e-4)
    assert json.loads(json.dumps(trainer.history)) == trainer.history


def test_only_looking_trains_nothing():
    trainer = trained()
    before = trainer.state_dict()
    snapshot = trainer.advance(steps=0, weights=True)
    assert snapshot.step == 0
    assert snapshot.log_likelihood is None
    assert snapshot.kl_per_dim is None
    assert snapshot.images_per_second is None
    assert snapshot.test_log_likelihood < 0
    after = trainer.state_dict()
    for name, value in before.items():
        if name.startswith(("model.", "optimizer.", "generator.", "step", "seconds")):
            assert torch.equal(value, after[name]) if torch.is_tensor(value) else value == after[name], name


def test_measuring_leaves_the_model_in_train_mode_and_its_statistics_alone():
    trainer = trained(ModelConfig((1, 8, 8), 2, "article"))
    trainer.advance(steps=1, measure=False)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.advance(steps=0)
    trainer.encode_probe(0, 10)
    assert all(torch.equal(before[name], value) for name, value in trainer.model.state_dict().items())
    assert all(module.training for module in trainer.model.modules())


def test_measuring_is_done_in_eval_mode():
    trainer = trained(ModelConfig((1, 8, 8), 2, "article", family="autoencoder"))
    snapshot = trainer.advance(steps=3)
    model = trainer.model.eval()
    with torch.no_grad():
        x = trainer.probe.images.float() / 255
        mean = model.encode(x).mean
        torch.testing.assert_close(snapshot.probe_mean, mean)
        torch.testing.assert_close(snapshot.reconstructions, model.decode_images(mean[:16]))
        test = elbo_terms(model, trainer.test_images).log_likelihood.mean()
    trainer._test_time = -math.inf
    assert trainer.advance(steps=0).test_log_likelihood == pytest.approx(float(test), rel=1e-5)


def test_without_measuring_nothing_is_measured():
    snapshot = trained().advance(measure=False)
    for name in (
        "test_log_likelihood",
        "test_kl_per_dim",
        "probe_mean",
        "probe_logvar",
        "reconstructions",
        "samples",
    ):
        assert getattr(snapshot, name) is None
    assert snapshot.log_likelihood < 0


def test_weights_come_on_request_and_are_copies():
    trainer = trained()
    weights = trainer.advance(steps=1, weights=True).weights
    assert set(weights) == set(trainer.model.state_dict())
    kept = {name: value.clone() for name, value in weights.items()}
    trainer.advance(steps=2)
    assert all(torch.equal(kept[name], value) for name, value in weights.items())
    assert not torch.equal(
        weights["decoder.output.weight"], trainer.model.state_dict()["decoder.output.weight"]
    )


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


def test_held_out_noise_is_the_same_each_time():
    trainer = trained()
    first = trainer.advance(steps=0).test_log_likelihood
    trainer.advance(steps=3)
    state = trainer.state_dict() | {
        name: value for name, value in trained().state_dict().items() if "model" in name
    }
    trainer.load_state_dict(state)  # the first weights again, at another moment
    trainer._measure_test()
    assert trainer.advance(steps=0).test_log_likelihood == first


def test_held_out_images_are_measured_again_within_a_long_pass():
    trainer = trained(train=TrainConfig(epochs=2, batch_size=2))
    early = trainer.advance(steps=1)
    soon = trainer.advance(steps=10)
    assert soon.test_log_likelihood == early.test_log_likelihood  # less than two seconds ago
    trainer._test_time -= 2.0
    assert trainer.advance(steps=1).test_log_likelihood != early.test_log_likelihood


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


# Which images


def test_a_tenth_is_held_out():
    trainer = trained(count=200, test=0)
    assert trainer.steps_per_epoch == math.ceil(180 / 16)
    assert trainer.test_images.shape == (20, 1, 8, 8)
    held_out = {image.numpy().tobytes() for image in (trainer.test_images * 255).round().to(torch.uint8)}
    learned = {image.numpy().tobytes() for image in trainer._images}
    assert (len(held_out), len(learned)) == (20, 180)
    assert not held_out & learned
    assert trained(count=20, test=0).advance().test_log_likelihood is not None


def test_few_images_are_all_learned():
    trainer = trained(count=19, test=0)
    snapshot = trainer.advance()
    assert snapshot.step == 2
    assert trainer.test_images is None
    assert snapshot.test_log_likelihood is None
    assert snapshot.test_kl_per_dim is None
    assert len(trainer.probe) == 19
    assert trainer.history[0]["test_log_likelihood"] is None


def test_fewer_images_than_a_batch_are_one_batch():
    trainer = trained(train=TrainConfig(epochs=3, batch_size=4096), count=7, test=0)
    assert trainer.steps_per_epoch == 1
    assert finish(trainer).step == 3


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_image_is_refused(count):
    with pytest.raises(ValueError, match="two images"):
        trained(count=count)


def test_an_empty_test_set_is_none():
    trainer = Trainer(pictures(40), SMALL, TWO_EPOCHS, test_set=pictures(40).take(torch.arange(0)))
    assert len(trainer.test_images) == 4


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 8, 12\).*\(1, 8, 8\)"):
        Trainer(pictures(10, shape=(1, 8, 12)), SMALL, TWO_EPOCHS)
    with pytest.raises(ValueError, match=r"\(3, 8, 8\)"):
        Trainer(pictures(10), SMALL, TWO_EPOCHS, test_set=pictures(10, shape=(3, 8, 8)))
    gaussian = ModelConfig((1, 8, 8), likelihood="gaussian")
    with pytest.raises(ValueError, match="bernoulli"):
        Trainer(pictures(10), gaussian, TrainConfig(binarize="dynamic"))
    for image_set in (pictures(10, labels=False), pictures(10)):  # no labels, and four instead of three
        with pytest.raises(ValueError, match="labels"):
            Trainer(image_set, ModelConfig((1, 8, 8), n_classes=3), TWO_EPOCHS)


def test_images_without_labels_train():
    trainer = trained(labels=False, test=0)
    finish(trainer)
    assert trainer.probe.labels is None
    assert trainer.probe.factors is None


def test_the_probe_is_held_out_images_filled_up_with_learned_ones():
    trainer = trained(count=50, test=22)
    held_out, learned = pictures(22, seed=1), pictures(50)
    assert len(trainer.probe) == 72
    assert trainer.probe.labels[:20].bincount().tolist() == [5, 5, 5, 5]
    for i, image in enumerate(trainer.probe.images):
        source = held_out if i < 22 else learned
        number = int(trainer.probe.factors[i])
        assert torch.equal(image, source.images[number])
        assert trainer.probe.labels[i] == source.labels[number]


def test_the_probe_is_bounded_in_images_and_bytes():
    assert len(trained(count=30, test=2_500).probe) == 2_000
    large = trained(ModelConfig((3, 64, 64), 2, "conv", width=0.125), count=20, test=170)
    assert len(large.probe) == 2_000_000 // (3 * 64 * 64)
    assert sorted(large.probe.labels.bincount().tolist()) == [40, 40, 41, 41]


def test_the_probe_is_encoded_in_parts_as_in_whole():
    trainer = trained(count=60, test=30)
    snapshot = trainer.advance(steps=2)
    mean, logvar = trainer.encode_probe(25, 10)
    torch.testing.assert_close(mean, snapshot.probe_mean[25:35])
    torch.testing.assert_close(logvar, snapshot.probe_logvar[25:35])
    assert trainer.encode_probe(85, 10)[0].shape == (5, 3)


def test_at_most_a_thousand_held_out_images_are_measured():
    trainer = trained(count=30, test=1_200)
    assert trainer.test_images.shape == (1_000, 1, 8, 8)
    assert trainer.test_labels.bincount().tolist() == [250] * 4


# Binarised pixels


def test_pixels_are_drawn_anew_at_every_visit(monkeypatch):
    seen = []

    def spy(model, x, **more):
        if model.training:
            seen.append(x)
        return elbo_terms(model, x, **more)

    monkeypatch.setattr(trainer_module, "elbo_terms", spy)
    trainer = trained(train=TrainConfig(epochs=300, batch_size=50, binarize="dynamic"), count=4, test=8)
    trainer.advance(steps=300, measure=False)
    drawn = torch.stack([x.flatten(1).sum(dim=0) for x in seen])
    assert set(torch.cat(seen).unique().tolist()) == {0.0, 1.0}
    grey = trainer.image_set.images.float().flatten(1).sum(dim=0) / 255
    torch.testing.assert_close(drawn.mean(dim=0), grey, rtol=0, atol=0.25)
    assert not torch.equal(drawn[0], drawn[1])


def test_held_out_pixels_are_drawn_once_and_the_probe_stays_grey():
    one, two = (
        trained(train=TrainConfig(binarize="dynamic", seed=seed), count=40, test=400) for seed in (1, 1)
    )
    other = trained(train=TrainConfig(binarize="dynamic", seed=2), count=40, test=400)
    assert set(one.test_images.unique().tolist()) == {0.0, 1.0}
    before = one.test_images
    one.advance(steps=3)
    assert torch.equal(one.test_images, before)
    assert torch.equal(two.test_images, before)
    assert not torch.equal(other.test_images, before)
    assert len(one.probe.images.unique()) > 2
    grey = trained(count=40, test=400).test_images
    assert float(before.mean()) == pytest.approx(float(grey.mean()), abs=0.02)


# Labels


def test_a_conditional_model_trains():
    config = ModelConfig((1, 8, 8), 2, "conv", n_classes=4, width=0.25)
    trainer = trained(config, TrainConfig(epochs=30, batch_size=16, learning_rate=5e-3))
    snapshot = finish(trainer)
    assert snapshot.samples.shape == (16, 1, 8, 8)
    for k in range(4):  # the samples show each class in turn
        bar = snapshot.samples[k].mean(dim=(0, 1)).view(4, 2).mean(dim=1)
        assert int(bar.argmax()) == k
    assert trainer.encode_probe(0, 3)[0].shape == (3, 2)


# Mishaps


def test_a_loss_that_is_no_number_stops_the_run_in_words():
    trainer = trained(train=TrainConfig(epochs=4, batch_size=16))
    trainer.advance()
    good = trainer.state_dict()
    with torch.no_grad():
        trainer.model.decoder.output.bias[0] = float("nan")
    for steps in (2, 0, 4):
        with pytest.raises(DivergedError, match="smaller learning rate"):
            trainer.advance(steps=steps, measure=False)
    assert len(trainer.history) == 1
    assert isinstance(DivergedError(), FloatingPointError)
    trainer.load_state_dict(good)
    assert finish(trainer).log_likelihood < 0


def test_a_learning_rate_far_too_high_diverges_in_words():
    config = ModelConfig((1, 8, 8), 2, "conv", likelihood="gaussian", width=0.25)
    trainer = trained(config, TrainConfig(epochs=500, batch_size=16, learning_rate=1.0))
    with pytest.raises(DivergedError, match="learning rate 1 and beta 1"):
        finish(trainer)


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


def test_an_unknown_device_is_refused():
    with pytest.raises(RuntimeError):
        Trainer(pictures(10), SMALL, TWO_EPOCHS, device="nonsense")


# Rounding


def test_long_runs_of_dense_bernoulli_nets_are_rounded_where_it_is_fast(monkeypatch):
    able = {"avx512_bf16": True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert not trained()._rounded
    monkeypatch.setattr(trainer_module, "ROUNDED_WORK", 50 * 2_000)
    assert trained()._rounded
    assert not trained(ModelConfig((1, 8, 8), 3, "conv"))._rounded
    assert not trained(ModelConfig((1, 8, 8), 3, "mlp", likelihood="gaussian"))._rounded
    able["avx512_bf16"] = False
    assert not trained()._rounded


def test_rounding_changes_little_and_never_the_code():
    config = ModelConfig((1, 9, 13), 3, "mlp", width=0.25)
    exact, rounded, watched = (trained(config) for _ in range(3))
    exact._rounded, rounded._rounded, watched._rounded = False, True, True
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
    first._rounded = second._rounded = True
    first.advance(steps=3)
    second.load_state_dict(first.state_dict())
    finish(first), finish(second)
    assert same_weights(first, second)


def test_a_glance_is_a_part_of_a_whole_look():
    trainer = trained()
    trainer.advance()
    glance, whole = trainer.glance(5, 7), trainer.advance(steps=0)
    torch.testing.assert_close(glance.probe_mean, whole.probe_mean[5:12])
    torch.testing.assert_close(glance.probe_logvar, whole.probe_logvar[5:12])
    torch.testing.assert_close(glance.reconstructions, whole.reconstructions)
    assert torch.equal(glance.samples, whole.samples)
    assert (
        glance.test_log_likelihood == whole.test_log_likelihood == trainer.history[-1]["test_log_likelihood"]
    )
    trainer.advance(steps=1, measure=False)
    assert trainer.glance(0, 3).test_log_likelihood == glance.test_log_likelihood  # none is measured anew
    assert trainer.advance(steps=0).probe_mean.shape == whole.probe_mean.shape


# Beginning elsewhere


def test_weights_from_elsewhere_are_gone_on_with():
    first = trained()
    first.advance(steps=6)  # of 4 in a pass
    weights = {name: w for name, w in first.model.state_dict().items() if w.is_floating_point()}
    other = trained(train=TrainConfig(epochs=5, batch_size=10, beta=3.0, seed=4))
    other.advance(steps=3)
    other.begin_at(first.epoch, weights, seconds=7.0, history=first.history)
    assert same_weights(first, other)
    assert (other.step, other.epoch, other.seconds) == (8, 1.6, 7.0)  # 5 steps in a pass
    assert other.history == first.history
    for slots in other._optimizer.state.values():
        assert all(not bool(tensor.any()) for tensor in slots.values())

    expected = []
    while other.step < 10:
        snapshot = other.advance(steps=1, measure=False)
        expected.append(snapshot.log_likelihood)
    # the pass's mean is that of the images that were seen in it, two batches of ten
    assert other.history[-1]["epoch"] == 2
    assert other.history[-1]["log_likelihood"] == pytest.approx(sum(expected) / 2)
    again = trained(train=other.train_config)
    again.begin_at(first.epoch, weights, seconds=7.0, history=first.history)
    again.advance(steps=2)
    assert same_weights(other, again)


def test_moments_are_gone_on_with_if_given():
    first, second = trained(), trained()
    first.advance(steps=4)  # a whole pass
    state = first.state_dict()
    weights = {name.removeprefix("model."): v for name, v in state.items() if name.startswith("model.")}
    second.begin_at(1.0, weights, moments={k: v for k, v in state.items() if k.startswith("optimizer.")})
    for a, b in zip(first._optimizer.state.values(), second._optimizer.state.values(), strict=True):
        for name in a:
            torch.testing.assert_close(a[name], b[name], rtol=0, atol=0)


def test_weights_of_another_model_are_refused_and_change_nothing():
    trainer, other = trained(), trained(ModelConfig((1, 8, 8), 5, "mlp", width=0.125))
    before = {name: weights.clone() for name, weights in trainer.model.state_dict().items()}
    with pytest.raises(ValueError, match="no weights of this model"):
        trainer.begin_at(0.5, other.model.state_dict())
    with pytest.raises(ValueError, match="no weights of this model"):
        trainer.begin_at(0.5, {})
    assert all(torch.equal(weights, before[name]) for name, weights in trainer.model.state_dict().items())
    assert trainer.step == 0


def test_a_state_within_a_pass_that_began_elsewhere_resumes_exactly():
    train = TrainConfig(epochs=3, batch_size=10)
    first, second = trained(train=train), trained(train=train)
    first.begin_at(0.4, trained().model.state_dict())
    first.advance(steps=1)
    second.load_state_dict(first.state_dict())
    finish(first), finish(second)
    assert same_weights(first, second)
    assert first.history[0]["log_likelihood"] == second.history[0]["log_likelihood"]
