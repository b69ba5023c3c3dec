"""A GAN's losses at known logits, R1 in closed form, whose weights move, and modes on a ring."""

import math
from dataclasses import replace

import pytest
import torch

from tests.unit.bars import finish, generator, pictures, same_weights, trained, without_clock
from tests.unit.ring import MODES, STEPS, Ring
from vae_core.bundles.bundle import pack_bundle, unpack_bundle
from vae_core.bundles.making import make_bundle
from vae_core.config.configs import (
    ModelConfig,
    TrainConfig,
    check_together,
    count_learning_weights,
    count_weights,
)
from vae_core.config.effort import step_effort
from vae_core.engine.contract.memory import batch_bytes
from vae_core.measures.suite import held_out_metrics
from vae_core.models.families.gan import SLOPED, discriminator_loss, generator_loss, squared_slope
from vae_core.training.learner import Learner
from vae_core.training.state_file import begin_at_state, load_state, pack_state

SMALL = ModelConfig((1, 8, 8), 3, "mlp", family="gan", width=0.125)
CPU = torch.device("cpu")


def all_weights(trainer):
    return {name: value.clone() for name, value in trainer.weights().items()}


def moved(before, after):
    return {name.partition(".")[0] for name in before if not torch.equal(before[name], after[name])}


def test_losses_are_logs_of_what_the_discriminator_gives_what_is_right():
    real, fake = torch.tensor([0.0, 2.0, -1.0]), torch.tensor([0.0, -3.0, 1.5])
    given = torch.sigmoid(real.double()), torch.sigmoid(fake.double())
    torch.testing.assert_close(
        discriminator_loss(real, fake).double(), -(given[0].log() + (1 - given[1]).log()), rtol=1e-6, atol=0
    )
    torch.testing.assert_close(generator_loss(fake).double(), -given[1].log(), rtol=1e-6, atol=0)
    nothing = torch.zeros(1)
    assert discriminator_loss(nothing, nothing).item() == pytest.approx(2 * math.log(2))
    assert generator_loss(nothing).item() == pytest.approx(math.log(2))
    assert generator_loss(torch.tensor([-200.0])).item() == pytest.approx(200)  # it does not saturate


def test_the_slope_of_a_linear_discriminator_is_its_weight_and_of_a_bent_one_that_at_the_image():
    x = torch.rand(5, 1, 4, 4, generator=generator()).double().requires_grad_()
    weight = torch.randn(16, generator=generator(1)).double().requires_grad_()
    slope = squared_slope(x.flatten(1) @ weight, x)
    torch.testing.assert_close(slope, weight.square().sum().expand(5))
    (by_weight,) = torch.autograd.grad(slope.mean() / 2, weight)  # so that R1 pulls at the weights themselves
    torch.testing.assert_close(by_weight, weight)
    bent = squared_slope((x.flatten(1) @ weight).square(), x)
    torch.testing.assert_close(bent, 4 * (x.flatten(1) @ weight).square() * weight.square().sum())


class Noted:
    """What moves a learner's weights, with each loss that it is told noted."""

    def __init__(self, learner):
        self.learner, self.model, self.noise = learner, learner.model, learner.noise
        self.discriminator, self.losses = learner.discriminator, []

    def descend(self, loss, optimizer=""):
        self.losses.append((optimizer, loss.item()))
        self.learner.descend(loss, optimizer)


