"""The pad: a hand draws, and sees at once what the model sees, where it lies, and what is made of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.hand import latent, pixels, settled
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, serve_model, small_bundle
from tests.browser.waiting import timers_end, two_frames
from vae_core import load_bundle
from vae_core.bundles.bundle import Bundle
from vae_core.config.configs import ModelConfig
from vae_core.latent.codes import encode_images

SHIPPED = Path(__file__).resolve().parents[4] / "assets" / "bundles" / "mnist-2.safetensors"

FOUR = [[(0.35, 0.2), (0.3, 0.5), (0.68, 0.5)], [(0.62, 0.22), (0.6, 0.85)]]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(SHIPPED)


@pytest.fixture(scope="module")
def digits(site: StaticSite, bundle: Bundle) -> dict[str, str]:
    return serve_model(site, "draws-digits", bundle)


def draw(page: Page, *lines: list[tuple[float, float]]) -> None:
    """Draw lines with the mouse; places in shares of the pad."""
    box = page.locator("[data-role=pad]").bounding_box()
    for line in lines:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=6)
        page.mouse.up()
    two_frames(page)


def drawn(page: Page) -> dict[str, list[float]] | None:
    return page.evaluate("window.latentExplorer.drawn")


def seen(page: Page) -> np.ndarray:
    return pixels(page, "[data-role=seen]")[0]


def test_each_line_is_encoded_in_the_page_and_shown_everywhere(
    opened: Callable, digits: dict, bundle: Bundle, errors: Errors
) -> None:
    page = opened(component_data("draw", digits))
    assert drawn(page) is None
    settled(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    draw(page, FOUR[0])
    first = drawn(page)
    draw(page, FOUR[1])
    code = drawn(page)
    assert code["mean"] != first["mean"], "at each line"

    image = torch.tensor(seen(page), dtype=torch.uint8).reshape(1, 1, 28, 28)
    rows, columns = (np.flatnonzero(image[0, 0].numpy().any(axis)) for axis in (1, 0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20, "by MNIST's recipe"
    expected = encode_images(bundle.model, image)
    assert code["mean"] == pytest.approx(expected.mean[0].tolist(), abs=1e-3)
    assert code["logvar"] == pytest.approx(expected.logvar[0].tolist(), abs=1e-3)
    asked_of_face = page.evaluate(
        "async (image) => Array.from((await window.latentExplorer.encode(image)).mean)",
        (image.flatten() / 255).tolist(),
    )
    assert code["mean"] == pytest.approx(asked_of_face, abs=1e-5)

    assert latent(page) == pytest.approx(code["mean"], abs=1e-6)
    with torch.no_grad():
        remade = bundle.model.decode_images(torch.tensor([code["mean"]]))[0]
    shown = pixels(page, "[data-role=decoded]")[0]
    assert np.abs(shown - 255 * remade.flatten().numpy()).max() < 1.5
    error = float((remade - image[0] / 255).square().mean())
    pictures = page.locator(".le-draw-pictures")
    expect(pictures).to_contain_text(f"mean square {error:.3f}")

    # The ellipse is that of the posterior, on the axes of the map.
    found = page.evaluate("""() => {
        const ellipse = document.querySelector(".le-link-posterior");
        const [x, y] = /translate\\(([\\d.]+) ([\\d.]+)\\)/.exec(ellipse.getAttribute("transform")).slice(1);
        const pin = document.querySelector(".le-marker-pinned").style.transform.match(/[\\d.]+/g);
        const radii = [ellipse.getAttribute("rx"), ellipse.getAttribute("ry")].map(Number);
        const at = [x, y].map(Number);
        return { hidden: ellipse.hasAttribute("hidden"), at, pin: pin.map(Number), radii };
    }""")
    assert not found["hidden"]
    assert found["at"] == pytest.approx(found["pin"], abs=0.6)
    deviations = np.sort(np.exp(0.5 * np.array(code["logvar"])))[::-1]
    assert found["radii"][0] / found["radii"][1] == pytest.approx(deviations[0] / deviations[1], rel=0.02)

    page.get_by_role("button", name="Undo").click()
    assert drawn(page)["mean"] == pytest.approx(first["mean"])
    page.evaluate("window.latentExplorer.clearDrawing()")
    assert drawn(page) is None
    assert page.locator(".le-link-posterior").get_attribute("hidden") is not None
    page.get_by_role("button", name="Undo").click()
    assert drawn(page)["mean"] == pytest.approx(first["mean"]), "clearing can be taken back, too"
    assert not [url for url in asked if "kernels" not in url and "worker" not in url and ".js" not in url]
    assert not errors


def test_a_held_out_image_is_put_on_the_pad_and_altered(
    opened: Callable, digits: dict, bundle: Bundle
) -> None:
    page = opened(component_data("draw", digits))
    neighbour = page.locator("[data-role=neighbours] button").nth(2)
    neighbour.click()
    two_frames(page)
    image = seen(page)
    index = int(np.flatnonzero((bundle.probe.images.flatten(1).numpy() == image).all(1))[0])
    whole = drawn(page)["mean"]
    assert whole == pytest.approx(bundle.probe.mean[index].tolist(), abs=0.02)
    verdict = page.locator("[data-role=verdict]")
    expect(verdict).to_contain_text("Usual")

    page.get_by_role("button", name="Eraser").click()
    draw(page, [(0.1, 0.3), (0.9, 0.3)])
    altered = seen(page).reshape(28, 28)
    assert not altered[8].any()
    assert np.array_equal(altered[14:], image.reshape(28, 28)[14:])
    assert drawn(page)["mean"] != whole
    page.locator("[data-role=pad]").press("Control+z")
    assert np.array_equal(seen(page), image)
    assert drawn(page)["mean"] == pytest.approx(whole)

    page.locator(".le-gallery-pictures button").nth(40).click()
    two_frames(page)
    assert not np.array_equal(seen(page), image)


def test_what_no_held_out_image_is_like_is_said(opened: Callable, digits: dict) -> None:
    page = opened(component_data("draw", digits))
    verdict = page.locator("[data-role=verdict]")
    draw(page, *[[(x, 0.1), (1 - x, 0.9), (0.9, x)] for x in (0.1, 0.3, 0.5, 0.7, 0.9)])
    expect(verdict).to_contain_text("never seen such a thing")
    expect(verdict).to_contain_text("of held-out images have less")
    page.evaluate("window.latentExplorer.clearDrawing()")
    expect(verdict).not_to_contain_text("never seen")


def test_a_file_of_one_s_own_is_made_to_look_like_the_model_s_images(
    opened: Callable, digits: dict, bundle: Bundle
) -> None:
    """One of MNIST's, written large, dark on light paper, off the middle: it comes back as it was."""
    page = opened(component_data("draw", digits))
    original = bundle.probe.images[5, 0].numpy()
    paper = np.full((600, 800), 240, dtype=np.uint8)
    paper[40:488, 250:698] -= (np.kron(original, np.ones((16, 16))) * 0.9).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(paper).save(file, "PNG")
    field = page.locator(".le-pad-tools input[type=file]:not([capture])")
    field.set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": file.getvalue()})
    expect(page.locator(".le-draw-pad")).to_contain_text("Light and dark are changed over")
    found = seen(page).reshape(28, 28)
    assert np.corrcoef(found.flatten(), original.flatten())[0, 1] > 0.95
    before = drawn(page)
    field.set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": b"<html>no picture</html>"})
    expect(page.locator(".le-draw-pad")).to_contain_text("no picture of that file")
    assert drawn(page) == before


