"""Pages are found as they were left: by the navigation, by Back, and by Back once more."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from playwright.sync_api import Page, expect

from tests.browser.waiting import app_rests, timers_end

BETA_7: Final = re.compile(r"\?train_beta=7(\.0)?$")
"""Streamlit writes a whole number as "7.0" in a page's script, as "7" in its frame; the later one stays."""


def go(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()
    heading(page, name)


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=1, name=name, exact=True)).to_be_visible()
    expect(page).to_have_title(f"{name} · Latent Explorer")


def holds(page: Page, key: str, value: str) -> None:
    expect(page.locator(f".st-key-{key} input").first).to_have_value(value)


def test_the_navigation_brings_a_page_back_as_it_was(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{app_url}/interpolate?interpolate_model=fashion-16&interpolate_steps=5")
    holds(page, "interpolate_steps", "5")
    go(page, "Train")
    page.locator(".st-key-train_beta input").fill("7")
    page.locator(".st-key-train_beta input").press("Enter")
    page.wait_for_url(BETA_7)
    go(page, "Interpolate")
    holds(page, "interpolate_steps", "5")
    holds(page, "interpolate_model", "fashion-16")
    page.wait_for_url("**interpolate_model=fashion-16&interpolate_steps=5**")
    go(page, "Train")
    holds(page, "train_beta", "7")
    page.wait_for_url(BETA_7)


def test_back_brings_a_page_back_and_leads_further_back(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{app_url}/images")
    heading(page, "Images")
    go(page, "Train")
    page.locator(".st-key-train_more summary").click()
    page.locator(".st-key-train_epochs input").fill("7")
    page.locator(".st-key-train_epochs input").press("Enter")
    page.wait_for_url("**train_epochs=7")
    go(page, "Models")
    page.go_back()
    heading(page, "Train")
    holds(page, "train_epochs", "7")
    page.wait_for_url("**train_epochs=7")
    for _ in range(6):  # Streamlit leaves entries of its own between two pages; nobody is held on one of them
        if page.url.endswith("/images"):
            break
        page.go_back()
        timers_end(page, 500)  # time for an entry that Streamlit may add on arriving
        app_rests(page)
    heading(page, "Images")


def test_a_link_to_the_default_is_taken_at_its_word(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{app_url}/?explore_model=fashion-16")
    holds(page, "explore_model", "fashion-16")
    go(page, "Models")
    card = page.locator(".st-key-gallery > div").filter(has_text="mnist-2,")
    card.get_by_role("link", name="Explore", exact=True).click()
    heading(page, "Explore")
    page.wait_for_function("window.latentExplorer?.bundle === 'mnist-2'")
    holds(page, "explore_model", "mnist-2")
    go(page, "Images")
    go(page, "Explore")
    holds(page, "explore_model", "mnist-2")