def test_a_step_follows_the_papers_losses_and_each_optimiser_moves_its_own_net(monkeypatch):
    trainer = trained(SMALL, TrainConfig(batch_size=16, r1_weight=3.0))
    learner = trainer._learner
    x = pictures(16).images.float() / 255
    z = torch.randn(16, 3, generator=torch.Generator().manual_seed(7))
    learner.noise.manual_seed(7)
    with torch.no_grad():
        samples = learner.model.decode_images(z)
        real, fake = (learner.discriminator(images).squeeze(1) for images in (x, samples))
    first = x[: 16 // SLOPED].clone().requires_grad_()
    slope = squared_slope(learner.discriminator(first).squeeze(1), first).mean().item()
    expected = discriminator_loss(real, fake).mean().item() + 3.0 / 2 * slope

    seen, noted = [], Noted(learner)
    descend = noted.descend

    def watched(loss, optimizer=""):
        before = all_weights(trainer)
        descend(loss, optimizer)
        seen.append((optimizer, moved(before, trainer.weights())))
        if optimizer == "discriminator":
            with torch.no_grad():
                later.append(generator_loss(learner.discriminator(samples)).mean().item())

    later = []
    noted.descend = watched
    terms = learner.model.objective.step(noted, x, None, trainer._context())
    assert seen == [("discriminator", {"discriminator"}), ("generator", {"decoder"})]
    assert [loss for _, loss in noted.losses] == pytest.approx([expected, later[0]], rel=1e-5)
    assert terms["discriminator_loss"].mean().item() == pytest.approx(expected - 1.5 * slope, rel=1e-5)
    assert terms["generator_loss"].mean().item() == pytest.approx(
        generator_loss(fake).mean().item(), rel=1e-5
    )
    assert terms["slope"].tolist() == pytest.approx([slope] * 16, rel=1e-5)
    right = ((real > 0).float() + (fake < 0).float()) / 2
    assert terms["told_apart"].tolist() == right.tolist()


def test_every_weight_of_both_nets_learns():
    trainer = trained(SMALL)
    before = all_weights(trainer)
    trainer.advance()
    after = trainer.weights()
    assert not [name for name in before if torch.equal(before[name], after[name])]
    assert all(each.requires_grad for each in trainer._learner.discriminator.parameters())


@pytest.mark.parametrize("seed", [0, 1])
def test_it_finds_the_modes_of_a_ring(seed):
    """Five seeds, with and without R1, are measured by `python -m tests.unit.ring`."""
    ring = Ring(seed)
    ring.learn(STEPS, r1_weight=0.1)
    assert ring.modes() >= MODES - 1


def test_a_run_cut_in_two_learns_the_same():
    config = replace(SMALL, architecture="conv")
    whole, first, second = (trained(config) for _ in range(3))
    first.advance(steps=3)
    load_state(second, pack_state(first))
    finish(whole), finish(second)
    assert same_weights(whole, second)
    assert all(torch.equal(value, second.weights()[name]) for name, value in whole.weights().items())
    assert without_clock(whole) == without_clock(second)


def test_a_branch_goes_on_with_both_nets_and_their_moments():
    first, branch = trained(SMALL), trained(SMALL, TrainConfig(epochs=2, batch_size=16, r1_weight=5.0))
    first.advance(steps=3)
    assert begin_at_state(branch, pack_state(first)) == 3
    state, other = first.state_dict(), branch.state_dict()
    same = [name for name in state if name.startswith(("model.", "optimizer."))]
    assert {name.split(".")[1] for name in same} == {"decoder", "discriminator"}
    assert all(torch.equal(state[name], other[name]) for name in same)


def test_the_penalty_can_change_while_it_trains():
    config = TrainConfig(epochs=10, batch_size=16, r1_weight=0.0)
    plain, heavy = trained(SMALL, config), trained(SMALL, config)
    heavy.set(r1_weight=100.0)
    for each in (plain, heavy):
        each.advance(steps=35)
        each.advance(steps=5)  # of which the terms are
    steep, flat = (each.advance(steps=0).terms["slope"] for each in (plain, heavy))
    assert flat < steep / 2


def test_what_is_kept_is_a_decoder_alone():
    trainer = trained(SMALL)
    snapshot = finish(trainer)
    assert snapshot.probe_mean is None
    assert snapshot.reconstructions is None
    assert snapshot.samples.shape == (16, 1, 8, 8)
    assert set(snapshot.test_terms.values()) == {None}
    bundle = unpack_bundle(pack_bundle(make_bundle(trainer)))
    assert {name.partition(".")[0] for name in bundle.model.state_dict()} == {"decoder"}
    assert (bundle.model_config, bundle.probe.mean, bundle.metrics) == (SMALL, None, {})
    assert bundle.card["has_encoder"] is bundle.card["has_likelihood"] is False
    z = torch.randn(4, 3, generator=generator())
    difference = bundle.model.decode_images(z) - trainer.picture_latents(z)
    assert difference.abs().max() < 1 / 255


def test_what_makes_no_sense_for_it_is_refused_in_a_sentence():
    model = trained(SMALL).model
    x = torch.rand(4, 1, 8, 8)
    for measure in (
        lambda: held_out_metrics(model, x),
        lambda: model.encode(x),
        lambda: model.objective.measured(model, x, generator=None, n_samples=1, y=None),
    ):
        with pytest.raises(ValueError, match="encoder"):
            measure()
    with pytest.raises(ValueError, match="likelihood says nothing"):
        replace(SMALL, likelihood="gaussian")
    with pytest.raises(ValueError, match="told no classes"):
        replace(SMALL, n_classes=4)


def test_its_step_is_counted_and_bounded():
    gan, vae = (ModelConfig((1, 28, 28), 10, family=family) for family in ("gan", "vae"))
    train = TrainConfig()
    learner = Learner(gan, train, images=100, device=CPU)
    weights = sum(each.numel() for net in (learner.model, learner.discriminator) for each in net.parameters())
    assert (count_learning_weights(gan), count_learning_weights(vae)) == (weights, count_weights(vae))
    assert count_weights(gan) == sum(each.numel() for each in learner.model.parameters())
    assert step_effort(vae, train) < step_effort(gan, train) < 4 * step_effort(vae, train)
    assert batch_bytes(gan) > batch_bytes(vae)
    large = ModelConfig((3, 128, 128), 10, family="gan", width=2.0)
    with pytest.raises(ValueError, match=r"batch_size may be \d+ at most") as refused:
        check_together(large, TrainConfig(batch_size=4096))
    most = int(str(refused.value).split()[3].replace(",", ""))
    assert most >= 2
    check_together(large, TrainConfig(batch_size=most))


def test_a_model_whose_nets_are_given_opens_but_has_nothing_to_learn_against():
    given = replace(SMALL, architecture="mine", nets=((), SMALL.layers()[1]))
    check_together(given, TrainConfig())
    with pytest.raises(ValueError, match="discriminator"):
        Learner(given, TrainConfig(), images=10, device=CPU)


def test_a_run_that_has_collapsed_goes_on_at_the_same_cost():
    trainer = trained(SMALL, TrainConfig(epochs=2, batch_size=16, learning_rate=1.0, r1_weight=0.0))
    snapshot = finish(trainer)
    assert trainer.done
    assert all(math.isfinite(value) for value in snapshot.terms.values())
