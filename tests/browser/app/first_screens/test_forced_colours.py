"""Under the system's own colours what only a colour tells is still told; at 400 % the menu is in reach."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.small_models import component_data
from tests.browser.waiting import until

BACKGROUND = """([selector, part]) =>
    getComputedStyle(document.querySelector(selector), part || null).backgroundColor"""


def test_forced_colours_keep_what_only_a_colour_tells(opened: Callable[..., Page], deep: dict) -> None:
    page = opened(component_data("explore", deep), options={"forced_colors": "active"})
    expect(page.locator(".le-legend .le-swatch").first).to_be_visible()
    ground = page.evaluate(BACKGROUND, [".le-legend button", ""])
    for told in (
        (".le-marker-pinned", "::before"),
        (".le-swatch", ""),
        (".le-segments button[aria-pressed=true]", ""),
        (".le-track-images", ""),
    ):
        assert page.evaluate(BACKGROUND, told) != ground, told


def test_the_menu_is_within_a_page_at_400_percent(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 320, "height": 256})
    page.goto(f"{app_url}/server")
    menu = page.get_by_test_id("stMainMenu")
    expect(menu).to_be_visible()

    def is_within() -> bool:
        box = menu.bounding_box()
        return box is not None and box["x"] + box["width"] <= 320

    until(page, is_within, "the menu within the page, the sidebar put away")
