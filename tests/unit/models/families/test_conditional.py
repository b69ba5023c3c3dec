"""The conditional VAE: the class is told to both nets, so the code need not tell it."""

import pytest
import torch

from tests.unit.bars import finish, pictures, trained
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine.contract.memory import check_run
from vae_core.models.vae import elbo_terms
from vae_core.training.trainer import Trainer

CONFIG = ModelConfig((1, 8, 8), 2, "mlp", "conditional", n_classes=4, width=0.25)
PLAIN = ModelConfig((1, 8, 8), 2, "mlp", width=0.25)
TRAIN = TrainConfig(epochs=30, batch_size=16, learning_rate=5e-3)


@pytest.fixture(scope="module")
def run():
    """Trained on bars whose class is the place of the bar, and that differ in nothing else but noise."""
    trainer = trained(CONFIG, TRAIN, count=200)
    finish(trainer)
    return trainer


def test_the_same_code_is_another_picture_in_each_class(run):
    model = run.model.eval()
    z = torch.zeros(4, 2)
    with torch.no_grad():
        shown = model.decode_images(z, torch.arange(4))
    columns = shown.mean(dim=(1, 2))  # (4, W)
    for label in range(4):
        assert set(columns[label].topk(2).indices.tolist()) == {2 * label, 2 * label + 1}


def test_the_code_tells_no_more_than_the_class_leaves_open(run):
    plain = trained(PLAIN, TRAIN, count=200)
    finish(plain)
    told, untold = (each.history[-1]["test_kl"] for each in (run, plain))
    assert untold > 1.0  # of the log 4 nats that say which bar it is
    assert told < 0.5 * untold


def test_what_is_measured_is_told_each_image_s_own_class(run):
    images = pictures(40, seed=3)
    x, model = images.images.float() / 255, run.model.eval()
    with torch.no_grad():
        right, wrong = (
            elbo_terms(model, x, generator=torch.Generator().manual_seed(0), y=y).elbo.mean()
            for y in (images.labels, (images.labels + 1) % 4)
        )
    assert right > wrong + 1
    assert run.history[-1]["test_log_likelihood"] == pytest.approx(float(right), abs=3)


def test_images_without_classes_are_refused_with_a_sentence():
    bare = pictures(50, labels=False)
    with pytest.raises(ValueError, match="lacks the labels"):
        Trainer(bare, CONFIG, TRAIN)
    eleven = ModelConfig((1, 8, 8), 2, "mlp", "conditional", n_classes=11, width=0.25)
    with pytest.raises(ValueError, match="has 10 classes; the model is told 11"):
        check_run("digits", eleven, TRAIN)
