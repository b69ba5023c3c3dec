"""axe-core on what we draw: no serious violation on any page, in light and dark, and headings in their order.

What Streamlit itself draws is checked too, but for what it is known to break.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import numpy as np
import pytest
from playwright.sync_api import Page

from tests.browser.played_run import FakeRun
from tests.browser.serving import StaticSite
from tests.browser.small_models import component_data, component_page
from tests.browser.waiting import app_rests, two_frames
from vae_core.config.configs import ModelConfig

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
STREAMLITS_OWN: frozenset[str] = frozenset()
"""Rules of axe that Streamlit's own frame and widgets break seriously, and that we cannot mend."""

PAGES_WITHOUT_EXPLORER = {
    "learn": "document.querySelectorAll('a[href*=\"lesson=\"]').length > 7",
    "models": "document.querySelectorAll('.st-key-gallery img').length > 5",
    "images": "document.querySelectorAll('[class*=st-key-images_] h2').length > 3",
    "class": "document.querySelector('.latent-qr')",
    "server": "document.querySelectorAll('h2').length > 1",
}
"""By path, what tells that the page is drawn."""

RUN = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    const inOurs = (node) => node.target.some((selector) =>
        document.querySelector([selector].flat()[0])?.closest(".latent-explorer"));
    const counts = ({ id, impact }) => ["serious", "critical"].includes(impact) || id === "heading-order";
    return violations.filter(counts).flatMap(
        ({ id, nodes }) => nodes.map((node) => ({ id, ours: inOurs(node), html: node.html.slice(0, 200),
                                                  why: node.failureSummary })));
}"""


def violations(page: Page) -> list[dict[str, Any]]:
    """Everything serious or critical, and skipped ranks of headings, but for what is known and not ours."""
    page.evaluate(AXE)
    found = page.evaluate(RUN)
    return [each for each in found if each["ours"] or each["id"] not in STREAMLITS_OWN]


def test_axe_finds_what_is_wrong(new_page: Callable[..., Page], site: StaticSite) -> None:
    page = new_page()
    page.goto(site.url)
    pale = "<p style='color:#ccc;background:#fff'>Pale</p>"
    page.set_content(f"<h1>Page</h1><div class=latent-explorer>{pale}<h3>Part</h3></div>")
    found = sorted(each["id"] for each in violations(page) if each["ours"])
    assert found == ["color-contrast", "heading-order"]


@pytest.mark.parametrize(
    "path",
    [
        "?explore_model=fashion-16",
        "interpolate?interpolate_model=fashion-16",
        "draw?draw_model=mnist-2",
        "train",
        "learn?lesson=clouds",
        *PAGES_WITHOUT_EXPLORER,
    ],
)
def test_pages_have_no_serious_violation(path: str, app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{app_url}/{path}")
    drawn = (
        PAGES_WITHOUT_EXPLORER.get(path)
        or "window.latentExplorer?.ready || document.querySelector('.le-empty')"
    )
    page.wait_for_function(drawn)
    if path.startswith("?"):
        page.locator("[data-role=neighbours] button").nth(1).click()
        for table in page.get_by_text("As a table").all():
            table.click()
        page.locator(".le-sliders summary").first.click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(
            f"getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'"
        )
        app_rests(page)
        assert violations(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_watched_run_has_no_serious_violation(
    dark: bool, new_page: Callable[..., Page], site: StaticSite
) -> None:
    run = FakeRun(ModelConfig((1, 8, 8), 4, "mlp", width=0.125))
    page = new_page()
    page.route_web_socket("**/stream/r1", run.connect)
    page.route("**/keyframes/*", run.answer)
    stream = {"url": "/stream/r1", "run": "r1", "keyframes": "/keyframes"}
    page.goto(site.put("/run", component_page(component_data("train", stream=stream))))
    page.wait_for_selector(".le-train-stage", state="attached")  # its modules have come, it watches
    if dark:
        page.evaluate("""() => {
            const { style } = document.getElementById("root");
            style.setProperty("--st-text-color", "#e9ecf4");
            style.setProperty("--st-background-color", "#11141b");
            style.setProperty("--st-primary-color", "#4f68e8");
            document.body.style.background = "#11141b";
            return window.mount();
        }""")
    run.weights(10)
    run.frame(10, np.arange(20), run.codes[:20])
    run.snapshot(12)
    run.keep(0, 4, 8)
    page.wait_for_function("window.latentExplorer.ready")
    page.get_by_role("slider", name="Moment of the run").press("Home")
    page.wait_for_function("window.latentExplorer.keyframe === 0")
    two_frames(page)
    assert [each for each in violations(page) if each["ours"]] == []
