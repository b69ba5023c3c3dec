"""Finding an image where no encoder gives it a place: against the same search by torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from tests.browser.hand import drawn, latent, pixels
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, lively_model, serve_model, small_bundle
from tests.browser.waiting import two_frames
from vae_core.bundles.bundle import Bundle, BundleProbe
from vae_core.bundles.header import card_facts
from vae_core.config.configs import ModelConfig

CONFIG = ModelConfig((1, 12, 10), 4, "conv", family="gan", width=0.25)
PIXEL_DEVIATION = 0.2


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """A GAN that can make each of its images, but the last one, which is noise."""
    model = lively_model(CONFIG)
    generator = torch.Generator().manual_seed(4)
    made = model.decode_images(torch.randn(5, 4, generator=generator))
    noise = torch.rand(1, 1, 12, 10, generator=generator)
    images = (torch.cat([made, noise]) * 255).round().byte()
    probe = BundleProbe(images=images, labels=torch.arange(6) % 3)
    card = {"title": "Small", "versions": {}, **card_facts(CONFIG, ())}
    return replace(small_bundle(), model_config=CONFIG, model=model, probe=probe, projections={}, card=card)


@pytest.fixture
def page(bundle: Bundle, opened: Callable[..., Page], site: StaticSite) -> Page:
    return opened(component_data("explore", serve_model(site, "found", bundle)))


def energy(bundle: Bundle, z: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """What is made least: the sum of squared errors, and the pull to the centre, (B,)."""
    errors = bundle.model.decode_images(z) - image
    return errors.square().flatten(1).sum(1) + PIXEL_DEVIATION**2 * z.square().sum(1)


def by_torch(bundle: Bundle, image: torch.Tensor) -> float:
    """The least energy that gradients find from many samples."""
    z = torch.randn(16, 4, generator=torch.Generator().manual_seed(7)).requires_grad_()
    adam = torch.optim.Adam([z], lr=0.1)
    for _ in range(150):
        adam.zero_grad()
        energy(bundle, z, image).sum().backward()  # type: ignore[no-untyped-call]
        adam.step()
    return float(energy(bundle, z, image).min().detach())


def choose(page: Page, index: int) -> None:
    page.locator("[data-role=find] .le-gallery").get_by_role("button", name=f"number {index}").click()
    expect(page.locator("[data-role=find] [role=status]")).to_contain_text("Found in")
    two_frames(page)


@pytest.mark.parametrize("index", [0, 3, 5])
def test_it_finds_what_gradients_find(page: Page, bundle: Bundle, errors: Errors, index: int) -> None:
    choose(page, index)
    image = bundle.probe.images[index].float() / 255
    z = torch.tensor([latent(page)])
    found = float(energy(bundle, z, image).detach())
    assert found <= by_torch(bundle, image) * 1.02 + 1e-3
    original, made, _ = pixels(page, "[data-role=find] .le-glass-pictures > figure > canvas")
    assert np.array_equal(original, bundle.probe.images[index].flatten())
    assert np.abs(made - 255 * bundle.model.decode_images(z).detach().numpy().ravel()).max() < 2
    assert np.array_equal(made, drawn(page)), "it is pinned, and so the large picture shows it"
    square = np.square(made / 255 - original / 255).mean()
    expect(page.locator("[data-role=find] [role=status]")).to_contain_text(f"mean square {square:.3f}")
    assert not errors


def test_the_newest_choice_is_the_one_that_is_found(page: Page, bundle: Bundle) -> None:
    buttons = page.locator("[data-role=find] .le-gallery-pictures button")
    buttons.evaluate_all("(all) => all.forEach((button) => button.click())")
    expect(page.locator("[data-role=find] [role=status]")).to_contain_text("Found in")
    last = page.locator("[data-role=find] .le-gallery-pictures button[aria-pressed=true]")
    expect(last).to_have_count(1)
    name = last.get_attribute("aria-label")
    assert name is not None
    index = int(name.rpartition(" ")[2])
    original = pixels(page, "[data-role=find] .le-glass-pictures > figure > canvas")[0]
    assert np.array_equal(original, bundle.probe.images[index].flatten())


def test_what_is_pinned_meanwhile_stays_pinned(page: Page) -> None:
    page.evaluate("""() => {
        document.querySelector("[data-role=find] .le-gallery-pictures button").click();
        [...document.querySelectorAll(".le-go button")].find((each) => each.textContent === "Centre").click();
    }""")
    expect(page.locator("[data-role=find] [role=status]")).to_contain_text("Found in")
    two_frames(page)
    assert latent(page) == [0, 0, 0, 0]
    expect(page.locator("[data-role=find] [role=status]")).not_to_contain_text("and pinned")


def test_where_images_have_places_nothing_is_searched(opened: Callable[..., Page], site: StaticSite) -> None:
    page = opened(component_data("explore", serve_model(site, "placed", small_bundle())))
    expect(page.locator("[data-role=glass]")).to_be_visible()
    expect(page.locator("[data-role=find]")).to_be_hidden()


def test_systems_are_solved_as_numpy_does(call: Callable) -> None:
    random = np.random.default_rng(0)
    half = random.normal(size=(7, 7))
    matrix, right = half @ half.T + np.eye(7), random.normal(size=7)
    argument = [matrix.ravel().tolist(), right.tolist()]
    found = call(
        "latent/search.js", "Array.from(m.solved(Float64Array.from(a[0]), Float64Array.from(a[1])))", argument
    )
    assert np.allclose(found, np.linalg.solve(matrix, right), rtol=1e-10)
