"""What the map reaches, measured in a real Chromium on the app itself and printed as one table.

    python -m bench.map

Figures from a busy machine are high.
"""

import statistics
import tempfile
import time
from dataclasses import replace

import numpy as np
import torch
from playwright.sync_api import CDPSession, Page, sync_playwright

from bench.tools.chromium import launch
from bench.tools.table import print_table
from bench.ui import FIRST_HOVER, SETTLED_LATENCY, WATCH_MOUNT, open_when_up, serve, wait_ready
from vae_core.bundles.bundle import load_bundle, pack_bundle
from vae_core.release.recipes import SHIPPED_BUNDLES

ALL_LAYERS = "manifold,prior,ellipse,ellipses,density"
OPENINGS = 50

Row = tuple[str, str, str]


def main() -> None:
    """Start the app, measure, print."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as home:
        browser = launch(playwright)
        with serve("app.py", home=home, wait=False) as (url, server):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            open_when_up(page, url, server)
            watch_decoding(page)
            rows = [
                *hovering(page, url),
                *throttled(page, url),
                *strips(page, url),
                *manifold(page, url),
                *another_model(page, url),
                *axes(page, url),
                *returning(page, url),
                *openings(page, url),
            ]
        browser.close()
    print_table(("what", "measured", "wanted"), rows)


def watch_decoding(page: Page) -> None:
    """Have each page that is opened from now on note what it decodes; one with a map is open."""
    wait_ready(page)
    page.add_init_script(WATCH_DECODING.replace("MODULE", page.evaluate(SERVICE)))


def hovering(page: Page, url: str) -> list[Row]:
    """Move a real pointer over a UMAP with all its layers on, and over two dimensions with more of them."""
    rows: list[Row] = []
    for name, view in (("UMAP", "explore_axes=umap"), ("two dimensions", "explore_axes=10,8")):
        page.goto(f"{url}/?explore_model=fashion-16&{view}&explore_layers={ALL_LAYERS}")
        wait_ready(page, "fashion-16")
        page.wait_for_timeout(5000)
        found = latencies(page)
        rows.append(
            (
                f"pointer to painted picture, all layers on, fashion-16 on {name}, p50 / p95 of {len(found)}",
                f"{np.percentile(found, 50):.1f} / {np.percentile(found, 95):.1f} ms",
                "p95 20 ms",
            )
        )
    return rows


def latencies(page: Page, seconds: float = 8) -> np.ndarray:
    """Move a real pointer over the map; give the milliseconds from each move to its painted picture."""
    box = page.locator("[data-role=map]").bounding_box()
    assert box
    rng = np.random.default_rng(0)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    found: list[float] = []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        x = float(np.clip(x + rng.normal(0, 12), box["x"] + 60, box["x"] + box["width"] - 60))
        y = float(np.clip(y + rng.normal(0, 12), box["y"] + 60, box["y"] + box["height"] - 60))
        page.mouse.move(x, y)
        found.append(page.evaluate(SETTLED_LATENCY))
    return np.array([value for value in found if value is not None], dtype=float)


def throttled(page: Page, url: str) -> list[Row]:
    """Hover in a Chromium that is slowed down four times, as on a weak laptop."""
    page.goto(f"{url}/?explore_model=mnist-16")
    wait_ready(page, "mnist-16")
    page.wait_for_timeout(4000)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    found = latencies(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return [
        (
            f"pointer to painted picture, mnist-16, four times slower, p50 / p95 of {len(found)}",
            f"{np.percentile(found, 50):.1f} / {np.percentile(found, 95):.1f} ms",
            "p95 33 ms",
        )
    ]


def another_model(page: Page, url: str) -> list[Row]:
    """Choose another model that is fetched already: from the moment it is told to its first picture."""
    page.goto(f"{url}/?explore_model=mnist-2")
    wait_ready(page, "mnist-2")
    took = []
    for turn in range(10):
        page.wait_for_timeout(1000)
        name = ("fashion-2", "mnist-2")[turn % 2]
        page.evaluate(WATCH_VIEW)
        page.locator(".st-key-explore_model input").click()
        page.get_by_role("option", name=name, exact=True).click()
        page.wait_for_function("window.__pictured !== undefined", timeout=30_000)
        took.append(page.evaluate("window.__pictured"))
    return [
        (
            "another model, fetched before, to its first picture, median",
            f"{np.median(took[2:]):.0f} ms",
            "100 ms",
        )
    ]


def strips(page: Page, url: str) -> list[Row]:
    """Open a model of 16 living dimensions: from the request to the last strip; the hand meanwhile."""
    bundle = load_bundle(SHIPPED_BUNDLES / "mnist-16.safetensors")
    mean = bundle.probe.mean
    assert mean is not None
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(0))
    is_awake = mean.var(dim=0) > 0.1
    awake = torch.where(is_awake, mean, noise)  # the others' strips would be folded away
    body = pack_bundle(replace(bundle, probe=replace(bundle.probe, mean=awake)))
    page.route("**/latent/models/mnist-16/*", lambda route: route.fulfill(body=body))
    took, anew, worst = [], [], []
    for _ in range(5):
        page.goto(f"{url}/?explore_model=mnist-16&explore_layers=")
        found = page.evaluate(WAIT_FOR_STRIPS)
        assert found["pictures"] == 16 * 9, found
        took.append(found["took"])
        page.wait_for_timeout(2000)
        page.evaluate(FORGET_DECODING)
        worst.append(page.evaluate(STRIPS_UNDER_THE_HAND))
        asked, answered = page.evaluate("[window.__asked.strips, window.__answered.strips]")
        anew += [end - each["at"] for each, end in zip(asked, answered, strict=True)]
    page.unroute("**/latent/models/mnist-16/*")
    return [
        (
            f"16 strips of 9 pictures, conv 28x28, median of {len(anew)}",
            f"{np.median(anew):.0f} ms",
            "60 ms",
        ),
        (
            "the first of a page that is just opening, beside all else that it does, median of 5",
            f"{np.median(took):.0f} ms",
            "",
        ),
        (
            "pointer to painted picture while strips are drawn anew, p95",
            f"{np.percentile(np.concatenate(worst), 95):.1f} ms",
            "20 ms",
        ),
    ]


def manifold(page: Page, url: str) -> list[Row]:
    """Switch the decoded pictures on for the first time: the first ones, then all."""
    coarse, fine, counts = [], [], []
    for _ in range(3):
        page.goto(f"{url}/?explore_model=fashion-2&explore_layers=prior")
        wait_ready(page, "fashion-2")
        page.wait_for_timeout(3000)
        page.evaluate(FORGET_DECODING)
        page.evaluate(WATCH_SWITCH)
        page.locator("[data-layer=manifold]").click()
        page.wait_for_function("window.__answered.manifold")
        switched, first, last = page.evaluate(
            "[window.__switched, window.__began.manifold[0], window.__answered.manifold[0]]"
        )
        coarse.append(first - switched)
        fine.append(last - switched)
        counts.append(page.evaluate("window.__asked.manifold[0].pictures"))
    return [
        (
            f"manifold of {counts[0]} pictures, first full drawing, median of 3",
            f"{np.median(fine):.0f} ms",
            "200 ms",
        ),
        ("the same, to the first pictures", f"{np.median(coarse):.0f} ms", "at once"),
    ]


def axes(page: Page, url: str) -> list[Row]:
    """Change from UMAP to PCA and back: until the points that glide are seen to have moved."""
    page.goto(f"{url}/?explore_model=fashion-16&explore_axes=umap&explore_layers={ALL_LAYERS}")
    wait_ready(page, "fashion-16")
    page.wait_for_timeout(4000)
    took = []
    for turn in range(8):
        took.append(page.evaluate(CHANGE_AXES, ("PCA", "UMAP")[turn % 2]))
        page.wait_for_timeout(1500)
    return [("changing axes, to the first moved point, median of 8", f"{np.median(took):.0f} ms", "300 ms")]


def returning(page: Page, url: str) -> list[Row]:
    """Come back to Explore from another page, with everything fetched already."""
    page.goto(f"{url}/?explore_model=fashion-16")
    wait_ready(page, "fashion-16")
    page.wait_for_timeout(3000)
    hover, plot = [], []
    for _ in range(6):
        leave(page)
        page.wait_for_timeout(1200)
        page.evaluate(WATCH_MOUNT)
        page.evaluate(WATCH_PLOT)
        page.get_by_role("link", name="Explore", exact=True).first.click()
        hover.append(page.evaluate(FIRST_HOVER)["fromClick"])
        page.wait_for_function("window.__plotted !== undefined")
        plot.append(page.evaluate("window.__plotted - window.__clicked"))
    return [
        (
            "page change to a map that answers the hand, second visit, median of 6",
            f"{statistics.median(hover) / 1e3:.2f} s",
            "0.7 s",
        ),
        ("the same, to its axes and points by Plotly", f"{statistics.median(plot) / 1e3:.2f} s", ""),
    ]


def openings(page: Page, url: str) -> list[Row]:
    """Open and close Explore by the sidebar's links, and count what is left on the other page."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def turn(times: int) -> None:
        for _ in range(times):
            page.get_by_role("link", name="Explore", exact=True).first.click()
            wait_ready(page)
            # Not by a selector: its handle would keep the page's elements.
            page.wait_for_function("!!document.querySelector('.le-plot .nsewdrag')")
            leave(page)

    leave(page)
    turn(10)
    before = left(page, session)
    turn(OPENINGS)
    after = left(page, session)
    grown = (after["JSHeapUsedSize"] - before["JSHeapUsedSize"]) / 2**20
    return [
        (
            f"left after {OPENINGS} openings: workers, canvases, listeners more",
            f"{len(page.workers)}, {page.locator('canvas').count()}, "
            f"{after['JSEventListeners'] - before['JSEventListeners']:.0f}",
            "0, 0, 0",
        ),
        (
            "the heap by then, from",
            f"{before['JSHeapUsedSize'] / 2**20:.1f} MB, grown by {grown:+.1f} MB",
            "flat",
        ),
    ]


