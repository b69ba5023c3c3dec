"""The few lines by which a page gets the explorer's modules."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.serving import StaticSite
from ui.explorer.component import HTML, LOADER

CALL = """async (module) => {
  const loader = await import("/loader.js");
  await loader.default({ parentElement: document.body, data: { module } });
}"""


def test_a_page_that_outlives_its_server_takes_the_next_ones_modules(
    new_page: Callable[..., Page], site: StaticSite
) -> None:
    """Met when a server came back with other modules: two explorers stood in one page, each with a stream."""
    page = new_page()
    site.put("/loader.js", LOADER, "text/javascript")
    for version in ("one", "two"):
        text = f"export default () => {{ window.opened = (window.opened ?? '') + '{version} '; }}"
        site.put(f"/{version}.js", text, "text/javascript")
    page.goto(site.put("/loading", f"<!doctype html><link rel=icon href=data:><body>{HTML}</body>"))
    page.evaluate(CALL, "/one.js")
    page.evaluate(CALL, "/one.js")
    assert page.evaluate("window.opened") == "one one "
    with page.expect_navigation():
        page.evaluate(f"module => void ({CALL})(module)", "/two.js")
    page.evaluate(CALL, "/two.js")
    assert page.evaluate("window.opened") == "two "
