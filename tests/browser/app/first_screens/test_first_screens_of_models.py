"""Explore, Draw and Interpolate show their point at once, in the first screen, the frame included."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from playwright.sync_api import Page, expect

SIZES = [(1280, 720), (1280, 900), (1920, 1080)]


IN_SIGHT = """(selectors) => selectors.every((selector) => {
  const found = [...document.querySelectorAll(selector)].find((each) => each.checkVisibility());
  if (!found) return false;
  const { left, top, right, bottom, width } = found.getBoundingClientRect();
  return width > 0 && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
})"""


SEVERAL_SLIDERS = """() => {
  const sliders = [...document.querySelectorAll(".le-sliders input")]
    .filter((each) => each.checkVisibility());
  const seen = sliders.filter((each) => each.getBoundingClientRect().top + 12 <= innerHeight);
  return seen.length >= Math.min(4, sliders.length);
}"""


def in_sight(page: Page, selectors: Sequence[str]) -> None:
    """Wait until the first of each is drawn, whole, in the window as it is."""
    try:
        page.wait_for_function(IN_SIGHT, arg=list(selectors))
    except Exception as error:
        found = {each: page.locator(each).first.bounding_box() for each in selectors}
        raise AssertionError(f"not all in {page.viewport_size}: {found}") from error


def opened(page: Page, url: str) -> Page:
    page.goto(url)
    page.wait_for_function("window.latentExplorer?.ready")
    return page


@pytest.mark.parametrize("model", ["mnist-2", "mnist-16"])
def test_explore_shows_map_picture_and_sliders_together(
    model: str, app_url: str, new_page: Callable[..., Page]
) -> None:
    page = opened(new_page(), f"{app_url}/?explore_model={model}")
    first = page.locator(".le-sliders input").first.get_attribute("data-role")
    named = [".le-map", "[data-role=decoded]", f"[data-role={first}]", ".le-legend", ".le-layer-tools"]
    if model == "mnist-2":  # on a UMAP no layer has a place
        expect(page.locator("[data-role=layer-key]")).to_contain_text("prior")
        named.append("[data-role=layer-key]")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        in_sight(page, named)
        page.wait_for_function(SEVERAL_SLIDERS)
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    if model == "mnist-16":  # the picture stays in view down to the last strip
        for target in (".le-slider >> nth=12", ".le-strip:visible >> nth=0", ".le-strip:visible >> nth=-1"):
            page.locator(target).scroll_into_view_if_needed()
            in_sight(page, ["[data-role=decoded]"])
            assert page.locator("[data-role=decoded]").bounding_box()["y"] >= 40, "below the frame's header"


@pytest.mark.parametrize("method", ["linear", "slerp"])
def test_interpolate_shows_both_ends_the_walk_and_the_blend(
    method: str, app_url: str, new_page: Callable[..., Page]
) -> None:
    page = opened(new_page(), f"{app_url}/interpolate?interpolate_method={method}")
    rows = ["[data-role=row-linear]", f"[data-role=row-{method}]", "[data-role=row-pixels]"]
    down = [".le-end", *dict.fromkeys(rows), ".le-progress-slider"]
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        in_sight(page, [*down, ".le-end ~ .le-end", "[data-role=decoded]", ".le-play"])
        in_sight(page, [".st-key-interpolate_method"])  # slerp's switch
        tops = [page.locator(each).first.bounding_box()["y"] for each in down]
        assert tops == sorted(tops), "the ends, the walk, the blend, one scrubber under all"


def test_draw_shows_the_pad_the_map_and_what_is_made_of_a_drawing(
    app_url: str, new_page: Callable[..., Page]
) -> None:
    page = opened(new_page(), f"{app_url}/draw")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        in_sight(page, ["[data-role=pad]", "[data-role=seen]", "[data-role=decoded]", ".le-map"])
        in_sight(page, [".le-pad-tools"])
        assert page.locator("[data-role=pad]").bounding_box()["width"] >= 200
        assert page.locator(".le-map").bounding_box()["width"] >= 300
