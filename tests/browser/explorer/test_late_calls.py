"""Streamlit calls a component now and then out of order: an old call that comes late must not win.

Met on a busy machine: Start was clicked while the page was loading, and the map stayed empty although the
run trained, because the first call ("no run yet") came after the second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.played_run import FakeRun
from tests.browser.serving import NO_PLOTLY, StaticSite
from tests.browser.small_models import component_page
from tests.browser.waiting import two_frames
from vae_core.config.configs import ModelConfig


def test_an_old_call_that_comes_late_does_not_take_the_run_away(
    new_page: Callable[..., Page], site: StaticSite
) -> None:
    run, page = FakeRun(ModelConfig((1, 8, 8), 2, "mlp")), new_page()
    page.route_web_socket("**/latent/stream/*", run.connect)
    data: dict[str, Any] = {"mode": "train", "plotly": NO_PLOTLY, "bundle": None, "stream": None, "turn": 5.0}
    data |= dict.fromkeys(("z", "axes", "layers", "interpolation"))
    page.goto(site.put("/late-calls", component_page(data)))
    page.evaluate("mount({turn: 7, stream: {url: '/latent/stream/r1', run: 'r1', keyframes: null}})")
    expect(page.locator(".le-train-stage")).to_be_visible()  # its modules have come
    page.evaluate("mount({turn: 5, stream: null})")
    two_frames(page)
    assert page.locator(".le-train-stage").is_visible()
    assert not page.locator(".le-empty").is_visible()
    page.evaluate("mount({turn: 8, stream: null})")  # a newer call is heard, whatever it says
    page.locator(".le-empty").wait_for(state="visible")
