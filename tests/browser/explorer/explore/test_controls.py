"""What stands beside the map: sliders, strips, buttons, axes, colours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from tests.browser.hand import (
    decoded,
    drawn,
    latent,
    map_place,
    two_frames,
    unchanging_layers,
    wait_for_strips,
)
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, serve_model, small_bundle
from tests.browser.waiting import until
from vae_core.config.configs import ModelConfig
from vae_core.latent.walks import prior_values


def test_sliders_are_ordered_by_kl_and_set_their_dimension(opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep))
    roles = page.eval_on_selector_all(
        "[data-role^=slider-]", "(all) => all.map((input) => input.dataset.role)"
    )
    weights = [float(text) for text in page.locator(".le-slider-weight").all_text_contents()]
    assert sorted(roles) == [f"slider-{dim}" for dim in range(4)]
    assert weights == sorted(weights, reverse=True)
    strips = page.eval_on_selector_all(
        "[data-role^=traversal-]", "(all) => all.map((canvas) => canvas.dataset.role)"
    )
    assert [role.split("-")[1] for role in strips] == [role.split("-")[1] for role in roles]

    slider = page.locator("[data-role=slider-2]")
    slider.fill("1.25")
    two_frames(page)
    assert latent(page) == [0, 0, 1.25, 0]
    assert np.abs(drawn(page) - decoded(page)).max() < 0.51
    slider.focus()
    page.keyboard.press("ArrowRight")
    two_frames(page)
    assert latent(page)[2] == pytest.approx(1.26, abs=1e-4)
    page.locator("[data-role=slider-1]").scroll_into_view_if_needed()
    box = page.locator("[data-role=slider-1]").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    two_frames(page)
    assert latent(page)[1] > 1
    assert latent(page)[2] == pytest.approx(1.26, abs=1e-4)
    chosen = [round(number, 3) for number in latent(page)]
    page.wait_for_function("(z) => window.sent.at(-1)?.[1].join() === z.join()", arg=chosen)


def strip_pictures(page: Page, dim: int) -> np.ndarray:
    """The nine pictures of a strip, (9, H * W), 0..255."""
    return np.array(
        page.evaluate(
            """(dim) => {
                const canvas = document.querySelector(`[data-role=traversal-${dim}]`);
                const step = (canvas.width + 1) / 9;
                return Array.from({ length: 9 }, (_, n) => {
                    const image = canvas.getContext("2d").getImageData(n * step, 0, step - 1, canvas.height);
                    return Array.from(image.data.filter((_, i) => i % 4 === 0));
                });
            }""",
            dim,
        )
    )


@pytest.mark.parametrize("worker", [True, False], ids=["in the worker", "without workers"])
def test_strips_show_what_a_dimension_changes_and_a_click_goes_there(
    worker: bool, opened: Callable, deep: dict
) -> None:
    def without_workers(page: Page) -> None:
        page.add_init_script("window.Worker = class { constructor() { throw new Error('none'); } };")

    page = opened(
        component_data("explore", deep, z=[0.5, 0, 0, -1]), prepare=None if worker else without_workers
    )
    wait_for_strips(page)
    for index, value in enumerate(prior_values(9, coverage=0.98).tolist()):
        expected = page.evaluate(
            "async (value) => Array.from(await window.latentExplorer.decode([0.5, value, 0, -1]))", value
        )
        assert np.abs(strip_pictures(page, 1)[index] - 255 * np.array(expected)).max() < 0.51

    strip = page.locator("[data-role=traversal-1]")
    box = strip.bounding_box()
    strip.click(position={"x": 0.95 * box["width"], "y": box["height"] / 2})
    two_frames(page)
    assert latent(page) == pytest.approx([0.5, 2.326, 0, -1], abs=1e-3)


def test_a_model_that_is_told_the_class_offers_its_classes_beside_the_sliders(
    opened: Callable, site: StaticSite, errors: Errors
) -> None:
    config = ModelConfig((1, 12, 10), 3, "conv", n_classes=3, width=0.25)
    bundle = small_bundle(config)
    page = opened(component_data("explore", serve_model(site, "told", bundle), layers=["manifold"]))
    told = page.get_by_label("Class told")
    assert told.locator("option").all_text_contents() == ["sandal", "sneaker", "bag"]

    def expected(z: torch.Tensor, label: int) -> np.ndarray:
        with torch.no_grad():
            images = bundle.model.decode_images(z, torch.full((len(z),), label))
        return 255 * images.flatten(1).numpy()

    at_zero = torch.zeros(9, 3)
    along = at_zero.clone()
    along[:, 1] = torch.as_tensor(prior_values(9, coverage=0.98), dtype=torch.float32)
    maps = []
    for label, name in [(0, None), (2, "bag")]:
        if name:
            told.select_option(name)
        until(
            page, lambda label=label: np.abs(drawn(page) - expected(at_zero, label)[0]).max() < 1, "the class"
        )
        until(
            page,
            lambda label=label: np.abs(strip_pictures(page, 1) - expected(along, label)).max() < 1,
            "strips of the class",
        )
        maps.append(unchanging_layers(page))
    assert maps[0] != maps[1]

    # The pinned latent in every class, whichever is told; a click tells one.
    def in_each_class() -> np.ndarray:
        return np.array(
            page.locator("[data-role=classes] canvas").evaluate_all(
                "(all) => all.map((each) => Array.from(each.getContext('2d')"
                ".getImageData(0, 0, each.width, each.height).data).filter((_, n) => n % 4 === 0))"
            )
        )

    wanted = np.concatenate([expected(at_zero[:1], label) for label in range(3)])
    until(page, lambda: np.abs(in_each_class() - wanted).max() < 1, "a picture in each class")
    page.locator("[data-role=classes] button").nth(1).click()
    expect(told).to_have_value("1")
    until(page, lambda: np.abs(drawn(page) - wanted[1]).max() < 1, "the class that was clicked")

    # An image's code is pinned: its own class is told, so that the picture is its reconstruction.
    for _ in range(4):
        page.get_by_role("button", name="A real image").click()
        two_frames(page)
        z = torch.tensor(latent(page))
        index = int((bundle.probe.mean - z).abs().amax(1).argmin())
        label = int(bundle.probe.labels[index])
        expect(told).to_have_value(str(label))
        until(
            page, lambda z=z, y=label: np.abs(drawn(page) - expected(z[None], y)[0]).max() < 1, "its picture"
        )
    assert not errors


def test_a_model_that_is_told_no_class_offers_none(opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep))
    expect(page.locator("[data-role=class]")).to_be_hidden()


def test_buttons_go_to_the_centre_a_real_image_and_a_sample(opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep, z=[1, 1, 1, 1]))
    seen = []
    for name in ("Centre", "A real image", "Prior sample"):
        page.get_by_role("button", name=name).click()
        two_frames(page)
        seen.append(latent(page))
    assert seen[0] == [0, 0, 0, 0]
    means = small_bundle().probe.mean.numpy()
    assert np.abs(means - np.array(seen[1])).max(axis=1).min() < 1e-5
    assert np.abs(means - np.array(seen[2])).max(axis=1).min() > 1e-5


def test_axes_change_on_the_map_and_python_is_told(opened: Callable, deep: dict, errors: Errors) -> None:
    page = opened(component_data("explore", deep))
    bundle = small_bundle()

    def points() -> np.ndarray:
        return np.array(page.evaluate("window.latentExplorer.points"))

    assert np.allclose(points(), bundle.projections["umap"].positions, atol=1e-5)
    page.get_by_role("button", name="PCA").click()
    two_frames(page)
    assert np.allclose(points(), bundle.projections["pca"].positions, atol=1e-4)
    expect(page.get_by_text("of their variance")).to_be_visible()
    page.get_by_role("button", name="Two dimensions").click()
    page.get_by_label("Dimension to the right").select_option("3")
    page.get_by_label("Dimension upwards").select_option("0")
    two_frames(page)
    assert np.allclose(points(), bundle.probe.mean[:, [3, 0]], atol=1e-5)
    page.mouse.move(*map_place(page, 0.7))
    two_frames(page)
    assert latent(page)[1:3] == [0, 0]
    page.mouse.move(2, 2)
    page.wait_for_function("window.sent.at(-1)?.join().startsWith('axes,3,0')")
    page.evaluate("() => window.mount({ axes: '3,0' })")
    page.evaluate("() => window.mount({ axes: 'pca' })")
    two_frames(page)
    assert np.allclose(points(), bundle.projections["pca"].positions, atol=1e-4)
    assert not errors


def test_the_legend_hides_and_shows_classes(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat, plotly=True))
    page.wait_for_function("document.querySelector('.le-plot')?.data?.length === 3")
    page.get_by_role("button", name="sneaker", exact=True).click()
    page.wait_for_function("document.querySelector('.le-plot').data.length === 2")
    expect(page.get_by_role("button", name="sneaker", exact=True)).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="sneaker", exact=True).click()
    page.wait_for_function("document.querySelector('.le-plot').data.length === 3")


def test_points_are_coloured_by_a_known_factor(opened: Callable, site: StaticSite) -> None:
    model = serve_model(site, "factors", small_bundle(factors=("size", "angle")))
    page = opened(component_data("explore", model, plotly=True))
    page.wait_for_function("document.querySelector('.le-plot')?.data?.length === 3")
    page.get_by_label("Colour by").select_option("angle")
    page.wait_for_function("document.querySelector('.le-plot').data.length > 5")
    expect(page.locator(".le-legend")).to_contain_text("angle 0")
