"""A run for the tests of Train, and the hand on its scrubber."""

from __future__ import annotations

from dataclasses import replace

from tests.pages.stand_ins import App
from vae_core import ModelConfig, TrainConfig
from vae_core.engine import RunInfo

PAST = ({"step": 0, "epoch": 0.0}, {"step": 25, "epoch": 2.1}, {"step": 40, "epoch": 3.2})


def a_run(state: str = "running", **changes) -> RunInfo:
    model = ModelConfig(image_shape=(1, 8, 8), latent_dim=5, family="vae", likelihood="gaussian")
    train = TrainConfig(beta=4.0, epochs=30)
    run = RunInfo("run-7", "hash", state, "", "digits", model, train, step=40, total_steps=360, epoch=3.2)
    return replace(run, **({"keyframes": PAST} | changes))


def go_back(app: App, step: int | None) -> None:
    """Let the component show a moment of the run's past, as the hand on the scrubber does."""
    app.test.session_state["train"] = {"keyframe": {"of": "run-7", "value": step}}
