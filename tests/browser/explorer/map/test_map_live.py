"""The map's layers under a run: they follow its codes and its newest weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.hand import LAYERS_SUM, layers_sum, unchanging_layers
from tests.browser.played_run import started
from tests.browser.waiting import until
from vae_core.config.configs import ModelConfig


def switch(page: Page, name: str) -> None:
    page.click(f".le-layer-tools [data-layer={name}]")


@pytest.mark.parametrize("dims", [1, 2, 5])
def test_layers_follow_a_run_s_codes(dims: int, watch: Callable) -> None:
    page, run, errors = watch(ModelConfig((1, 8, 8), dims, "mlp", width=0.125))
    started(page, run)
    expect(page.locator("[data-layer=prior]")).to_have_attribute("aria-pressed", "true")
    switch(page, "prior")
    for name in ("ellipses", "density") if dims > 1 else ("ellipses",):
        until(page, lambda: layers_sum(page) == 0, "the empty map")
        switch(page, name)
        before = unchanging_layers(page)
        run.codes = (run.codes * np.float16(0.5)).astype(np.float16)
        run.snapshot(30)
        page.wait_for_function(f"(before) => ({LAYERS_SUM})() !== before", arg=before)
        switch(page, name)
    assert not errors


def test_a_run_is_decoded_under_its_points_as_its_weights_come(watch: Callable) -> None:
    page, run, errors = watch()
    started(page, run)
    switch(page, "prior")
    switch(page, "manifold")
    first = unchanging_layers(page)
    box = page.locator("[data-role=map]").bounding_box()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    run.send("weights", {"step": 33}, run.decoder(0.5))
    page.wait_for_function(f"(before) => ({LAYERS_SUM})() !== before", arg=first)
    assert not errors


def test_an_autoencoder_s_run_has_no_posteriors_and_n_0_1_by_its_own_name(watch: Callable) -> None:
    page, run, errors = watch(ModelConfig((1, 8, 8), 2, "mlp", family="autoencoder", width=0.125))
    started(page, run)
    expect(page.locator("[data-layer]")).to_have_text(["Decoded", "N(0, 1)", "Holes"])
    expect(page.locator("[data-role=layer-key]")).to_contain_text("N(0, 1) all the same")
    before = layers_sum(page)
    page.locator("[data-layer=density]").click()
    expect(page.locator("[data-role=layer-key]")).to_contain_text("denser than N(0, 1)")
    page.wait_for_function(f"(before) => ({LAYERS_SUM})() !== before", arg=before)
    assert not errors
