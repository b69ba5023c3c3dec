"""What the hand finds on Explore: what is near, how typical it is, sliders, one image under the glass."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hand import latent, map_place, two_frames
from playwright.sync_api import Page, expect
from scipy.stats import chi2, norm
from serving import Errors, StaticSite
from small_models import component_data, serve_model, small_bundle

from vae_core.bundle import Bundle
from vae_core.config import ModelConfig
from vae_core.latent import neighbours

SHAPE = (1, 12, 10)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return small_bundle()


@pytest.fixture(scope="module")
def deep(site: StaticSite, bundle: Bundle) -> dict[str, str]:
    return serve_model(site, "deep", bundle)


@pytest.fixture(scope="module")
def sleepy(site: StaticSite) -> dict[str, str]:
    """A model of four dimensions of which the second and the last are dead."""
    return serve_model(site, "sleepy", sleepy_bundle())


def sleepy_bundle() -> Bundle:
    bundle = small_bundle()
    bundle.probe.mean[:, 1] = 0.05 * torch.tensor([1.0, -1.0]).repeat(30)
    bundle.probe.mean[:, 3] = 0.0
    return bundle


def settled(page: Page) -> None:
    """Wait until what is near has been looked for: it comes after the frame of the picture."""
    two_frames(page)
    page.evaluate("() => new Promise((done) => setTimeout(done, 30))")
    two_frames(page)


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def pixels(page: Page, selector: str) -> np.ndarray:
    """The grey values of each canvas that the selector finds, (M, H * W)."""
    return np.array(
        page.eval_on_selector_all(
            selector,
            """(all) => all.map((canvas) => {
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                return Array.from(data.filter((_, i) => i % 4 === 0));
            })""",
        )
    )


# --- what is near --------------------------------------------------------------------------------------


def test_the_nearest_images_are_python_s_with_their_distances(
    opened: Callable, deep: dict, bundle: Bundle, errors: Errors
) -> None:
    page = opened(component_data("explore", deep))
    for right in (0.3, 0.7):
        page.mouse.move(*map_place(page, right))
        settled(page)
        indices, distances = neighbours(torch.tensor([latent(page)]), bundle.probe.mean, 6)
        shown = page.locator("[data-role=neighbours] li .le-caption").all_text_contents()
        assert [number(text) for text in shown] == pytest.approx(distances[0].tolist(), abs=0.006)
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


@pytest.mark.parametrize("dims", [2, 4])
def test_the_readout_says_how_typical_a_latent_is(dims: int, opened: Callable, site: StaticSite) -> None:
    bundle = small_bundle(ModelConfig(SHAPE, dims, "conv", width=0.25))
    z = [1.5, -1.0, 0.5, 0.25][:dims]
    page = opened(component_data("explore", serve_model(site, "typical", bundle), z=z))
    settled(page)
    prior, images, _ = page.locator(".le-readout-lines > div").all()
    expect(prior).to_contain_text(f"log p(z) −{abs(norm.logpdf(z).sum()):.1f} nats")
    expect(prior).to_contain_text(f"{100 * chi2.sf(np.square(z).sum(), dims):.0f} % of it lies further out")
    expect(prior.locator("strong")).to_have_text("Typical")
    _, distance = neighbours(torch.tensor([z]), bundle.probe.mean, 1)
    _, gaps = neighbours(bundle.probe.mean, bundle.probe.mean, 2)
    gap = gaps[:, 1].sort().values[30]
    expect(images).to_contain_text(f"{float(distance):.2f} to the nearest")
    expect(images).to_contain_text(f"{float(distance / gap):.1f} × the usual gap")


def test_an_estimate_is_labelled_as_one_and_a_formula_is_not(opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep))
    first, estimate = page.locator(".le-readout-first"), page.locator(".le-readout-lines > div").nth(2)
    expect(estimate).to_be_hidden()
    page.mouse.move(*map_place(page, 0.6))
    expect(first).to_contain_text("an estimate")
    expect(estimate).to_contain_text("to the nearest dot")
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
    page.wait_for_timeout(700)  # the points glide
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


# --- sliders and strips --------------------------------------------------------------------------------


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
    page.get_by_role("button", name="Images", exact=True).click()
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


# --- one image under the glass -------------------------------------------------------------------------


def test_a_neighbour_is_looked_at_under_the_glass(
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
        page.get_by_role("button", name="Resample").click()
        two_frames(page)
        draws.append(latent(page))
    mean, deviation = bundle.probe.mean[chosen].numpy(), (0.5 * bundle.probe.logvar[chosen]).exp().numpy()
    standard = (np.array(draws) - mean) / deviation
    assert np.abs(standard.mean(0)).max() < 5 / np.sqrt(40)
    assert 0.5 < standard.std() < 1.5
    expect(page.locator("[data-role=glass]")).to_contain_text(f"image {chosen}")


def test_the_glass_is_reached_and_used_by_keyboard_alone(opened: Callable, deep: dict) -> None:
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
            return [part?.dataset.role ?? part?.className ?? "", parseFloat(outlineWidth), outlineStyle];
        }""")
        reached.add(found[0])
        outlined = outlined and (not found[0] or (found[1] >= 1 and found[2] != "none"))
    assert {"neighbours", "glass", "le-sliders", "le-strips", "map"} <= reached
    assert outlined
    page.locator("[data-role=neighbours] button").nth(1).focus()
    before = page.locator("[data-role=glass] .le-caption").first.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("[data-role=glass] .le-caption").first).not_to_have_text(before)


