"""The whole way of a newcomer, in a real Chromium on a fresh library: train, save, explore, interpolate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.serving import Errors, running_app
from tests.browser.waiting import two_frames, until

SETTINGS = "train_images=digits&train_architecture=mlp"
LONG = "train_images=mnist&train_architecture=mlp&train_epochs=500"
READY = "name => window.latentExplorer?.ready && (!name || window.latentExplorer.bundle === name)"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_app(tmp_path_factory.mktemp("journey")) as address:
        yield address


def press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button").first.click()


def hover_map(page: Page, across: float, down: float) -> list[float]:
    """Move the pointer over the map, and return the latent whose picture is then drawn."""
    box = page.locator('[data-role="map"]').first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
    two_frames(page)
    found: list[float] = page.evaluate("Array.from(window.latentExplorer.z)")
    return found


def pixels(page: Page, role: str) -> list[int]:
    found: list[int] = page.evaluate(
        """role => {
          const found = document.querySelector(`[data-role="${role}"]`);
          const canvas = found.tagName === 'CANVAS' ? found : found.querySelector('canvas');
          return Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data);
        }""",
        role,
    )
    return found


def test_train_save_explore_and_interpolate(url: str, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 1280, "height": 1000})
    errors = Errors()
    page.on("pageerror", lambda error: errors.append(str(error)))

    # Train: the map moves and can be hovered while it does
    page.goto(f"{url}/train?{SETTINGS}&train_epochs=60")
    expect(page.locator(".st-key-train_start button")).to_be_enabled()
    press(page, "train_start")
    page.wait_for_function("window.latentExplorer?.frames >= 1")
    page.wait_for_function("window.latentExplorer.points.length >= 100")
    here, there = hover_map(page, 0.4, 0.4), hover_map(page, 0.6, 0.6)
    assert here != there
    expect(page.get_by_text(re.compile(r"^Done\b")).first).to_be_visible()

    # Reload: the run is still there
    page.reload()
    page.wait_for_function("window.latentExplorer?.points?.length >= 100")

    # Save, and follow the link to Explore
    page.locator(".st-key-train_title input").fill("My <b>digits</b>")
    page.locator(".st-key-train_title input").press("Enter")
    press(page, "train_save")
    link = page.get_by_role("link", name="Explore it")
    expect(link).to_be_visible()
    link.click()
    page.wait_for_url("**explore_model=**")
    name = page.url.partition("explore_model=")[2].partition("&")[0]
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,47}", name)
    page.wait_for_function(READY, arg=name)

    # Explore: hover, pin, slider; the latent is in the link and survives a reload
    first, second = hover_map(page, 0.35, 0.5), None
    drawn = pixels(page, "decoded")
    second = hover_map(page, 0.65, 0.5)
    assert first != second
    assert drawn != pixels(page, "decoded")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url("**explore_z=**")
    page.mouse.move(5, 5)
    two_frames(page)
    pinned = page.evaluate("Array.from(window.latentExplorer.z)")
    assert pinned == pytest.approx(second, abs=0.2), (
        "the place clicked, or the image whose dot lies under the hand"
    )
    page.reload()
    page.wait_for_function(READY, arg=name)
    until(
        page,
        lambda: page.evaluate("Array.from(window.latentExplorer.z)") == pytest.approx(pinned, abs=2e-3),
        "the latent of the link",
    )

    # Interpolate the same model: two ends, any number of steps
    page.goto(
        f"{url}/interpolate?interpolate_model={name}&interpolate_from=0&interpolate_to=7&interpolate_steps=9"
    )
    page.wait_for_function(READY, arg=name)
    expect(page.locator(".st-key-interpolate_method")).to_be_visible()
    expect(page.locator('[data-role="map"]').first).to_be_visible()

    # Models: it is listed as its title says, as text
    page.goto(f"{url}/models")
    expect(page.get_by_text("My <b>digits</b>").first).to_be_visible()
    assert not errors


def test_two_browsers_have_runs_of_their_own(url: str, new_page: Callable[..., Page]) -> None:
    size = {"width": 1280, "height": 800}
    first, second = new_page(viewport=size), new_page(viewport=size)  # each a browser of its own
    first.goto(f"{url}/train?{LONG}")
    expect(first.locator(".st-key-train_start button")).to_be_enabled()
    press(first, "train_start")
    first.wait_for_function("window.latentExplorer?.frames >= 1")
    second.goto(f"{url}/train")
    expect(second.get_by_text("No run yet").first).to_be_visible()
    second.goto(f"{url}/train?{LONG}&train_latent_dim=3")
    expect(second.locator(".st-key-train_start button")).to_be_enabled()
    press(second, "train_start")
    second.wait_for_function("window.latentExplorer?.frames >= 1")
    first.wait_for_function("window.latentExplorer?.z.length === 2")
    second.wait_for_function("window.latentExplorer?.z.length === 3")

    # Pause, leave, come back: it rests where it was, and goes on
    press(first, "train_pause")
    expect(first.get_by_role("button", name="Resume")).to_be_visible()
    first.get_by_role("link", name="Images", exact=True).first.click()
    first.wait_for_url("**/images*")
    first.get_by_role("link", name="Train", exact=True).first.click()
    expect(first.get_by_role("button", name="Resume")).to_be_visible()
    before = first.evaluate("window.latentExplorer?.frames ?? 0")
    press(first, "train_pause")
    first.wait_for_function("before => window.latentExplorer?.frames > before", arg=before)
    press(first, "train_stop")
