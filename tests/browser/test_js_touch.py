"""On a phone and for who wants things still: fingers on the map and beside it, no motion by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hand import latent, map_place, settled
from small_models import component_data


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
        page.wait_for_timeout(200)

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
