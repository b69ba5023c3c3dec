"""What the hand feels, measured in a real Chromium and printed as one table.

    python -m bench.ui

Starts the app, and beside it the plain way (`st.slider` to torch to `st.image`, bench/plain/app.py), with the
same model, in the same browser, in the same run. The plain way has Streamlit's own settings: with ours it is
some three times as fast. Figures from a busy machine are high: quote ratios.
"""

import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from bench.tools.chromium import launch
from bench.tools.table import print_table

ROOT = Path(__file__).resolve().parent.parent
MODEL = "fashion-16"


def main() -> None:
    rows: list[tuple[str, str, str]] = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with tempfile.TemporaryDirectory() as home:
            start = time.perf_counter()
            with serve("app.py", home=home, wait=False) as (url, server):
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                open_when_up(page, url, server)
                first_page = time.perf_counter() - start
                rows.append(("server start to first page drawn", f"{first_page:.1f} s", "4 s"))
                wait_ready(page)
                torch_loaded = "libtorch" in Path(f"/proc/{server.pid}/maps").read_text()
                rows.append(("torch in the server's process", "yes" if torch_loaded else "no", "no"))
                rows.append(
                    ("memory of the server's process, one page open", f"{pss(server.pid):.0f} MB", "200 MB")
                )
                rows += navigation(page, url)
                rows += hovering(page, url)
            with serve("bench/plain/app.py", home=home, wait=True) as (url, _):
                plain = plain_slider(browser.new_page(viewport={"width": 1280, "height": 900}), url)
        browser.close()
    ours = float(
        next(value for name, value, _ in rows if name.startswith("pointer to painted, p95")).split()[0]
    )
    rows.append(("st.slider to st.image, p50 / p95", f"{plain[0]:.0f} / {plain[1]:.0f} ms", ""))
    rows.append(("the plain way against ours, p95", f"{plain[1] / ours:.1f} times", "8 times"))
    print_table(("what", "measured", "wanted"), rows)


def navigation(page: Page, url: str) -> list[tuple[str, str, str]]:
    """Time from a click in the sidebar, and from mounting, to the first decoded hover."""
    to_hover, from_mount = [], []
    for _ in range(5):
        page.get_by_role("link", name="Models", exact=True).click()
        page.wait_for_url("**/models*")
        page.wait_for_timeout(1500)
        page.evaluate(WATCH_MOUNT)
        page.get_by_role("link", name="Explore", exact=True).first.click()
        result = page.evaluate(FIRST_HOVER)
        to_hover.append(result["fromClick"])
        from_mount.append(result["fromMount"])
    return [
        (
            "component mounted to first decoded hover, median of 5",
            f"{statistics.median(from_mount) / 1e3:.2f} s",
            "0.4 s",
        ),
        (
            "navigation to first decoded hover, warm, median of 5",
            f"{statistics.median(to_hover) / 1e3:.2f} s",
            "2.5 s",
        ),
    ]


def hovering(page: Page, url: str) -> list[tuple[str, str, str]]:
    """Move a real pointer over the map for ten seconds: latencies, requests and messages."""
    page.goto(f"{url}/?explore_model={MODEL}")
    wait_ready(page, MODEL)
    page.wait_for_timeout(4000)
    box = page.locator('[data-role="map"]').first.bounding_box()
    assert box
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    frames: list[float] = []
    session.on("Network.webSocketFrameSent", lambda event: frames.append(time.perf_counter()))
    rng = np.random.default_rng(0)
    latencies: list[float] = []
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.wait_for_timeout(1000)
    frames.clear()
    requests.clear()
    began = time.perf_counter()
    while time.perf_counter() - began < 10:
        x = float(np.clip(x + rng.normal(0, 12), box["x"] + 60, box["x"] + box["width"] - 60))
        y = float(np.clip(y + rng.normal(0, 12), box["y"] + 60, box["y"] + box["height"] - 60))
        page.mouse.move(x, y)
        latencies.append(page.evaluate(SETTLED_LATENCY))
    ended = time.perf_counter()
    page.wait_for_timeout(2000)
    while_moving = sum(stamp < ended for stamp in frames)
    after = len(frames) - while_moving
    latencies = [value for value in latencies if value is not None]
    return [
        ("pointer to painted, p50", f"{np.percentile(latencies, 50):.1f} ms", ""),
        (
            f"pointer to painted, p95 of {len(latencies)}, {MODEL}",
            f"{np.percentile(latencies, 95):.1f} ms",
            "20 ms",
        ),
        ("HTTP requests / messages while it moves for 10 s", f"{len(requests)} / {while_moving}", "0 / 0"),
        ("messages when it stops", str(after), "1"),
    ]


