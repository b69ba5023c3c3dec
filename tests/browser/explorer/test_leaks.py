"""Opening and closing the explorer again and again leaves no worker, listener or canvas, and a flat heap."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import CDPSession, Page

from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, serve_model, small_bundle
from tests.browser.waiting import timers_end, until

WARM, ROUNDS = 10, 10
KILOBYTES = 40
"""By which the heap may grow per opening: the engine's own caches. A view that stays takes far more."""

OPEN_AND_CLOSE = """async (mode) => {
    const root = document.createElement("div");
    document.body.append(root);
    const cleanUp = await window.mount({ mode }, root);
    const start = performance.now();
    const wait = (condition) => new Promise((done, fail) => {
        const look = () => {
            if (condition()) done();
            else if (performance.now() - start > 30000) fail("too long");
            else setTimeout(look, 20);
        };
        look();
    });
    await wait(() => window.latentExplorer?.ready && root.querySelector(".le-plot .nsewdrag"));
    const map = root.querySelector("[data-role=map]");
    const { x, y, width } = map.getBoundingClientRect();
    for (const share of [0.3, 0.5, 0.7]) {
        const at = { clientX: x + share * width, clientY: y + 150 };
        map.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, pointerType: "mouse", ...at }));
        await new Promise(requestAnimationFrame);
    }
    root.querySelector("[data-role=neighbours] button")?.click();
    await new Promise((done) => setTimeout(done, 60));
    root.remove();
    cleanUp();
    await wait(() => window.latentExplorer === undefined);
}"""


def state(page: Page, session: CDPSession) -> dict[str, float]:
    """What the page holds once everything that can go has gone."""
    timers_end(page, 2200)  # the last of the looks for elements that have left
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return {name: metrics[name] for name in ("JSEventListeners", "Nodes", "JSHeapUsedSize")}


def test_opening_and_closing_leaves_nothing(opened: Callable, site: StaticSite, errors: Errors) -> None:
    data = component_data("explore", serve_model(site, "deep", small_bundle()), plotly=True)
    page = opened(data, options={})
    page.evaluate("() => { document.getElementById('root').remove(); window.cleanUp(); }")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def openings(count: int) -> dict[str, float]:
        for turn in range(count):
            page.evaluate(OPEN_AND_CLOSE, ("explore", "interpolate", "draw")[turn % 3])
        return state(page, session)

    before, after = openings(WARM), openings(ROUNDS)
    until(page, lambda: not page.workers, "the last worker's end")
    assert page.locator("canvas").count() == 0
    assert after["JSEventListeners"] <= before["JSEventListeners"] + 2
    assert after["Nodes"] <= before["Nodes"] + 5 * ROUNDS
    assert after["JSHeapUsedSize"] - before["JSHeapUsedSize"] < ROUNDS * KILOBYTES * 1024
    assert not errors
