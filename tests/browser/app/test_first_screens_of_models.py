"""Explore and Interpolate show their point at once, in the first screen, the frame included."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

SIZES = [(1280, 720), (1280, 900), (1920, 1080)]


def boxes(page: Page, *selectors: str) -> dict[str, dict[str, float]]:
    """Where things stand in the window; each must be there and have a size."""
    found = {}
    for selector in selectors:
        each = page.locator(selector).first
        expect(each).to_be_visible()
        found[selector] = each.bounding_box()
    return found


def in_sight(box: dict[str, float], size: tuple[int, int]) -> bool:
    return (
        box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= size[0]
        and box["y"] + box["height"] <= size[1]
    )


def opened(page: Page, url: str) -> Page:
    page.goto(url)
    page.wait_for_function("window.latentExplorer?.ready")
    return page


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("model", ["mnist-2", "mnist-16"])
def test_explore_shows_map_picture_and_sliders_together(
    model: str, size: tuple[int, int], app_url: str, new_page: Callable[..., Page]
) -> None:
    page = opened(
        new_page(viewport={"width": size[0], "height": size[1]}), f"{app_url}/?explore_model={model}"
    )
    first = page.locator(".le-sliders input").first.get_attribute("data-role")
    named = boxes(
        page, ".le-map", "[data-role=decoded]", f"[data-role={first}]", ".le-legend", ".le-layer-tools"
    )
    assert {name: in_sight(box, size) for name, box in named.items()} == dict.fromkeys(named, True)
    seen = [
        each.bounding_box()["y"] + 12 <= size[1] for each in page.locator(".le-sliders input:visible").all()
    ]
    assert sum(seen) >= min(4, len(seen)), "more than a single slider"
    if model == "mnist-2":  # on a UMAP no layer has a place
        key = page.locator("[data-role=layer-key]")
        expect(key).to_contain_text("prior")
        assert in_sight(key.bounding_box(), size)


@pytest.mark.parametrize("size", SIZES[:1], ids=str)
def test_explore_s_picture_stays_in_view_down_to_the_last_strip(
    size: tuple[int, int], app_url: str, new_page: Callable[..., Page]
) -> None:
    page = opened(
        new_page(viewport={"width": size[0], "height": size[1]}), f"{app_url}/?explore_model=mnist-16"
    )
    picture = page.locator("[data-role=decoded]")
    for target in (".le-slider >> nth=12", ".le-strip:visible >> nth=0", ".le-strip:visible >> nth=-1"):
        page.locator(target).scroll_into_view_if_needed()
        box = picture.bounding_box()
        assert in_sight(box, size), target
        assert box["y"] >= 40, "below the frame's own header"


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("method", ["linear", "slerp"])
def test_interpolate_shows_both_ends_the_walk_and_the_blend(
    method: str, size: tuple[int, int], app_url: str, new_page: Callable[..., Page]
) -> None:
    page = opened(
        new_page(viewport={"width": size[0], "height": size[1]}),
        f"{app_url}/interpolate?interpolate_method={method}",
    )
    rows = ["[data-role=row-linear]", f"[data-role=row-{method}]", "[data-role=row-pixels]"]
    named = boxes(
        page,
        ".le-end >> nth=0",
        ".le-end >> nth=1",
        "[data-role=decoded]",
        *rows,
        ".le-play",
        ".le-progress-slider",
    )
    assert {name: in_sight(box, size) for name, box in named.items()} == dict.fromkeys(named, True)
    order = [named[name]["y"] for name in (".le-end >> nth=0", *dict.fromkeys(rows), ".le-progress-slider")]
    assert order == sorted(order), "the ends, the walk, the blend, one scrubber under all"
    methods = page.locator(".st-key-interpolate_method")
    assert in_sight(methods.bounding_box(), size), "slerp's switch"
