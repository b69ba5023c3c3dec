"""The numbers of a lesson's run, as the core has them: a run that the test plays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from tests.browser.played_run import COUNT, EPOCH, FakeRun
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, component_page, lively_model
from tests.browser.waiting import until
from ui.learn.files.lessons import lesson_named
from vae_core.config.configs import ModelConfig
from vae_core.measures.evaluate import active_units
from vae_core.models.objective import ElboTerms

Watch = Callable[..., Page]


@pytest.fixture
def follow(new_page: Callable[..., Page], site: StaticSite, errors: Errors) -> Watch:
    """Open a lesson on a run that the test plays, with a prediction made."""

    def make(slug: str, run: FakeRun) -> Page:
        lesson = lesson_named(slug)
        assert lesson is not None
        page = new_page()
        errors.watch(page)
        page.add_init_script("localStorage.clear()")
        page.route_web_socket("**/latent/stream/r1", run.connect)
        stream = {"url": "/latent/stream/r1", "run": "r1", "keyframes": None}
        data = component_data("learn", stream=stream, lesson=lesson.to_browser(), lessons=[])
        page.goto(site.put("/trained", component_page(data)))
        page.wait_for_function("window.latentExplorer?.ready")
        until(page, lambda: bool(run.sockets))
        page.locator("[data-role=prediction] .le-options :is(button, input)").first.click()
        return page

    return make


def end(page: Page, run: FakeRun, **changes: float) -> dict[str, float]:
    """Let the run come to its end; give what is measured then."""
    last = 4 * EPOCH
    run.snapshot(last, **changes)
    run.send("state", {"state": "done", "step": last, "epoch": 4.0, "error": "", "total_steps": last})
    run.weights(last)
    page.wait_for_function("window.latentExplorer.quantities.runs === 1")
    return page.evaluate("window.latentExplorer.quantities")


def test_the_two_forces_are_the_cores(follow: Watch, errors: Errors) -> None:
    run = FakeRun(ModelConfig((1, 8, 8), 2, "mlp", width=0.25))
    page = follow("forces", run)
    now = end(page, run, test_log_likelihood=-23.5, test_kl=2.25)
    terms = ElboTerms(torch.tensor([-23.5]), torch.tensor([[1.0, 1.25]]))
    assert terms.elbo is not None
    assert now["reconstruction"] == pytest.approx(23.5)
    assert now["kl"] == pytest.approx(2.25)
    assert now["elbo"] == pytest.approx(terms.elbo.item(), abs=1e-6)
    assert now["beta"] == 1
    assert now["loss"] == pytest.approx(terms.loss(beta=1.0).item(), abs=1e-6)
    expect(page.locator("[data-number=elbo]")).to_have_text("−25.75 nats")
    assert not errors


def test_dimensions_in_use_are_counted_as_the_core_does(follow: Watch, errors: Errors) -> None:
    run = FakeRun(ModelConfig((1, 8, 8), 8, "mlp", width=0.25))
    run.codes = (run.codes * np.array([1, 0.5, 0.2, 0.11, 0.09, 0.05, 0, 1])).astype(np.float16)
    page = follow("collapse", run)
    now = end(page, run)
    assert now["active"] == active_units(torch.from_numpy(run.codes).float())
    assert not errors


def test_the_error_of_rebuilding_is_the_cores(follow: Watch, errors: Errors) -> None:
    run = FakeRun(ModelConfig((1, 8, 8), 2, "mlp", "autoencoder", width=0.25))
    images: list[np.ndarray] = []
    sent = run.send

    def keep(kind: str, facts: dict, arrays: dict | None = None) -> int:
        if kind == "hello":
            assert arrays is not None
            images.append(arrays["probe.images"])
        return sent(kind, facts, arrays)

    run.send = keep  # type: ignore[method-assign]
    page = follow("squeeze", run)
    now = end(page, run, test_log_likelihood=-21.0)
    model = lively_model(run.config)
    model.decoder.half().float()  # as it was sent
    with torch.no_grad():
        made = model.eval().decode_images(torch.from_numpy(run.codes).float())
    pixels = torch.from_numpy(images[0]).float() / 255
    assert len(pixels) == COUNT
    assert now["error"] == pytest.approx((made - pixels).square().mean().item(), abs=1e-5)
    assert np.isnan(now["kl"]), "an autoencoder has none"
    expect(page.locator("[data-number=error]")).to_have_text(f"{now['error']:.4f}")
    assert not errors


def test_a_run_that_is_gone_is_said(follow: Watch) -> None:
    run = FakeRun(ModelConfig((1, 8, 8), 2, "mlp", width=0.25))
    run.refuse_with = 4404
    page = follow("forces", run)
    expect(page.get_by_text("This run is not there any more. Start a new one.")).to_be_visible()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()
