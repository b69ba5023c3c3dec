"""The pad within Explore: what is drawn is pinned, and all that Explore shows follows it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from tests.browser.hand import latent, pixels
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, serve_model, small_bundle
from tests.browser.waiting import two_frames
from vae_core.config.configs import ModelConfig


def line(page: Page, *places: tuple[float, float]) -> None:
    """Draw a line with the mouse; places in shares of the pad."""
    page.locator("[data-role=pad]").scroll_into_view_if_needed()
    box = page.locator("[data-role=pad]").bounding_box()
    assert box
    (x, y), *others = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(x, y)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=6)
    page.mouse.up()
    two_frames(page)


@pytest.fixture
def page(opened: Callable[..., Page], site: StaticSite) -> Page:
    page = opened(component_data("explore", serve_model(site, "draws-here", small_bundle())))
    expect(page.locator("[data-role=pad]")).not_to_be_visible()  # folded away until it is wanted
    page.get_by_text("Draw an image").click()
    return page


def test_a_line_is_encoded_pinned_and_compared(page: Page, errors: Errors) -> None:
    bundle = small_bundle()
    line(page, (0.3, 0.2), (0.6, 0.5), (0.4, 0.8))
    seen = pixels(page, "[data-role=draw-panel] [data-role=seen]")[0]
    with torch.no_grad():
        posterior = bundle.model.eval().encode(torch.tensor(seen / 255).float().reshape(1, 1, 12, 10))
    assert np.allclose(latent(page), posterior.mean[0], atol=1e-3)
    drawn = page.evaluate("window.latentExplorer.drawn")
    assert posterior.logvar is not None
    assert np.allclose(drawn["logvar"], posterior.logvar[0], atol=1e-3)
    expect(page.locator(".le-draw-panel")).to_contain_text("mean square")
    page.get_by_role("button", name="Centre").click()
    two_frames(page)
    expect(page.locator(".le-draw-panel")).to_contain_text("after your next line")
    assert not errors


def test_undo_and_clear_take_it_back(page: Page) -> None:
    undo, clear = (
        page.locator(".le-draw-panel").get_by_role("button", name=name) for name in ("Undo", "Clear")
    )
    expect(clear).to_be_disabled()
    line(page, (0.2, 0.2), (0.8, 0.8))
    first = latent(page)
    line(page, (0.8, 0.2), (0.2, 0.8))
    assert latent(page) != first
    undo.click()
    two_frames(page)
    assert np.allclose(latent(page), first, atol=1e-6)
    clear.click()
    assert page.evaluate("window.latentExplorer.drawn") is None
    expect(clear).to_be_disabled()
    assert np.allclose(latent(page), first, atol=1e-6), "what is pinned stays"


def test_another_class_is_another_code_of_the_same_drawing(
    opened: Callable[..., Page], site: StaticSite
) -> None:
    config = ModelConfig((1, 12, 10), 4, "conv", family="conditional", n_classes=3, width=0.25)
    page = opened(component_data("explore", serve_model(site, "draws-told", small_bundle(config))))
    page.get_by_text("Draw an image").click()
    line(page, (0.2, 0.2), (0.8, 0.8))
    before = page.evaluate("window.latentExplorer.drawn.mean")
    page.locator("[data-role=class] select").select_option("2")
    two_frames(page)
    assert page.evaluate("window.latentExplorer.drawn.mean") != before
