"""A teacher and a student, each in a browser of their own: follow, watch, the wall, and what neither sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.serving import Errors, running_app

SETTINGS = "train_images=digits&train_architecture=mlp&train_epochs=500"
SIZE = {"width": 1280, "height": 900}
MOVED = "() => window.latentExplorer?.frames >= 2"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("class")


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    with running_app(home) as address:
        yield address


@pytest.fixture
def two(new_page: Callable[..., Page]) -> Iterator[tuple[Page, Page]]:
    pages = new_page(viewport=SIZE), new_page(viewport=SIZE)
    errors = Errors()
    for page in pages:
        page.on("pageerror", lambda error: errors.append(str(error)))
    yield pages
    assert not errors


def press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button").first.click()


def path_of(address: str) -> str:
    """What stands in an address after the server's name, by which this test does not reach it."""
    return "/" + address.strip().split("/", 3)[3]


def train(page: Page, url: str) -> None:
    page.goto(f"{url}/train?{SETTINGS}")
    expect(page.locator(".st-key-train_start button")).to_be_enabled()
    press(page, "train_start")
    page.wait_for_function(MOVED)


def test_the_class_follows_a_model_and_its_latent(url: str, two: tuple[Page, Page]) -> None:
    teacher, student = two
    teacher.goto(f"{url}/class?class_part=follow")
    press(teacher, "class_lead")
    address = teacher.locator(".st-key-class_address_text")
    expect(address).to_contain_text("/class?follow=")
    assert address.inner_text().isascii(), "it can be copied: nothing invisible stands in it"
    expect(teacher.locator("img.latent-qr")).to_be_visible()
    student.goto(url + path_of(address.inner_text()))
    expect(student.locator(".le-follow")).to_contain_text("Nothing to see yet")
    expect(teacher.get_by_text("1 browser follows you")).to_be_visible()

    teacher.goto(f"{url}/?explore_model=mnist-2")
    teacher.wait_for_function("window.latentExplorer?.ready")
    student.wait_for_function("window.latentExplorer?.bundle === 'mnist-2'")
    for across in (0.4, 0.6):
        box = teacher.locator('[data-role="map"]').first.bounding_box()
        assert box is not None
        teacher.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * 0.45)
        teacher.wait_for_function("window.latentExplorer.z.some((value) => value !== 0)")
        wanted = teacher.evaluate("window.latentExplorer.z")
        student.wait_for_function(
            "z => window.latentExplorer.z.every((value, d) => Math.abs(value - z[d]) < 0.002)", arg=wanted
        )

    teacher.goto(f"{url}/class?class_part=follow")
    press(teacher, "class_lead_stop")
    expect(student.locator(".le-follow")).to_contain_text("has stopped")
    assert student.evaluate("window.latentExplorer.bundle") is None


def test_a_run_is_watched_until_it_is_shared_no_more(url: str, two: tuple[Page, Page]) -> None:
    teacher, student = two
    train(teacher, url)
    press(teacher, "train_share")
    press(teacher, "share_run")
    address = teacher.locator(".stCode code").inner_text()
    student.goto(url + path_of(address))
    student.wait_for_function(MOVED)
    expect(student.locator(".st-key-train_start")).to_have_count(0)
    expect(student.get_by_text("only its owner can change it")).to_be_visible()

    press(teacher, "unshare_run")
    expect(student.locator(".le-run-status")).to_contain_text("stopped sharing")
    student.reload()
    expect(student.get_by_text("leads to no run")).to_be_visible()

    # Nothing of it is the student's
    student.goto(f"{url}/train")
    expect(student.locator(".st-key-train_start button")).to_be_enabled()
    expect(student.locator(".st-key-train_stop button")).to_be_disabled()


