"""Slow motion: one real update of a real trainer, step by step, its numbers and its arrows."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from tests.browser.played_run import started
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine.watching.messages import message
from vae_core.engine.worker.packing import pack_detail
from vae_core.images.loading import load_image_set
from vae_core.storage.tensorfile import unpack
from vae_core.training.step_detail import StepDetail
from vae_core.training.trainer import Trainer

BETA = 2.0


def real_update(family: str = "vae", dims: int = 2) -> StepDetail:
    """The eighth step on digits, taken apart."""
    model = ModelConfig((1, 8, 8), dims, "mlp", family=family, width=0.25)
    trainer = Trainer(load_image_set("digits"), model, TrainConfig(beta=BETA, batch_size=64))
    trainer.advance(steps=7, measure=False)
    return trainer.explain_step()


@pytest.fixture(scope="module")
def update() -> StepDetail:
    return real_update()


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Slow motion")


def fixed(value: float) -> str:
    """A number as the panel writes it."""
    return f"{value:.2f}".replace("-", "−") if round(value, 2) else "0.00"


@pytest.fixture
def taken_apart(watch: Callable) -> Callable:
    """A run at rest whose next update was taken apart."""

    def make(detail: StepDetail, **options: Any) -> tuple[Page, Any, list[str]]:
        family = "vae" if detail.noise is not None else "autoencoder"
        config = ModelConfig((1, 8, 8), detail.mean.shape[1], "mlp", family=family, width=0.25)
        page, run, errors = watch(config, **options)
        started(page, run)
        arrays = {name: np.asarray(value) for name, value in unpack(pack_detail(detail))[1].items()}
        run.send("state", {"state": "paused", "error": "", "place": 0, "step": 10, "eta_seconds": None})
        run.detail(10, arrays)
        expect(panel(page)).to_be_visible()
        return page, run, errors

    return make


def test_the_learner_goes_through_it_with_keys_and_buttons(taken_apart: Callable, update: StepDetail) -> None:
    page, run, errors = taken_apart(update)
    found = panel(page)
    expect(found.get_by_role("heading", name="Slow motion: the update to step 10")).to_be_visible()
    expect(found.get_by_role("heading", level=3)).to_have_text("An image goes in")
    expect(found.get_by_role("button", name="Back")).to_be_disabled()
    assert page.locator(".le-side").is_hidden()

    numbers = [("mean", "mean"), ("noise", "noise"), ("z", "z")]
    for part, name in numbers:
        cell = found.locator(f"tbody td[data-part={part}]").first
        assert cell.is_hidden()
        found.get_by_role("button", name="Next").click()
        expect(cell).to_be_visible()
        assert cell.text_content() == fixed(float(getattr(update, name)[0, 0]))
    sigma = found.locator("tbody td[data-part=mean]").nth(1)
    assert sigma.text_content() == fixed(float(torch.exp(update.logvar[0, 0] / 2)))

    page.keyboard.press("ArrowRight")  # the reconstruction
    page.keyboard.press("ArrowRight")
    loss = -update.log_likelihood[0]
    kl = update.kl_per_dim[0].sum()
    expect(found.get_by_text(f"{loss:.1f} nats").first).to_be_visible()
    expect(found).to_contain_text(f"with beta 2 that is {loss + BETA * kl:.1f} nats in all")
    page.keyboard.press("End")
    expect(found.get_by_role("heading", level=3)).to_have_text("All weights move a little")
    expect(found.get_by_text("encoder.dense1.weight")).to_be_visible()
    expect(found.get_by_role("button", name="Next")).to_be_disabled()
    page.keyboard.press("ArrowLeft")
    gradient = found.locator("tbody td[data-part=gradient]").first
    assert gradient.text_content() == fixed(float(update.grad_z[0, 0]))

    found.get_by_role("button", name="Image 3").click()
    assert gradient.text_content() == fixed(float(update.grad_z[2, 0]))
    page.keyboard.press("Escape")
    expect(found).to_be_hidden()
    expect(page.locator(".le-side")).to_be_visible()
    run.snapshot(11)
    assert not errors


def test_it_plays_by_itself_and_stops_at_a_press(taken_apart: Callable, update: StepDetail) -> None:
    page, _, _ = taken_apart(update)
    play = panel(page).get_by_role("button", name="Play")
    play.click()
    expect(panel(page).get_by_role("heading", level=3)).to_contain_text("The encoder")
    panel(page).get_by_role("button", name="Pause").click()
    expect(play).to_be_visible()


def test_nothing_moves_from_step_to_step(taken_apart: Callable, update: StepDetail) -> None:
    page, _, _ = taken_apart(update)
    places = "(all) => all.map((each) => { const { x, y } = each.getBoundingClientRect(); return [x, y]; })"
    parts = panel(page).locator("button, [data-part]")
    before = parts.evaluate_all(places)
    for _ in range(7):
        page.keyboard.press("ArrowRight")
        assert parts.evaluate_all(places) == before


def test_training_on_closes_it(taken_apart: Callable, update: StepDetail) -> None:
    page, run, errors = taken_apart(update)
    run.frame(11, np.array([0]), np.zeros((1, 2)))
    expect(panel(page)).to_be_hidden()
    assert not errors


def test_an_autoencoder_draws_no_noise(taken_apart: Callable) -> None:
    detail = real_update("autoencoder")
    page, _, errors = taken_apart(detail)
    found = panel(page)
    steps = found.get_by_role("group", name="Steps").get_by_role("button")
    expect(steps).to_have_count(6)
    assert "noise" not in " ".join(steps.all_text_contents()).lower()
    page.keyboard.press("End")
    assert found.locator("tbody td").first.text_content() == fixed(float(detail.z[0, 0]))
    assert not errors


def test_many_dimensions_show_those_that_carry_most(taken_apart: Callable) -> None:
    detail = real_update(dims=7)
    page, _, errors = taken_apart(detail)
    page.keyboard.press("End")
    names = panel(page).locator("tbody th").all_text_contents()
    heaviest = detail.kl_per_dim.sum(0).argsort(descending=True)[:5].tolist()
    assert names == [f"z{dim}" for dim in heaviest]
    expect(panel(page)).to_contain_text("The 5 of 7 dimensions that carry most.")
    assert not errors


def drawn(page: Page) -> int:
    """Pixels that are drawn above the map's points."""
    canvas = page.locator("[data-role=map] > canvas").last
    found: int = canvas.evaluate(
        """(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data
            .filter((value, p) => p % 4 === 3 && value).length"""
    )
    return found


