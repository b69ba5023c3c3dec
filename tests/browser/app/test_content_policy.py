"""Every page in a real browser under its policy: nothing it needs is kept out, what is foreign is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.browser.app.test_axe import PAGES_WITHOUT_EXPLORER

NOTE = """window.kept_out = [];
document.addEventListener('securitypolicyviolation',
    (event) => window.kept_out.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));"""
READY = "window.latentExplorer?.ready && document.querySelector('[data-role=map] .main-svg')"


def watched(new_page: Callable[..., Page]) -> Page:
    """A page that notes what the policy keeps out, in this document and in its workers' messages."""

    def note(said: ConsoleMessage) -> None:
        if said.type == "error":
            page.evaluate("text => kept_out.push(text)", said.text)

    page = new_page(viewport={"width": 1280, "height": 720})
    page.add_init_script(NOTE)
    page.on(
        "console", lambda said: said.type == "error" and page.evaluate("t => kept_out.push(t)", said.text)
    )
    return page


def kept_out(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "kept_out.filter((text) => /directive|-src|Content Security/.test(text))"
    )
    return found


@pytest.mark.parametrize("path", sorted(PAGES_WITHOUT_EXPLORER))
def test_a_page_needs_no_more_than_its_policy_allows(
    new_page: Callable[..., Page], app_url: str, path: str
) -> None:
    page = watched(new_page)
    page.goto(f"{app_url}/{path}")
    page.wait_for_function(PAGES_WITHOUT_EXPLORER[path])
    assert kept_out(page) == []


def test_the_explorer_draws_decodes_and_hands_out_files_under_its_policy(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = watched(new_page)
    page.goto(f"{app_url}/?explore_model=mnist-2&explore_layers=decoded")
    page.wait_for_function(READY)
    page.wait_for_function("latentExplorer.points.length > 100")
    page.goto(f"{app_url}/interpolate?interpolate_model=shapes-10")
    page.wait_for_function(READY)
    assert kept_out(page) == []


def test_training_streams_under_its_policy(new_page: Callable[..., Page], app_url: str) -> None:
    page = watched(new_page)
    page.goto(f"{app_url}/train?train_images=digits&train_architecture=mlp&train_epochs=2")
    page.locator(".st-key-train_start button").first.click()
    page.wait_for_function("window.latentExplorer?.frames > 2 || window.latentExplorer?.ready")
    expect(page.locator("[data-role=map]").first).to_be_visible()
    assert kept_out(page) == []


def test_a_foreign_script_is_kept_out(new_page: Callable[..., Page], app_url: str) -> None:
    page = watched(new_page)
    page.goto(f"{app_url}/images")
    page.wait_for_function(PAGES_WITHOUT_EXPLORER["images"])
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.foreign = true";
        document.body.append(script);
    }""")
    page.wait_for_function("kept_out.length > 0")
    assert page.evaluate("window.foreign") is None
