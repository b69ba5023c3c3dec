"""A run goes on exactly from its state, and with weights from elsewhere as its settings say."""

import json

import pytest
import torch
from safetensors.torch import load, save

from tests.unit.bars import finish, same_weights, trained, without_clock
from vae_core.config.configs import ARCHITECTURES, ModelConfig, TrainConfig


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


def with_setting(state, **change):
    return json.dumps({**json.loads(state["train_config"]), **change})


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda state: state.pop("step"), "step"),
        (lambda state: state.update(extra=1), "extra"),
        (lambda state: state.update(step=10_000), "step 10000"),
        (lambda state: state.update(step=-1), "step -1"),
        (lambda state: state.update(step=float("nan")), "step"),
        (lambda state: state.update(step=torch.tensor(1)), "step"),
        (lambda state: state.update(step=2.5), "step"),
        (lambda state: state.update({"sums.images": 1.5}), "sums.images"),
        (lambda state: state.update({"model.encoder.mean.bias": torch.zeros(9)}), "encoder.mean.bias"),
        (lambda state: state.update({"sums": torch.zeros(4)}), "sums"),
        (lambda state: state.update({"generator.noise": torch.zeros(5056, dtype=torch.uint8)}), "damaged"),
        (lambda state: state.update(train_config='{"beta": -1}'), "beta"),
        (lambda state: state.update(train_config=with_setting(state, epochs=9)), "damaged"),
        (lambda state: state.update(train_config=with_setting(state, seed=9)), "damaged"),
        (lambda state: state.update(train_config=with_setting(state, binarize="dynamic")), "damaged"),
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
    for slots in other._learner.descents["model"].optimizer.state.values():
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
    for a, b in zip(
        first._learner.descents["model"].optimizer.state.values(),
        second._learner.descents["model"].optimizer.state.values(),
        strict=True,
    ):
        for name in a:
            torch.testing.assert_close(a[name], b[name], rtol=0, atol=0)


def test_weights_of_another_model_are_refused_and_change_nothing():
    trainer, other = trained(), trained(ModelConfig((1, 8, 8), 5, "mlp", width=0.125))
    before = {name: weights.clone() for name, weights in trainer.model.state_dict().items()}
    with pytest.raises(ValueError, match="no weights of this model"):
        trainer.begin_at(0.5, other.model.state_dict())
    with pytest.raises(ValueError, match="no weights of this model"):
        trainer.begin_at(0.5, {})
    with pytest.raises(ValueError, match="no moments of this model"):
        trainer.begin_at(0.5, trained(train=TrainConfig(seed=7)).model.state_dict(), moments={})
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