def test_a_finger_draws_and_the_page_stays(opened: Callable, digits: dict) -> None:
    page = opened(
        component_data("draw", digits),
        options={"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}},
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    touch = page.context.new_cdp_session(page)
    box = page.locator("[data-role=pad]").bounding_box()
    x, y = box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"]
    up = 0.6 * box["height"]
    for kind, share in (("touchStart", 0), *(("touchMove", k / 8) for k in range(1, 9)), ("touchEnd", 1)):
        points = [] if kind == "touchEnd" else [{"x": x, "y": y - share * up}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    timers_end(page, 200)
    assert drawn(page) is not None
    one = seen(page).reshape(28, 28)
    assert np.ptp(np.flatnonzero(one.any(1))) + 1 == 20
    assert np.ptp(np.flatnonzero(one.any(0))) + 1 <= 4
    assert page.evaluate("scrollY") == 0


def test_keys_draw_too(opened: Callable, digits: dict) -> None:
    page = opened(component_data("draw", digits))
    pad = page.locator("[data-role=pad]")
    pad.focus()
    for key in (*["ArrowUp"] * 6, " ", *["ArrowDown"] * 12, " ", "ArrowLeft"):
        pad.press(key)
    two_frames(page)
    one = seen(page).reshape(28, 28)
    assert np.ptp(np.flatnonzero(one.any(1))) + 1 == 20
    before = drawn(page)["mean"]
    pad.press("ArrowRight")
    two_frames(page)
    assert drawn(page)["mean"] == before, "a pen that is lifted draws nothing"
    assert page.evaluate("window.latentExplorer.all.length") == 1


def test_the_map_shows_other_places_and_says_that_they_are_not_the_drawing(
    opened: Callable, digits: dict
) -> None:
    page = opened(component_data("draw", digits))
    draw(page, *FOUR)
    pictures = page.locator(".le-draw-pictures")
    expect(pictures).to_contain_text("Its reconstruction")
    box = page.locator("[data-role=map]").bounding_box()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"])
    expect(pictures).to_contain_text("Under the hand")
    expect(pictures).not_to_contain_text("mean square")
    page.mouse.move(box["x"] - 20, box["y"] + 0.7 * box["height"])
    expect(pictures).to_contain_text("Its reconstruction")
    expect(pictures).to_contain_text("mean square")


def test_other_images_and_codes_that_are_points(opened: Callable, site: StaticSite, errors: Errors) -> None:
    """In a frame of its own shape, told a class, on a UMAP, which has no ellipses, as points have none."""
    conditional = small_bundle(ModelConfig((1, 12, 10), 4, "conv", width=0.25, n_classes=3))
    page = opened(component_data("draw", serve_model(site, "draws-told", conditional)))
    page.locator("[data-role=class] select").select_option("2")
    draw(page, [(0.05, 0.5), (0.95, 0.5)])
    image = torch.tensor(seen(page), dtype=torch.uint8).reshape(1, 1, 12, 10)
    expected = encode_images(conditional.model, image, labels=torch.tensor([2]))
    assert drawn(page)["mean"] == pytest.approx(expected.mean[0].tolist(), abs=1e-3)
    assert page.locator(".le-link-posterior").get_attribute("hidden") is not None
    assert page.locator(".le-link-samples path").count() > 0, "samples of it instead"

    points = small_bundle(ModelConfig((1, 12, 10), 2, "mlp", width=0.125, family="autoencoder"))
    page = opened(component_data("draw", serve_model(site, "draws-points", points)))
    draw(page, [(0.05, 0.5), (0.95, 0.5)])
    assert drawn(page)["logvar"] is None
    assert page.locator(".le-link-posterior").get_attribute("hidden") is not None
    assert not errors


def test_what_the_model_sees_is_kept_at_a_press_and_nothing_is_said_before(
    opened: Callable, digits: dict
) -> None:
    page = opened(component_data("draw", digits, keep={"url": "/latent/drawings", "collection": "class a&b"}))
    came: list[tuple[str, bytes]] = []

    def answer(route: Route) -> None:
        came.append((route.request.url.partition("?")[2], route.request.post_data_buffer or b""))
        if len(came) == 1:
            route.fulfill(status=507, body="The disk is full.")
        else:
            route.fulfill(json={"all": 12, "mine": 1})

    page.route("**/latent/drawings*", answer)
    button, said = page.get_by_role("button", name="Send to the class"), page.locator("[data-role=kept]")
    expect(button).to_be_disabled()
    draw(page, *FOUR)
    sees = seen(page)
    page.get_by_label("Label of the drawing").fill("4 & more")
    button.click()
    expect(said).to_have_text("The disk is full.")
    assert drawn(page) is not None
    page.get_by_label("Label of the drawing").press("Enter")
    expect(said).to_have_text("Sent: 1 of yours, 12 in all.")
    assert came == 2 * [("label=4+%26+more&collection=class+a%26b", sees.astype(np.uint8).tobytes())]
    assert drawn(page) is None, "the pad is empty for the next one"
    expect(button).to_be_disabled()
    page.get_by_role("button", name="Undo").click()
    assert drawn(page) is not None
