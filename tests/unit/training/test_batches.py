"""Each pass visits every image once, in an order and with pixels of its own."""

import numpy as np
import pytest
import torch

from tests.unit.bars import SMALL, TWO_EPOCHS, finish, pictures, trained
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.models.families.vae import VariationalAutoencoder
from vae_core.training.trainer import Trainer


@pytest.fixture
def seen(monkeypatch):
    """The images of each step that is taken, in order."""
    batches = []
    original = VariationalAutoencoder.step

    def spy(self, moves, x, y, at):
        batches.append(x)
        return original(self, moves, x, y, at)

    monkeypatch.setattr(VariationalAutoencoder, "step", spy)
    return batches


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
def test_a_last_batch_of_one_joins_the_one_before(seen, images, batch_size, sizes):
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


def test_fewer_images_than_a_batch_are_one_batch():
    trainer = trained(train=TrainConfig(epochs=3, batch_size=4096), count=7, test=0)
    assert trainer.steps_per_epoch == 1
    assert finish(trainer).step == 3


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


def test_pixels_are_drawn_anew_at_every_visit(seen):
    trainer = trained(train=TrainConfig(epochs=300, batch_size=50, binarize="dynamic"), count=4, test=8)
    trainer.advance(steps=300, measure=False)
    drawn = torch.stack([x.flatten(1).sum(dim=0) for x in seen])
    assert set(torch.cat(seen).unique().tolist()) == {0.0, 1.0}
    grey = trainer.image_set.images.float().flatten(1).sum(dim=0) / 255
    torch.testing.assert_close(drawn.mean(dim=0), grey, rtol=0, atol=0.25)
    assert not torch.equal(drawn[0], drawn[1])
