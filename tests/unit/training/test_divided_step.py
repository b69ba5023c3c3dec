"""A step that is divided is the same step: gradients, noise, statistics, and what is left when given up."""

import contextlib
import copy
from dataclasses import fields

import pytest
import torch

from vae_core.config import effort
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.config.effort import images_a_part, images_measured_at_once
from vae_core.images.loading import load_image_set
from vae_core.models.family import StepContext
from vae_core.models.vae import build_model
from vae_core.training import trainer as training
from vae_core.training.divided_step import divided_step
from vae_core.training.pauses import finished
from vae_core.training.trainer import Trainer

EXACT = {"atol": 1e-9, "rtol": 1e-9}
IMAGES = 23


class Moves:
    """What a step asks of a learner; keeps the gradients instead of following them."""

    def __init__(self, model):
        self.model, self.noise = model, torch.Generator().manual_seed(5)
        self.descents = {"": self}
        self.followed = 0

    rounding = staticmethod(contextlib.nullcontext)

    def begin(self):
        self.model.zero_grad(set_to_none=False)

    def follow(self):
        self.followed += 1

    def descend(self, loss, optimizer=""):
        self.begin()
        loss.backward()
        self.follow()


def both_ways(config, *, images=5, **settings):
    """Terms, gradients and statistics: of the undivided step, and of the divided one."""
    model = build_model(config, seed=1).double().train()
    generator = torch.Generator().manual_seed(2)
    x = torch.rand((IMAGES, *config.image_shape), generator=generator, dtype=torch.float64)
    y = torch.arange(IMAGES) % config.n_classes if config.n_classes else None
    at = StepContext(TrainConfig(**settings), 3, 10, 1_000)
    answers = []
    for is_divided in (False, True):
        moves = Moves(copy.deepcopy(model))
        if is_divided:
            terms = finished(divided_step(moves, x, y, at, images=images))
        else:
            terms = moves.model.objective.step(moves, x, y, at)
        assert moves.followed == 1
        answers.append(
            {
                **{name: values.detach() for name, values in terms.items()},
                **{f"{name}.grad": weight.grad for name, weight in moves.model.named_parameters()},
                **dict(moves.model.named_buffers()),
                "noise": torch.rand(3, generator=moves.noise),
            }
        )
    return answers


