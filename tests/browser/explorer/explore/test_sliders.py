"""Sliders and strips on Explore: dead dimensions, ranges, the aggregate posterior, their tables."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from tests.browser.hand import latent, number, two_frames
from tests.browser.serving import StaticSite
from tests.browser.small_models import component_data, serve_model, small_bundle
from vae_core.bundles.bundle import Bundle


@pytest.fixture(scope="module")
def sleepy(site: StaticSite) -> dict[str, str]:
    """A model of four dimensions of which the second and the last are dead."""
    return serve_model(site, "sleepy", sleepy_bundle())


def sleepy_bundle() -> Bundle:
    bundle = small_bundle()
    bundle.probe.mean[:, 1] = 0.05 * torch.tensor([1.0, -1.0]).repeat(30)
    bundle.probe.mean[:, 3] = 0.0
    return bundle


def test_dead_dimensions_are_folded_away_and_named(opened: Callable, sleepy: dict) -> None:
    page = opened(component_data("explore", sleepy))
    sliders = page.locator(".le-sliders")
    expect(sliders.get_by_text("2 dead dimensions: z")).to_be_visible()
    assert set(re.findall(r"z\d", sliders.locator("summary").first.inner_text())) == {"z1", "z3"}
    expect(page.locator("[data-role=slider-0]")).to_be_visible()
    expect(page.locator("[data-role=slider-1]")).to_be_hidden()
    sliders.get_by_text("2 dead dimensions").click()
    page.locator("[data-role=slider-1]").fill("1.5")
    two_frames(page)
    assert latent(page) == [0, 1.5, 0, 0]
    dead_strip = page.locator("[data-role=traversal-3]")
    expect(dead_strip).to_be_hidden()
    page.locator(".le-strips summary").first.click()
    expect(dead_strip).to_be_visible()
    page.wait_for_function("""() => {
        const canvas = document.querySelector("[data-role=traversal-3]");
        return canvas.getContext("2d").getImageData(canvas.width - 1, 0, 1, 1).data[3] === 255;
    }""")


def test_ranges_follow_the_prior_or_the_images(opened: Callable, sleepy: dict) -> None:
    page = opened(component_data("explore", sleepy))
    ends = "['min', 'max'].map((name) => +document.querySelector('[data-role=slider-0]')[name])"
    assert page.evaluate(ends) == [-3.3, 3.3]
    expect(page.locator(".le-strips > .le-caption")).to_contain_text("from −2.33 to 2.33")
    page.get_by_role("button", name="As the images", exact=True).click()
    codes = np.sort(sleepy_bundle().probe.mean[:, 0].numpy())
    found = page.evaluate(ends)
    assert found == pytest.approx([np.floor(10 * codes[0]) / 10, np.ceil(10 * codes[-1]) / 10], abs=1e-6)
    strip = page.locator(".le-strip-pictures:has([data-role=traversal-0])")
    strip.focus()
    page.keyboard.press("End")
    two_frames(page)
    assert latent(page)[0] == pytest.approx(float(codes[round(0.99 * 59)]), abs=1e-5)
    page.keyboard.press("ArrowLeft")
    two_frames(page)
    assert latent(page)[0] < float(codes[round(0.99 * 59)]) - 0.1
    assert float(strip.get_attribute("aria-valuenow")) == pytest.approx(latent(page)[0], abs=0.006)


def test_the_aggregate_posterior_stands_behind_the_sliders_and_in_their_table(
    opened: Callable, sleepy: dict
) -> None:
    page = opened(component_data("explore", sleepy, z=[0.5, 0, 0, 0]))
    probe = sleepy_bundle().probe
    mean = probe.mean.mean(0)
    variance = probe.mean.var(0, correction=0) + probe.logvar.exp().mean(0)
    page.locator(".le-sliders").get_by_text("As a table").click()
    expect(page.locator(".le-sliders tbody tr")).to_have_count(4)
    rows = [row.split("\t") for row in page.locator(".le-sliders tbody tr").all_inner_texts()]
    assert len(rows) == 4
    for name, pinned, _, first, second, used in rows:
        dim = int(name[1:])
        assert number(pinned) == [0.5, 0, 0, 0][dim]
        assert number(first) == pytest.approx(float(mean[dim]), abs=0.006)
        assert number(second) == pytest.approx(float(variance[dim]), abs=0.006)
        assert used == ("no, dead" if dim in (1, 3) else "yes")
    band = page.evaluate("""() => {
        const track = document.querySelector("[data-role=slider-0]").parentElement.getBoundingClientRect();
        const { left, right } = document.querySelector("[data-role=slider-0]").parentElement
            .querySelector(".le-track-images").getBoundingClientRect();
        return [left, right].map((x) => ((x - track.left - 9) / (track.width - 18)) * 6.6 - 3.3);
    }""")
    deviation = float(variance[0].sqrt())
    assert band == pytest.approx([float(mean[0]) - deviation, float(mean[0]) + deviation], abs=0.05)


def test_strips_have_a_table_of_what_they_come_near(opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep))
    page.locator(".le-strips").get_by_text("As a table").click()
    expect(page.locator(".le-strips tbody td")).to_have_count(4 * 9)
    cells = page.locator(".le-strips tbody tr").first.locator("td").all_inner_texts()
    assert len(cells) == 9
    assert all(re.fullmatch(r"−?\d\.\d\d: (sandal|sneaker|bag)", cell) for cell in cells)