def test_the_map_shows_each_part_when_it_is_reached(taken_apart: Callable, update: StepDetail) -> None:
    page, _, _ = taken_apart(update)
    seen = [drawn(page)]
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        seen.append(drawn(page))
    image, mean, noise, code, reconstruction, loss, gradient = seen
    assert image < mean < noise <= code == reconstruction == loss < gradient
    page.keyboard.press("Home")
    assert drawn(page) == image


def test_the_formulas_in_the_panel_are_what_the_update_did(update: StepDetail) -> None:
    sigma = torch.exp(update.logvar / 2)
    assert torch.allclose(update.z, update.mean + sigma * update.noise, atol=1e-6)
    kl = 0.5 * (update.mean**2 + sigma**2 - 1 - update.logvar)
    assert torch.allclose(update.kl_per_dim, kl, atol=1e-5)
    x, made = update.x.flatten(1), update.reconstruction.flatten(1).clamp(1e-7, 1 - 1e-7)
    likelihood = (x * made.log() + (1 - x) * (1 - made).log()).sum(1)
    assert torch.allclose(update.log_likelihood, likelihood, rtol=1e-4)
    assert torch.allclose(update.grad_mean, update.grad_z + BETA * update.mean, atol=1e-4)
    from_code = 0.5 * sigma * update.noise * update.grad_z
    assert torch.allclose(update.grad_logvar, from_code + 0.5 * BETA * (sigma**2 - 1), atol=1e-4)


def test_what_the_browser_works_out_is_python_s(update: StepDetail, module_page: Page) -> None:
    body = message("detail", 1, {"step": 8, "beta": BETA, "weight_change": {}}, pack_detail(update))
    found = module_page.evaluate(
        """async (text) => {
            const { Detail } = await import('/latent/js/test/train/slow-motion/detail.js');
            const { Safetensors } = await import('/latent/js/test/data/safetensors.js');
            const file = new Safetensors(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
            const detail = new Detail({ facts: JSON.parse(file.metadata.json), file });
            return Array.from({ length: detail.count }, (_, n) => ({
                ...detail.loss(n), slope: [...detail.gradDeviation(n)], steepest: detail.steepest(n),
                deviation: [...detail.row("deviation", n)] }));
        }""",
        base64.b64encode(body).decode(),
    )
    kl = update.kl_per_dim.sum(1)
    sigma = torch.exp(update.logvar / 2)
    assert np.allclose([each["deviation"] for each in found], sigma, rtol=1e-5)
    assert np.allclose([each["kl"] for each in found], kl, rtol=1e-5)
    assert np.allclose([each["total"] for each in found], BETA * kl - update.log_likelihood, rtol=1e-5)
    # dL/dsigma by autograd, from L as a function of log sigma^2
    slope = update.grad_logvar * 2 / sigma
    assert np.allclose([each["slope"] for each in found], slope, rtol=1e-4)
    longest = torch.stack(
        [update.grad_z.norm(dim=1), update.grad_mean.norm(dim=1), slope.abs().amax(1)]
    ).amax(0)
    assert np.allclose([each["steepest"] for each in found], longest, rtol=1e-4)


def test_arrows_point_downhill_on_whatever_axes(call: Callable) -> None:
    code = """(async () => {
        const { makeAxes } = await import('/latent/js/test/map/scene/axes.js');
        const { Viewport } = await import('/latent/js/test/map/scene/viewport.js');
        const viewport = Object.assign(new Viewport(), { width: 600, height: 600 });
        const components = Float32Array.of(0, 1, 0, 0, 0, 1);
        const pca = { mean: Float32Array.of(9, 9, 9), components };
        const space = { dims: 3, pca, config: { categories: 0 } };
        return a.axes.map((name) => {
            const axes = makeAxes(name, space);
            const from = viewport.toPixels(...axes.place(Float32Array.from(a.from)));
            const gradient = Float32Array.from(a.gradient);
            const to = m.downhill(viewport, axes, Float32Array.from(a.from), gradient, 10);
            return [to[0] - from[0], to[1] - from[1]];
        });
    })()"""
    argument = {"axes": ["0,2", "pca"], "from": [0.5, -0.5, 1.0], "gradient": [1.0, 2.0, -3.0]}
    # Ten px for a nat per unit, against the gradient; upwards on the map is less in px.
    assert np.allclose(call("train/slow-motion/map.js", code, argument), [[-10, -30], [-20, -30]], atol=1e-3)
