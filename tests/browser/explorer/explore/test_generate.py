"""New images by the sheet: what is decoded, what it is near to, what is saved of it, by hand and by keys."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.hand import latent, pixels
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, serve_model, small_bundle
from tests.browser.waiting import two_frames, until
from vae_core.bundles.bundle import Bundle
from vae_core.config.configs import ModelConfig

GENERATE = "[data-role=generate]"
SAMPLES = "[data-role=samples] button"


@pytest.fixture
def sheet(opened: Callable, site: StaticSite) -> Callable[[Bundle], Page]:
    """Open Explore on a bundle, its samples drawn."""

    def make(bundle: Bundle) -> Page:
        page = opened(component_data("explore", serve_model(site, "made", bundle)))
        page.locator(GENERATE).scroll_into_view_if_needed()
        drawn(page)
        return page

    return make


def drawn(page: Page) -> None:
    """Wait until the last sample is there."""
    page.wait_for_function(
        """(samples) => [...document.querySelectorAll(samples)].at(-1)?.querySelector("canvas")
            .getContext("2d").getImageData(0, 0, 1, 1).data[3] === 255""",
        arg=SAMPLES,
    )


def saved(page: Page, what: str, folder: Path) -> Path:
    menu = page.locator(f"{GENERATE} .le-menu")
    menu.get_by_text("Save as").click()
    with page.expect_download() as download:
        menu.get_by_role("button", name=what).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def nearest(pictures: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The image nearest to each picture, and the mean squared error to it."""
    errors = np.square(pictures[:, None] - images[None] / 255).mean(axis=(2, 3, 4))
    return errors.argmin(1), errors.min(1)


def test_a_sheet_is_decoded_from_the_prior_saved_and_compared(
    sheet: Callable, tmp_path: Path, errors: Errors
) -> None:
    bundle = small_bundle()
    page = sheet(bundle)
    expect(page.locator(SAMPLES)).to_have_count(48)
    first = saved(page, "NPZ", tmp_path)
    assert first.name == "made-samples-48-t1-seed1.npz"
    found = arrays(first)
    z, images = found["z"], found["images"]
    assert (z.shape, images.shape) == ((48, 4), (48, 1, 12, 10))
    assert z.dtype == images.dtype == np.float32
    assert abs(z.mean()) < 0.3
    assert z.std() == pytest.approx(1, abs=0.2)
    with torch.no_grad():
        expected = bundle.model.decode_images(torch.from_numpy(z)).numpy()
    assert np.abs(images - expected).max() < 1e-3
    shown = pixels(page, f"{SAMPLES} canvas:first-child")
    assert np.abs(shown - 255 * images.reshape(48, -1)).max() <= 0.51

    slider = page.get_by_role("slider", name="Temperature")
    slider.fill("0.5")
    cooler = arrays(saved(page, "NPZ", tmp_path))
    assert np.allclose(cooler["z"], 0.5 * z, atol=1e-6), "each sample on its own ray"
    slider.fill("1")
    page.get_by_role("button", name="New samples").click()
    other = arrays(saved(page, "NPZ", tmp_path))
    assert np.abs(other["z"] - z).max() > 1
    page.get_by_label("Seed").fill("1")
    page.get_by_label("Seed").press("Enter")
    page.get_by_role("button", name="12", exact=True).click()
    fewer = arrays(saved(page, "NPZ", tmp_path))
    assert np.array_equal(fewer["z"], z[:12]), "the same seed, the same samples"

    page.get_by_role("button", name="Nearest image").click()
    indices, least = nearest(fewer["images"], bundle.probe.images.numpy())
    names = page.locator(SAMPLES)
    last = bundle.image_set["label_names"][int(bundle.probe.labels[indices[11]])]
    expect(names.nth(11)).to_have_accessible_name(
        f"Sample 12, nearest image {indices[11]}, class {last}, mean squared error {least[11]:.4f}"
    )
    beside = pixels(page, f"{SAMPLES} canvas.le-nearest")
    assert np.array_equal(beside, bundle.probe.images[indices].reshape(12, -1).numpy())
    all_images = bundle.probe.images.numpy()
    apart = np.square((all_images[:, None] - all_images[None].astype(float)) / 255).mean(axis=(2, 3, 4))
    np.fill_diagonal(apart, np.inf)
    usual = np.sort(apart.min(1))[30]
    expect(page.locator(GENERATE)).to_contain_text(f"{usual:.4f} to the nearest other")
    with Image.open(io.BytesIO(saved(page, "PNG", tmp_path).read_bytes())) as png:
        assert png.width >= 1200
        assert png.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        picture, scale = np.asarray(png)[..., 0], png.width // (4 * 10 + 3)
    cells = picture[scale // 2 :: scale, scale // 2 :: scale]
    assert np.abs(cells[:12, :10] - 255 * fewer["images"][0, 0]).max() <= 0.51
    assert np.array_equal(cells[:12, 11:21], all_images[indices[0], 0]), "its nearest image right of it"
    assert not errors


def test_a_sample_is_pinned_by_hand_and_by_keys(sheet: Callable, tmp_path: Path, errors: Errors) -> None:
    page = sheet(small_bundle())
    z = arrays(saved(page, "NPZ", tmp_path))["z"]
    samples = page.locator(SAMPLES)
    samples.nth(3).click()
    two_frames(page)
    assert latent(page) == pytest.approx(z[3].tolist(), abs=1e-6)
    expect(samples.nth(3)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    until(page, lambda: latent(page) == pytest.approx(z[12].tolist(), abs=1e-6), "the sample below and right")
    expect(page.locator(f"{SAMPLES}[aria-pressed=true]")).to_have_count(1)
    expect(samples.nth(12)).to_be_focused()
    page.get_by_role("button", name="Centre").click()
    expect(page.locator(f"{SAMPLES}[aria-pressed=true]")).to_have_count(0)
    assert not errors


def test_a_model_that_is_told_the_class_makes_samples_of_each(
    sheet: Callable, tmp_path: Path, errors: Errors
) -> None:
    bundle = small_bundle(ModelConfig((1, 12, 10), 4, "conv", family="conditional", n_classes=3, width=0.25))
    page = sheet(bundle)
    found = arrays(saved(page, "NPZ", tmp_path))
    assert found["labels"].tolist() == [0] * 16 + [1] * 16 + [2] * 16
    with torch.no_grad():
        expected = bundle.model.decode_images(
            torch.from_numpy(found["z"]), torch.from_numpy(found["labels"]).long()
        )
    assert np.abs(found["images"] - expected.numpy()).max() < 1e-3
    page.get_by_role("button", name="Sample 40, class bag").click()
    two_frames(page)
    assert np.abs(pixels(page, "[data-role=decoded]")[0] - 255 * found["images"][39].ravel()).max() <= 1.01
    page.get_by_role("combobox", name="Class", exact=True).select_option("sneaker")
    assert set(arrays(saved(page, "NPZ", tmp_path))["labels"]) == {1}
    assert not errors


def test_points_have_no_prior_and_it_is_said(sheet: Callable) -> None:
    page = sheet(small_bundle(ModelConfig((1, 12, 10), 2, "conv", family="autoencoder", width=0.25)))
    expect(page.locator(GENERATE)).to_contain_text("N(0, 1) all the same: this model has no prior")
