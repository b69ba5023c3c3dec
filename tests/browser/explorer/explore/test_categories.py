"""Explore of a model whose code is categories: choosers, a grid of cells, strips of each category."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.hand import latent, two_frames
from tests.browser.serving import StaticSite
from tests.browser.small_models import component_data, serve_model, small_bundle
from vae_core.config.configs import ModelConfig

CONFIG = ModelConfig((1, 12, 10), 3, "conv", family="concrete", n_categories=5, width=0.25)


@pytest.fixture(scope="module")
def words(site: StaticSite) -> dict[str, str]:
    return serve_model(site, "words", small_bundle(CONFIG))


def test_a_word_is_chosen_category_by_category(opened: Callable, words: dict) -> None:
    page = opened(component_data("explore", words, z=[1.4, -3, 99]))
    two_frames(page)
    assert latent(page) == [1, 0, 4], "a link's numbers are taken for the nearest categories"
    slider = page.locator("[data-role=slider-1]")
    assert [slider.get_attribute(name) for name in ("min", "max", "step")] == ["0", "4", "1"]
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    two_frames(page)
    assert latent(page) == [1, 2, 4]
    expect(page.locator("[data-role=readout]")).to_contain_text("z = (1, 2, 4)")

    # What lies on the map: pairs of two variables, no plane of a PCA, no prior's circles.
    map_panel = page.locator(".le-map-panel")
    expect(map_panel.locator("select")).to_have_count(2)
    assert map_panel.locator("[data-layer]").all_inner_texts() == ["Decoded"]
    board = page.locator("[data-role=map]")
    box = board.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    two_frames(page)
    under = latent(page)
    assert under == [2, 2, 4], "the grid's middle, and the third variable as it was"
    page.mouse.move(box["x"] + box["width"] / 2 + 7, box["y"] + box["height"] / 2 - 7)
    two_frames(page)
    assert latent(page) == under, "all places of a cell are one latent"
    page.mouse.move(0, 0)
    board.focus()
    page.keyboard.press("ArrowUp")
    two_frames(page)
    assert latent(page) == [1, 3, 4], "a key goes one cell on"

    strip = page.locator(".le-strip-pictures:has([data-role=traversal-0])")
    strip.focus()
    page.keyboard.press("End")
    two_frames(page)
    assert latent(page) == [4, 3, 4]
    assert strip.get_attribute("aria-valuemax") == "4.00"
    page.get_by_role("button", name="Prior sample").click()
    two_frames(page)
    assert set(latent(page)) <= {0, 1, 2, 3, 4}
    expect(page.get_by_role("button", name="Centre", exact=True)).to_have_count(0)
    expect(page.locator(".le-temperature")).to_be_hidden()
