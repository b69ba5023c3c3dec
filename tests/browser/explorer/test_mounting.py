"""The component as Streamlit treats it: called again, twice, cleaned up late, in any theme and width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.hand import wait_for_strips
from tests.browser.serving import Errors
from tests.browser.small_models import component_data
from tests.browser.waiting import timers_end, until


def test_late_clean_ups_change_nothing_while_the_element_lives(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat))
    page.evaluate("async () => { const earlier = window.cleanUp; await window.mount(); earlier(); }")
    timers_end(page, 400)
    assert page.evaluate("window.latentExplorer.ready")
    assert page.locator("[data-role=map]").count() == 1


def test_nothing_is_left_when_the_element_has_gone(opened: Callable, flat: dict, errors: Errors) -> None:
    page = opened(component_data("explore", flat, plotly=True))
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    wait_for_strips(page)
    assert len(page.workers) == 1
    page.evaluate(
        """() => { window.root = document.getElementById("root"); root.remove(); window.cleanUp(); }"""
    )
    page.wait_for_function("window.latentExplorer === undefined")
    until(page, lambda: not page.workers, "the worker's end")
    expect(page.locator("canvas")).to_have_count(0)
    page.mouse.move(300, 300)
    page.evaluate("""async () => { const fresh = document.createElement("div"); document.body.append(fresh);
        window.cleanUp = await window.mount({}, fresh); }""")
    page.wait_for_function("window.latentExplorer?.ready && window.latentExplorer.all.length === 1")
    assert not errors


def test_two_explorers_live_side_by_side(opened: Callable, flat: dict, deep: dict) -> None:
    page = opened(component_data("explore", flat))
    page.evaluate(
        """async (bundle) => { const second = document.createElement("div"); document.body.append(second);
            await window.mount({ bundle }, second); }""",
        deep,
    )
    page.wait_for_function("window.latentExplorer.all.every((each) => each.ready)")
    assert page.evaluate("window.latentExplorer.all.map((each) => each.bundle)") == ["flat", "deep"]
    assert page.evaluate("window.latentExplorer.bundle") == "flat"


def test_another_theme_repaints_the_map(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat, plotly=True))
    page.wait_for_function("document.querySelector('.le-plot')?.data?.length === 3")
    colour = "document.querySelector('.le-plot')._fullLayout.font.color"
    before = page.evaluate(colour)
    page.evaluate("""() => {
        const { style } = document.getElementById("root");
        style.setProperty("--st-text-color", "#e9ecf4");
        style.setProperty("--st-background-color", "#11141b");
        return window.mount();
    }""")
    page.wait_for_function(f"{colour} !== {before!r}")
    assert page.evaluate("document.querySelector('.le-plot').data.length") == 3


@pytest.mark.parametrize("width", [390, 820, 1280, 1920])
def test_nothing_is_wider_than_the_page(width: int, opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep), options={"viewport": {"width": width, "height": 900}})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for role in ("map", "decoded", "slider-0", "traversal-0", "readout"):
        box = page.locator(f"[data-role={role}]").bounding_box()
        assert box["width"] > 60
        assert box["x"] + box["width"] <= width + 1
