"""On a phone and for who wants things still: fingers on the map and beside it, no motion by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.browser.hand import latent, map_place, settled
from tests.browser.small_models import component_data
from tests.browser.waiting import timers_end


def axes_ranges(page: Page) -> list[float]:
    """The ends of the map's first axis, as Plotly draws it."""
    return page.evaluate("document.querySelector('.le-plot')._fullLayout.xaxis.range")


@pytest.mark.parametrize("width", [390, 820])
def test_a_finger_walks_the_map_and_scrolls_the_page(width: int, opened: Callable, deep: dict) -> None:
    page = opened(
        component_data("explore", deep),
        options={"has_touch": True, "is_mobile": True, "viewport": {"width": width, "height": 844}},
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    touch = page.context.new_cdp_session(page)

    def drag(x: float, y: float, right: float, down: float) -> None:
        for kind, share in (("touchStart", 0), *(("touchMove", k / 8) for k in range(1, 9)), ("touchEnd", 1)):
            point = {"x": x + share * right, "y": y + share * down}
            touch.send(
                "Input.dispatchTouchEvent",
                {"type": kind, "touchPoints": [] if kind == "touchEnd" else [point]},
            )
        timers_end(page, 200)

    page.locator("[data-role=map]").scroll_into_view_if_needed()
    settled(page)
    before, scrolled = latent(page), page.evaluate("scrollY")
    drag(*map_place(page, 0.4), 60, 30)
    assert latent(page) != before
    assert page.evaluate("scrollY") == scrolled
    page.evaluate("document.querySelector('.le-strips').scrollIntoView()")
    scrolled = page.evaluate("scrollY")
    page.evaluate("scrollBy(0, -120)")
    box = page.locator("[data-role=traversal-0]").bounding_box()
    drag(box["x"] + box["width"] / 2, box["y"] + 10, 0, 150)
    assert page.evaluate("scrollY") < scrolled - 120


def test_with_reduced_motion_nothing_moves_by_itself(opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep), options={"reduced_motion": "reduce"})
    page.get_by_role("button", name="A real image").click()
    settled(page)
    running = page.evaluate("document.getAnimations().filter((each) => each.playState === 'running').length")
    assert running == 0


def test_two_fingers_zoom_and_pan_and_pin_nothing(opened: Callable, flat: dict) -> None:
    page = opened(
        component_data("explore", flat, plotly=True),
        options={"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}},
    )
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    page.locator("[data-role=map]").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.le-plot').data.length === 3")
    before, pinned = axes_ranges(page), latent(page)
    x, y = map_place(page, 0.5, 0.5)
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": px, "y": py, "id": n} for n, (px, py) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (x - 40, y))
    fingers("touchStart", (x - 40, y), (x + 40, y))
    for k in range(1, 9):
        fingers("touchMove", (x - 40 - 5 * k, y), (x + 40 + 5 * k, y))
    fingers("touchEnd", (x - 80, y))
    fingers("touchMove", (x - 60, y + 30))  # what the last finger does is no walk
    fingers("touchEnd")
    settled(page)
    wide = before[1] - before[0]
    page.wait_for_function(  # of moves that come faster than frames Chromium makes one, some way between
        "(wide) => { const [a, b] = document.querySelector('.le-plot')._fullLayout.xaxis.range;"
        " return Math.abs(b - a - wide) < 0.1 * wide; }",
        arg=wide / 2,
    )
    after = axes_ranges(page)
    assert np.mean(after) == pytest.approx(np.mean(before), abs=0.05 * wide)
    assert latent(page) == pinned
    page.wait_for_function("document.querySelector('.le-plot').data.length === 3")
    page.touchscreen.tap(x + 20, y)
    settled(page)
    assert latent(page) != pinned


@pytest.mark.parametrize(
    ("has_touch", "says", "says_not"), [(True, "pinch", "wheel"), (False, "wheel", "pinch")]
)
def test_the_help_speaks_of_what_the_hand_has(
    has_touch: bool, says: str, says_not: str, opened: Callable, flat: dict
) -> None:
    options = {"has_touch": has_touch, "is_mobile": has_touch}
    for mode in ("explore", "interpolate"):
        page = opened(component_data(mode, flat), options=options)
        said = page.locator(".le-map-panel").inner_text()
        assert says in said
        assert says_not not in said
