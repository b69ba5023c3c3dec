"""Time on Train, in the real app: start, change, pause, step, slow motion, rewind, branch, reload."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.serving import Errors, running_app

SETTINGS = "train_images=mnist&train_architecture=mlp&train_epochs=500"


@pytest.fixture
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_app(tmp_path_factory.mktemp("time")) as address:
        yield address


def press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button").first.click()


def marked(page: Page, text: str) -> Locator:
    """The first curve that says so at one of its marks."""
    return page.locator(f'canvas[aria-label*="{text}"]').first


def step_of(page: Page) -> int:
    """The step that the run's status names."""
    text = page.locator(".latent-explorer").inner_text()
    return int(text.split("step ", 1)[1].split(" ", 1)[0].replace(",", ""))


def test_start_change_pause_step_rewind_branch_and_reload(url: str, new_page: Callable[..., Page]) -> None:
    page, errors = new_page(viewport={"width": 1280, "height": 1000}), Errors()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}/train?{SETTINGS}")
    expect(page.locator(".st-key-train_start button")).to_be_enabled()
    press(page, "train_start")
    page.wait_for_function("window.latentExplorer?.frames >= 5")

    # Change: a mark stands where it was
    beta = page.locator(".st-key-train_beta input")
    beta.fill("4")
    beta.press("Enter")
    expect(marked(page, "beta 1 → 4")).to_be_attached()

    # Pause, one step, one step taken apart
    press(page, "train_pause")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    before = step_of(page)
    press(page, "train_step")
    page.wait_for_function(
        "n => document.querySelector('.latent-explorer').innerText.includes(n)",
        arg=f"step {before + 1:,}",
    )
    press(page, "train_explain")
    expect(page.locator('[data-role="slow-motion"]')).to_be_visible()

    # Rewind to the first moment, and back to now
    scrubber = page.locator('[data-role="scrubber"]').first
    scrubber.focus()
    scrubber.press("Home")
    page.wait_for_function("window.latentExplorer.keyframe === 0")
    past = page.evaluate("window.latentExplorer.points")
    scrubber.press("End")
    page.wait_for_function("window.latentExplorer.keyframe !== 0")
    assert page.evaluate("window.latentExplorer.points") != past

    # Branch from the first moment: its parent's curves stand beside it, also after a reload
    scrubber.press("Home")
    page.wait_for_function("window.latentExplorer.keyframe === 0")
    press(page, "train_branch")
    expect(marked(page, "branched from step 0")).to_be_attached()
    page.wait_for_function("window.latentExplorer?.keyframe === null && window.latentExplorer.frames >= 2")
    page.reload()
    page.wait_for_function("window.latentExplorer?.frames >= 1")
    expect(marked(page, "branched from step 0")).to_be_attached()

    # Its parent, which was last seen at its first moment, is shown, and hence saved, as it is now
    page.get_by_text("Your other runs").click()
    page.locator('[class*="st-key-train_other_"] button').first.click()
    page.wait_for_function(
        "n => window.latentExplorer?.ready && document.querySelector('.le-status').innerText.includes(n)",
        arg=f"step {before + 2:,}",  # one step, and the one taken apart
    )
    press(page, "train_save")
    saved = page.get_by_text(re.compile("Saved as"))
    expect(saved).to_be_visible()
    assert ", step" not in saved.inner_text()

    # At a moment of its past it is that moment, however soon the button is pressed
    scrubber.press("Home")
    page.wait_for_function("window.latentExplorer.keyframe === 0")
    press(page, "train_save")
    expect(page.get_by_text(re.compile("Saved as .*, step 0"))).to_be_visible()
    assert errors == []