def leave(page: Page) -> None:
    page.get_by_role("link", name="Models", exact=True).click()
    page.wait_for_url("**/models*")
    page.wait_for_function("window.latentExplorer === undefined")


def left(page: Page, session: CDPSession) -> dict[str, float]:
    page.wait_for_timeout(2500)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


# Notes what a page asks to be decoded, and when that has been answered first and in full, by channel.
WATCH_DECODING = """(() => {
  window.__asked = {}; window.__began = {}; window.__answered = {};
  import('MODULE').then(({DecodeService}) => {
    const original = DecodeService.prototype.request;
    DecodeService.prototype.request = function (channel, model, codes, chunk, onPictures, how) {
      const dims = window.latentExplorer?.z.length || 1;
      (window.__asked[channel] ??= []).push({at: performance.now(), pictures: codes.length / dims});
      return original.call(this, channel, model, codes, chunk, (answer) => {
        (window.__began[channel] ??= []).push(performance.now());
        if (answer.isLast) (window.__answered[channel] ??= []).push(performance.now());
        onPictures(answer);
      }, how);
    };
  });
})()"""

SERVICE = """() => performance.getEntriesByType('resource').map((entry) => entry.name)
  .find((name) => new URL(name).pathname.endsWith('/decode/service.js'))"""

