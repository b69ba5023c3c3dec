"""What a page shows when it is come back to; what only a browser forgets stands in tests/browser."""

from __future__ import annotations

from pathlib import Path

from tests.pages.stand_ins import App, FakeEngine, FakeExplorer
from vae_core import ModelConfig, TrainConfig
from vae_core.engine import RunInfo


def test_a_model_that_is_gone_meanwhile_is_not_asked_for(
    app: App, component: FakeExplorer, shipped: Path
) -> None:
    app.open("explore", explore_model="mnist-16").go("models")
    (shipped / "mnist-16.safetensors").unlink()
    app.go("explore")
    assert component.told[-1]["entry"].name == "mnist-2"
    assert "link says" not in app.said


def test_fields_that_nobody_changed_show_a_run_that_began_elsewhere(app: App, engine: FakeEngine) -> None:
    config = ModelConfig(image_shape=(1, 8, 8), latent_dim=5)
    app.open("train").go("images")
    engine.current = RunInfo("run-7", "hash", "running", "", "digits", config, TrainConfig(epochs=30))
    app.go("train")
    assert app.test.number_input(key="train_latent_dim").value == 5


def test_someone_elses_run_is_not_mixed_with_own_settings(app: App) -> None:
    app.open("train", train_epochs="7").go("models")
    app.test.query_params["watch"] = "0" * 32
    app.open("train")
    assert "leads to no run" in app.captions
    assert "train_epochs" not in app.url


def test_what_is_set_in_the_moment_of_leaving_is_kept(app: App) -> None:
    app.open("train")
    app.test.number_input(key="train_epochs").set_value(7)  # no run of the script draws it on this page
    app.go("models")
    assert app.test.session_state["settings_left"]["train"] == {"train_epochs": "7"}
