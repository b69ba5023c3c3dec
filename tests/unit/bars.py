"""Bars at one of four places, and small trainers of them: what the tests of training begin with."""

import torch

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.images.loading import ImageSet
from vae_core.training.trainer import Trainer

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
