"""A lesson that a class does together, in one of its browsers; the test plays the server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.explorer.learn.test_playing import begin_anew, predict, pull
from tests.browser.serving import ROOT, Errors, StaticSite
from tests.browser.small_models import component_data, serve_model
from tests.browser.waiting import until
from ui.learn.files.lessons import lesson_named
from vae_core import load_bundle

Join = Callable[..., Page]


class PlayedServer:
    """Takes what the browser says, and tells it what a test wants."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.sockets: list[WebSocketRoute] = []

    def connect(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda text: self.heard.append(json.loads(text)))

    def tell(self, **news: Any) -> None:
        base = {
            "turn": 3,
            "lesson": "walking",
            "stage": "predict",
            "joined": 27,
            "predicted": 0,
            "said": None,
        }
        self.sockets[-1].send(json.dumps(base | news))


@pytest.fixture
def server() -> PlayedServer:
    return PlayedServer()


@pytest.fixture
def join(opened: Callable[..., Page], site: StaticSite, server: PlayedServer) -> Join:
    """Open a lesson in a class."""

    def make(slug: str = "walking", **room: Any) -> Page:
        lesson = lesson_named(slug)
        assert lesson is not None
        bundle = None
        if lesson.model:
            file = ROOT / "assets" / "bundles" / f"{lesson.model}.safetensors"
            bundle = serve_model(site, lesson.model, load_bundle(file))
        source = {
            "url": "/latent/lesson/abc",
            "turn": 3,
            "lesson": "walking",
            "title": "Walking",
            "stage": "predict",
            "own": False,
        }
        data = component_data(
            "learn", bundle, lesson=lesson.to_browser(), lessons=[], room=source | room, plotly=False
        )

        def prepare(page: Page) -> None:
            begin_anew(page)
            page.route_web_socket("**/latent/lesson/abc", server.connect)

        page = opened(data, ready=False, prepare=prepare)
        page.wait_for_function("window.latentExplorer?.ready")
        return page

    return make


def inert(page: Page) -> bool:
    return bool(page.locator(".le-learn-thing").evaluate("(e) => e.inert"))


def test_a_class_predicts_waits_sees_and_tries(join: Join, server: PlayedServer, errors: Errors) -> None:
    page = join()
    server.tell(predicted=4)
    expect(page.locator("[data-role=tally]")).to_have_text("4 of 27 have predicted.")
    predict(page, 1)
    expect(page.get_by_text("Your answer is counted.")).to_be_visible()
    until(page, lambda: server.heard[-1] == {"turn": 3, "prediction": 1, "step": 0})
    assert inert(page)
    expect(page.locator("[data-role=check]")).to_be_hidden()
    server.tell(stage="shown", predicted=27, said=[[0, 9], [1, 14], [2, 4]])
    lines = page.locator("[data-role=tally] li")
    expect(lines.nth(1)).to_have_text("14 of 27 About as far as they are")
    assert inert(page), "everyone tries once the teacher says so"
    server.tell(stage="try", predicted=27, said=[[0, 9], [1, 14], [2, 4]])
    expect(page.locator("[data-role=check]")).to_be_visible()
    assert not inert(page)
    pull(page, "Place on the way", 0.5)
    expect(page.get_by_role("button", name="Next step")).to_be_visible()
    until(page, lambda: server.heard[-1] == {"turn": 3, "prediction": 1, "step": 1})
    # What was said is said again when the connection was lost.
    server.heard.clear()
    server.sockets[-1].close(code=1006)
    until(page, lambda: server.heard)
    assert server.heard[0] == {"turn": 3, "prediction": 1, "step": 1}
    assert not errors


def test_who_does_not_want_to_wait_goes_on_and_a_class_that_ends_lets_all_go(
    join: Join, server: PlayedServer
) -> None:
    page = join()
    predict(page)
    page.get_by_role("button", name="Go on without waiting").click()
    assert not inert(page)
    other = join(turn=4)
    predict(other)
    assert inert(other)
    server.sockets[-1].close(code=4410)
    expect(other.get_by_text("The class is over")).to_be_visible()
    assert not inert(other)


def test_what_the_teacher_opens_is_gone_to_and_begun_anew(join: Join, server: PlayedServer) -> None:
    page = join()
    predict(page)
    page.reload()
    page.wait_for_function("window.latentExplorer?.ready")
    expect(page.get_by_text("You said:")).to_be_visible()
    server.tell(turn=4, lesson="holes")
    page.wait_for_function("window.sent.some(([key]) => key === 'order')")
    key, said, _ = page.evaluate("window.sent.at(-1)")
    assert (key, said["do"], said["values"]) == ("order", "open", {"slug": ""})


def test_another_lesson_than_the_classs_says_where_the_class_is(join: Join, server: PlayedServer) -> None:
    page = join("clouds")
    expect(page.get_by_text("Your class does the lesson Walking.")).to_be_visible()
    predict(page)
    assert not inert(page)
    assert not server.heard, "what one does elsewhere is not counted"
    page.get_by_role("button", name="Go there").click()
    page.wait_for_function("window.sent.some(([key]) => key === 'order')")


def test_who_leads_waits_for_nobody(join: Join) -> None:
    page = join(own=True)
    predict(page)
    assert not inert(page)
