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


# Notes what pictures the worker is asked for, and how often the map's pace has gone by; what the worker
# answers for the map waits until `window.release`.
HOLD_THE_MAP_S_PICTURES = """
    window.paces = 0;
    const { setTimeout } = window;
    window.setTimeout = (call, wait, ...rest) =>
        setTimeout((...all) => { call(...all); if (wait === 80) window.paces += 1; }, wait, ...rest);
    window.asked = []; window.held = []; window.isHeld = true;
    window.release = () => { window.isHeld = false; window.held.splice(0).forEach((hand) => hand()); };
    window.Worker = class extends Worker {
        set onmessage(receive) {
            super.onmessage = (event) => {
                const isHeld = window.isHeld && event.data.channel === "manifold";
                if (isHeld) window.held.push(() => receive(event));
                else receive(event);
            };
        }
        postMessage(order, ...rest) {
            const channel = order.request?.channel ?? order.channel;
            if (channel === "manifold") window.asked.push(order.type);
            super.postMessage(order, ...rest);
        }
    };
"""


def test_weights_that_come_faster_than_a_run_is_decoded_wait_until_its_map_is_whole(watch: Callable) -> None:
    page, run, errors = watch()
    page.add_init_script(HOLD_THE_MAP_S_PICTURES)
    page.reload()
    page.wait_for_selector(".le-train-stage", state="attached")  # it watches by a socket of its own
    started(page, run)
    switch(page, "prior")
    page.evaluate("window.asked.splice(0)")
    switch(page, "manifold")
    page.wait_for_function("window.held.length > 0")
    empty = layers_sum(page)
    for step in (33, 36, 39):
        before = page.evaluate("window.paces")
        run.send("weights", {"step": step}, run.decoder(step / 66))
        page.wait_for_function("(before) => window.paces > before", arg=before)  # it has thought of asking
    assert page.evaluate("window.asked") == ["decode"]
    page.evaluate("window.release()")
    page.wait_for_function(f"(before) => ({LAYERS_SUM})() !== before", arg=empty)
    page.wait_for_function("window.asked.length === 2")
    unchanging_layers(page)
    assert page.evaluate("window.asked") == ["decode", "decode"]
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