def plain_slider(page: Page, url: str) -> tuple[float, float]:
    """Key presses on a Streamlit slider, timed in the page from the key's event to the changed picture."""
    page.goto(url)
    page.wait_for_selector('[data-testid="stImage"] img', timeout=60_000)
    page.get_by_role("slider").first.focus()
    page.evaluate(WATCH_IMAGE)
    times = []
    for i in range(60):
        before = page.evaluate("window.__changes")
        page.keyboard.press("ArrowRight" if i % 2 == 0 or i < 20 else "ArrowLeft")
        page.wait_for_function("n => window.__changes > n", arg=before, timeout=10_000)
        times.append(page.evaluate("window.__latency"))
    return float(np.percentile(times[10:], 50)), float(np.percentile(times[10:], 95))


@contextmanager
def serve(script: str, *, home: str, wait: bool) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run `streamlit run <script>` on a free port; yields its address and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / script), f"--server.port={port}"]
    command += ["--server.headless=true", "--server.address=127.0.0.1", "--browser.gatherUsageStats=false"]
    bundle = str(ROOT / "assets" / "bundles" / f"{MODEL}.safetensors")
    environment = os.environ | {"LATENT_HOME": home, "BENCH_BUNDLE": bundle, "PYTHONPATH": str(ROOT)}
    folder = ROOT if script == "app.py" else home  # whose settings hold
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        if wait:
            until_up(url, process)
        yield url, process
    finally:
        process.terminate()
        process.wait(20)


def until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).read()
            return
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}") from None
            time.sleep(0.02)


def open_when_up(page: Page, url: str, process: subprocess.Popen[bytes]) -> None:
    until_up(url, process)
    page.goto(url)
    page.wait_for_selector(".st-key-explore_model", timeout=60_000)


def wait_ready(page: Page, model: str | None = None) -> None:
    page.wait_for_function(
        "name => window.latentExplorer?.ready && (!name || window.latentExplorer.bundle === name)",
        arg=model,
        timeout=60_000,
    )


def pss(pid: int) -> float:
    """Proportional set size of a process in MB (Linux)."""
    found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(found[1]) / 1024 if found else float("nan")


# Runs before the click on Explore: notes the click's time and the moment the component's map appears.
WATCH_MOUNT = """() => {
  window.__clicked = undefined; window.__mounted = undefined;
  document.addEventListener('click', (e) => { window.__clicked ??= e.timeStamp; }, {capture: true, once: true});
  const seen = new MutationObserver(() => {
    if (document.querySelector('[data-role="map"]')) { window.__mounted = performance.now(); seen.disconnect(); }
  });
  seen.observe(document.body, {childList: true, subtree: true});
}"""

# Moves a pointer over the map, once a frame, until the decoded picture follows.
FIRST_HOVER = """() => new Promise((resolve) => {
  let i = 0;
  const poke = () => {
    const map = document.querySelector('[data-role="map"]');
    const explorer = window.latentExplorer;
    if (map && explorer && window.__mounted) {
      const before = JSON.stringify(explorer.z), box = map.getBoundingClientRect();
      const at = {clientX: box.x + box.width * (0.4 + 0.02 * (i++ % 10)), clientY: box.y + box.height * 0.45};
      const target = document.elementFromPoint(at.clientX, at.clientY);
      if (target && map.contains(target)) {
        target.dispatchEvent(new PointerEvent('pointermove', {...at, bubbles: true, composed: true, pointerId: 1, pointerType: 'mouse', isPrimary: true}));
      }
      requestAnimationFrame(() => {
        if (explorer.ready && explorer.z && JSON.stringify(explorer.z) !== before && explorer.lastLatencyMs != null) {
          resolve({fromClick: performance.now() - window.__clicked, fromMount: performance.now() - window.__mounted});
        } else { poke(); }
      });
    } else { requestAnimationFrame(poke); }
  };
  poke();
})"""

SETTLED_LATENCY = """() => new Promise((resolve) =>
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(window.latentExplorer.lastLatencyMs))))"""

WATCH_IMAGE = """() => {
  window.__changes = 0; window.__latency = 0; let pressed = 0;
  document.addEventListener('keydown', (e) => { pressed = e.timeStamp; }, {capture: true});
  const watch = new MutationObserver(() => {
    const image = document.querySelector('[data-testid="stImage"] img');
    if (!image || image.src === window.__src) return;
    window.__src = image.src;
    image.decode().catch(() => {}).then(() => requestAnimationFrame(() => {
      window.__latency = performance.now() - pressed; window.__changes += 1;
    }));
  });
  window.__src = document.querySelector('[data-testid="stImage"] img').src;
  watch.observe(document.body, {childList: true, subtree: true, attributes: true, attributeFilter: ['src']});
}"""

if __name__ == "__main__":
    main()
