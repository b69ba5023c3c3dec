"""What comes from the browser is judged: its form, and whether it belongs to what is shown now."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import get_args

import pytest

from ui.explorer.component import LAYERS, ExplorerResult, Mode, _result
from ui.explorer.link_checks import layers
from ui.page.urls import EXPLORER
from vae_core.config.configs import ModelConfig

ENTRY = SimpleNamespace(model_config=ModelConfig(latent_dim=2), probe_count=10)
HERE = "/latent/models/a/1.safetensors"


def said(**values: object) -> dict[str, object]:
    return {name.rstrip("_"): {"of": HERE, "value": value} for name, value in values.items()}


def test_what_was_chosen_is_given() -> None:
    state = said(z=[0.5, -1], axes="pca", layers=["prior"], from_=0, to=9)
    assert _result(state, HERE, ENTRY) == ExplorerResult((0.5, -1.0), "pca", ("prior",), 0, 9)


def test_what_belongs_to_another_model_is_not() -> None:
    assert _result(said(z=[0.5, -1], axes="pca"), HERE.replace("a/1", "b/2"), ENTRY) == ExplorerResult()


def test_nothing_was_touched() -> None:
    state = dict.fromkeys(("z", "axes", "layers", "from", "to"))
    assert _result(state, HERE, ENTRY) == ExplorerResult()


@pytest.mark.parametrize(
    "state",
    [
        said(z=[1.0]),
        said(z=[1.0, float("nan")]),
        said(z=[1.0, "2"]),
        said(z="1,2"),
        said(axes=["pca"]),
        said(layers="prior"),
        said(layers=["prior", "onion"]),
        said(layers=[["prior"]]),
        said(from_=10, to=-1),
        said(from_=True, to=1.5),
        {"z": [0.5, -1], "axes": "pca"},
    ],
)
def test_nonsense_is_left_out(state: dict[str, object]) -> None:
    assert _result(state, HERE, ENTRY) == ExplorerResult()


def test_both_sides_know_the_same_layers() -> None:
    text = (EXPLORER / "map" / "scene" / "layer-kinds.js").read_text(encoding="utf-8")
    listed = text[text.index("export const LAYERS") : text.index("];")]
    assert tuple(re.findall(r'name: "(\w+)"', listed)) == LAYERS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("prior", ("prior",)),
        ("manifold,ellipses", ("manifold", "ellipses")),
        ("prior,<i>", None),
        ("onion", None),
        ("prior,", None),
    ],
)
def test_a_link_names_layers(text: str, expected: tuple[str, ...] | None) -> None:
    assert layers(text) == expected


@pytest.mark.parametrize("mode", get_args(Mode))
def test_a_view_lies_where_its_page_asks_for_it(mode: str) -> None:
    asked_for = f"./{mode}/{mode}-view.js"
    assert (EXPLORER / asked_for).is_file()
    assert f'{mode}: () => import("{asked_for}")' in (EXPLORER / "explorer.js").read_text(encoding="utf-8")
