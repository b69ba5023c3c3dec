"""Training that begins with what a saved model has learned."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.unit.tiny_bundles import a_bundle, an_image_set
from vae_core import TrainConfig, save_bundle
from vae_core.training.state_file import begin_at_model
from vae_core.training.trainer import Trainer


@pytest.mark.parametrize(
    "net",
    [
        {},
        {"likelihood": "gaussian_learned"},
        {"family": "autoencoder"},
        {"family": "conditional", "n_classes": 3},
    ],
)
def test_the_first_weights_are_the_model_s(tmp_path: Path, net: dict[str, object]) -> None:
    bundle = a_bundle(**net)
    save_bundle(tmp_path / "model.safetensors", bundle)
    trainer = Trainer(an_image_set(), bundle.model_config, TrainConfig(batch_size=20, seed=5))
    before = {name: value.clone() for name, value in trainer.weights().items()}
    begin_at_model(trainer, tmp_path / "model.safetensors")
    kept = bundle.model.state_dict()
    assert trainer.step == 0
    for name, value in trainer.weights().items():
        assert torch.equal(value, kept[name]), name
    assert any(not torch.equal(before[name], kept[name]) for name in before)
    trainer.advance(steps=1)
    assert any(not torch.equal(value, kept[name]) for name, value in trainer.weights().items())


def test_another_net_s_weights_are_refused_and_change_nothing(tmp_path: Path) -> None:
    save_bundle(tmp_path / "model.safetensors", a_bundle(latent_dim=4))
    bundle = a_bundle(latent_dim=3)
    trainer = Trainer(an_image_set(), bundle.model_config, TrainConfig(batch_size=20))
    before = {name: value.clone() for name, value in trainer.weights().items()}
    with pytest.raises(ValueError, match="does not fit"):
        begin_at_model(trainer, tmp_path / "model.safetensors")
    assert all(torch.equal(value, before[name]) for name, value in trainer.weights().items())
