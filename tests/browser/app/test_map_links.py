"""The map's layers in the app's own URL: a link opens the same view."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.played_run import FakeRun
from tests.browser.serving import Errors


def in_url(page: Page, name: str) -> str | None:
    found = parse_qs(urlsplit(page.url).query, keep_blank_values=True).get(name)
    return found[0] if found else None


def pressed(page: Page) -> list[str]:
    return page.eval_on_selector_all(
        "[data-layer][aria-pressed=true]", "(all) => all.map((button) => button.dataset.layer)"
    )


@pytest.mark.parametrize("where", ["explore", "interpolate"])
def test_layers_go_into_the_link_and_come_back(
    where: str, app_url: str, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    ready = "window.latentExplorer?.ready"
    path, name = where.replace("explore", ""), f"{where}_layers"
    page.goto(f"{app_url}/{path}?{where}_model=digits-2&{name}=manifold,ellipses")
    page.wait_for_function(ready)
    assert pressed(page) == ["manifold", "ellipses"]
    page.click("[data-layer=density]")
    page.mouse.move(3, 3)
    page.wait_for_url(f"**{name}=*density*")
    assert in_url(page, name) == "manifold,density,ellipses"
    page.reload()
    page.wait_for_function(ready)
    assert pressed(page) == ["manifold", "density", "ellipses"]
    for layer in pressed(page):
        page.click(f"[data-layer={layer}]")
    page.mouse.move(3, 3)
    page.wait_for_function("name => new URLSearchParams(location.search).get(name) === ''", arg=name)
    page.reload()
    page.wait_for_function(ready)
    assert pressed(page) == []


def test_a_link_with_an_unknown_layer_says_which_there_are(
    app_url: str, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(f"{app_url}/?explore_model=digits-2&explore_layers=onion")
    page.wait_for_function("window.latentExplorer?.ready")
    expect(page.get_by_text("any of manifold, prior, density, ellipse, ellipses")).to_be_visible()
    assert pressed(page) == ["prior"]


def test_a_run_s_layers_and_axes_are_told_and_heard(
    watch: Callable[..., tuple[Page, FakeRun, Errors]],
) -> None:
    page, run, errors = watch(prepare=lambda run: None)
    run.weights(10)
    run.snapshot(12)
    page.wait_for_function("window.latentExplorer.ready")
    assert pressed(page) == ["prior"]
    page.click("[data-layer=ellipses]")
    page.wait_for_function("window.sent.length")
    assert page.evaluate("window.sent") == [["layers", ["prior", "ellipses"], "r1"]]
    page.evaluate("window.mount({ layers: ['prior', 'ellipses'] })")
    assert pressed(page) == ["prior", "ellipses"]
    page.evaluate("window.mount({ layers: ['density'] })")
    assert pressed(page) == ["density"]
    assert page.evaluate("window.sent.length") == 1, "what Python says is not told back"
    assert not errors
