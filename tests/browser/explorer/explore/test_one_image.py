"""One image closely: original, reconstruction, error, posterior, samples; also by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from tests.browser.hand import latent, number, pixels, settled, two_frames
from tests.browser.serving import Errors
from tests.browser.small_models import component_data, small_bundle
from vae_core.bundles.bundle import Bundle
from vae_core.latent.codes import neighbours


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """What `deep` was made of."""
    return small_bundle()


def test_a_neighbour_is_looked_at_closely(
    opened: Callable, deep: dict, bundle: Bundle, errors: Errors
) -> None:
    page = opened(component_data("explore", deep, z=[0.5, 0.5, -0.5, 0]))
    settled(page)
    indices, _ = neighbours(torch.tensor([[0.5, 0.5, -0.5, 0]]), bundle.probe.mean, 6)
    chosen = int(indices[0, 2])
    page.locator("[data-role=neighbours] button").nth(2).click()
    settled(page)
    assert latent(page) == pytest.approx(bundle.probe.mean[chosen].tolist(), abs=1e-6)
    glass = page.locator("[data-role=glass]")
    expect(glass).to_contain_text(f"image {chosen}")
    original, drawn = pixels(page, "[data-role=glass] figure > canvas")[:2]
    image = bundle.probe.images[chosen]
    assert np.array_equal(original, image.flatten().numpy())
    page.wait_for_function("""() => {
        const canvas = document.querySelectorAll("[data-role=glass] figure > canvas")[2];
        return canvas.getContext("2d").getImageData(0, 0, 1, 1).data[3] === 255;
    }""")
    with torch.no_grad():
        expected = bundle.model.decode_images(bundle.probe.mean[chosen : chosen + 1])[0]
    drawn = pixels(page, "[data-role=glass] figure > canvas")[1]
    assert np.abs(drawn - 255 * expected.flatten().numpy()).max() < 1
    error = float((expected - image / 255).square().mean())
    expect(glass).to_contain_text(f"mean square {error:.3f}")
    samples = pixels(page, ".le-glass-sheet canvas")
    assert samples.shape == (6, 120)
    assert len({tuple(sample) for sample in samples}) == 6
    assert not page.locator(".le-link-ring").get_attribute("hidden")
    assert page.locator(".le-link-samples path").count() == 6

    glass.get_by_text("As a table").click()
    expect(glass.locator("tbody tr")).to_have_count(4)
    rows = [row.split("\t") for row in glass.locator("tbody tr").all_inner_texts()]
    logvar = bundle.probe.logvar[chosen]
    for name, mean, deviation, _ in rows:
        dim = int(name[1:])
        assert number(mean) == pytest.approx(float(bundle.probe.mean[chosen, dim]), abs=0.006)
        assert number(deviation) == pytest.approx(float((0.5 * logvar[dim]).exp()), abs=0.006)

    page.locator(".le-glass-sheet button").nth(4).click()
    two_frames(page)
    assert latent(page) != pytest.approx(bundle.probe.mean[chosen].tolist(), abs=1e-6)
    large = pixels(page, "[data-role=decoded]")[0]
    assert np.abs(large - samples[4]).max() <= 1
    assert not errors


def test_resampling_draws_from_the_posterior_of_the_image_looked_at(
    opened: Callable, deep: dict, bundle: Bundle
) -> None:
    page = opened(component_data("explore", deep))
    page.locator("[data-role=neighbours] button").first.click()
    chosen = int(re.search(r"image (\d+)", page.locator("[data-role=glass]").inner_text())[1])
    draws = []
    for _ in range(40):
        page.get_by_role("button", name="Posterior sample").click()
        two_frames(page)
        draws.append(latent(page))
    mean, deviation = bundle.probe.mean[chosen].numpy(), (0.5 * bundle.probe.logvar[chosen]).exp().numpy()
    standard = (np.array(draws) - mean) / deviation
    assert np.abs(standard.mean(0)).max() < 5 / np.sqrt(40)
    assert 0.5 < standard.std() < 1.5
    expect(page.locator("[data-role=glass]")).to_contain_text(f"image {chosen}")


def test_the_image_is_reached_and_used_by_keyboard_alone(opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep))
    expect(page.locator("[data-role=neighbours] button").first).to_be_visible()
    reached, outlined = set(), True
    for _ in range(80):
        page.keyboard.press("Tab")
        found = page.evaluate("""() => {
            const { activeElement: now } = document;
            const { outlineStyle, outlineWidth } = getComputedStyle(now);
            const roles = "[data-role=neighbours], [data-role=glass], ";
            const part = now.closest(roles + ".le-sliders, .le-strips, .le-map");
            return [part?.dataset.role ?? part?.classList[0] ?? "", parseFloat(outlineWidth), outlineStyle];
        }""")
        reached.add(found[0])
        outlined = outlined and (not found[0] or (found[1] >= 1 and found[2] != "none"))
    assert {"neighbours", "glass", "le-sliders", "le-strips", "map"} <= reached
    assert outlined
    page.locator("[data-role=neighbours] button").nth(1).focus()
    before = page.locator("[data-role=glass] .le-caption").first.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("[data-role=glass] .le-caption").first).not_to_have_text(before)
