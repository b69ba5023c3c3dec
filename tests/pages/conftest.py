"""What the page tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.stand_ins import App, FakeEngine, FakeExplorer, write_model
from vae_core import ModelConfig


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    import ui.classroom.wall
    import ui.classroom.wall_cards
    import ui.explorer.guest
    import ui.images.cards
    import ui.images.own_cards
    import ui.images.preview
    import ui.learn.orders
    import ui.library.library
    import ui.library.share_buttons
    import ui.models.cards
    import ui.models.measures
    import ui.page.pictures
    import ui.server.overview
    import ui.train.actions
    import ui.train.controls
    import ui.train.other_runs
    import vae_core.engine

    fake = FakeEngine()
    pages = (
        ui.classroom.wall_cards,
        ui.images.cards,
        ui.images.own_cards,
        ui.images.preview,
        ui.learn.orders,
        ui.train.other_runs,
        ui.server.overview,
        ui.page.pictures,
        ui.train.controls,
        ui.train.settings,
        ui.explorer.guest,
        ui.library.share_buttons,
        ui.models.measures,
    )
    for module in (*pages, ui.library.library, ui.train.actions, ui.classroom.wall, vae_core.engine):
        monkeypatch.setattr(module, "get_engine", lambda: fake)
    return fake


@pytest.fixture
def component(monkeypatch: pytest.MonkeyPatch) -> FakeExplorer:
    import ui.classroom.parts
    import ui.explorer.component
    import ui.explorer.guest
    import ui.learn.page

    fake = FakeExplorer()
    monkeypatch.setattr(ui.explorer.component, "explorer", fake)
    monkeypatch.setattr(ui.explorer.guest, "explorer", fake)
    monkeypatch.setattr(ui.classroom.parts, "explorer", fake)
    monkeypatch.setattr(ui.learn.page, "explorer", fake)
    monkeypatch.setattr(ui.learn.page, "chosen", fake.chosen)
    monkeypatch.setattr(ui.explorer.component, "chosen", fake.chosen)
    return fake


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the models that ship: mnist-2 and mnist-16."""
    import ui.library.library

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
    monkeypatch.setattr(ui.library.library, "SHIPPED", folder)
    return folder


@pytest.fixture
def app(
    engine: FakeEngine,
    component: FakeExplorer,
    shipped: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> App:
    monkeypatch.setenv("LATENT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LATENT_DOWNLOADS", raising=False)
    return App()
