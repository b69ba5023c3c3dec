"""Images of one's own, the whole way: chosen, told of, kept, and on Train to learn from."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.serving import Errors

EACH: Final = 12
"""Images of each class."""


def archive(path: Path) -> Path:
    """Write a zip of two classes in colour, and a file that is no image."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as files:
        for name, channel in (("reds", 0), ("blues", 2)):
            for number in range(EACH):
                pixels = random.integers(0, 60, (20, 24, 3), np.uint8)
                pixels[..., channel] += 180
                file = io.BytesIO()
                Image.fromarray(pixels).save(file, "PNG")
                files.writestr(f"{name}/{number}.png", file.getvalue())
        files.writestr("reds/drawn.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    return path


def test_a_zip_is_told_of_kept_and_chosen_on_train(
    app_url: str, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page, errors = new_page(viewport={"width": 1280, "height": 720}), Errors()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{app_url}/images")
    page.locator("[data-role=upload-files]").set_input_files(archive(tmp_path / "Two colours & <b>.zip"))
    told = page.locator(".st-key-images_preview")
    expect(told).to_contain_text("24 images of 25 files would be kept, 1 refused, 0 duplicates")
    expect(told).to_contain_text("22 to learn from, 2 held out, a tenth of each class")
    expect(told).to_contain_text("2 classes: blues 11 + 1 · reds 11 + 1")
    told.get_by_text("1 file refused, each with its reason").click()
    expect(told.get_by_role("listitem")).to_have_text(re.compile(r"^reds/drawn\.svg: .*SVG"))
    page.locator(".st-key-images_keep button").click()
    card = page.locator(".st-key-own_image_sets > div")
    expect(card).to_have_count(1)
    expect(card.get_by_role("heading")).to_have_text("Two colours & _b_")
    expect(card.locator("img")).to_be_visible()
    expect(told).to_have_count(0)
    card.get_by_role("link", name="Train on these").click()
    expect(page.locator(".st-key-train_images input")).to_have_value(re.compile(r"^two-colours-b-\w{10}$"))
    expect(page.locator(".st-key-train_likelihood input")).to_have_value("gaussian_learned")
    expect(page.locator(".st-key-train_start button")).to_be_enabled()
    assert not errors
