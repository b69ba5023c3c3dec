"""Where what runs the models cannot be fetched, the page says so, and what would do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route

from tests.browser.small_models import component_data


def without_connection(route: Route) -> None:
    route.abort()


def gone(route: Route) -> None:
    route.fulfill(status=404)


def broken(route: Route) -> None:
    route.fulfill(body=b"<!doctype html>", content_type="text/html")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (without_connection, "could not be fetched: no connection to the server. Reload the page."),
        (gone, "could not be fetched: the server answered 404. Reload the page."),
        (broken, "This browser cannot run what runs the models ("),
    ],
)
@pytest.mark.parametrize("mode", ["explore", "train"])
def test_a_page_without_kernels_says_so_and_asks_again(
    mode: str, answer: Callable[[Route], None], words: str, opened: Callable, flat: dict
) -> None:
    def cut(page: Page) -> None:
        page.route("**/*.wasm", answer)

    bundle = flat if mode == "explore" else None
    page = opened(component_data(mode, bundle), ready=False, prepare=cut)
    alert = page.get_by_role("alert")
    alert.get_by_text(words).wait_for()

    page.unroute("**/*.wasm", answer)
    page.evaluate("window.mount()")
    page.wait_for_selector(f".le-{mode}")
    alert.wait_for(state="hidden")
    if mode == "explore":
        page.wait_for_function("window.latentExplorer.ready && window.latentExplorer.z.length")


def test_a_browser_without_web_assembly_is_told_what_would_do(opened: Callable, flat: dict) -> None:
    def take(page: Page) -> None:
        page.add_init_script("delete globalThis.WebAssembly")

    page = opened(component_data("explore", flat), ready=False, prepare=take)
    page.get_by_role("alert").get_by_text("This browser runs no WebAssembly").wait_for()
