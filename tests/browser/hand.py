"""What a hand does on the map, and what it finds."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Page

from tests.browser.waiting import timers_end, two_frames, until

REST = 700
"""Longer than a hand must rest before Python is told, in ms."""


def latent(page: Page) -> list[float]:
    return page.evaluate("window.latentExplorer.z")


def map_place(page: Page, right: float = 0.5, down: float = 0.4) -> tuple[float, float]:
    box = page.locator("[data-role=map]").bounding_box()
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


def sent(page: Page) -> list[list]:
    return page.evaluate("window.sent.map(([key, value]) => [key, value])")


def drawn(page: Page) -> np.ndarray:
    """The decoded picture's grey values, 0..255, row by row."""
    return np.array(
        page.evaluate("""() => {
            const canvas = document.querySelector("[data-role=decoded]");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return Array.from(data.filter((_, i) => i % 4 === 0));
        }""")
    )


def decoded(page: Page) -> np.ndarray:
    """What the picture should be."""
    return 255 * np.array(
        page.evaluate("async () => Array.from(await window.latentExplorer.decode(window.latentExplorer.z))")
    )


def wait_for_strips(page: Page) -> None:
    page.wait_for_function("""() => {
        const lastAlpha = (canvas) => canvas.getContext("2d").getImageData(canvas.width - 1, 0, 1, 1).data[3];
        return [...document.querySelectorAll("[data-role^=traversal-]")].every((c) => lastAlpha(c) === 255);
    }""")


def settled(page: Page) -> None:
    """Wait until what is near has been looked for: it comes after the frame of the picture."""
    two_frames(page)
    timers_end(page, 30)


LAYERS_SUM = """() => {
    const canvas = document.querySelector("[data-role=layers]");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let p = 0; p < data.length; p += 4) sum = (sum * 31 + data[p] + 7 * data[p + 3]) % 1000003;
    return sum;
}"""
"""A number that tells drawings of the map's layers apart; 0 where nothing is drawn."""


def layers_sum(page: Page) -> int:
    found: int = page.evaluate(LAYERS_SUM)
    return found


def unchanging_layers(page: Page) -> int:
    """Wait until something is drawn, and no timer and no worker draws any more; return its number."""
    until(page, lambda: layers_sum(page) != 0, "the layers' drawing")
    before = None
    while (now := layers_sum(page)) != before:
        before = now
        timers_end(page, 500)
    return now


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def pixels(page: Page, selector: str) -> np.ndarray:
    """The grey values of each canvas that the selector finds, (M, H * W)."""
    return np.array(
        page.eval_on_selector_all(
            selector,
            """(all) => all.map((canvas) => {
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                return Array.from(data.filter((_, i) => i % 4 === 0));
            })""",
        )
    )
