from __future__ import annotations

from tests.pages.stand_ins import App, FakeExplorer, write_model
from ui.library.library import Library
from vae_core import ModelConfig


def test_a_shipped_model_is_there_at_once(app: App, component: FakeExplorer) -> None:
    app.open("explore")
    assert app.test.selectbox(key="explore_model").value == "mnist-2"
    told = component.told[-1]
    assert told["mode"] == "explore"
    assert told["entry"].name == "mnist-2"
    assert told["z"] is None
    assert "Move over the map" in app.test.markdown[0].value


def test_a_cold_link_opens_its_model_and_view(app: App, component: FakeExplorer) -> None:
    app.open("explore", explore_model="mnist-16", explore_z=",".join(["0.5"] * 16), explore_axes="3,1")
    told = component.told[-1]
    assert told["entry"].name == "mnist-16"
    assert told["z"] == (0.5,) * 16
    assert told["axes"] == "3,1"
    assert app.url["explore_axes"] == "3,1"


def test_a_name_that_is_no_model_is_said_and_replaced(app: App, component: FakeExplorer) -> None:
    app.open("explore", explore_model="<b>nope</b>")
    assert component.told[-1]["entry"].name == "mnist-2"
    assert r"\<b\>nope\<\/b\>" in app.captions
    assert "showing mnist" in app.captions
    assert "explore_model" not in app.url
    app.run()
    assert "nope" in app.captions, "the sentence stays while the page does"
    app.go("models").go("explore")
    assert "nope" not in app.captions


def test_values_that_the_model_cannot_use_are_said_and_dropped(app: App, component: FakeExplorer) -> None:
    app.open("explore", explore_z="1,2,3", explore_axes="0,7", explore_layers="prior,<i>", explore_modle="x")
    told = component.told[-1]
    assert (told["z"], told["axes"], told["layers"]) == (None, None, None)
    for name in ("z", "axes", "layers", "modle"):
        assert rf"explore\_{name}" in app.captions
    assert not {"explore_z", "explore_axes", "explore_layers"} & set(app.url)


def test_what_the_hand_does_goes_into_the_link_at_once(app: App, component: FakeExplorer) -> None:
    app.open("explore", explore_z="0.000,1.000")
    component.says = {"z": (0.25, -1.5), "axes": "0,1", "layers": ("prior",)}
    app.run()
    assert app.url["explore_z"] == "0.250,-1.500"
    assert app.url["explore_axes"] == "0,1"
    assert app.url["explore_layers"] == "prior"
    assert component.told[-1]["z"] == (0.25, -1.5), (
        "the same run tells the component what it is known to show"
    )


def test_back_in_the_browser_tells_the_component(app: App, component: FakeExplorer) -> None:
    app.open("explore", explore_z="0.000,1.000")
    component.says = {"z": (0.25, -1.5)}
    app.run()
    app.test.query_params["explore_z"] = "0.000,1.000"
    app.run()
    assert component.told[-1]["z"] == (0.0, 1.0)
    assert app.url["explore_z"] == "0.000,1.000"
    app.test.query_params["explore_z"] = "2.000,2.000"
    app.run()
    assert component.told[-1]["z"] == (2.0, 2.0)


def test_another_model_forgets_the_latent(app: App, component: FakeExplorer) -> None:
    app.open("explore", explore_z="0.000,1.000")
    component.says = {"z": (0.25, -1.5)}
    app.run()
    component.says = {}
    app.test.selectbox(key="explore_model").select("mnist-16")
    app.run()
    assert component.told[-1]["entry"].name == "mnist-16"
    assert component.told[-1]["z"] is None
    assert "explore_z" not in app.url


def test_a_model_comes_back_as_it_was_left(app: App, component: FakeExplorer) -> None:
    app.open("explore")
    component.says = {"z": (0.25, -1.5)}
    app.run()
    component.says = {}
    for name in ("mnist-16", "mnist-2"):
        app.test.selectbox(key="explore_model").select(name)
        app.run()
    assert component.told[-1]["z"] == (0.25, -1.5)
    assert app.url["explore_z"] == "0.250,-1.500"


def test_the_page_comes_back_as_it_was_left(app: App, component: FakeExplorer) -> None:
    app.open("explore", explore_model="mnist-16")
    component.says = {"z": (0.5,) * 16, "axes": "umap"}
    app.run()
    app.go("models")
    component.says = {}
    app.go("explore")
    told = component.told[-1]
    assert told["entry"].name == "mnist-16"
    assert told["z"] == (0.5,) * 16
    assert told["axes"] == "umap"
    assert app.url["explore_axes"] == "umap"


def test_without_any_model_the_page_says_what_to_do(app: App, shipped) -> None:
    for path in shipped.iterdir():
        path.unlink()
    app.open("explore")
    assert app.test.selectbox(key="explore_model").disabled
    assert "No model is here yet: train one" in [link.label for link in app.test.get("page_link")]


def test_an_own_model_is_named_as_its_owner_named_it(app: App) -> None:
    app.open("explore")
    path = Library(app.test.session_state["_latent_owner"]).path_for_new("mine")
    write_model(path, ModelConfig(latent_dim=3), title="My *first* model")
    app.run()
    app.test.selectbox(key="explore_model").select("mine")
    app.run()
    assert "**My *first* model** · MNIST" in app.said
