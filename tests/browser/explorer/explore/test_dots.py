"""A click on a dot takes its image, one beside dots a place; what is looked at is what is pinned."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from tests.browser.hand import latent, map_place, settled, two_frames
from tests.browser.serving import Errors
from tests.browser.small_models import component_data, small_bundle
from tests.browser.waiting import timers_end, until
from vae_core.bundles.bundle import Bundle
from vae_core.latent.codes import neighbours

PLACE = """(n) => {
    const { xaxis, yaxis } = document.querySelector(".le-plot")._fullLayout;
    const [x, y] = window.latentExplorer.points[n];
    const box = document.querySelector(".le-plot .nsewdrag").getBoundingClientRect();
    return [box.left + (box.width * (x - xaxis.range[0])) / (xaxis.range[1] - xaxis.range[0]),
            box.top + (box.height * (yaxis.range[1] - y)) / (yaxis.range[1] - yaxis.range[0])];
}"""


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """What `deep` was made of."""
    return small_bundle()


def lonely(page: Page) -> int:
    """The image whose dot lies farthest from all others, so that nothing else is meant."""
    points = np.array(page.evaluate("window.latentExplorer.points"))
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1) + 1e9 * np.eye(len(points))
    return int(apart.min(axis=1).argmax())


def code(bundle: Bundle, n: int) -> list[float]:
    return bundle.probe.mean[n].tolist()


@pytest.mark.parametrize("axes", ["umap", "pca", "2,0"])
def test_a_click_on_a_dot_takes_its_image_exactly(
    axes: str, opened: Callable, deep: dict, bundle: Bundle, errors: Errors
) -> None:
    page = opened(component_data("explore", deep, plotly=True, axes=axes, layers=[]))
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    chosen = lonely(page)
    page.mouse.click(*page.evaluate(PLACE, chosen))
    page.mouse.move(2, 2)
    until(page, lambda: latent(page) == code(bundle, chosen), "the image's code")
    expect(page.locator(".le-readout-first")).to_have_text(re.compile("^Pinned: z"))  # no estimate
    glass = page.locator("[data-role=glass]")
    expect(glass).to_contain_text(f"pinned: image {chosen},")
    expect(page.locator(".le-link-samples path")).to_have_count(6)
    # Its posterior is drawn around it where the plane has one, whether or not a layer says so.
    ellipse = page.locator(".le-link-posterior")
    if axes == "umap":
        expect(ellipse).to_have_attribute("hidden", "")
    else:
        expect(ellipse).not_to_have_attribute("hidden", "")
    assert not errors


def test_a_click_beside_dots_is_an_estimate_and_the_nearest_image_is_looked_at(
    opened: Callable, deep: dict, bundle: Bundle
) -> None:
    page = opened(component_data("explore", deep, plotly=True))
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    x, y = page.evaluate(PLACE, lonely(page))
    page.mouse.click(x + 14, y + 14)
    page.mouse.move(2, 2)
    expect(page.locator(".le-readout-first")).to_contain_text("Pinned, an estimate")
    settled(page)
    indices, distances = neighbours(torch.tensor([latent(page)]), bundle.probe.mean, 1)
    glass = page.locator("[data-role=glass]")
    expect(glass).to_contain_text(f"nearest to the pin: image {int(indices[0, 0])},")
    expect(glass).to_contain_text(f"{float(distances[0, 0]):.2f} σ away")
    expect(page.locator(".le-link-ring")).to_have_attribute("hidden", "")
    glass.get_by_role("button", name="Pin this image").click()
    until(page, lambda: latent(page) == code(bundle, int(indices[0, 0])), "its code")
    expect(glass).to_contain_text("pinned: image")


def test_a_hidden_class_has_no_dots_to_click(opened: Callable, deep: dict, bundle: Bundle) -> None:
    page = opened(component_data("explore", deep, plotly=True))
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    chosen = lonely(page)
    name = ("sandal", "sneaker", "bag")[chosen % 3]
    page.get_by_role("button", name=name, exact=True).click()
    page.mouse.click(*page.evaluate(PLACE, chosen))
    page.mouse.move(2, 2)
    expect(page.locator(".le-readout-first")).to_contain_text("Pinned, an estimate")


def test_what_is_looked_at_follows_the_pin_wherever_it_comes_from(
    opened: Callable, deep: dict, bundle: Bundle
) -> None:
    page = opened(component_data("explore", deep))
    glass = page.locator("[data-role=glass]")

    def nearest() -> int:
        return int(
            neighbours(torch.tensor([latent(page)], dtype=torch.float32), bundle.probe.mean, 1)[0][0, 0]
        )

    expect(glass).to_contain_text(f"image {nearest()},")
    for way in ("slider", "strip", "link", "button"):
        if way == "slider":
            page.locator("[data-role=slider-0]").fill("2.4")
        elif way == "strip":
            page.locator(".le-strip-pictures:has([data-role=traversal-1])").focus()
            page.keyboard.press("Home")
        elif way == "link":
            page.evaluate("window.mount({ z: [-1.5, 1.5, 0.5, -1.5] })")
        else:
            page.get_by_role("button", name="Prior sample").click()
        two_frames(page)
        expect(glass).to_contain_text(f"nearest to the pin: image {nearest()},")
    page.get_by_role("button", name="A real image").click()
    two_frames(page)
    expect(glass).to_contain_text(f"pinned: image {nearest()},")
    # A sample of its posterior is still of this image, even where another one lies nearer.
    before = nearest()
    for _ in range(5):
        page.get_by_role("button", name="Posterior sample").click()
        expect(glass).to_contain_text(f"pinned: a sample of image {before},")


def test_a_link_to_an_image_s_code_pins_exactly_that(opened: Callable, deep: dict, bundle: Bundle) -> None:
    rounded = [round(value, 3) for value in code(bundle, 7)]
    assert rounded != code(bundle, 7)
    page = opened(component_data("explore", deep, z=rounded))
    assert latent(page) == code(bundle, 7)
    expect(page.locator("[data-role=glass]")).to_contain_text("pinned: image 7,")


def test_a_finger_s_touch_takes_a_dot_and_its_walk_a_place(
    opened: Callable, deep: dict, bundle: Bundle
) -> None:
    page = opened(
        component_data("explore", deep, plotly=True, axes="pca"),
        options={"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}},
    )
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    page.locator("[data-role=map]").scroll_into_view_if_needed()
    chosen = lonely(page)

    def is_taken() -> bool:  # on a slow machine the map may still be on its way to where it stays
        x, y = page.evaluate(PLACE, chosen)
        page.touchscreen.tap(x + 5, y)
        timers_end(page, 400)
        return latent(page) == code(bundle, chosen)

    until(page, is_taken, "the image's code")
    x, y = page.evaluate(PLACE, chosen)
    touch = page.context.new_cdp_session(page)
    start = map_place(page, 0.5, 0.5)
    for kind, at in (("touchStart", start), ("touchMove", (x, y)), ("touchEnd", None)):
        points = [] if at is None else [{"x": at[0], "y": at[1]}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    two_frames(page)
    assert latent(page) != code(bundle, chosen), "a finger that walked there means the place"
