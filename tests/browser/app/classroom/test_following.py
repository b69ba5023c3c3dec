"""Follow shows what the leader shows: layers, colours, axes, ranges, the image, walk, slow motion's step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from tests.browser.serving import Errors, running_app
from tests.browser.waiting import PATIENCE

MOVED = "() => window.latentExplorer?.frames >= 2"
CHOICES = """() => {
  const pressed = (query) => [...document.querySelectorAll(query)]
    .map((each) => [each.textContent, each.getAttribute("aria-pressed")]);
  const layout = document.querySelector(".le-plot")?._fullLayout;
  return {
    axes: [layout?.xaxis?.title?.text, layout?.yaxis?.title?.text],
    layers: pressed("[data-layer]"),
    groups: pressed(".le-legend button"),
    by: document.querySelector(".le-colour-by select")?.value ?? null,
    ranges: [...(layout?.xaxis?.range ?? []), ...(layout?.yaxis?.range ?? [])].map((end) => end.toFixed(1)),
    glass: document.querySelector("[data-role=glass] .le-title-line .le-caption")?.textContent ?? null,
    reach: pressed(".le-range button"),
    walk: document.querySelector(".le-progress-slider")?.value ?? null,
    z: [...(window.latentExplorer?.z ?? [])].map((value) => Math.round(1000 * value) || 0),
  };
}"""
SAME = f"wanted => JSON.stringify(({CHOICES})()) === JSON.stringify(wanted)"
SLOW = """() => ({
  step: document.querySelector(".le-slow:not([hidden]) [aria-current=step]")?.textContent ?? null,
  images: [...document.querySelectorAll(".le-slow-images button")].map((each) => each.ariaPressed),
})"""
SAME_SLOW = f"wanted => JSON.stringify(({SLOW})()) === JSON.stringify(wanted)"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_app(tmp_path_factory.mktemp("following")) as address:
        yield address


@pytest.fixture
def lesson(url: str, new_page: Callable[..., Page]) -> Iterator[tuple[Page, Page]]:
    """A leader and, in a narrower window, a follower."""
    leader = new_page(viewport={"width": 1280, "height": 900})
    follower = new_page(viewport={"width": 900, "height": 800})
    errors = Errors()
    for page in (leader, follower):
        page.on("pageerror", lambda error: errors.append(str(error)))
    leader.goto(f"{url}/class?class_part=follow")
    leader.locator(".st-key-class_lead button").click()
    address = leader.locator(".st-key-class_address_text").inner_text()
    follower.goto(url + "/" + address.strip().split("/", 3)[3])
    expect(follower.locator(".le-follow")).to_contain_text("Nothing to see yet")
    yield leader, follower
    leader.goto(f"{url}/class?class_part=follow")
    leader.locator(".st-key-class_lead_stop button").click()
    expect(follower.locator(".le-follow")).to_contain_text("has stopped")
    assert not errors


def shows_the_same(leader: Page, follower: Page) -> dict[str, Any]:
    """Wait until both show the same, and give what that is; what the leader shows may still be on its way."""
    until = time.monotonic() + PATIENCE / 1000
    while True:
        choices: dict[str, Any] = leader.evaluate(CHOICES)
        try:
            follower.wait_for_function(SAME, arg=choices, timeout=PATIENCE / 20)
        except TimeoutError:
            if time.monotonic() > until:
                assert follower.evaluate(CHOICES) == choices
                raise
        else:
            return choices


def open_model(leader: Page, url: str, page: str) -> None:
    leader.goto(f"{url}{page}")
    leader.wait_for_function("window.latentExplorer?.ready")
    leader.wait_for_function("document.querySelector('.le-plot')?._fullLayout?.xaxis")


def test_layers_colours_axes_and_ranges_are_the_leaders(url: str, lesson: tuple[Page, Page]) -> None:
    leader, follower = lesson
    open_model(leader, url, "/?explore_model=shapes-10")
    first = shows_the_same(leader, follower)
    assert len(first["ranges"]) == 4
    leader.get_by_role("button", name="Two dimensions").click()
    leader.locator(".le-colour-by select").select_option(index=2)
    axes = shows_the_same(leader, follower)
    assert axes["axes"] != first["axes"]
    assert axes["by"] != first["by"]
    for layer in ("ellipses", "manifold"):
        leader.locator(f'[data-layer="{layer}"]').click()
    layers = shows_the_same(leader, follower)
    assert layers["layers"] != axes["layers"]
    leader.get_by_role("button", name="A real image").click()
    leader.get_by_role("button", name="As the images").click()
    looked = shows_the_same(leader, follower)
    assert looked["glass"].startswith("pinned: image")
    assert looked["reach"] != layers["reach"]
    box = leader.locator('[data-role="map"]').bounding_box()
    assert box is not None
    leader.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
    leader.keyboard.down("Control")
    leader.mouse.wheel(0, -400)
    leader.keyboard.up("Control")
    leader.wait_for_function(
        "before => document.querySelector('.le-plot')._fullLayout.xaxis.range[0].toFixed(1) !== before",
        arg=layers["ranges"][0],
    )
    zoomed = shows_the_same(leader, follower)
    assert zoomed["ranges"] != layers["ranges"]


def test_hidden_classes_are_hidden_for_followers_and_those_who_come_late(
    url: str, lesson: tuple[Page, Page]
) -> None:
    leader, follower = lesson
    open_model(leader, url, "/?explore_model=digits-2")
    for group in (1, 4):
        leader.locator(".le-legend button").nth(group).click()
    hidden = shows_the_same(leader, follower)
    assert [pressed for _, pressed in hidden["groups"]].count("false") == 2
    follower.reload()
    shows_the_same(leader, follower)


def test_the_walk_of_interpolate_is_the_leaders(url: str, lesson: tuple[Page, Page]) -> None:
    leader, follower = lesson
    open_model(leader, url, "/interpolate?interpolate_model=mnist-2&interpolate_from=3&interpolate_to=30")
    first = shows_the_same(leader, follower)
    leader.evaluate(
        """() => {
          const scrubber = document.querySelector(".le-progress-slider");
          scrubber.value = 0.6;
          scrubber.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    onwards = shows_the_same(leader, follower)
    assert onwards["walk"] == "0.6"
    assert onwards["z"] != first["z"]
    leader.get_by_role("button", name="Swap").click()
    swapped = shows_the_same(leader, follower)
    assert swapped["z"] != onwards["z"]
    columns = """() => getComputedStyle(document.querySelector('[data-role=row-linear]'))
        .getPropertyValue('--le-columns')"""
    steps = leader.locator(".st-key-interpolate_steps input")
    steps.fill("5")
    steps.press("Enter")
    follower.wait_for_function(f"() => ({columns})() === '5'")


def test_slow_motion_is_at_the_leaders_step_and_image(url: str, lesson: tuple[Page, Page]) -> None:
    leader, follower = lesson
    leader.goto(f"{url}/train?train_images=digits&train_architecture=mlp&train_epochs=500")
    leader.locator(".st-key-train_start button").click()
    leader.wait_for_function(MOVED)
    follower.wait_for_function(MOVED)
    leader.get_by_role("button", name="Slow motion").click()
    expect(leader.locator(".le-slow")).to_be_visible()
    for turn in range(2):
        leader.locator(".le-slow-buttons").get_by_role("button", name="Next").click()
        leader.locator(".le-slow-images button").nth(turn + 1).click()
    there = leader.evaluate(SLOW)
    assert there["step"] is not None
    follower.wait_for_function(SAME_SLOW, arg=there)
    follower.reload()
    follower.wait_for_function(SAME_SLOW, arg=there)
    leader.locator(".le-slow").get_by_role("button", name="Close").click()
    expect(follower.locator(".le-slow")).to_be_hidden()


def test_a_moment_of_the_past_is_shown_to_followers(url: str, lesson: tuple[Page, Page]) -> None:
    leader, follower = lesson
    leader.goto(f"{url}/train?train_images=digits&train_architecture=mlp&train_epochs=3")
    leader.locator(".st-key-train_start button").click()
    expect(leader.locator(".le-run-status")).to_contain_text("Done")
    expect(follower.locator(".le-run-status")).to_contain_text("Done")
    scrubber = leader.locator(".le-timeline [role=slider]")
    scrubber.focus()
    scrubber.press("Home")
    leader.wait_for_function("window.latentExplorer.keyframe !== null")
    moment = leader.evaluate("window.latentExplorer.keyframe")
    follower.wait_for_function(
        "moment => document.querySelector('.le-timeline-words')?.textContent.includes(`step ${moment}`)",
        arg=moment,
    )
