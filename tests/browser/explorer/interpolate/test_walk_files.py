"""What Interpolate gives away, and how it plays: pictures, a film, latents; one scrubber below the rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from playwright.sync_api import Page, expect

from tests.browser.hand import pixels
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, serve_model, small_bundle
from tests.browser.waiting import until
from vae_core.bundles.bundle import Bundle
from vae_core.config.configs import ModelConfig
from vae_core.latent.walks import interpolate

STEPS = 5


@pytest.fixture
def walk(opened: Callable, site: StaticSite) -> Callable[..., Page]:
    """Open a walk between two images of a bundle, its rows drawn."""

    def make(bundle: Bundle, method: str = "linear", steps: int = STEPS, **options: object) -> Page:
        given = {"from": 4, "to": 17, "method": method, "steps": steps}
        data = component_data("interpolate", serve_model(site, "files", bundle), interpolation=given)
        page = opened(data, options=options or None)
        page.wait_for_function(
            """(name) => { const canvas = document.querySelector(`[data-role=row-${name}]`);
            return canvas.getContext("2d").getImageData(canvas.width - 1, 0, 1, 1).data[3] === 255; }""",
            arg=method,
        )
        return page

    return make


def save(page: Page, what: str, folder: Path) -> Path:
    menu = page.locator(".le-walk .le-menu")
    menu.get_by_text("Save as").click()
    with page.expect_download() as download:
        menu.get_by_role("button", name=what).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def picture_of(path: Path) -> Image.Image:
    """The picture, without a file that stays open."""
    return Image.open(io.BytesIO(path.read_bytes()))


def decoded(bundle: Bundle, codes: torch.Tensor) -> np.ndarray:
    """Pictures (N, C, H, W), 0..255."""
    with torch.no_grad():
        return bundle.model.decode_images(codes).numpy() * 255


# --- files -------------------------------------------------------------------------------------------------


def test_a_png_is_the_row_wide_enough_for_a_page(walk: Callable, tmp_path: Path, errors: Errors) -> None:
    bundle = small_bundle()
    path = save(walk(bundle, "slerp"), "Walk (PNG)", tmp_path)
    assert path.name == "files-4-17-slerp.png"
    picture = np.asarray(picture_of(path))
    width = STEPS * 10 + STEPS - 1
    scale = -(-1200 // width)
    assert picture.shape[:2] == (12 * scale, width * scale)
    assert picture.shape[1] >= 1200
    codes = interpolate(bundle.probe.mean[4], bundle.probe.mean[17], STEPS, method="slerp")
    for n, expected in enumerate(decoded(bundle, codes)[:, 0]):
        found = picture[scale // 2 :: scale, n * 11 * scale + scale // 2 : (n * 11 + 10) * scale : scale]
        assert (found[..., 3] == 255).all()
        assert np.abs(found[..., 0] - expected).max() < 1
    assert not errors


def test_all_rows_stand_in_one_png(walk: Callable, tmp_path: Path) -> None:
    sizes = {}
    for method in ("linear", "slerp"):
        path = save(walk(small_bundle(), method), "All rows", tmp_path)
        assert path.name == "files-4-17-rows.png"
        sizes[method] = picture_of(path).size
    assert sizes["linear"][0] == sizes["slerp"][0] >= 1200
    assert sizes["slerp"][1] * 2 == sizes["linear"][1] * 3, "slerp has a row once it is switched on"


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gif_walks_there_and_back(channels: int, walk: Callable, tmp_path: Path, errors: Errors) -> None:
    likelihood = "bernoulli" if channels == 1 else "gaussian"
    bundle = small_bundle(ModelConfig((channels, 12, 10), 4, "conv", likelihood=likelihood, width=0.25))
    path = save(walk(bundle), "GIF", tmp_path)
    film = picture_of(path)
    assert film.info["loop"] == 0
    frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]
    count = 31
    assert len(frames) == 2 * count - 2
    assert frames[0].shape[1] >= 224
    scale = frames[0].shape[1] // 10
    assert frames[0].shape == (12 * scale, 10 * scale, 3)
    codes = interpolate(bundle.probe.mean[4], bundle.probe.mean[17], count)
    expected = decoded(bundle, codes)
    allowed = 1 if channels == 1 else 26  # a palette of six, seven and six steps, half a step away at most
    for n, frame in enumerate(frames):
        k = n if n < count else 2 * count - 2 - n
        small = frame[scale // 2 :: scale, scale // 2 :: scale].transpose(2, 0, 1)
        assert np.abs(small - expected[k]).max() <= allowed
    assert not errors


def test_a_csv_has_the_latent_of_each_picture(walk: Callable, tmp_path: Path) -> None:
    bundle = small_bundle()
    path = save(walk(bundle, "slerp"), "Latents", tmp_path)
    assert path.name == "files-4-17-slerp.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))
    assert [float(row["t"]) for row in rows] == [0, 0.25, 0.5, 0.75, 1]
    found = np.array([[float(row[f"z_{d}"]) for d in range(4)] for row in rows])
    expected = interpolate(bundle.probe.mean[4], bundle.probe.mean[17], STEPS, method="slerp")
    assert np.allclose(found, expected, atol=1e-5)
    assert np.array_equal(found[0].astype(np.float32), bundle.probe.mean[4].numpy()), "the ends are exact"


# --- one scrubber ------------------------------------------------------------------------------------------


def test_play_walks_there_and_back_until_a_hand_takes_over(walk: Callable, errors: Errors) -> None:
    bundle = small_bundle()
    page = walk(bundle)
    slider = page.get_by_role("slider", name="Place on the way")
    page.evaluate("""() => {
        const slider = document.querySelector(".le-progress-slider");
        window.seen = [];
        const look = () => (window.seen.push(slider.valueAsNumber), requestAnimationFrame(look));
        look();
    }""")
    page.get_by_role("button", name="Play", exact=True).click()
    seen = (
        "window.seen.findIndex((t, n) => t < 0.9 && window.seen.slice(0, n).some((before) => before > 0.99))"
    )
    page.wait_for_function(f"{seen} > 0")
    z = np.array(page.evaluate("window.latentExplorer.z"))
    ends = bundle.probe.mean[[4, 17]].numpy()
    share = (z - ends[0]) @ (ends[1] - ends[0]) / np.square(ends[1] - ends[0]).sum()
    assert np.allclose(z, ends[0] + share * (ends[1] - ends[0]), atol=1e-4), "the picture follows"
    slider.fill("0.25")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.evaluate("window.seen.length = 0")
    page.wait_for_function("window.seen.length > 20")
    assert set(page.evaluate("window.seen")) == {0.25}
    assert not errors


def test_the_scrubber_and_the_rows_share_one_grid(walk: Callable) -> None:
    page = walk(small_bundle(), "slerp")
    boxes = [each.bounding_box() for each in page.locator(".le-row-pictures canvas").all()]
    assert len(boxes) == 3
    assert {(round(box["x"], 1), round(box["width"], 1)) for box in boxes} == {
        (round(boxes[0]["x"], 1), round(boxes[0]["width"], 1))
    }
    slider = page.locator(".le-progress-slider")
    track, cell = slider.bounding_box(), boxes[0]["width"] / STEPS
    assert track["x"] + 9 == pytest.approx(boxes[0]["x"] + cell / 2, abs=1.5)
    assert track["x"] + track["width"] - 9 == pytest.approx(boxes[0]["x"] + (STEPS - 0.5) * cell, abs=1.5)
    assert track["y"] >= max(box["y"] + box["height"] for box in boxes)


def test_slerp_has_a_row_once_it_is_switched_on(walk: Callable) -> None:
    page = walk(small_bundle())
    roles = "[...document.querySelectorAll('[data-role^=row-]')].map((each) => each.dataset.role).join()"
    assert page.evaluate(roles) == "row-linear,row-pixels"
    page.evaluate("window.mount({ interpolation: { from: 4, to: 17, method: 'slerp', steps: 5 } })")
    page.wait_for_function(f"{roles} === 'row-linear,row-slerp,row-pixels'")
    until(page, lambda: pixels(page, "[data-role=row-slerp]").max() > 0, "the arc's pictures")
    page.evaluate("window.mount({ interpolation: { from: 4, to: 17, method: 'linear', steps: 5 } })")
    page.wait_for_function(f"{roles} === 'row-linear,row-pixels'")
