"""One of two browsers loses the network while both train: its run goes on, and its page by itself, too."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.network import network
from tests.browser.serving import Errors, running_app, wait_until

OUTAGE = float(os.environ.get("LATENT_TEST_OUTAGE", "5"))
"""Seconds without a network. Streamlit keeps a session for about two minutes; try 60 and 150 by hand, with
LATENT_PARK_MINUTES=10."""

SETTINGS = "train_images=mnist&train_epochs=500"
"""They keep a run busy for longer than any of that takes."""

SIZE = {"width": 1280, "height": 900}
LOST = "The connection to the run was lost"
FRAMES = "window.latentExplorer.frames"
GREW = "before => window.latentExplorer.frames > before"


def train(page: Page, url: str) -> None:
    page.goto(f"{url}/train?{SETTINGS}")
    expect(page.locator(".st-key-train_start button")).to_be_enabled()
    page.locator(".st-key-train_start button").click()
    page.wait_for_function("() => window.latentExplorer?.frames >= 2")
    page.evaluate("window.wasNeverReloaded = true")


def steps(home: Path) -> dict[str, int]:
    """How far each run is that there is, by its id, as the disk says."""
    found = home.glob("owners/*/runs/*/progress.json")
    return {path.parent.name: json.loads(path.read_bytes())["step"] for path in found}


def test_a_run_and_its_page_outlive_a_lost_network(tmp_path: Path, new_page: Callable[..., Page]) -> None:
    lost, other = new_page(viewport=SIZE), new_page(viewport=SIZE)
    errors = Errors()
    for page in (lost, other):
        page.on("pageerror", lambda error: errors.append(str(error)))
    with running_app(tmp_path) as url, network(url) as wifi:
        train(lost, wifi.url)
        wait_until(lambda: len(steps(tmp_path)) == 1, 60)
        (run,) = steps(tmp_path)
        train(other, url)
        wait_until(lambda: len(steps(tmp_path)) == 2, 60)

        wifi.cut()
        since = time.monotonic()
        before, drawn = steps(tmp_path)[run], other.evaluate(FRAMES)
        expect(lost.locator(".le-run-status")).to_contain_text(LOST)
        wait_until(lambda: steps(tmp_path)[run] > before, 60)  # it trains on
        other.wait_for_function(GREW, arg=drawn + 5)
        assert LOST not in other.locator(".le-run-status").inner_text()
        lost.wait_for_timeout(1000 * max(0.0, OUTAGE - (time.monotonic() - since)))

        drawn = lost.evaluate(FRAMES)
        wifi.mend()
        lost.wait_for_function(GREW, arg=drawn)
        expect(lost.locator(".le-run-status")).to_contain_text("Training")
        # The page around the map is there again as well: its buttons reach the run, which is the same.
        expect(lost.locator(".st-key-train_pause button")).to_contain_text("Pause")
        expect(lost.get_by_role("dialog")).to_have_count(0)
        lost.locator(".st-key-train_pause button").click()
        expect(lost.locator(".le-run-status")).to_contain_text("Paused")
        expect(other.locator(".le-run-status")).to_contain_text("Training")
        assert lost.evaluate("window.wasNeverReloaded")
        assert len(steps(tmp_path)) == 2
    assert not errors
