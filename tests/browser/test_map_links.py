"""The map's layers in the app's own URL: a link opens the same view."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect


def in_url(page: Page) -> str | None:
    found = parse_qs(urlsplit(page.url).query, keep_blank_values=True).get("explore_layers")
    return found[0] if found else None


def pressed(page: Page) -> list[str]:
    return page.eval_on_selector_all(
        "[data-layer][aria-pressed=true]", "(all) => all.map((button) => button.dataset.layer)"
    )


def test_layers_go_into_the_link_and_come_back(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    ready = "window.latentExplorer?.ready"
    page.goto(f"{app_url}/?explore_model=digits-2&explore_layers=manifold,ellipses")
    page.wait_for_function(ready)
    assert pressed(page) == ["manifold", "ellipses"]
    page.click("[data-layer=density]")
    page.mouse.move(3, 3)
    page.wait_for_url("**explore_layers=*density*")
    assert in_url(page) == "manifold,density,ellipses"
    page.reload()
    page.wait_for_function(ready)
    assert pressed(page) == ["manifold", "density", "ellipses"]
    for name in pressed(page):
        page.click(f"[data-layer={name}]")
    page.mouse.move(3, 3)
    page.wait_for_function("!location.search.includes('density')")
    assert in_url(page) == ""
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
