"""Lessons played: first the prediction, then the hand, then a check of what the hand did."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect
from scipy.stats import chi2

from tests.browser.serving import ROOT, Errors, StaticSite
from tests.browser.small_models import component_data, serve_model
from tests.browser.waiting import two_frames
from tests.unit.ui.learn.test_lesson_files import TEXT
from ui.learn.files.lessons import lesson_named, lessons
from ui.learn.files.reading import read_lesson
from ui.learn.files.vocabulary import THINGS
from vae_core import interpolate, load_bundle
from vae_core.models.distributions import gaussian_kl

Play = Callable[..., Page]


FORGET = "sessionStorage.begun || (localStorage.clear(), sessionStorage.begun = 1)"


def begin_anew(page: Page) -> None:
    """Forget what others did in their lessons, once: what this page does stays, also when it is reloaded."""
    page.add_init_script(FORGET)


@pytest.fixture
def play(opened: Callable[..., Page], site: StaticSite) -> Play:
    """Open a lesson on a page of its own."""

    def make(slug: str, lesson: Any = None, **options: Any) -> Page:
        lesson = lesson or lesson_named(slug)
        bundle = None
        if lesson.model:
            file = ROOT / "assets" / "bundles" / f"{lesson.model}.safetensors"
            bundle = serve_model(site, lesson.model, load_bundle(file))
        data = component_data(
            "learn", bundle, lesson=lesson.to_browser(), lessons=[each.to_list() for each in lessons()]
        )
        page = opened(data, ready=False, prepare=begin_anew, **options)
        page.wait_for_function("window.latentExplorer?.ready")
        return page

    return make


def quantities(page: Page) -> dict[str, float]:
    return page.evaluate("window.latentExplorer.quantities")


def state(page: Page) -> str | None:
    return page.locator("[data-role=check]").get_attribute("data-state")


def predict(page: Page, index: int = 0) -> None:
    page.locator("[data-role=prediction] .le-options button").nth(index).click()


def pull(page: Page, name: str, value: float) -> None:
    page.get_by_label(name).fill(str(value))
    two_frames(page)


def test_nothing_can_be_touched_before_a_prediction(play: Play, errors: Errors) -> None:
    page = play("walking")
    expect(page.get_by_text("First say what you expect.")).to_be_visible()
    assert page.locator(".le-learn-thing").evaluate("(e) => e.inert")
    expect(page.locator("[data-role=check]")).to_be_hidden()
    predict(page)
    assert not page.locator(".le-learn-thing").evaluate("(e) => e.inert")
    expect(page.get_by_text("You said: Clearly nearer than both ends")).to_be_visible()
    assert state(page) == "open"
    assert not errors


def test_walking_passes_for_who_walks(play: Play, errors: Errors) -> None:
    page = play("walking")
    predict(page)
    pull(page, "Place on the way", 0.5)
    page.get_by_role("button", name="Next step").click()
    assert quantities(page)["is_prior"] == 1
    ratios, pairs = [], set()
    while state(page) == "open":
        page.get_by_role("button", name="Draw another pair").click()
        now = quantities(page)
        if now["pair"] not in pairs:
            ratios.append(now["line_ratio"])
            pairs.add(now["pair"])
    assert state(page) == "passed"
    assert len(ratios) == 3
    # What happened is measured on these very pairs.
    outcome = page.locator("[data-role=outcome]")
    expect(outcome).to_contain_text(f"{np.mean(ratios):.2f}")
    expect(page.locator("[data-role=explanation]")).to_be_visible()
    page.reload()
    page.wait_for_function("window.latentExplorer?.ready")
    expect(page.locator("[data-role=lesson]")).to_have_attribute("data-state", "passed")
    expect(outcome).to_contain_text(f"{np.mean(ratios):.2f}")
    page.get_by_role("button", name="Set everything back").click()
    expect(page.locator("[data-role=lesson]")).to_have_attribute("data-state", "predict")
    assert not errors


def test_walking_does_not_pass_for_who_only_looks(play: Play) -> None:
    page = play("walking")
    predict(page, 2)
    pull(page, "Place on the way", 0.2)
    assert state(page) == "open"
    page.get_by_role("button", name="Check", exact=True).click()
    assert state(page) == "failed"
    expect(page.locator(".le-verdict")).to_contain_text("Pull the slider below the pictures")
    expect(page.locator("[data-role=explanation]")).to_be_hidden()
    page.get_by_role("button", name="Explain it all the same").click()
    expect(page.locator("[data-role=explanation]")).to_be_visible()
    assert state(page) == "failed"
    # Who then does it passes all the same.
    pull(page, "Place on the way", 0.5)
    page.get_by_role("button", name="Next step").click()
    for _ in range(3):
        page.get_by_role("button", name="Draw another pair").click()
    assert state(page) == "passed"
    expect(page.locator("[data-role=prediction]")).to_have_attribute("data-state", "wrong")


def test_walkings_numbers_are_the_cores(play: Play) -> None:
    page = play("walking")
    predict(page)
    for share in (0.0, 0.3, 0.5):
        pull(page, "Place on the way", share)
        now = quantities(page)
        start, end = (
            torch.tensor(code, dtype=torch.float64)
            for code in page.evaluate("window.latentExplorer.thing.codes")
        )
        # Both ends and a hundred steps between: the share is one of them.
        line, arc = (
            interpolate(start, end, 101, method=each)[round(100 * share)] for each in ("linear", "slerp")
        )
        assert now["line"] == pytest.approx(line.norm().item(), abs=1e-5)
        assert now["arc"] == pytest.approx(arc.norm().item(), abs=1e-5)
        assert now["line_share"] == pytest.approx(chi2.sf(line.square().sum().item(), len(line)), abs=1e-5)
        assert now["arc_share"] == pytest.approx(chi2.sf(arc.square().sum().item(), len(arc)), abs=1e-5)
        middle = (start.norm() + end.norm()).item() / 2
        assert now["line_ratio"] == pytest.approx(line.norm().item() / middle, abs=1e-5)
        cosine = (start @ end / (start.norm() * end.norm())).item()
        assert now["angle"] == pytest.approx(math.degrees(math.acos(cosine)), abs=1e-3)
        assert page.locator("[data-number=line]").text_content() == f"{now['line']:.2f}"


def draw(page: Page, times: int) -> None:
    for _ in range(times):
        page.get_by_role("button", name="Draw z").click()


def test_clouds_pass_for_who_draws(play: Play, errors: Errors) -> None:
    page = play("clouds")
    predict(page)
    draw(page, 6)
    page.get_by_role("button", name="Next step").click()
    pull(page, "Times the encoder's deviation", 9)
    draw(page, 2)
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("So far: 2 of 3")).to_be_visible()  # to pull is not to draw
    draw(page, 1)
    page.get_by_role("button", name="Next step").click()
    assert quantities(page)["deviation"] == 1
    page.get_by_role("button", name="All clouds").click()
    assert state(page) == "passed"
    expect(page.locator("[data-role=outcome]")).to_be_visible()
    assert not errors


def test_clouds_do_not_pass_for_who_draws_too_wide(play: Play) -> None:
    page = play("clouds")
    predict(page)
    pull(page, "Times the encoder's deviation", 5)
    draw(page, 8)
    assert state(page) == "open"
    page.get_by_role("button", name="Check", exact=True).click()
    assert state(page) == "failed"
    expect(page.get_by_text("So far: 0 of 6")).to_be_visible()


def test_clouds_numbers_are_the_cores(play: Play) -> None:
    bundle = load_bundle(ROOT / "assets" / "bundles" / "mnist-2.safetensors")
    page = play("clouds")
    predict(page)
    draw(page, 2)
    pull(page, "Times the encoder's deviation", 2.5)
    now = quantities(page)
    probe = bundle.probe
    assert probe.mean is not None
    assert probe.logvar is not None
    image = int(now["image"])
    mean, logvar = probe.mean[image].double(), probe.logvar[image].double()
    noise = torch.tensor([now["eps_0"], now["eps_1"]], dtype=torch.float64)
    z = mean + 2.5 * torch.exp(0.5 * logvar) * noise
    kl = gaussian_kl(mean, logvar)
    for dim in (0, 1):
        assert now[f"mean_{dim}"] == pytest.approx(mean[dim].item(), abs=1e-6)
        assert now[f"sd_{dim}"] == pytest.approx(math.exp(0.5 * logvar[dim].item()), abs=1e-6)
        assert now[f"z_{dim}"] == pytest.approx(z[dim].item(), abs=1e-5)
        assert now[f"kl_{dim}"] == pytest.approx(kl[dim].item(), abs=1e-5)
    assert now["kl"] == pytest.approx(kl.sum().item(), abs=1e-5)
    with torch.no_grad():
        model = bundle.model.eval()
        pictures = model.decode_images(torch.stack([mean, z]).float())
    assert now["change"] == pytest.approx((pictures[0] - pictures[1]).square().mean().item(), abs=1e-5)


def test_a_symbol_lights_its_quantity(play: Play) -> None:
    page = play("clouds")
    predict(page)
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("button", name="Explain it all the same").click()
    symbol = page.locator("[data-lights=sd_0]").first
    symbol.hover()
    expect(page.locator("[data-number=sd_0]")).to_have_class("le-lit")
    assert f"{quantities(page)['sd_0']:.3f}" in (symbol.get_attribute("title") or "")
    page.mouse.move(1, 1)
    expect(page.locator("[data-number=sd_0]")).not_to_have_class("le-lit")
    page.get_by_text("vae_core.models.distributions.gaussian_kl").click()
    expect(page.get_by_text("torch.expm1(logvar)")).to_be_visible()


@pytest.mark.parametrize("slug", [lesson.slug for lesson in lessons()])
def test_a_thing_has_the_parts_and_quantities_that_lessons_may_name(slug: str, play: Play) -> None:
    lesson = lesson_named(slug)
    assert lesson is not None
    page = play(slug)
    assert set(quantities(page)) <= set(THINGS[lesson.thing].quantities)
    parts = page.locator("[data-part]").evaluate_all("(all) => all.map((e) => e.dataset.part)")
    assert {step.part for step in lesson.steps} <= set(parts)
    # Whatever a symbol of a formula stands for has a place on screen that it lights.
    places = set(page.locator("[data-quantity]").evaluate_all("(all) => all.map((e) => e.dataset.quantity)"))
    lit = page.locator("[data-lights]").evaluate_all("(all) => all.map((e) => e.dataset.lights)")
    assert set(lit) <= places


def test_a_ninth_lesson_is_played_from_its_file(play: Play) -> None:
    ninth = read_lesson("ninth", TEXT, path="ninth.md", models=["mnist-16"])
    page = play("ninth", ninth)
    predict(page)
    assert quantities(page)["is_prior"] == 1
    pull(page, "Place on the way", 0.5)
    assert state(page) == "passed"
    expect(page.get_by_role("link", name="this")).to_have_attribute("href", "./interpolate")


@pytest.mark.parametrize("kept", ["nonsense", '{"walking": {"prediction": 17}}', '{"walking": 3}', "[]"])
def test_progress_that_is_nonsense_counts_as_none(kept: str, play: Play) -> None:
    page = play("walking")
    page.evaluate("(kept) => localStorage.setItem('latent-explorer-lessons', kept)", kept)
    page.reload()
    page.wait_for_function("window.latentExplorer?.ready")
    expect(page.locator("[data-role=lesson]")).to_have_attribute("data-state", "predict")


def test_the_list_opens_a_lesson_and_knows_what_is_passed(opened: Callable[..., Page]) -> None:
    listed = [each.to_list() for each in lessons()]
    page = opened(component_data("learn", lesson=None, lessons=listed), ready=False, prepare=begin_anew)
    page.evaluate(
        "() => localStorage.setItem('latent-explorer-lessons', "
        "JSON.stringify({ clouds: { prediction: 1, step: 3, outcome: 0.02 } }))"
    )
    page.reload()
    page.wait_for_function("window.latentExplorer?.ready")
    expect(page.locator("[data-lesson=clouds]")).to_have_attribute("data-state", "passed")
    expect(page.locator("[data-lesson=walking]")).to_have_attribute("data-state", "new")
    page.get_by_role("link", name="Walking").click()
    key, said, _ = page.evaluate("window.sent.at(-1)")
    assert key == "order"
    assert (said["do"], said["values"]) == ("open", {"slug": "walking"})


def press(page: Page, x: float, y: float, reach: float) -> None:
    """Press a place of the plane that goes so far in every direction."""
    box = page.locator(".le-plane").bounding_box()
    assert box is not None
    page.mouse.click(
        box["x"] + (x / reach + 1) / 2 * box["width"], box["y"] + (1 - y / reach) / 2 * box["height"]
    )
    two_frames(page)


def set_q(page: Page, mean: float, sd: float) -> None:
    page.get_by_label("Mean of q").fill(f"{mean:.2f}")
    page.get_by_label("Deviation of q").fill(f"{sd:.2f}")
    two_frames(page)


def test_the_bound_passes_for_who_finds_where_it_is_tight(play: Play, errors: Errors) -> None:
    page = play("bound")
    predict(page, 1)
    for place in ((-2, -2), (0.5, -0.6), (2, 1.4)):
        press(page, *place, 2.5)
    page.get_by_role("button", name="Next step").click()
    now = quantities(page)
    assert now["added"] == 3
    set_q(page, now["posterior_mean"], now["posterior_sd"])
    now = quantities(page)
    assert now["evidence"] == pytest.approx(now["elbo"] + now["gap"], abs=1e-9)
    assert now["evidence"] == pytest.approx(now["quadrature"], abs=1e-6)
    page.get_by_role("button", name="Next step").click()
    set_q(page, -2.9, 0.3)
    page.get_by_role("button", name="Next step").click()
    page.get_by_label("Noise of p(x|z)").fill("0.1")
    # A point on the very line: the model's own mean.
    model = page.evaluate("window.latentExplorer.thing.model")
    press(page, model["b"][0] + 0.3 * model["w"][0], model["b"][1] + 0.3 * model["w"][1], 2.5)
    now = quantities(page)
    set_q(page, now["posterior_mean"], now["posterior_sd"])
    assert state(page) == "passed"
    expect(page.locator("[data-role=prediction]")).to_have_attribute("data-state", "right")
    assert not errors


def test_the_bound_does_not_pass_for_who_leaves_q_where_it_is(play: Play) -> None:
    page = play("bound")
    predict(page)
    press(page, -2, 2, 2.5)
    page.get_by_role("button", name="Check", exact=True).click()
    assert state(page) == "failed"
    expect(page.get_by_text("So far: 1 of 3")).to_be_visible()


def test_the_trick_passes_for_who_freezes_and_compares(play: Play, errors: Errors) -> None:
    page = play("trick")
    predict(page)
    mean = page.get_by_label("Mean of q, μ")
    mean.focus()
    for _ in range(4):
        mean.press("ArrowRight")
    page.get_by_role("button", name="Next step").click()
    page.get_by_role("button", name="Freeze the noise").click()
    before = quantities(page)
    for _ in range(70):
        mean.press("ArrowRight")
    now = quantities(page)
    assert now["noise"] == before["noise"]
    assert now["z"] - before["z"] == pytest.approx(now["mean"] - before["mean"], abs=1e-9)
    assert now["z"] == pytest.approx(now["mean"] + now["sd"] * now["noise"], abs=1e-9)
    page.get_by_role("button", name="Next step").click()
    sd = page.get_by_label("Deviation of q, σ")
    for step, value in enumerate((0.1, 0.04, 0.03)):
        sd.fill(str(value))
        page.get_by_role("button", name="Draw 1000 and compare").click()
        two_frames(page)
        if step == 0:
            page.get_by_role("button", name="Next step").click()
    assert state(page) == "passed"
    now = quantities(page)
    assert now["variance_ratio"] == pytest.approx(now["score_variance"] / now["path_variance"])
    assert now["variance_ratio"] > 3, "the narrower q, the more"
    assert not errors


def test_the_trick_does_not_pass_with_the_noise_free(play: Play) -> None:
    page = play("trick")
    predict(page)
    mean = page.get_by_label("Mean of q, μ")
    mean.focus()
    for _ in range(8):
        mean.press("ArrowRight")
    page.get_by_role("button", name="Next step").click()
    for _ in range(70):
        mean.press("ArrowRight")
    page.get_by_role("button", name="Check", exact=True).click()
    assert state(page) == "failed"
