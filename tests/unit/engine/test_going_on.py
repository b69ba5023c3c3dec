"""Runs that begin with what a model of the library has learned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.unit.engine.engine_watcher import wait_until
from tests.unit.tiny_bundles import a_bundle
from vae_core import load_bundle, load_image_set, save_bundle
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine import Engine
from vae_core.storage.home import owner_folder

SHAPE = load_image_set("digits").image_shape
SLOW = TrainConfig(epochs=400, learning_rate=1e-6)
"""So slow that the weights stay what they were in all that a test waits for."""


def a_model(folder: Path, **net: object) -> tuple[Path, ModelConfig]:
    bundle = a_bundle(image_shape=SHAPE, **net)
    path = folder / "learned.safetensors"
    save_bundle(path, replace(bundle, card={**bundle.card, "title": "What was learned"}))
    return path, bundle.model_config


def test_a_run_begins_with_the_model_and_needs_its_file_no_more(engine: Engine, tmp_path: Path) -> None:
    path, model = a_model(tmp_path)
    learned = load_bundle(path).model.state_dict()
    run = engine.start_run("ada", image_set="digits", model=model, train=SLOW, begin_with=path)
    assert run.begins_with == "What was learned"
    path.unlink()
    wait_until(lambda: engine.run("ada", run.id).step > 3, what="the first steps")
    engine.pause("ada", run.id)
    job = engine.save_run("ada", run.id, tmp_path / "after.safetensors").wait(60)
    assert job.state == "done", job.error
    after = load_bundle(tmp_path / "after.safetensors").model.state_dict()
    for name, value in learned.items():
        if value.is_floating_point():
            torch.testing.assert_close(after[name], value, atol=2e-3, rtol=2e-3, msg=name)
    wait_until(
        lambda: not list(owner_folder(engine.home, "ada").glob("runs/*/origin*")), what="its own state"
    )


@pytest.mark.parametrize(
    ("net", "wanted", "said"),
    [
        ({}, {"latent_dim": 4}, "another net"),
        ({"family": "gan"}, {"family": "gan"}, "discriminator"),
    ],
)
def test_what_cannot_be_begun_with_is_refused_and_leaves_nothing(
    engine: Engine, tmp_path: Path, net: dict[str, object], wanted: dict[str, object], said: str
) -> None:
    path, model = a_model(tmp_path, **net)
    with pytest.raises(ValueError, match=said):
        engine.start_run(
            "eve", image_set="digits", model=replace(model, **wanted), train=SLOW, begin_with=path
        )
    with pytest.raises(ValueError, match="not there any more"):
        engine.start_run(
            "eve", image_set="digits", model=model, train=SLOW, begin_with=tmp_path / "no.safetensors"
        )
    assert not list(owner_folder(engine.home, "eve").glob("runs/*"))
    assert engine.current_run("eve") is None
