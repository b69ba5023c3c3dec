"""Runs on someone's own images: found by their owner's name of them, and kept whatever becomes of the set."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.unit.engine.engine_watcher import wait_until
from vae_core import load_bundle
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine import Engine
from vae_core.images.image_set import ImageSet
from vae_core.images.own_sets import FOLDER, delete_set, write_set
from vae_core.images.uploads.importing import held_out_of
from vae_core.storage.home import owner_folder

MODEL = ModelConfig(image_shape=(3, 8, 8), latent_dim=2, architecture="mlp", likelihood="gaussian_learned")
NAME = "pets-abcdefghjk"


def bring(engine: Engine, owner: str) -> Path:
    random = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (64, 3, 8, 8), generator=random, dtype=torch.uint8)
    images = ImageSet("any", "Pets", pixels, torch.arange(64) % 2, ("cat", "dog"))
    path = owner_folder(engine.home, owner) / FOLDER / f"{NAME}.safetensors"
    write_set(path, images, held_out_of(images))
    return path


def test_a_run_keeps_its_images_when_the_set_is_deleted(engine: Engine, tmp_path: Path) -> None:
    path = bring(engine, "ada")
    train = TrainConfig(epochs=400, batch_size=16)
    run = engine.start_run("ada", image_set=NAME, model=MODEL, train=train)
    wait_until(lambda: engine.run("ada", run.id).step > 8, what="the first steps")
    assert engine.run("ada", run.id).label_names == ("cat", "dog")
    delete_set(path)
    engine.stop("ada", run.id)
    wait_until(lambda: engine.run("ada", run.id).state == "stopped", what="the run at rest")
    before = engine.run("ada", run.id).step
    engine.resume("ada", run.id)
    wait_until(lambda: engine.run("ada", run.id).step > before, what="the run that goes on")
    branch = engine.branch("ada", run.id, train=train)
    wait_until(lambda: engine.run("ada", branch.id).step > before, what="the branch")
    engine.pause("ada", branch.id)
    job = engine.save_run("ada", branch.id, tmp_path / "pets.safetensors").wait(60)
    assert job.state == "done", job.error
    bundle = load_bundle(tmp_path / "pets.safetensors")
    assert (bundle.image_set["name"], bundle.image_set["title"]) == (NAME, "Pets")
    assert bundle.probe.labels is not None


def test_nobody_else_finds_a_set_by_its_name(engine: Engine) -> None:
    path = bring(engine, "grace")
    for name in (NAME, str(path), f"../../{path.parents[1].name}/{FOLDER}/{NAME}"):
        with pytest.raises(ValueError, match="no image set"):
            engine.start_run("eve", image_set=name, model=MODEL, train=TrainConfig())
    assert not (owner_folder(engine.home, "eve") / "runs").exists()
