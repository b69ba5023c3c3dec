from __future__ import annotations

from pathlib import Path

from tests.pages.stand_ins import PROBE, App, FakeExplorer, write_model
from vae_core.config.configs import ModelConfig


def test_all_controls_are_there_at_load(app: App, component: FakeExplorer) -> None:
    app.open("interpolate")
    assert app.test.selectbox(key="interpolate_model").value == "mnist-16"
    assert app.test.radio(key="interpolate_method").value == "linear"
    assert app.test.number_input(key="interpolate_steps").value == 10
    told = component.told[-1]
    assert told["mode"] == "interpolate"
    assert told["interpolation"] == {"from": None, "to": None, "method": "linear", "steps": 10}


def test_a_cold_link_opens_its_walk(app: App, component: FakeExplorer) -> None:
    app.open(
        "interpolate",
        interpolate_model="mnist-16",
        interpolate_method="slerp",
        interpolate_steps="5",
        interpolate_from="3",
        interpolate_to=str(PROBE - 1),
    )
    told = component.told[-1]
    assert told["entry"].name == "mnist-16"
    assert told["interpolation"] == {"from": 3, "to": PROBE - 1, "method": "slerp", "steps": 5}


def test_values_that_cannot_be_used_are_said(app: App, component: FakeExplorer) -> None:
    app.open(
        "interpolate",
        interpolate_from=str(PROBE),
        interpolate_to="-1",
        interpolate_method="cubic",
        interpolate_steps="1",
    )
    said = app.said
    assert f"interpolate_from = {PROBE}. It should be a whole number below {PROBE}" in said
    assert "interpolate_to" in said
    assert "interpolate_method = cubic. It should be one of linear, slerp; showing linear instead" in said
    assert "interpolate_steps = 1" in said
    assert component.told[-1]["interpolation"] == {"from": None, "to": None, "method": "linear", "steps": 10}


def test_the_chosen_ends_go_into_the_link(app: App, component: FakeExplorer) -> None:
    app.open("interpolate")
    component.says = {"from_": 4, "to": 7}
    app.run()
    assert app.url["interpolate_from"] == "4"
    assert app.url["interpolate_to"] == "7"
    app.test.radio(key="interpolate_method").set_value("slerp")
    app.run()
    assert component.told[-1]["interpolation"]["method"] == "slerp"
    assert component.told[-1]["interpolation"]["from"] == 4


def test_between_categories_there_is_one_walk_and_no_plane_of_a_pca(app: App, shipped: Path) -> None:
    words = ModelConfig(family="concrete", latent_dim=2)
    write_model(shipped / "words.safetensors", words, title="Words")
    app.open("interpolate", interpolate_model="words", interpolate_axes="pca")
    method = app.test.radio(key="interpolate_method")
    assert method.disabled
    assert "one after the other" in method.help
    assert "interpolate_axes = pca. It should be two dimensions as in 0,1;" in app.said