# --- unusual models ------------------------------------------------------------------------------------

UNUSUAL = {
    "an autoencoder": {"config": ModelConfig((1, 8, 8), 3, "mlp", family="autoencoder", width=0.125)},
    "no classes": {"classes": ()},
    "one class": {"classes": ("cat",)},
    "two images": {"count": 2},
    "one image": {"count": 1},
    "colour": {"config": ModelConfig((3, 9, 13), 2, "conv", likelihood="gaussian", width=0.25)},
    "one dimension": {"config": ModelConfig((1, 8, 8), 1, "mlp", width=0.125)},
    "many dimensions": {"config": ModelConfig((1, 8, 8), 128, "mlp", width=0.125)},
}


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
    assert page.get_by_role("button", name="Resample").count() == int(is_vae)
    if not is_vae:
        assert "has no posterior" in said
    if name == "one image":
        expect(page.locator(".le-sliders > .le-folded").first).to_be_hidden()
        assert "usual gap" not in said
    if name == "no classes":
        assert re.search(r"image \d+", page.locator("[data-role=neighbours]").inner_text())
    assert not errors


# --- narrow, touched, still ----------------------------------------------------------------------------


@pytest.mark.parametrize("width", [390, 820])
def test_a_finger_walks_the_map_and_scrolls_the_page(width: int, opened: Callable, deep: dict) -> None:
    page = opened(
        component_data("explore", deep),
        options={"has_touch": True, "is_mobile": True, "viewport": {"width": width, "height": 844}},
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    touch = page.context.new_cdp_session(page)

    def drag(x: float, y: float, right: float, down: float) -> None:
        for kind, share in (("touchStart", 0), *(("touchMove", k / 8) for k in range(1, 9)), ("touchEnd", 1)):
            point = {"x": x + share * right, "y": y + share * down}
            touch.send(
                "Input.dispatchTouchEvent",
                {"type": kind, "touchPoints": [] if kind == "touchEnd" else [point]},
            )
        page.wait_for_timeout(200)

    page.locator("[data-role=map]").scroll_into_view_if_needed()
    settled(page)
    before, scrolled = latent(page), page.evaluate("scrollY")
    drag(*map_place(page, 0.4), 60, 30)
    assert latent(page) != before
    assert page.evaluate("scrollY") == scrolled
    page.evaluate("document.querySelector('.le-strips').scrollIntoView()")
    scrolled = page.evaluate("scrollY")
    page.evaluate("scrollBy(0, -120)")
    box = page.locator("[data-role=traversal-0]").bounding_box()
    drag(box["x"] + box["width"] / 2, box["y"] + 10, 0, 150)
    assert page.evaluate("scrollY") < scrolled - 120


def test_with_reduced_motion_nothing_moves_by_itself(opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep), options={"reduced_motion": "reduce"})
    page.get_by_role("button", name="A real image").click()
    settled(page)
    running = page.evaluate("document.getAnimations().filter((each) => each.playState === 'running').length")
    assert running == 0
