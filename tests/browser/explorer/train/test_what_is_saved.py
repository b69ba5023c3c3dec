"""What is saved, opened, branched from and filmed is what is drawn, whatever the way there.

Python knows of the drawn moment what the component told it last, and takes it for now unless it belongs to
the run that is current (`ui.explorer.component.chosen_keyframe`); so does the page's stand-in here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations

import pytest
from playwright.sync_api import Page, WebSocketRoute

from tests.browser.played_run import FakeRun
from tests.browser.waiting import until
from vae_core.config.configs import ModelConfig

WAYS = ("rewind", "branch", "choose another run", "start over", "reload")
CONFIG = ModelConfig((1, 8, 8), 2, "mlp", width=0.125)
KEPT = (0, 25, 100)
NOW = 240


class Runs:
    """All runs of a browser: each its own server's end; which one is current is in the test's hands."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.runs: dict[str, FakeRun] = {}
        self.current = ""
        page.route_web_socket("**/latent/stream/*", self.connect)
        page.route("**/latent/runs/*/keyframes/*", self.answer)

    def connect(self, socket: WebSocketRoute) -> None:
        run = self.runs[socket.url.rpartition("/")[2]]
        run.connect(socket)
        run.snapshot(NOW)
        run.weights(NOW)

    def answer(self, route) -> None:
        self.runs[route.request.url.split("/")[-3]].answer(route)

    def begin(self) -> str:
        """Make a run that has been going on for a while."""
        run = FakeRun(CONFIG)
        run.name = f"r{len(self.runs) + 1}"
        run.at = {"step": NOW, "epoch": NOW / 100}
        for step in KEPT:
            run.moments[step] = run.random.normal(size=run.codes.shape).astype("float16")
        self.runs[run.name] = run
        return run.name

    def stream(self) -> dict[str, str]:
        folder = f"/latent/runs/{self.current}/keyframes"
        return {"url": f"/latent/stream/{self.current}", "run": self.current, "keyframes": folder}

    def show(self, name: str) -> None:
        """Let Python make a run the current one, as a rerun after a button does."""
        self.current = name
        self.page.evaluate("(stream) => window.mount({ stream })", self.stream())
        self.drawn()

    def drawn(self) -> None:
        """Wait until the current run is drawn."""
        self.page.wait_for_function("window.latentExplorer?.ready && window.latentExplorer.z.length")

    def saved(self) -> int | None:
        """Press a button of the page; give the step that Python would save, None for now."""
        return self.page.evaluate(
            """(run) => {
                dispatchEvent(new PointerEvent("pointerdown"));
                const [, step, of] = window.sent.filter(([key]) => key === "keyframe").at(-1) ?? [];
                return of === run ? step : null;
            }""",
            self.current,
        )

    def shown(self) -> int | None:
        return self.page.evaluate("window.latentExplorer.keyframe")

    def go(self, way: str) -> None:
        """Do one thing, and wait until it is drawn."""
        if way == "rewind":
            scrubber = self.page.get_by_role("slider", name="Moment of the run")
            scrubber.press("Home")
            scrubber.press("ArrowRight")
            self.page.wait_for_function("window.latentExplorer.keyframe === 25")
        elif way == "branch":
            step = self.saved()
            name = self.begin()
            parent = self.runs[self.current]
            facts = {
                "run": parent.name,
                "title": "Noise",
                "step": NOW if step is None else step,
                "history": [],
            }
            self.runs[name].parent = facts
            self.show(name)
        elif way == "choose another run":
            others = [name for name in self.runs if name != self.current]
            self.show(others[0] if others else self.begin())
        elif way == "start over":
            self.show(self.begin())
        else:
            self.page.reload()  # a new session: Python has heard nothing
            self.page.wait_for_function("window.mount")
            self.show(self.current)


@pytest.fixture
def runs(watch: Callable) -> Iterator[Runs]:
    page, _, errors = watch(CONFIG)
    every = Runs(page)
    page.evaluate("window.mount({ stream: null })")
    every.show(every.begin())
    yield every
    assert not errors


def every_order(count: int) -> list[int]:
    """A walk in which all orders of so many things stand, each as a stretch of it (a superpermutation)."""
    walk = [0]
    for new in range(1, count):
        longer: list[int] = []
        for start in range(len(walk) - new + 1):
            order = walk[start : start + new]
            if len(set(order)) < new:
                continue
            block = [*order, new, *order]
            known = max(n for n in range(len(block)) if n == 0 or longer[-n:] == block[:n])
            longer += block[known:]
        walk = longer
    return walk


def test_in_every_order_what_is_saved_is_what_is_shown(runs: Runs) -> None:
    walk = [WAYS[n] for n in every_order(len(WAYS))]
    stretches = {tuple(walk[start : start + len(WAYS)]) for start in range(len(walk))}
    assert set(permutations(WAYS)) <= stretches
    for n, way in enumerate(walk):
        runs.go(way)
        shown = runs.shown()
        assert (runs.saved(), shown) == (shown, 25 if way == "rewind" else None), walk[max(0, n - 6) : n + 1]


def test_a_run_rewound_left_and_chosen_again_is_saved_as_it_is_now(runs: Runs) -> None:
    first = runs.current
    runs.go("rewind")
    runs.go("branch")
    runs.show(first)
    until(runs.page, lambda: runs.shown() is None, "now")
    assert runs.saved() is None
    text = runs.page.locator(".le-status").inner_text()
    assert f"step {NOW}" in text
