"""What every test in a real browser shares: one Chromium, a server of static files, the running app."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.played_run import FakeRun
from tests.browser.serving import JS, Errors, StaticSite, running_app
from tests.browser.small_models import component_data, component_page, serve_model, small_bundle
from tests.browser.waiting import PATIENCE
from vae_core.config.configs import ModelConfig

VIEWPORT = {"width": 1280, "height": 800}
UNUSED = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AimEnabled",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
"""What of Chromium no test looks at: its bar for addresses, and what asks a network."""
LONGEST = "test_what_is_saved.py"
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test in a real browser a second try.

    The reason, which no test can mend: on a busy machine Chromium now and then gives a page no processor for
    so long that a frame, or a timer of the page's own, comes later than what the test did next. The report
    counts those that needed it.
    """
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.flaky(reruns=1))
    # The longest comes before the other browser tests: as the last, one process would wait for the other.
    first = next((n for n, each in enumerate(items) if "tests/browser" in each.path.as_posix()), 0)
    items[first:] = sorted(items[first:], key=lambda item: item.path.name != LONGEST)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What starts browsers."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def how() -> dict[str, Any]:
    """How a browser is started: the one that CHROMIUM names, else the system's, else Playwright's own."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    # Where Debian asks for it and no card is there, a processor that plays one would paint every page.
    # With each context comes a window, whose bar for addresses, a page by itself, costs more than ours
    # (of such lists the last counts: what Playwright would leave out stands here again).
    arguments = ["--no-sandbox", "--disable-gpu-rasterization", f"--disable-features={','.join(UNUSED)}"]
    return {"executable_path": found, "args": arguments}


@pytest.fixture(scope="session")
def chromium(playwright: Playwright, how: dict[str, Any]) -> Iterator[Browser]:
    """A browser for contexts of their own."""
    browser = playwright.chromium.launch(**how)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def site() -> Iterator[StaticSite]:
    """The static server."""
    served = StaticSite()
    yield served
    served.server.shutdown()
    served.server.server_close()


@pytest.fixture(scope="session")
def shared_context(
    playwright: Playwright, how: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """A context for all pages that need no other: a browser with a folder, where it keeps compiled scripts.

    Plotly is the largest of these: with it, a page costs two thirds of what it does in a context without.
    """
    folder = tmp_path_factory.mktemp("chromium")
    context = playwright.chromium.launch_persistent_context(folder, viewport=VIEWPORT, **how)
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def new_page(chromium: Browser, shared_context: BrowserContext) -> Iterator[Callable[..., Page]]:
    """Make a page; with options, those of `Browser.new_context`, in a context of its own."""
    open_now: list[Page | BrowserContext] = []

    def make(**options: Any) -> Page:
        if not options:
            open_now.append(page := shared_context.new_page())
            return page
        open_now.append(context := chromium.new_context(**({"viewport": VIEWPORT} | options)))
        context.set_default_timeout(PATIENCE)
        return context.new_page()

    yield make
    for each in open_now:
        each.close()


@pytest.fixture(scope="module")
def module_page(chromium: Browser, site: StaticSite) -> Iterator[Page]:
    """A page from which modules are imported and called; it must stay free of errors."""
    context = chromium.new_context(viewport=VIEWPORT)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    errors = Errors()
    errors.watch(page)
    page.goto(site.url)
    yield page
    context.close()
    assert not errors


@pytest.fixture
def call(module_page: Page) -> Callable[..., Any]:
    """Call code with a module's names: `call("dom/ticks.js", "m.ticks(a[0], a[1], 4)", [0, 1])`.

    The module is named by its path below `assets/explorer/`.
    """

    def run(module: str, expression: str, argument: Any = None) -> Any:
        code = f"async (a) => {{ const m = await import('{JS}/{module}'); return {expression}; }}"
        return module_page.evaluate(code, argument)

    return run


@pytest.fixture
def errors() -> Errors:
    """What goes wrong on the pages that `opened` opens."""
    return Errors()


@pytest.fixture
def opened(new_page: Callable[..., Page], site: StaticSite, errors: Errors) -> Callable[..., Page]:
    """Open a page with the component in it and wait until it is ready."""

    def make(data: dict, *, ready: bool = True, options: dict | None = None, prepare: Callable | None = None):
        page = new_page(**(options or {}))
        errors.watch(page)
        if prepare:
            prepare(page)
        page.goto(site.put("/component", component_page(data)))
        if ready:
            page.wait_for_function("window.latentExplorer?.ready && window.latentExplorer.z.length")
        return page

    return make


@pytest.fixture(scope="session")
def flat(site: StaticSite) -> dict[str, str]:
    """A model of two dimensions."""
    return serve_model(site, "flat", small_bundle(ModelConfig((1, 12, 10), 2, "conv", width=0.25)))


@pytest.fixture(scope="session")
def deep(site: StaticSite) -> dict[str, str]:
    """A model of four dimensions, with a UMAP."""
    return serve_model(site, "deep", small_bundle())


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app itself, on a free port, with a library of its own."""
    home = tmp_path_factory.mktemp("latent-home")
    with running_app(home) as url:
        yield url


@pytest.fixture
def watch(new_page: Callable, site: StaticSite) -> Callable[..., tuple[Page, FakeRun, Errors]]:
    """Open the Train view on a run that the test plays."""

    def make(
        config: ModelConfig | None = None,
        *,
        refuse_with: int = 0,
        plotly: bool = False,
        is_shared: bool = False,
        prepare: Callable[[FakeRun], None] = lambda run: None,
        **options: Any,
    ) -> tuple[Page, FakeRun, Errors]:
        run = FakeRun(config or ModelConfig((1, 12, 10), 2, "conv", width=0.25))
        run.refuse_with = refuse_with
        prepare(run)
        page, errors = new_page(**options), Errors()
        errors.watch(page)
        page.route_web_socket("**/latent/stream/r1", run.connect)
        page.route("**/latent/runs/r1/keyframes/*", run.answer)
        past = None if is_shared else "/latent/runs/r1/keyframes"
        stream = {"url": "/latent/stream/r1", "run": "r1", "keyframes": past}
        page.goto(site.put("/run", component_page(component_data("train", stream=stream, plotly=plotly))))
        page.wait_for_selector(".le-train-stage", state="attached")  # its modules have come, it watches
        return page, run, errors

    return make
