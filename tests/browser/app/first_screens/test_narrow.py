"""On a phone: what comes first stands in the first screen, and Tab goes down the page as the eye does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.serving import StaticSite
from tests.browser.small_models import component_data, serve_model, small_bundle
from vae_core.config.configs import ModelConfig

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

TOPS = """() => [...document.querySelectorAll(
    ".le-tools button, .le-map, .le-glass-head button, .le-neighbour, .le-sliders input, .le-strips h2")]
  .filter((each) => each.checkVisibility()).map((each) => each.getBoundingClientRect().top + scrollY)"""


@pytest.mark.parametrize("width", [390, 550])
def test_tab_goes_down_the_page(width: int, opened: Callable[..., Page], site: StaticSite) -> None:
    bundle = serve_model(site, "narrow", small_bundle(ModelConfig((1, 8, 8), 3, "mlp", width=0.125)))
    page = opened(
        component_data("explore", bundle),
        options=PHONE | {"viewport": {"width": width, "height": 844}},
    )
    expect(page.locator(".le-glass")).to_be_visible()
    expect(page.locator(".le-strips canvas").first).to_be_visible()
    tops = page.evaluate(TOPS)
    assert len(tops) > 10
    assert tops == sorted(tops)


@pytest.mark.parametrize("width", [700, 820, 1001, 1280])
def test_train_s_buttons_take_two_lines_and_all_are_in_sight(
    width: int, app_url: str, new_page: Callable[..., Page]
) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    page.goto(f"{app_url}/train?train_images=digits&train_architecture=mlp&train_epochs=500")
    page.locator(".st-key-train_start button").click()
    expect(page.locator(".st-key-train_share button")).to_be_visible()
    page.wait_for_function(
        """() => {
          const rows = [...document.querySelectorAll(".st-key-train_controls .stHorizontalBlock")];
          return rows.length === 2 && rows.every((row) =>
            row.offsetHeight < 60 && row.scrollWidth <= row.clientWidth &&
            [...row.querySelectorAll("button p")].every((word) => word.scrollWidth <= word.clientWidth + 1));
        }"""
    )


@pytest.mark.parametrize("width", [390, 640, 820])
def test_an_address_to_be_typed_is_not_broken(
    width: int, app_url: str, new_page: Callable[..., Page]
) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    page.goto(f"{app_url}/class")
    address = page.locator(".st-key-class_address_text p")
    expect(address).to_contain_text("http://")
    code = page.locator(".latent-qr")
    code.evaluate("(image) => image.decode()")
    lines = "(text) => text.getBoundingClientRect().height / parseFloat(getComputedStyle(text).lineHeight)"
    assert round(address.evaluate(lines)) == 1
    box = code.bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=1)
