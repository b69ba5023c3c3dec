"""The map's axes and layers in the link of Draw, Interpolate and Train, as Explore has them."""

from __future__ import annotations

import pytest

from tests.pages.stand_ins import App, FakeEngine, FakeExplorer
from vae_core import ModelConfig, TrainConfig
from vae_core.engine import RunInfo

PAGES = pytest.mark.parametrize("page", ["draw", "interpolate", "train"])


def a_run(name: str = "run-1") -> RunInfo:
    model = ModelConfig(image_shape=(1, 8, 8), latent_dim=2)
    return RunInfo(name, "hash", "running", "", "digits", model, TrainConfig(), step=40, total_steps=360)


@PAGES
def test_a_cold_link_opens_its_map(page: str, app: App, component: FakeExplorer) -> None:
    app.open(page, **{f"{page}_axes": "1,0", f"{page}_layers": "prior,density"})
    told = component.told[-1]
    assert (told["axes"], told["layers"]) == ("1,0", ("prior", "density"))
    assert app.url[f"{page}_layers"] == "prior,density"
    assert not app.captions.count("The link says")


@PAGES
def test_what_the_hand_switches_goes_into_the_link(page: str, app: App, component: FakeExplorer) -> None:
    app.open(page)
    assert component.told[-1]["layers"] is None
    component.says = {"axes": "pca", "layers": ()}
    app.run()
    assert (app.url[f"{page}_axes"], app.url[f"{page}_layers"]) == ("pca", "")
    assert (component.told[-1]["axes"], component.told[-1]["layers"]) == ("pca", ())


@PAGES
def test_what_no_map_has_is_said_and_dropped(page: str, app: App, component: FakeExplorer) -> None:
    app.open(page, **{f"{page}_axes": "0,0", f"{page}_layers": "onion"})
    told = component.told[-1]
    assert (told["axes"], told["layers"]) == (None, None)
    assert "any of manifold, prior, density, ellipse, ellipses" in app.said
    assert not {f"{page}_axes", f"{page}_layers"} & set(app.url)


def test_axes_must_fit_the_run(app: App, engine: FakeEngine, component: FakeExplorer) -> None:
    engine.current = a_run()
    app.open("train", train_axes="0,2")
    assert component.told[-1]["axes"] is None
    assert "two dimensions as in" in app.captions


def test_the_next_run_keeps_the_layers(app: App, engine: FakeEngine, component: FakeExplorer) -> None:
    engine.current = a_run("run-1")
    app.open("train", train_layers="manifold")
    engine.current = a_run("run-2")
    app.run()
    assert component.told[-1]["layers"] == ("manifold",)


def test_a_link_to_layers_alone_leaves_the_fields_to_the_run(
    app: App, engine: FakeEngine, component: FakeExplorer
) -> None:
    engine.current = a_run()
    app.open("train", train_layers="manifold")
    assert app.test.selectbox(key="train_images").value == engine.current.image_set
