"""Hands quicker than the model: what is asked before it has come does nothing, and breaks nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route

from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, component_page, serve_model, small_bundle


@pytest.mark.parametrize("mode", ["explore", "interpolate", "draw"])
def test_buttons_and_keys_before_the_model_has_come(
    new_page: Callable[..., Page], site: StaticSite, mode: str
) -> None:
    held: list[Route] = []
    page, errors = new_page(), Errors()
    errors.watch(page)
    page.route("**/models/early.safetensors", lambda route: held.append(route))
    model = serve_model(site, "early", small_bundle())
    page.goto(site.put(f"/early-{mode}", component_page(component_data(mode, model))))
    page.locator("[data-role=map]").wait_for()
    page.wait_for_function("typeof window.cleanUp === 'function'")
    pressed = page.evaluate(
        """() => {
            const inputs = document.querySelectorAll(".latent-explorer input");
            for (const input of inputs) input.dispatchEvent(new InputEvent("input", { bubbles: true }));
            for (const summary of document.querySelectorAll(".latent-explorer summary")) summary.click();
            const buttons = [...document.querySelectorAll(".latent-explorer button")];
            for (const button of buttons) button.click();
            return buttons.length;
        }"""
    )
    assert pressed > 2
    map_box = page.locator("[data-role=map]").bounding_box()
    assert map_box is not None
    page.mouse.click(map_box["x"] + map_box["width"] / 2, map_box["y"] + map_box["height"] / 2)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    assert not page.evaluate("window.latentExplorer.ready")
    assert page.evaluate("window.latentExplorer.z") == []

    held.pop().continue_()
    page.wait_for_function("window.latentExplorer.ready")
    z = page.evaluate("window.latentExplorer.z")
    assert len(z) == 4
    if mode == "explore":
        assert not any(z)
    assert not errors, errors
