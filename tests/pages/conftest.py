"""What the page tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stand_ins import App, FakeEngine, FakeExplorer, write_model

from vae_core import ModelConfig


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    import ui.classroom
    import ui.collection
    import ui.gallery
    import ui.library
    import ui.other_runs
    import ui.overview
    import ui.pictures
    import ui.run_actions
    import ui.training
    import ui.visiting
    import ui.wall
    import vae_core.engine

    fake = FakeEngine()
    pages = (ui.classroom, ui.collection, ui.other_runs, ui.overview, ui.pictures, ui.training, ui.visiting)
    for module in (*pages, ui.library, ui.run_actions, ui.wall, vae_core.engine):
        monkeypatch.setattr(module, "get_engine", lambda: fake)
    return fake


@pytest.fixture
def component(monkeypatch: pytest.MonkeyPatch) -> FakeExplorer:
    import ui.classroom
    import ui.explorer
    import ui.visiting

    fake = FakeExplorer()
    monkeypatch.setattr(ui.explorer, "explorer", fake)
    monkeypatch.setattr(ui.visiting, "explorer", fake)
    monkeypatch.setattr(ui.classroom, "explorer", fake)
    monkeypatch.setattr(ui.explorer, "chosen", fake.chosen)
    return fake


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the models that ship: mnist-2 and mnist-16."""
    import ui.library

    folder = tmp_path / "bundles"
    metrics = {
        "elbo": -141.25,
        "nll": 139.5,
        "nll_samples": 500,
        "kl": 6.5,
        "active_units": 2,
        "pixels": "grey",
    }
    write_model(folder / "mnist-2.safetensors", ModelConfig(), title="MNIST in two numbers", metrics=metrics)
    write_model(folder / "mnist-16.safetensors", ModelConfig(latent_dim=16), title="MNIST in sixteen")
    monkeypatch.setattr(ui.library, "SHIPPED", folder)
    return folder


@pytest.fixture
def app(
    engine: FakeEngine,
    component: FakeExplorer,
    shipped: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[App]:
    import ui.jobs
    import ui.pictures

    monkeypatch.setenv("LATENT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LATENT_DOWNLOADS", raising=False)
    yield App()
    ui.jobs._JOBS.clear()
    ui.pictures._PICTURES.clear()
