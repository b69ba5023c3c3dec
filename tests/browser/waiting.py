"""Waiting for what a page does, never for a length of time: a busy machine takes as long as it needs."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

PATIENCE = 120_000
"""How long anything may take, in ms; what is waited for ends the wait."""

AT_REST = """() => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"
    && document.getAnimations().every((each) => each.playState !== "running")"""
"""The frame's script is done, and nothing moves on its way to a new look."""


def until(page: Page, condition: Callable[[], object], what: str = "it") -> None:
    """Wait for what only Python can tell, with the page's events coming in meanwhile."""
    latest = time.monotonic() + PATIENCE / 1000
    while not condition():
        if time.monotonic() > latest:
            pytest.fail(f"{what} did not come")
        page.wait_for_timeout(20)


def two_frames(page: Page) -> None:
    """Let the page draw what it has been told: at the end of its next frame all of it is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def timers_end(page: Page, milliseconds: int) -> None:
    """Let the page's own timers of at most this length come: one that is set now comes after them.

    What such a timer was to do is done then, on a machine of any speed; what has not happened will not.
    """
    page.evaluate("(length) => new Promise((done) => setTimeout(done, length))", milliseconds)
    two_frames(page)


def app_rests(page: Page) -> None:
    """Wait until Streamlit has drawn the page and nothing moves."""
    page.wait_for_function(AT_REST)
