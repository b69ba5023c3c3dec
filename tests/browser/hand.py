"""What a hand does on the map, and what it finds."""

from __future__ import annotations

from playwright.sync_api import Page


def latent(page: Page) -> list[float]:
    return page.evaluate("window.latentExplorer.z")


def map_place(page: Page, right: float = 0.5, down: float = 0.4) -> tuple[float, float]:
    box = page.locator("[data-role=map]").bounding_box()
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


def two_frames(page: Page) -> None:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
