"""Which images are held out, and which stand on the map."""

import math

import torch

from tests.unit.bars import SMALL, TWO_EPOCHS, pictures, trained
from vae_core.config.configs import ModelConfig
from vae_core.training.trainer import Trainer


def test_a_tenth_is_held_out():
    trainer = trained(count=200, test=0)
    assert trainer.steps_per_epoch == math.ceil(180 / 16)
    assert trainer.test_images.shape == (20, 1, 8, 8)
    held_out = {image.numpy().tobytes() for image in (trainer.test_images * 255).round().to(torch.uint8)}
    learned = {image.numpy().tobytes() for image in trainer._batches.images}
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


def test_an_empty_test_set_is_none():
    trainer = Trainer(pictures(40), SMALL, TWO_EPOCHS, test_set=pictures(40).take(torch.arange(0)))
    assert len(trainer.test_images) == 4


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
