"""axe-core on what we draw: no serious violation on Explore, Train and Interpolate, in light and dark.

What Streamlit itself draws is checked too, but for what it is known to break.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import numpy as np
import pytest
from played_run import FakeRun
from playwright.sync_api import Page
from serving import StaticSite
from small_models import component_data, component_page

from vae_core.config import ModelConfig

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
STREAMLITS_OWN: frozenset[str] = frozenset()
"""Rules of axe that Streamlit's own frame and widgets break seriously, and that we cannot mend."""

RUN = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    const inOurs = (node) => node.target.some((selector) =>
        document.querySelector([selector].flat()[0])?.closest(".latent-explorer"));
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical").flatMap(
        ({ id, nodes }) => nodes.map((node) => ({ id, ours: inOurs(node), html: node.html.slice(0, 200),
                                                  why: node.failureSummary })));
}"""


def violations(page: Page) -> list[dict[str, Any]]:
    """Everything serious or critical; what is not ours and known is left out."""
    page.evaluate(AXE)
    found = page.evaluate(RUN)
    return [each for each in found if each["ours"] or each["id"] not in STREAMLITS_OWN]


def test_axe_finds_what_is_wrong(new_page: Callable[..., Page], site: StaticSite) -> None:
    page = new_page()
    page.goto(site.url)
    page.set_content("<div class=latent-explorer><p style='color:#ccc;background:#fff'>Pale</p></div>")
    assert [each["id"] for each in violations(page) if each["ours"]] == ["color-contrast"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["?explore_model=fashion-16", "interpolate?interpolate_model=fashion-16", "train"]
)
def test_pages_have_no_serious_violation(
    path: str, scheme: str, app_url: str, new_page: Callable[..., Page]
) -> None:
    page = new_page(color_scheme=scheme)
    page.goto(f"{app_url}/{path}")
    page.wait_for_function("window.latentExplorer?.ready || document.querySelector('.le-empty')")
    if path.startswith("?"):
        page.locator("[data-role=neighbours] button").nth(1).click()
        for table in page.get_by_text("As a table").all():
            table.click()
        page.locator(".le-sliders summary").first.click()
    page.wait_for_timeout(500)
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
    page.wait_for_function("window.latentExplorer")
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
    page.wait_for_timeout(300)
    assert [each for each in violations(page) if each["ours"]] == []
