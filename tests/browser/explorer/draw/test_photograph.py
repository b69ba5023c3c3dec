"""Pen on paper in a photograph: what is ink, how thick its lines are, and what comes on to the pad."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Page, expect

from tests.browser.hand import pixels
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, serve_model
from tests.browser.waiting import two_frames
from vae_core import load_bundle
from vae_core.bundles.bundle import Bundle

PAPER = "draw/pad/paper.js"
SHIPPED = Path(__file__).resolve().parents[4] / "assets" / "bundles" / "mnist-2.safetensors"
SIDE = 120
"""Of the small photographs here, in pixels."""


def pen(*points: tuple[float, float], width: int = 5, side: int = SIDE) -> np.ndarray:
    """Where a pen went over paper, bool; points in shares."""
    image = Image.new("L", (side, side))
    draw = ImageDraw.Draw(image)
    draw.line([(x * side, y * side) for x, y in points], fill=255, width=width, joint="curve")
    return np.asarray(image) > 127


def lit(ink: np.ndarray, *, dark: float = 0.45, noise: float = 3) -> np.ndarray:
    """A photograph of it in light that falls from one side, 0..255."""
    side = ink.shape[1]
    light = np.linspace(230, 70, side)[None] * np.linspace(1, 0.8, ink.shape[0])[:, None]
    random = np.random.default_rng(0)
    return np.clip(light * np.where(ink, dark, 1) + random.normal(0, noise, ink.shape), 0, 255)


@pytest.fixture
def found(call: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """What is taken as ink of a photograph, with the threshold that is chosen."""

    def run(grey: np.ndarray, *, is_light: bool = False) -> np.ndarray:
        expression = """(() => {
            const contrast = m.contrastOf(a[0], a[1], a[2]);
            return Array.from(m.inkOf(contrast, a[1], m.otsuThreshold(contrast)));
        })()"""
        ink = call(PAPER, expression, [grey.flatten().tolist(), grey.shape[1], is_light])
        return np.array(ink, bool).reshape(grey.shape)

    return run


@pytest.mark.parametrize("is_light", [False, True])
def test_ink_is_found_in_light_in_which_paper_is_darker_than_ink_elsewhere(
    found: Callable, call: Callable, is_light: bool
) -> None:
    ink = pen((0.15, 0.2), (0.2, 0.8), (0.8, 0.3), (0.85, 0.85))
    grey = lit(ink)
    assert grey[~ink].min() < grey[ink].max(), "one threshold for all of it would not do"
    if is_light:
        grey = 255 - grey
    assert call(PAPER, "m.isInkLight(a[0], a[1])", [grey.flatten().tolist(), SIDE]) is is_light
    taken = found(grey, is_light=is_light)
    assert np.count_nonzero(taken != ink) < 0.02 * np.count_nonzero(ink)


def test_specks_and_what_runs_out_of_the_picture_are_no_ink(found: Callable) -> None:
    letter = pen((0.3, 0.3), (0.6, 0.3), (0.5, 0.7))
    crumbs = np.zeros_like(letter)
    crumbs[15:18, 90:93] = True
    table = np.zeros_like(letter)
    table[-14:] = True
    assert not np.any((letter | crumbs)[-14:])
    taken = found(lit(letter | crumbs | table))
    assert not taken[-16:].any()
    assert not taken[10:22, 85:98].any()
    assert np.count_nonzero(taken != letter) < 0.05 * np.count_nonzero(letter)


def test_the_threshold_is_otsu_s(call: Callable) -> None:
    random = np.random.default_rng(1)
    contrast = np.concatenate([random.normal(0.1, 0.05, 4_000), random.normal(0.6, 0.1, 300)]).clip(0, 1)
    levels = np.minimum(255, np.floor(contrast * 256)).astype(int)

    def within(split: int) -> float:
        return sum(side.var() * len(side) for side in (levels[levels < split], levels[levels >= split]))

    expected = min(range(levels.min() + 1, levels.max() + 1), key=within) / 256
    assert call(PAPER, "m.otsuThreshold(a)", contrast.tolist()) == pytest.approx(expected)
    blank = random.normal(0.01, 0.01, 4_000).clip(0, 1)
    assert call(PAPER, "m.otsuThreshold(a)", blank.tolist()) > blank.max(), "blank paper has no ink"


@pytest.mark.parametrize("end", [(0.8, 0.2), (0.2, 0.8), (0.7, 0.7), (0.8, 0.45)])
@pytest.mark.parametrize("width", [4, 9])
def test_how_thick_lines_are_is_measured_whichever_way_they_run(
    call: Callable, end: tuple[float, float], width: int
) -> None:
    ink = pen((0.2, 0.2), end, width=width, side=240)
    found = call(
        PAPER, "m.thicknessOf(Uint8Array.from(a[0]), a[1])", [ink.flatten().astype(int).tolist(), 240]
    )
    assert found == pytest.approx(width, rel=0.3)


def test_thicker_lines_reach_as_far_as_they_are_told(call: Callable) -> None:
    ink = pen((0.3, 0.3), (0.6, 0.4), width=2, side=40)
    found = call(
        PAPER, "Array.from(m.thickened(Uint8Array.from(a[0]), 40, 3.2))", [ink.flatten().astype(int).tolist()]
    )
    places = np.argwhere(ink)
    every = np.argwhere(np.ones_like(ink))
    nearest = np.sqrt(((every[:, None] - places[None]) ** 2).sum(-1)).min(1)
    assert np.array_equal(np.array(found, bool), nearest <= 3.2)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(SHIPPED)


def photograph(original: np.ndarray) -> bytes:
    """One of MNIST's images, written with a thin pen on paper on a dark table, lit from one side."""
    ink = np.kron(original, np.ones((14, 14))) > 127
    outline = np.asarray(Image.fromarray(ink).filter(ImageFilter.MinFilter(9))) if ink.any() else ink
    paper = np.zeros((600, 800), bool)
    paper[90 : 90 + ink.shape[0], 240 : 240 + ink.shape[1]] = outline
    grey = lit(paper, dark=0.4)
    grey[:, :110] *= 0.25
    file = io.BytesIO()
    Image.fromarray(grey.astype(np.uint8)).save(file, "JPEG", quality=85)
    return file.getvalue()


