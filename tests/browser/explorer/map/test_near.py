"""What is near the hand on Explore: the nearest real images, how typical a latent is, in words."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import expect
from scipy.stats import chi2, norm

from tests.browser.hand import latent, map_place, number, pixels, settled
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, serve_model, small_bundle
from tests.browser.waiting import timers_end
from vae_core.bundles.bundle import Bundle
from vae_core.config.configs import ModelConfig
from vae_core.latent.codes import neighbours

SHAPE = (1, 12, 10)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """What `deep` was made of."""
    return small_bundle()


def test_the_nearest_images_are_python_s_with_their_distances(
    opened: Callable, deep: dict, bundle: Bundle, errors: Errors
) -> None:
    page = opened(component_data("explore", deep))
    for right in (0.3, 0.7):
        page.mouse.move(*map_place(page, right))
        settled(page)
        indices, distances = neighbours(torch.tensor([latent(page)]), bundle.probe.mean, 6)
        shown = page.locator("[data-role=neighbours] li .le-numbers").all_text_contents()
        assert [number(text.removesuffix(" σ")) for text in shown] == pytest.approx(
            distances[0].tolist(), abs=0.006
        )
        pictures = pixels(page, "[data-role=neighbours] canvas")
        assert np.array_equal(pictures, bundle.probe.images[indices[0]].flatten(1).numpy())
        classes = ("sandal", "sneaker", "bag")
        names = page.locator(".le-neighbour-name").all_text_contents()
        assert names == [classes[int(bundle.probe.labels[n])] for n in indices[0]]
    assert not errors


def test_lines_on_the_map_lead_from_the_hand_to_the_nearest_images(
    opened: Callable, deep: dict, bundle: Bundle
) -> None:
    page = opened(component_data("explore", deep))
    x, y = map_place(page, 0.6)
    page.mouse.move(x, y)
    settled(page)
    box = page.locator("[data-role=map]").bounding_box()
    lines = np.array(
        page.eval_on_selector_all(
            ".le-link-lines line:not(.le-link-halo)",
            "(all) => all.map((l) => ['x1', 'y1', 'x2', 'y2'].map((name) => +l.getAttribute(name)))",
        )
    )
    assert lines.shape == (6, 4)
    assert np.allclose(lines[:, :2], [x - box["x"], y - box["y"]], atol=1)
    # Pixels and axis units are one affine map, which the six ends must share.
    places = np.array(page.evaluate("window.latentExplorer.points"))
    indices, _ = neighbours(torch.tensor([latent(page)]), bundle.probe.mean, 6)
    ends = places[indices[0].numpy()]
    scale = np.linalg.lstsq(np.c_[ends[:, 0], np.ones(6)], lines[:, 2], rcond=None)
    assert scale[1].size == 0 or scale[1].max() < 1
    page.mouse.move(2, 2)
    settled(page)
    pinned = page.locator(".le-link-lines line").nth(1).get_attribute("x1")
    assert abs(float(pinned) - (x - box["x"])) > 1


def test_lines_to_images_end_at_the_frame(opened: Callable, site: StaticSite) -> None:
    model = serve_model(site, "single", small_bundle(ModelConfig(SHAPE, 2, "conv", width=0.25), count=1))
    page = opened(component_data("explore", model, z=[0.0, 90.0]))
    settled(page)
    box = page.locator("[data-role=map]").bounding_box()
    line = page.locator(".le-link-lines line").nth(1)
    assert float(line.get_attribute("y1")) < 0, "the pinned latent lies above the map"
    above = {"x": box["x"], "y": box["y"] + 1, "width": box["width"], "height": 23}
    with_lines = page.screenshot(clip=above)
    page.add_style_tag(content=".le-link-lines { visibility: hidden }")
    assert page.screenshot(clip=above) == with_lines, "no line crosses the edge's room for words"


@pytest.mark.parametrize("dims", [2, 4])
def test_the_readout_says_how_typical_a_latent_is(dims: int, opened: Callable, site: StaticSite) -> None:
    bundle = small_bundle(ModelConfig(SHAPE, dims, "conv", width=0.25))
    z = [1.5, -1.0, 0.5, 0.25][:dims]
    page = opened(component_data("explore", serve_model(site, "typical", bundle), z=z))
    settled(page)
    prior, images, _ = page.locator(".le-readout-lines > div").all()
    expect(prior).to_contain_text(f"log p(z) −{abs(norm.logpdf(z).sum()):.1f} nats")
    expect(prior).to_contain_text(
        f"{100 * chi2.sf(np.square(z).sum(), dims):.0f} % of samples lie further out"
    )
    expect(prior.locator("strong")).to_have_text("Typical")
    _, distance = neighbours(torch.tensor([z]), bundle.probe.mean, 1)
    _, gaps = neighbours(bundle.probe.mean, bundle.probe.mean, 2)
    gap = gaps[:, 1].sort().values[30]
    expect(images).to_contain_text(f"{float(distance):.2f} σ from the nearest image")
    expect(images).to_contain_text(f"{float(distance / gap):.1f} × the usual gap")


def test_an_estimate_is_labelled_as_one_and_a_formula_is_not(opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep))
    first, estimate = page.locator(".le-readout-first"), page.locator(".le-readout-lines > div").nth(2)
    expect(estimate).to_be_hidden()
    page.mouse.move(*map_place(page, 0.6))
    expect(first).to_contain_text("an estimate")
    expect(estimate).to_contain_text("map units from the nearest dot")
    page.mouse.click(*map_place(page, 0.6))
    page.mouse.move(2, 2)
    expect(first).to_contain_text("Pinned, an estimate")
    page.get_by_role("button", name="PCA").click()
    page.mouse.move(*map_place(page, 0.6))
    expect(first).to_have_text(re.compile("Under the hand: z"))
    expect(estimate).to_be_hidden()


def test_a_latent_pinned_on_one_map_is_placed_anew_on_another(
    opened: Callable, deep: dict, bundle: Bundle
) -> None:
    page = opened(component_data("explore", deep))
    page.mouse.click(*map_place(page, 0.75, 0.3))
    page.mouse.move(2, 2)
    expect(page.locator(".le-readout-first")).to_contain_text("Pinned, an estimate")
    pinned = latent(page)
    page.get_by_role("button", name="PCA").click()
    expect(page.locator(".le-readout-first")).to_have_text(re.compile("Pinned: z"))
    settled(page)
    timers_end(page, 700)  # the points glide
    assert latent(page) == pinned
    expected = bundle.projections["pca"].place(torch.tensor([pinned]))[0].tolist()
    lines = np.array(
        page.eval_on_selector_all(
            ".le-link-lines line:not(.le-link-halo)",
            "(all) => all.map((l) => ['x1', 'y1', 'x2', 'y2'].map((name) => +l.getAttribute(name)))",
        )
    )
    indices, _ = neighbours(torch.tensor([pinned]), bundle.probe.mean, 6)
    ends = bundle.projections["pca"].positions[indices[0]].numpy()
    for axis in (0, 1):
        slope, foot = np.polyfit(ends[:, axis], lines[:, 2 + axis], 1)
        assert lines[0, axis] == pytest.approx(foot + slope * expected[axis], abs=1.5)


def test_the_live_text_says_what_is_near(opened: Callable, deep: dict, bundle: Bundle) -> None:
    page = opened(component_data("explore", deep))
    page.locator("[data-role=map]").focus()
    page.keyboard.press("ArrowRight")
    live = page.locator("[data-role=readout] [aria-live=polite]")
    expect(live).to_contain_text("Pinned: z = (")
    expect(live).to_contain_text("of the 6 nearest", ignore_case=True)
    expect(live).to_contain_text("for the prior")
    indices, _ = neighbours(torch.tensor([latent(page)]), bundle.probe.mean, 6)
    labels = bundle.probe.labels[indices[0]].tolist()
    for label, name in enumerate(("sandal", "sneaker", "bag")):
        if label in labels:
            expect(live).to_contain_text(re.compile(rf"{labels.count(label)}( is| are)? {name}"))
