"""Every page opened from its link alone: with its frame, its values, and without a word of complaint."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.serving import Errors
from tests.browser.waiting import app_rests, until

PAGES = {
    "": "Explore",
    "learn": "Learn",
    "draw": "Draw",
    "train": "Train",
    "interpolate": "Interpolate",
    "models": "Models",
    "images": "Images",
    "class": "Class",
    "notes": "Notes for teachers",
    "server": "Server",
}
KEYS = {
    "": ["explore_model"],
    "learn": ["learn_lesson"],
    "train": [
        "train_images",
        "train_architecture",
        "train_family",
        "train_likelihood",
        "train_latent_dim",
        "train_beta",
        "train_learning_rate",
        "train_epochs",
        "train_batch_size",
        "train_seed",
        "train_start",
        "train_pause",
        "train_step",
        "train_stop",
        "train_save",
    ],
    "draw": ["draw_model"],
    "interpolate": ["interpolate_model", "interpolate_method", "interpolate_steps"],
}


@pytest.mark.parametrize("path", PAGES)
def test_a_cold_link_opens_the_page_in_its_frame(
    path: str, app_url: str, new_page: Callable[..., Page]
) -> None:
    page, errors, foreign = new_page(), Errors(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: foreign.append(request.url) if app_url not in request.url else None)
    page.goto(f"{app_url}/{path}")
    expect(page.get_by_role("heading", name=PAGES[path], exact=True)).to_be_visible()
    for key in KEYS.get(path, []):
        expect(page.locator(f".st-key-{key}")).to_be_attached()
    expect(page.get_by_test_id("stSidebarNav").get_by_role("link")).to_have_count(len(PAGES))
    app_rests(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert not errors
    outside = [url for url in foreign if not re.match(r"(data|blob|ws|about):", url)]
    assert not outside, "the app asks nobody but its own server"


def test_whoever_runs_the_server_is_known_by_each_name_of_this_machine(
    app_url: str, new_page: Callable[..., Page]
) -> None:
    port = app_url.rsplit(":", 1)[1]
    for name in ("localhost", "127.0.0.1"):
        page = new_page()
        page.goto(f"http://{name}:{port}/server")
        expect(page.get_by_test_id("stMetric").first).to_be_visible()


def test_a_cold_link_carries_a_models_view(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{app_url}/?explore_model=fashion-2&explore_z=0.500,-1.250")
    page.wait_for_function("window.latentExplorer?.ready === true")
    assert page.evaluate("window.latentExplorer.bundle") == "fashion-2"
    assert page.evaluate("Array.from(window.latentExplorer.z)") == [0.5, -1.25]
    assert "explore_model=fashion-2" in page.url


def test_a_cold_link_carries_the_settings_of_train(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{app_url}/train?train_images=digits&train_beta=4&train_epochs=7&train_seed=x")
    expect(page.locator(".st-key-train_beta input")).to_have_value("4")
    expect(page.locator(".st-key-train_epochs input")).to_have_value("7")
    expect(page.locator(".st-key-train_images input")).to_have_value("digits")
    expect(page.get_by_text("The link says train_seed = x")).to_be_visible()
    assert "train_beta=4" in page.url


def test_foreign_text_is_shown_as_text(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{app_url}/?explore_model=<img src=x> :material/home: **b** $x$ ->")
    sentence = page.get_by_text("The link says explore_model")
    expect(sentence).to_be_visible()
    said = sentence.inner_text().replace("\u2060", "")
    assert "explore_model = <img src=x> :material/home: **b** $x$ ->. It should" in said
    assert sentence.locator("img, code, .katex, strong").count() == 0


def test_the_links_own_history_works(app_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{app_url}/?explore_model=mnist-2&explore_z=1.000,1.000")
    page.wait_for_function("window.latentExplorer?.ready === true")
    box = page.locator("[data-role=map]").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    page.wait_for_url(lambda url: "explore_z" in url and "1.000" not in url)
    page.go_back()
    page.wait_for_function("Array.from(window.latentExplorer.z).join() === '1,1'")
    assert "explore_z=1.000" in page.url


def test_a_page_says_that_its_explorer_is_on_its_way_or_did_not_arrive(
    app_url: str, new_page: Callable[..., Page]
) -> None:
    page, held = new_page(), []
    page.route("**/explorer.js", lambda route: held.append(route))
    page.goto(app_url)
    place = page.locator(".st-key-explore_place")
    expect(place).to_be_attached()
    said = "getComputedStyle(document.querySelector('.st-key-explore_place'), '::before').content"
    page.wait_for_function(f"{said}.includes('on its way')")
    until(page, lambda: held, "the request for the explorer")
    held[0].abort()
    expect(page.get_by_role("alert").filter(has_text="did not arrive")).to_be_visible()
    assert page.evaluate(said) == "none"