def test_the_wall_shows_a_map_to_others_by_itself(url: str, two: tuple[Page, Page]) -> None:
    teacher, student = two
    train(teacher, url)
    press(teacher, "train_stop")
    expect(teacher.locator(".st-key-train_stop button")).to_be_disabled()
    student.goto(f"{url}/class?class_part=wall")
    expect(student.get_by_text("Nothing is on the wall yet")).to_be_visible()
    teacher.goto(f"{url}/class?class_part=wall")
    name = teacher.locator(".st-key-class_nickname input")
    name.fill("<b>Ada</b> *L*")
    name.press("Tab")
    press(teacher, "class_post")
    expect(student.locator(".st-key-wall img")).to_have_count(1)
    expect(student.locator(".st-key-wall")).to_contain_text("<b>Ada</b> *L*")
    expect(student.get_by_role("button", name="Withdraw")).to_have_count(0)
    teacher.get_by_role("button", name="Withdraw").click()
    expect(student.locator(".st-key-wall img")).to_have_count(0)


def test_a_lesson_outlives_a_restart_of_the_server(
    tmp_path: Path, two: tuple[Page, Page], new_page: Callable[..., Page]
) -> None:
    teacher, student = two
    with running_app(tmp_path) as url:
        teacher.goto(f"{url}/class?class_part=follow")
        press(teacher, "class_lead")
        teacher.get_by_text("Tell everyone on this server").click()
        address = teacher.locator(".st-key-class_address_text").inner_text()
        student.goto(url + path_of(address))
        train(teacher, url)
        student.wait_for_function(MOVED)
    with running_app(tmp_path, port=int(url.rpartition(":")[2])) as url:
        # Both pages come back by themselves; the run waits for a click of its owner.
        expect(teacher.locator(".le-run-status")).to_contain_text("Put aside")
        expect(student.locator(".le-run-status")).to_contain_text("Put aside")
        expect(teacher.locator(".st-key-train_pause button")).to_contain_text("Resume")
        press(teacher, "train_pause")
        student.wait_for_function(MOVED)
        expect(student.locator(".le-run-status")).to_contain_text("Training")
        late = new_page(viewport=SIZE)
        late.goto(f"{url}/class?class_part=follow")
        late.get_by_text("Follow what is shown now").click()
        late.wait_for_function(MOVED)


def test_followers_are_told_when_there_is_nothing_that_may_be_shown(url: str, two: tuple[Page, Page]) -> None:
    teacher, student = two
    train(student, url)
    press(student, "train_share")
    press(student, "share_run")
    shared = path_of(student.locator(".stCode code").inner_text())
    teacher.goto(f"{url}/class?class_part=follow")
    press(teacher, "class_lead")
    address = teacher.locator(".st-key-class_address_text").inner_text()
    teacher.goto(f"{url}/?explore_model=mnist-2")
    student.goto(url + path_of(address))
    student.wait_for_function("window.latentExplorer?.bundle === 'mnist-2'")
    teacher.goto(url + shared)
    teacher.wait_for_function(MOVED)
    expect(student.locator(".le-follow")).to_contain_text("someone else shares with them")
    assert student.evaluate("window.latentExplorer.bundle") is None
    teacher.goto(f"{url}/?explore_model=mnist-2")
    student.wait_for_function("window.latentExplorer?.bundle === 'mnist-2'")


def test_a_run_is_put_aside_with_the_server_and_goes_on_with_a_click(
    tmp_path: Path, new_page: Callable[..., Page]
) -> None:
    page = new_page(viewport=SIZE)
    with running_app(tmp_path) as url:
        train(page, url)
    with running_app(tmp_path) as url:
        page.goto(f"{url}/train")
        expect(page.locator(".le-run-status")).to_contain_text("Put aside")
        page.wait_for_function("window.latentExplorer.points.length > 0")
        frames = page.evaluate("window.latentExplorer.frames")
        expect(page.locator(".st-key-train_pause button")).to_contain_text("Resume")
        press(page, "train_pause")
        page.wait_for_function("frames => window.latentExplorer.frames > frames", arg=frames)