def assert_same(answers):
    first, second = answers
    assert first.keys() == second.keys()
    assert any(name.endswith(".grad") and bool(first[name].any()) for name in first)
    for name, values in first.items():
        torch.testing.assert_close(
            second[name], values, **EXACT, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("architecture", ["mlp", "conv", "article"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "gaussian_learned"])
@pytest.mark.parametrize("family", ["vae", "autoencoder", "beta_tc"])
def test_gradients_are_those_of_the_undivided_step(architecture, likelihood, family):
    config = ModelConfig((1, 12, 12), 3, architecture, family=family, likelihood=likelihood, width=0.5)
    assert_same(both_ways(config))


@pytest.mark.parametrize("images", [1, 4, 22, 23, 100])
def test_they_are_the_same_however_large_the_parts(images):
    assert_same(both_ways(ModelConfig((1, 8, 8), 2, "article"), images=images))


def test_free_bits_and_a_warm_up_see_the_whole_batch():
    answers = both_ways(ModelConfig((1, 8, 8), 4, "conv", width=0.5), free_bits=0.25, beta_warmup_epochs=2)
    assert_same(answers)
    kl = answers[0]["kl"].mean(dim=0)
    assert bool((kl < 0.25).any())
    assert bool((kl > 0.25).any())


def test_labels_go_with_their_images():
    assert_same(both_ways(ModelConfig((1, 8, 8), 2, "conv", n_classes=3, width=0.5)))


@pytest.mark.parametrize("architecture", ["conv", "article"])
@pytest.mark.parametrize("estimator", ["plain", "dreg"])
@pytest.mark.parametrize("images", [7, 200])
def test_so_do_several_codes_of_each_image(architecture, estimator, images):
    config = ModelConfig((1, 8, 8), 2, architecture, "iwae", n_classes=3, width=0.5)
    both = both_ways(config, images=images, importance_samples=4, gradient_estimator=estimator)
    assert both[0]["log_weights"].shape == (IMAGES, 4)
    assert_same(both)


# How a step is divided


def test_what_is_cheap_is_not_divided_and_what_is_dear_follows_from_the_config_alone():
    cheap = [
        (ModelConfig((1, 28, 28), 2, "conv"), TrainConfig()),
        (ModelConfig((1, 28, 28), 16, "mlp"), TrainConfig(batch_size=4096)),
        (ModelConfig((1, 32, 32), 10, "conv"), TrainConfig(batch_size=1024)),
        (ModelConfig((1, 8, 8), 2, "article"), TrainConfig(batch_size=512)),
    ]
    assert [images_a_part(*each) for each in cheap] == [None] * 4
    dear = ModelConfig((1, 32, 32), 10, "article")
    parts = {batch: images_a_part(dear, TrainConfig(batch_size=batch)) for batch in (128, 4096)}
    assert parts[128] == parts[4096] == pytest.approx(26, abs=4)
    assert images_measured_at_once(dear) < 100 < 1_000 < images_measured_at_once(cheap[0][0])


@pytest.fixture
def divided(monkeypatch):
    """Let small steps be divided: 64 images in parts of ten."""
    monkeypatch.setattr(training, "images_a_part", lambda model, train: 10)
    monkeypatch.setattr(effort, "MEASURED_PART", 1)


CONFIG = ModelConfig((1, 8, 8), 2, "article")
TRAIN = TrainConfig(epochs=3, batch_size=64, binarize="dynamic")


def trainer():
    return Trainer(load_image_set("digits", limit=200), CONFIG, TRAIN)


def weights(trained):
    return {name: values.clone() for name, values in trained.model.state_dict().items()}


def assert_equal(first, second):
    assert first.keys() == second.keys()
    for name, values in first.items():
        if isinstance(values, torch.Tensor):
            assert torch.equal(values, second[name]), name
        elif name != "seconds":
            assert values == second[name], name


def without_seconds(state):
    return {name: value for name, value in state.items() if "seconds" not in name and "history" not in name}


def pauses(work, count):
    """Take some pauses of a piece of work."""
    for _ in range(count):
        next(work)
    return work


def test_a_run_learns_what_it_would_undivided(monkeypatch):
    whole = trainer()
    whole.advance(steps=6)
    monkeypatch.setattr(training, "images_a_part", lambda model, train: 10)
    parted = trainer()
    parted.advance(steps=6)
    first, second = weights(whole), weights(parted)
    fresh = weights(trainer())
    assert not any(torch.equal(values, first[name]) for name, values in fresh.items())
    whole_weights, divided_weights = (
        torch.cat([values.flatten().double() for values in each.values()]) for each in (first, second)
    )
    # Where a gradient is all but zero, its rounding decides which way Adam goes.
    close = torch.isclose(divided_weights, whole_weights, atol=5e-4, rtol=1e-2)
    assert float(close.double().mean()) > 0.98


@pytest.mark.usefixtures("divided")
@pytest.mark.parametrize("where", [1, 5, 9, 20, 40])
def test_a_step_that_is_given_up_is_taken_anew_as_it_would_have_been(where):
    straight, broken = trainer(), trainer()
    straight.advance(steps=5)
    broken.advance(steps=2)
    before = weights(broken)
    pauses(broken.advancing(steps=1), where).close()
    assert broken.step == 2
    assert_equal(weights(broken), before)
    broken.advance(steps=3)
    assert_equal(weights(broken), weights(straight))


@pytest.mark.usefixtures("divided")
def test_in_a_pause_the_state_is_that_before_the_step():
    run = trainer()
    run.advance(steps=2)
    before = run.state_dict()
    work = pauses(run.advancing(steps=1), 7)
    assert_equal(without_seconds(run.state_dict()), without_seconds(before))
    with pytest.raises(RuntimeError, match="step"):
        run.load_state_dict(before)
    finished(work)
    straight = trainer()
    straight.advance(steps=3)
    assert_equal(weights(run), weights(straight))


@pytest.mark.usefixtures("divided")
@pytest.mark.parametrize("then", ["close", "state", "nothing"])
def test_the_end_of_an_epoch_is_never_left_half_done(then):
    run, straight = trainer(), trainer()
    straight.advance(steps=run.steps_per_epoch)
    work = run.advancing(steps=run.steps_per_epoch)
    while run.step < run.steps_per_epoch:
        next(work)
    next(work)
    assert run.history == []
    if then == "close":
        work.close()
    elif then == "state":
        assert "history" in run.state_dict()
        assert len(run.history) == 1
    finished(work)
    assert [each["step"] for each in run.history] == [run.steps_per_epoch]
    timeless = [{name: value for name, value in each.items() if name != "seconds"} for each in run.history]
    assert timeless == [
        {name: value for name, value in each.items() if name != "seconds"} for each in straight.history
    ]


@pytest.mark.usefixtures("divided")
def test_pauses_do_not_count_as_training(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(training.time, "perf_counter", lambda: now[0])
    run = trainer()
    work = run.advancing(steps=2)
    for _ in work:
        now[0] += 100.0
    assert run.seconds == 0.0


def test_a_divided_step_is_explained_as_the_undivided_one_is(monkeypatch):
    whole = trainer()
    first = whole.explain_step()
    monkeypatch.setattr(training, "images_a_part", lambda model, train: 10)
    parted = trainer()
    work, pauses_taken = parted.explaining_step(), 0
    while True:
        try:
            next(work)
        except StopIteration as end:
            second = end.value
            break
        pauses_taken += 1
    assert pauses_taken > 10
    for each in fields(first):
        before, after = getattr(first, each.name), getattr(second, each.name)
        if isinstance(before, torch.Tensor):
            torch.testing.assert_close(after, before, atol=1e-4, rtol=1e-3, msg=each.name)
        elif each.name == "weight_change":
            assert after == pytest.approx(before, rel=0.02, abs=1e-4)
    assert whole.step == parted.step == 1