def test_a_photograph_is_taken_on_to_the_pad_and_sent_nowhere(
    opened: Callable[..., Page], site: StaticSite, bundle: Bundle, errors: Errors
) -> None:
    page = opened(component_data("draw", serve_model(site, "photographs-digits", bundle)))
    original = bundle.probe.images[5, 0].numpy()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    field = page.locator(".le-pad-tools [data-role=photo]")
    assert field.get_attribute("capture") == "environment"
    field.set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photograph(original)})
    part = page.get_by_role("group", name="Your photograph")
    expect(part).to_contain_text("nothing of it is sent")
    expect(page.locator("[data-role=pad]")).to_be_hidden()

    def like(role: str) -> float:
        two_frames(page)
        shown = pixels(page, f"[data-role={role}]")[0]
        return float(np.corrcoef(shown, original.flatten())[0, 1])

    assert like("photo-seen") > 0.85
    part.get_by_role("slider", name="What counts as ink").fill("0.9")
    expect(part).to_contain_text("No ink is found here")
    expect(part.get_by_role("button", name="Put it on the pad")).to_be_disabled()
    part.get_by_role("slider", name="What counts as ink").fill("0.3")
    part.get_by_role("slider", name="How much of it").fill("0.3")
    assert like("photo-seen") < 0.8, "a part of the letter"
    part.get_by_role("slider", name="How much of it").fill("0.95")
    for _ in range(2):
        page.locator("[data-role=photo-part]").press("ArrowRight")
    assert like("photo-seen") > 0.85
    part.get_by_role("button", name="Light", exact=True).click()
    assert like("photo-seen") < 0.7, "what lies around the letter"
    part.get_by_role("button", name="Dark", exact=True).click()
    part.get_by_role("button", name="Put it on the pad").click()
    expect(part).to_be_hidden()
    expect(page.locator("[data-role=pad]")).to_be_visible()
    assert like("seen") > 0.85
    assert page.evaluate("document.querySelector('[data-role=photo-part]').width") == 0, "it is let go"
    assert page.evaluate("window.latentExplorer.drawn") is not None

    field.set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"<html>no picture</html>"})
    expect(page.locator(".le-draw-pad")).to_contain_text("no picture of that file")
    assert not [url for url in asked if "kernels" not in url and "worker" not in url and ".js" not in url]
    assert not errors