# The click itself: what the driver does before it is not the app's.
WATCH_SWITCH = """() => document.addEventListener(
  'click', (event) => { window.__switched = event.timeStamp; }, {capture: true, once: true})"""

FORGET_DECODING = "window.__asked = {}; window.__began = {}; window.__answered = {}"

WAIT_FOR_STRIPS = """() => new Promise((resolve) => {
  const look = () => {
    const [at] = window.__answered.strips ?? [];
    if (at === undefined) return requestAnimationFrame(look);
    requestAnimationFrame(() => resolve({took: performance.now() - window.__asked.strips[0].at,
                                         pictures: window.__asked.strips[0].pictures}));
  };
  look();
})"""

# Hovers once a frame while the strips follow a pinned latent that moves now and then.
STRIPS_UNDER_THE_HAND = """async () => {
  const map = document.querySelector('[data-role=map]'), box = map.getBoundingClientRect(), latencies = [];
  const frame = () => new Promise(requestAnimationFrame);
  for (let k = 0; k < 90; k++) {
    if (k % 30 === 0) [...document.querySelectorAll('button')].find((b) => b.textContent === 'Prior sample').click();
    map.dispatchEvent(new PointerEvent('pointermove', {bubbles: true, pointerType: 'mouse',
      clientX: box.x + box.width * (0.4 + 0.002 * k), clientY: box.y + box.height * 0.5}));
    await frame(); await frame();
    latencies.push(window.latentExplorer.lastLatencyMs);
  }
  return latencies;
}"""

# Points that glide are drawn on canvases above the plot; their first two drawings that differ are a move.
CHANGE_AXES = """(name) => new Promise((resolve) => {
  const canvases = [...document.querySelectorAll('.le-map canvas.le-layer:not([data-role=layers])')];
  const sum = () => canvases.map((canvas) => {
    if (!canvas.width) return 0;
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let total = 0;
    for (let i = 3; i < data.length; i += 4) total = (total * 31 + data[i] * (i % 977)) % 2147483647;
    return total;
  }).join();
  const button = [...document.querySelectorAll('.le-map-panel button')].find((b) => b.textContent === name);
  let before = sum();
  let changes = 0;
  const start = performance.now();
  button.click();
  const look = () => {
    const now = sum();
    if (now !== before) changes += 1;
    before = now;
    if (changes >= 2) resolve(performance.now() - start);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""

# Notes how long it takes from the moment a new view stands in the explorer until it has drawn a picture.
WATCH_VIEW = """() => {
  window.__pictured = undefined;
  const seen = new MutationObserver(() => {
    const began = performance.now();
    seen.disconnect();
    const look = () => {
      if (window.latentExplorer.ready) window.__pictured = performance.now() - began;
      else requestAnimationFrame(look);
    };
    look();
  });
  seen.observe(document.querySelector('.latent-explorer'), {childList: true});
}"""

WATCH_PLOT = """() => {
  window.__plotted = undefined;
  const seen = new MutationObserver(() => {
    if (document.querySelector('.le-plot .nsewdrag')) { window.__plotted = performance.now(); seen.disconnect(); }
  });
  seen.observe(document.body, {childList: true, subtree: true});
}"""

if __name__ == "__main__":
    main()
