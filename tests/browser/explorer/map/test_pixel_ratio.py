"""The window goes to a screen with other pixels, or the browser zooms: what is drawn by hand stays sharp."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.small_models import component_data

SHARP = """([among, ratio]) => {
  const canvases = [...document.querySelectorAll(among)].filter((each) => each.checkVisibility());
  const isSharp = ({ width, height, clientWidth, clientHeight }) =>
    width === Math.round(clientWidth * ratio) && height === Math.round(clientHeight * ratio);
  const isDrawn = (each) =>
    each.getContext("2d").getImageData(0, 0, each.width, each.height).data.some(Boolean);
  return canvases.length > 0 && canvases.every(isSharp) && canvases.some(isDrawn);
}"""


def move_between_screens(page: Page, among: str) -> None:
    """Go from a screen with single pixels to one with double ones and back; the canvases keep their size.

    The window gets a line higher each time: without that, the browser would not look at its queries again.
    """
    page.add_style_tag(
        content=f"{among}, .le-map {{ height: 300px !important; max-height: none !important }}"
    )
    screen = page.context.new_cdp_session(page)
    page.wait_for_function(SHARP, arg=[among, 1])
    for height, ratio in ((801, 2), (802, 1)):
        size = {"width": 1280, "height": height, "mobile": False, "deviceScaleFactor": ratio}
        screen.send("Emulation.setDeviceMetricsOverride", size)
        page.wait_for_function(SHARP, arg=[among, ratio])


def test_the_map_is_drawn_in_the_screen_s_pixels(opened: Callable[..., Page], flat: dict) -> None:
    page = opened(component_data("explore", flat))
    move_between_screens(page, ".le-map canvas.le-layer")


def test_curves_are_drawn_in_the_screen_s_pixels(watch: Callable) -> None:
    page, run, errors = watch()
    run.snapshot(100)
    move_between_screens(page, ".le-chart-canvas")
    assert not errors
