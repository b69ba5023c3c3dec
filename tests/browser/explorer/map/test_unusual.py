"""Unusual models can be walked, and what goes wrong is said in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.hand import decoded, drawn, latent, map_place, settled, two_frames
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, serve_model, small_bundle
from vae_core.config.configs import ModelConfig

UNUSUAL = {
    "one dimension": {"config": ModelConfig((1, 8, 8), 1, "mlp", width=0.125)},
    "an autoencoder": {"config": ModelConfig((1, 8, 8), 3, "mlp", family="autoencoder", width=0.125)},
    "no classes": {"classes": ()},
    "one class": {"classes": ("cat",)},
    "two images": {"count": 2},
    "one image": {"count": 1},
    "no UMAP": {"umap": False},
    "colour": {"config": ModelConfig((3, 9, 13), 2, "conv", likelihood="gaussian", width=0.25)},
    "many dimensions": {"config": ModelConfig((1, 8, 8), 128, "mlp", width=0.125)},
}


@pytest.mark.parametrize("mode", ["explore", "interpolate"])
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_models_can_be_walked(
    name: str, mode: str, opened: Callable, site: StaticSite, errors: Errors
) -> None:
    bundle = small_bundle(**UNUSUAL[name])
    page = opened(component_data(mode, serve_model(site, "unusual", bundle), plotly=mode == "explore"))
    page.locator("[data-role=map]").scroll_into_view_if_needed()  # Interpolate's lies below the walk
    page.mouse.move(*map_place(page, 0.3, 0.3))
    two_frames(page)
    first = latent(page)
    assert len(first) == bundle.model_config.latent_dim
    page.mouse.move(*map_place(page, 0.7, 0.6))
    two_frames(page)
    if bundle.probe.mean.shape[0] > 1:
        assert latent(page) != first
    if mode == "explore":
        page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    assert not errors


@pytest.mark.parametrize("name", UNUSUAL)
def test_each_part_says_what_it_can_of_unusual_models(
    name: str, opened: Callable, site: StaticSite, errors: Errors
) -> None:
    bundle = small_bundle(**UNUSUAL[name])
    page = opened(component_data("explore", serve_model(site, "unusual", bundle)))
    page.mouse.move(*map_place(page, 0.6))
    settled(page)
    page.get_by_role("button", name="A real image").click()
    for table in page.get_by_text("As a table").all():
        if table.is_visible():
            table.click()
    settled(page)
    said = page.locator(".latent-explorer").inner_text()
    assert "NaN" not in said
    assert "undefined" not in said
    assert "Infinity" not in said
    count = len(bundle.probe.mean)
    assert page.locator("[data-role=neighbours] li").count() == min(6, count)
    is_vae = bundle.probe.logvar is not None
    assert page.locator(".le-readout-lines").get_by_text("log p(z)").is_visible() == is_vae
    assert page.locator(".le-range").is_visible() == is_vae
    assert page.locator(".le-glass-samples").is_visible() == is_vae
    assert page.get_by_role("button", name="Posterior sample").count() == int(is_vae)
    assert page.get_by_role("button", name="Prior sample" if is_vae else "N(0, 1) sample").count() == 1
    if not is_vae:
        assert "has no posterior" in said
    if name == "one image":
        expect(page.locator(".le-sliders > .le-folded").first).to_be_hidden()
        assert "usual gap" not in said
    if name == "no classes":
        assert re.search(r"image \d+", page.locator("[data-role=neighbours]").inner_text())
    assert not errors


def test_a_tall_picture_leaves_what_is_below_it_in_sight(
    opened: Callable, site: StaticSite, errors: Errors
) -> None:
    model = serve_model(site, "tall", small_bundle(ModelConfig((1, 64, 12), 2, "mlp", width=0.125)))
    page = opened(component_data("explore", model))
    picture = page.locator("[data-role=decoded]").bounding_box()
    assert 150 < picture["height"] <= 0.56 * 800 + 1
    assert picture["width"] == pytest.approx(picture["height"] * 12 / 64, abs=1)
    page.evaluate("() => window.mount({ mode: 'interpolate' })")
    expect(page.locator(".le-end canvas")).to_have_count(4)
    ends = [each.bounding_box() for each in page.locator(".le-end canvas").all()]
    assert max(end["height"] for end in ends) < 200
    assert not errors


def test_long_class_names_leave_the_ends_their_width(opened: Callable, site: StaticSite) -> None:
    classes = tuple(f"a class whose name is longer than any card is wide, number {n}" for n in range(3))
    page = opened(component_data("interpolate", serve_model(site, "wordy", small_bundle(classes=classes))))
    expect(page.locator(".le-end").nth(1)).to_contain_text("number")
    widths = [each.bounding_box()["width"] for each in page.locator(".le-end").all()]
    assert widths[0] == pytest.approx(widths[1], abs=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_very_many_classes_leave_the_page_its_length(
    opened: Callable, site: StaticSite, errors: Errors
) -> None:
    classes = tuple(f"class number {n}" for n in range(200))
    model = serve_model(site, "many", small_bundle(count=400, classes=classes))
    page = opened(component_data("explore", model))
    legend = page.locator(".le-legend")
    expect(legend.get_by_role("button")).to_have_count(200)
    assert legend.bounding_box()["height"] <= 160
    last = legend.get_by_role("button", name="class number 199", exact=True)
    last.click()
    expect(last).to_have_attribute("aria-pressed", "false")
    assert not errors


def test_a_slow_net_is_decoded_in_the_worker(opened: Callable, flat: dict, errors: Errors) -> None:
    def slow_clock(page: Page) -> None:
        page.add_init_script("let now = 0; performance.now = () => (now += 10);")

    page = opened(component_data("explore", flat), prepare=slow_clock)
    page.mouse.move(*map_place(page, 0.7))
    page.wait_for_function("window.latentExplorer.z[0] > 0")
    assert np.abs(drawn(page) - decoded(page)).max() < 0.51
    assert not errors


def test_labels_are_text_whatever_they_say(opened: Callable, site: StaticSite, errors: Errors) -> None:
    evil = "<img src=x onerror='window.hacked = 1'>"
    model = serve_model(site, "evil", small_bundle(classes=(evil, "<b>bold</b>"), factors=(evil, "x")))
    model["title"] = evil
    page = opened(component_data("explore", model, plotly=True))
    page.wait_for_function("document.querySelector('.le-plot')?.data?.length === 2")
    page.mouse.move(*map_place(page))
    settled(page)
    expect(page.get_by_role("button", name="<b>bold</b>", exact=True)).to_be_visible()
    page.evaluate("(bundle) => window.mount({ mode: 'interpolate', bundle })", model)
    expect(page.locator(".le-gallery")).to_contain_text("<b>bold</b>")
    page.evaluate("""() => new Promise((done) => { // one of our own fails after theirs would have
        const image = new Image();
        image.onerror = done;
        image.src = "data:,"; // no picture, and nothing that a server would be asked for
    })""")
    assert page.evaluate("window.hacked") is None
    assert page.locator(".latent-explorer img").count() == 0
    assert not errors


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "is not there any more"), (b"PK\x03\x04 not a model", "cannot be read"), (b"", "too short")],
    ids=["missing", "foreign", "empty"],
)
def test_a_model_that_cannot_be_had_is_said_in_a_sentence(
    content: bytes | None, says: str, opened: Callable, site: StaticSite, flat: dict
) -> None:
    if content is not None:
        site.put("/models/bad.safetensors", content)
    path = "/models/bad.safetensors" if content is not None else "/models/none.safetensors"
    page = opened(component_data("explore", {"name": "bad", "url": path, "title": "Bad"}), ready=False)
    expect(page.get_by_role("alert")).to_contain_text(says)
    page.evaluate("(bundle) => window.mount({ bundle })", flat)
    page.wait_for_function("window.latentExplorer.ready")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_lost_network_is_said_in_a_sentence(opened: Callable, flat: dict) -> None:
    page = opened(
        component_data("explore", flat),
        ready=False,
        prepare=lambda page: page.route("**/models/*", lambda route: route.abort()),
    )
    expect(page.get_by_role("alert")).to_contain_text("no connection")


def test_without_webgl_the_map_is_drawn_and_it_is_said(opened: Callable, flat: dict) -> None:
    def no_webgl(page: Page) -> None:
        page.add_init_script("""const original = HTMLCanvasElement.prototype.getContext;
            HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
                return /webgl/.test(kind) ? null : original.call(this, kind, ...rest); };""")

    page = opened(component_data("explore", flat, plotly=True), prepare=no_webgl)
    page.wait_for_function("document.querySelectorAll('.le-plot .scatterlayer .point').length === 60")
    expect(page.get_by_text("WebGL is off")).to_be_visible()
