"""Interpolate: two ends chosen in every way, three rows, a path on the map; and what Python is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from tests.browser.hand import REST, pixels
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, component_page, serve_model, small_bundle
from tests.browser.waiting import timers_end, two_frames, until
from vae_core.config.configs import ModelConfig
from vae_core.latent.walks import interpolate

STEPS = 5


@pytest.fixture
def walk(new_page: Callable, site: StaticSite) -> Callable[..., tuple[Page, Errors]]:
    """Open the Interpolate view."""
    model = serve_model(site, "walks", small_bundle())

    def make(*, plotly: bool = False, **interpolation: object):
        page, errors = new_page(), Errors()
        errors.watch(page)
        given = {"from": None, "to": None, "method": "linear", "steps": STEPS, **interpolation}
        data = component_data("interpolate", model, plotly=plotly, interpolation=given)
        page.goto(site.put("/walk", component_page(data)))
        page.wait_for_function("window.latentExplorer?.ready")
        return page, errors

    return make


def row(page: Page, name: str) -> np.ndarray:
    """The pictures of a row, (steps, H * W), 0..255."""
    page.wait_for_function(
        """(name) => {
            const canvas = document.querySelector(`[data-role=row-${name}]`);
            const data = canvas.getContext("2d").getImageData(canvas.width - 1, 0, 1, 1).data;
            return data[3] === 255;
        }""",
        arg=name,
    )
    return np.array(
        page.evaluate(
            """([name, width]) => {
                const canvas = document.querySelector(`[data-role=row-${name}]`);
                const context = canvas.getContext("2d");
                const count = (canvas.width + 1) / (width + 1);
                return Array.from({ length: count }, (_, n) => {
                    const { data } = context.getImageData(n * (width + 1), 0, width, canvas.height);
                    return Array.from(data.filter((_, i) => i % 4 === 0));
                });
            }""",
            [name, 10],
        )
    )


@pytest.mark.parametrize("method", ["linear", "slerp"])
def test_rows_are_the_walk_that_python_walks(method: str, walk: Callable) -> None:
    page, errors = walk(**{"from": 4, "to": 17}, method=method)
    bundle = small_bundle()
    codes = interpolate(bundle.probe.mean[4], bundle.probe.mean[17], STEPS, method=method)
    with torch.no_grad():
        expected = bundle.model.decode_images(codes)[:, 0].flatten(1).numpy() * 255
    assert row(page, method).shape == expected.shape == (STEPS, 120)
    until(page, lambda: np.abs(row(page, method) - expected).max() < 1, "the walk")
    assert not errors


def test_a_model_that_is_told_the_class_walks_in_that_of_the_first_image(
    new_page: Callable, site: StaticSite
) -> None:
    bundle = small_bundle(ModelConfig((1, 12, 10), 4, "conv", n_classes=3, width=0.25))
    given = {"from": 4, "to": 17, "method": "linear", "steps": STEPS}
    data = component_data("interpolate", serve_model(site, "told-walks", bundle), interpolation=given)
    page, errors = new_page(), Errors()
    errors.watch(page)
    page.goto(site.put("/told-walk", component_page(data)))
    page.wait_for_function("window.latentExplorer?.ready")
    mean, labels = bundle.probe.mean, bundle.probe.labels
    assert (labels[4], labels[17]) == (1, 2)

    def expected(z: torch.Tensor, label: int) -> np.ndarray:
        with torch.no_grad():
            return bundle.model.decode_images(z, torch.full((len(z),), label)).flatten(1).numpy() * 255

    walked = expected(interpolate(mean[4], mean[17], STEPS), 1)
    until(page, lambda: np.abs(row(page, "linear") - walked).max() < 1, "the walk in the first image's class")
    for word, index in (("From", 4), ("To", 17)):
        seen = pixels(page, f"[aria-label='{word}: its reconstruction']")
        assert np.abs(seen - expected(mean[index : index + 1], int(labels[index]))).max() < 1
    assert not errors


@pytest.mark.parametrize(
    ("start", "end", "reach"),
    [([1, 0], [0, 1], 1.0), ([2, 0], [0, 1], 1.0), ([0, 0], [0, 1], 1.0), ([1, 0], [-1, 0], 1.0)],
)
def test_an_arc_keeps_its_distance(start: list, end: list, reach: float, call: Callable) -> None:
    assert call("latent/codes.js", "m.arcReach(a[0], a[1])", [start, end]) == pytest.approx(reach, abs=1e-6)


def test_how_far_an_arc_swings_out_is_what_python_walks(call: Callable) -> None:
    start, end = [3.34, 0.97], [-1.6, -0.1]  # 168 degrees apart
    found = call("latent/codes.js", "m.arcReach(a[0], a[1])", [start, end])
    codes = interpolate(torch.tensor(start), torch.tensor(end), 33, method="slerp")
    assert found == pytest.approx(float(codes.norm(dim=1).max() / np.hypot(*start)), rel=1e-3)
    assert found > 1.5


def test_between_opposite_codes_slerp_walks_straight_and_nothing_swings_out(call: Callable) -> None:
    start, end = [3.34, 0.97], [-2.58, -0.79]  # 179 degrees apart
    ends = f"{start}, {end}"
    assert call("latent/codes.js", f"m.areOpposite({ends})") is True
    assert call("latent/codes.js", "m.areOpposite([1, 0], [-1, 0.2])") is False  # 169 degrees
    found = call("latent/codes.js", f"Array.from(m.interpolate({ends}, 5, 'slerp'))")
    straight = interpolate(torch.tensor(start), torch.tensor(end), 5).flatten()
    assert found == pytest.approx(straight.tolist(), abs=1e-6)
    assert call("latent/codes.js", f"m.arcReach({ends})") == 1


def first_pair(
    call: Callable, mean: np.ndarray, labels: list[int] | None, factors: list[float] | None = None
) -> list[int]:
    code = """m.firstPair({
        mean: Float32Array.from(a.mean.flat()), dims: 2, count: a.mean.length,
        labels: a.labels && Int32Array.from(a.labels), labelNames: [],
        factors: a.factors && Float32Array.from(a.factors),
    })"""
    return list(
        call("interpolate/first-pair.js", code, {"mean": mean.tolist(), "labels": labels, "factors": factors})
    )


def test_a_walk_begins_between_typical_images_of_the_classes_farthest_apart(call: Callable) -> None:
    centres = np.array([[4.0, 0.0], [0.0, 4.0], [1.0, 1.0]])
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 90)
    mean = centres[labels] + 0.5 * generator.standard_normal((90, 2))
    typical = []
    for label in (0, 1):  # of these two the codes lie farthest apart
        members = np.flatnonzero(labels == label)
        gaps = np.linalg.norm(mean[members] - mean[members].mean(axis=0), axis=1)
        typical.append(int(members[gaps.argmin()]))
    assert first_pair(call, mean, labels.tolist()) == sorted(typical)


def test_without_classes_a_walk_begins_at_the_first_image(call: Callable) -> None:
    mean = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 3.0], [-6.0, 0.1]])
    assert first_pair(call, mean, [0, 1, 0, 1], [0.5, 0.1, 0.2, 0.9]) == [0, 2]
    for labels in (None, [2, 2, 2, 2]):
        assert first_pair(call, mean, labels) == [0, 2]  # the last lies opposite: slerp would swing far out
        assert first_pair(call, mean[[0, 3]], labels and labels[:2]) == [0, 1]
        assert first_pair(call, mean[:1], labels and labels[:1]) == [0, 0]


def test_an_arc_that_swings_far_out_says_so_and_so_does_one_that_walks_straight(
    new_page: Callable, site: StaticSite
) -> None:
    bundle = small_bundle(ModelConfig((1, 12, 10), 2, "conv", width=0.25))
    mean = bundle.probe.mean.clone()
    mean[:4] = torch.tensor([[2.0, 0.0], [-1.0, 0.27], [0.0, 2.0], [-1.0, 0.1]])
    opposite = replace(bundle, probe=replace(bundle.probe, mean=mean))
    model = serve_model(site, "opposite", opposite)
    page = new_page()
    given = {"from": 0, "to": 1, "method": "slerp", "steps": STEPS}
    data = component_data("interpolate", model, plotly=False, interpolation=given)
    page.goto(site.put("/opposite", component_page(data)))
    page.wait_for_function("window.latentExplorer?.ready")
    slerp = page.locator(".le-row", has=page.locator("[data-role=row-slerp]"))
    expect(slerp).to_contain_text("lie almost opposite each other")
    page.evaluate("""() => window.mount({ interpolation: { from: 0, to: 3, method: "slerp", steps: 5 } })""")
    expect(slerp).to_contain_text("more than 170° apart")
    expect(slerp).to_contain_text("walks straight")
    page.evaluate("""() => window.mount({ interpolation: { from: 0, to: 2, method: "slerp", steps: 5 } })""")
    expect(slerp).to_contain_text("keeps about the same distance")


def test_the_blend_is_of_the_real_pixels(walk: Callable) -> None:
    page, _ = walk(**{"from": 4, "to": 17})
    images = small_bundle().probe.images[:, 0].flatten(1).float()
    blend = torch.stack([images[4] * (1 - t) + images[17] * t for t in torch.linspace(0, 1, STEPS)])
    assert np.abs(row(page, "pixels") - blend.numpy()).max() <= 0.5


def test_steps_and_method_follow_python(walk: Callable) -> None:
    page, _ = walk(**{"from": 4, "to": 17})
    page.evaluate("""() => window.mount({ interpolation: { from: 4, to: 17, method: "slerp", steps: 9 } })""")
    page.wait_for_function("document.querySelector('[data-role=row-pixels]').width === 9 * 11 - 1")
    assert len(row(page, "slerp")) == 9
    expect(page.locator(".le-row-chosen strong")).to_have_text("Slerp")


def test_ends_are_chosen_in_the_gallery_and_python_is_told_once(walk: Callable) -> None:
    page, errors = walk(**{"from": 0, "to": 1})
    timers_end(page, REST)
    assert page.evaluate("window.sent") == []
    page.get_by_role("button", name="bag, number 5").click()
    page.get_by_role("button", name="sneaker, number 10").click()
    expect(page.get_by_role("button", name="bag, number 5")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("window.sent.length === 2")
    timers_end(page, REST)
    assert page.evaluate("window.sent.map(([key, value]) => [key, value])") == [["from", 5], ["to", 10]]
    page.get_by_role("button", name="Swap").click()
    page.wait_for_function("window.sent.length === 4")
    assert page.evaluate("window.sent.slice(2).map(([key, value]) => [key, value])") == [
        ["from", 10],
        ["to", 5],
    ]
    assert not errors


def test_an_end_is_chosen_on_the_map(walk: Callable) -> None:
    page, _ = walk(**{"from": 0, "to": 1}, plotly=True)
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    page.get_by_title("Click, then choose an image for this end").nth(1).click()
    page.locator(".le-map").scroll_into_view_if_needed()
    place = page.evaluate("""() => {
        const { xaxis, yaxis } = document.querySelector(".le-plot")._fullLayout;
        const [x, y] = window.latentExplorer.points[42];
        const box = document.querySelector(".le-plot .nsewdrag").getBoundingClientRect();
        return [box.left + (box.width * (x - xaxis.range[0])) / (xaxis.range[1] - xaxis.range[0]),
                box.top + (box.height * (yaxis.range[1] - y)) / (yaxis.range[1] - yaxis.range[0])];
    }""")
    page.mouse.click(*place)
    page.wait_for_function("window.sent.length")
    assert page.evaluate("window.sent.map(([key, value]) => [key, value])") == [["to", 42]]


def test_two_at_random_are_two(walk: Callable) -> None:
    page, _ = walk(**{"from": 0, "to": 1})
    for _ in range(5):
        page.get_by_role("button", name="Two at random").click()
    page.wait_for_function("window.sent.length >= 2")
    last = dict(page.evaluate("window.sent.slice(-2).map(([key, value]) => [key, value])"))
    assert last["from"] != last["to"]


def test_the_slider_walks_and_the_picture_follows(walk: Callable) -> None:
    page, errors = walk(**{"from": 4, "to": 17})
    mean = small_bundle().probe.mean
    slider = page.get_by_role("slider", name="Place on the way")
    for share, expected in ((1, mean[17]), (0.5, (mean[4] + mean[17]) / 2)):
        slider.fill(str(share))
        two_frames(page)
        assert np.allclose(page.evaluate("window.latentExplorer.z"), expected, atol=1e-5)
    assert not errors


def test_the_ends_are_called_as_under_the_glass(
    walk: Callable, opened: Callable, flat: dict[str, str]
) -> None:
    page, _ = walk(**{"from": 4, "to": 17})
    ends = page.locator(".le-end").first.locator(".le-caption > span").all_text_contents()
    page = opened(component_data("explore", flat))
    glass = page.locator(".le-glass-pictures > figure > figcaption").all_text_contents()
    assert ends == glass[:2] == ["Original", "Reconstruction"]


def test_nonsense_from_python_is_replaced_by_two_images(walk: Callable) -> None:
    page, errors = walk(**{"from": 1000, "to": -1}, method="spiral", steps=1)
    assert len(row(page, "linear")) == 2
    assert page.locator(".le-end-name").all_text_contents()[0] != ""
    assert not errors


def test_other_images_are_shown(walk: Callable) -> None:
    page, _ = walk(**{"from": 0, "to": 1})
    names = "[...document.querySelectorAll('.le-gallery-pictures button')].map((b) => b.ariaLabel).join()"
    before = page.evaluate(names)
    page.get_by_role("button", name="Other images").click()
    assert page.evaluate(names) != before
    assert page.evaluate("document.querySelectorAll('.le-gallery-row').length") == 3


def test_the_gallery_takes_one_stop_of_tab_for_each_class(walk: Callable) -> None:
    page, _ = walk(**{"from": 0, "to": 1})
    expect(page.locator(".le-gallery-row")).to_have_count(3)
    page.get_by_role("button", name="Other images").focus()
    focused = """() => { const at = document.activeElement.closest(".le-gallery-pictures");
        return [[...document.querySelectorAll(".le-gallery-pictures")].indexOf(at),
                [...at.children].indexOf(document.activeElement)]; }"""
    places = []
    for key in ("Tab", "ArrowRight", "ArrowRight", "ArrowLeft", "Tab", "ArrowLeft", "Shift+Tab", "Home"):
        page.keyboard.press(key)
        places.append(page.evaluate(focused))
    assert places == [[0, 0], [0, 1], [0, 2], [0, 1], [1, 0], [1, 0], [0, 1], [0, 0]]
    page.keyboard.press("Enter")
    expect(page.locator(".le-gallery button:focus")).to_have_attribute("aria-pressed", "true")


def test_the_ends_stay_marked_among_other_images(walk: Callable) -> None:
    page, _ = walk(**{"from": 4, "to": 17})
    marked = page.locator(".le-gallery [aria-pressed=true]")
    expect(marked).to_have_count(2)
    page.get_by_role("button", name="Other images").click()
    names = [each.get_attribute("aria-label") for each in marked.all()]
    pictured = page.locator(".le-gallery button[aria-label]").evaluate_all(
        "(all) => all.map((b) => b.ariaLabel)"
    )
    assert sorted(names) == sorted(name for name in pictured if name.split()[-1] in ("4", "17"))
    assert names


def test_a_new_walk_says_that_it_is_at_its_beginning(walk: Callable) -> None:
    page, _ = walk(**{"from": 4, "to": 17})
    slider = page.get_by_role("slider", name="Place on the way")
    expect(slider).to_have_attribute("aria-valuetext", "0 % of the way")
    slider.fill("0.5")
    expect(slider).to_have_attribute("aria-valuetext", "50 % of the way")
    page.get_by_role("button", name="Swap").click()
    expect(slider).to_have_attribute("aria-valuetext", "0 % of the way")
