"""A run as it is watched: messages in, points and curves out, acknowledgements and the hand back."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.played_run import points, started, taken_in
from tests.browser.serving import StaticSite
from tests.browser.small_models import component_data, component_page
from tests.browser.waiting import timers_end, two_frames, until
from vae_core.config.configs import ModelConfig


def test_points_follow_snapshots_and_frames_and_all_is_acknowledged(watch: Callable) -> None:
    page, run, errors = watch()
    started(page, run)
    assert np.allclose(points(page), run.codes, atol=1e-3)
    drawn = page.evaluate("window.latentExplorer.frames")

    moved = np.array([[1.5, -1.5], [0.25, 2.0]])
    run.frame(20, np.array([3, 7]), moved)
    page.wait_for_function("(before) => window.latentExplorer.frames > before", arg=drawn)
    expected = run.codes.astype(float)
    expected[[3, 7]] = moved
    assert np.allclose(points(page), expected, atol=1e-3)
    until(page, lambda: run.acknowledged() == list(range(1, run.seq + 1)))
    expect(page.locator(".le-status")).to_contain_text("epoch 0.20 of 4 · step 20 of 400")
    expect(page.locator(".le-status")).to_contain_text("1 min 15 s left")
    expect(page.get_by_role("img", name="ELBO")).to_have_attribute("aria-label", "ELBO: −185 · −204 held out")
    assert not errors


def test_more_than_two_dimensions_lie_on_the_plane_that_the_run_sends(watch: Callable) -> None:
    page, run, errors = watch(ModelConfig((1, 8, 8), 5, "mlp", width=0.125))
    started(page, run)
    assert np.allclose(points(page), run.codes[:, :2], atol=1e-3)
    mean = np.array([[1.0, 2, 3, 4, 5]])
    run.frame(20, np.array([0]), mean)
    page.wait_for_function("window.latentExplorer.points[0][1] === 2")
    page.get_by_role("button", name="Two dimensions").click()
    page.get_by_label("Dimension to the right").select_option("4")
    page.wait_for_function("window.latentExplorer.points[0].includes(5)")
    run.snapshot(30)
    page.wait_for_function("!window.latentExplorer.points[0].includes(5)")
    assert page.get_by_label("Dimension to the right").input_value() == "4"
    assert not errors


def test_weights_come_once_and_then_only_for_a_hand(watch: Callable) -> None:
    page, run, errors = watch()
    started(page, run)
    until(page, lambda: run.hands() == [True, False])
    box = page.locator("[data-role=map]").bounding_box()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    until(page, lambda: run.hands()[2:] == [True])
    two_frames(page)
    before = page.evaluate("window.latentExplorer.z")
    run.weights(33)
    expect(page.get_by_text("step 33")).to_be_visible()
    assert page.evaluate("window.latentExplorer.z") == before
    page.mouse.move(2, 2)
    until(page, lambda: run.hands()[3:] == [False])
    assert page.evaluate("window.sent") == []
    assert not errors


def test_the_page_is_drawn_anew_when_its_buttons_show_what_is_past(watch: Callable) -> None:
    page, run, errors = watch()
    started(page, run)
    page.evaluate("window.mount({ standing: ['running', true, false] })")
    run.frame(20, np.array([3]), np.array([[1.5, -1.5]]))
    expect(page.locator(".le-status")).to_contain_text("step 20")
    timers_end(page, 1000)
    assert page.evaluate("window.sent") == [], "what the page shows holds"

    run.keep(0)
    until(page, lambda: page.evaluate("window.sent") == [["standing", ["running", True, True], "r1"]])
    page.evaluate("window.mount({ standing: ['running', true, true] })")
    run.send("state", {"state": "done", "step": 400, "epoch": 4.0})
    until(page, lambda: page.evaluate("window.sent.at(-1)") == ["standing", ["done", True, True], "r1"])
    page.evaluate("window.mount({ standing: ['stopping', true, true] })")  # it looked in between
    page.evaluate("window.sent.length = 0")
    run.send("state", {"state": "done", "step": 400, "epoch": 4.0})
    until(page, lambda: page.evaluate("window.sent") == [["standing", ["done", True, True], "r1"]])
    assert not errors


def test_a_page_without_buttons_is_told_nothing(watch: Callable) -> None:
    page, run, errors = watch()
    started(page, run)
    run.keep(0)
    run.send("state", {"state": "done", "step": 400, "epoch": 4.0})
    expect(page.locator(".le-status")).to_contain_text("Done")
    timers_end(page, 1000)
    assert page.evaluate("window.sent") == []
    assert not errors


def test_a_hand_that_rests_on_the_map_is_a_hand(watch: Callable) -> None:
    page, run, _ = watch()
    started(page, run)
    until(page, lambda: run.hands() == [True, False])
    page.locator("[data-role=map]").hover()
    until(page, lambda: run.hands()[2:] == [True])
    timers_end(page, 5500)  # longer than two looks at whether it is still there
    assert run.hands()[2:] == [True]
    page.mouse.move(2, 2)
    until(page, lambda: run.hands()[3:] == [False])


def test_without_a_hand_frames_bring_the_picture_of_what_is_pinned(watch: Callable) -> None:
    page, run, errors = watch()
    started(page, run)
    until(page, lambda: run.pins() == [[0, 0]])
    page.get_by_role("slider", name="z1").first.press("End")
    until(page, lambda: len(run.pins()) == 2 and run.pins()[1][1] > 3)
    page.mouse.move(2, 2)
    z = np.array([[9, 9], run.pins()[1]], np.float32)
    shown = np.full((2, *run.config.image_shape), 77, np.uint8)
    shown[1] = 201
    more = {"pinned.z": z, "pinned.pictures": shown}
    taken_in(page, run, run.frame(40, np.array([0]), np.zeros((1, 2)), **more))
    pixel = "document.querySelector('.le-decoded').getContext('2d').getImageData(3, 3, 1, 1).data[0]"
    assert page.evaluate(pixel) == 201
    assert page.evaluate("window.latentExplorer.z") == z[1].tolist()
    expect(page.locator(".le-weights-note")).to_contain_text("step 40")
    run.sockets[-1].close(code=1011)
    until(page, lambda: len(run.pins()) == 3)
    assert run.pins()[2] == run.pins()[1]
    assert not errors


def test_a_picture_that_is_old_says_so(watch: Callable) -> None:
    page, run, _ = watch()
    started(page, run)
    note = page.locator(".le-weights-note")
    expect(note).to_have_text("Decoded by the model as it was at step 10.")
    taken_in(page, run, run.frame(20, np.array([0]), np.zeros((1, 2))))
    expect(note).to_have_text("Decoded by the model as it was at step 10.")
    timers_end(page, 1600)
    run.frame(21, np.array([0]), np.zeros((1, 2)))
    expect(note).to_have_text(re.compile(r"The picture is \d+ s old: of step 10\."))
    run.weights(21)
    expect(note).to_have_text("Decoded by the model as it was at step 21.")


def test_pictures_and_bars_are_drawn(watch: Callable) -> None:
    page, run, errors = watch()
    started(page, run)
    for name in ("Held-out images", "Their reconstructions", "Samples from the prior"):
        canvas = page.get_by_role("img", name=name, exact=True)
        filled = "(c) => c.getContext('2d').getImageData(0, 0, 9, 9).data.some((v, i) => i % 4 < 3 && v > 0)"
        assert canvas.evaluate(filled), name
    expect(page.get_by_role("img", name="KL per dimension")).to_have_attribute(
        "aria-label", "KL per dimension: 2 of 2 active. z0 2.50, z1 2.50"
    )
    assert not errors


def test_an_autoencoder_has_no_kl_and_its_samples_are_not_the_prior_s(watch: Callable) -> None:
    page, run, errors = watch(ModelConfig((1, 8, 8), 2, "mlp", family="autoencoder", width=0.125))
    started(page, run)
    taken_in(page, run, run.frame(20, np.array([0]), np.zeros((1, 2))))
    expect(page.get_by_role("img", name="Reconstruction", exact=False).first).to_be_visible()
    for name in ("ELBO", "KL per dimension", "Samples from the prior"):
        expect(page.get_by_role("img", name=name)).to_have_count(0)
    expect(page.get_by_role("img", name="Samples decoded from N(0, 1) all the same")).to_be_visible()
    assert not errors


def test_a_lost_connection_is_taken_up_again(watch: Callable) -> None:
    page, run, _ = watch()
    started(page, run)
    run.sockets[-1].close(code=1011)
    until(page, lambda: len(run.sockets) == 2)
    run.snapshot(50)
    page.wait_for_function("document.querySelector('.le-status').textContent.includes('step 50')")
    assert np.allclose(points(page), run.codes, atol=1e-3)


@pytest.mark.parametrize(("code", "says"), [(4403, "another browser"), (4404, "not there any more")])
def test_a_refusal_is_final_and_said(code: int, says: str, watch: Callable) -> None:
    page, run, _ = watch(refuse_with=code)
    expect(page.locator(".le-status")).to_contain_text(says)
    timers_end(page, 1500)
    assert len(run.sockets) == 1


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({"state": "paused"}, "Paused"),
        ({"state": "failed", "error": "The loss became infinite."}, "The loss became infinite."),
        ({"state": "queued", "place": 3, "wait_seconds": 75}, "place 3 · about 1 min 15 s to wait"),
        ({"state": "done"}, "Done"),
    ],
    ids=lambda value: value["state"] if isinstance(value, dict) else "",
)
def test_the_state_is_said_and_at_rest_plotly_gets_the_points(
    state: dict, says: str, watch: Callable
) -> None:
    page, run, errors = watch(plotly=True)
    started(page, run)
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    assert page.evaluate("document.querySelector('.le-plot').data.length") == 0
    run.send("state", {"error": "", "place": 0, "step": 10, "eta_seconds": None, **state})
    expect(page.locator(".le-run-status")).to_contain_text(says)
    page.wait_for_function("document.querySelector('.le-plot').data.length === 2")
    assert not errors


def test_a_run_that_waits_and_never_trained_says_its_place(watch: Callable) -> None:
    waits = {"state": "queued", "error": "", "place": 2, "wait_seconds": 40, "step": 0}
    page, run, errors = watch(prepare=lambda run: setattr(run, "hello", lambda: run.send("state", waits)))
    expect(page.locator(".le-status")).to_contain_text("Waiting in line, place 2 · about 40 s to wait")
    expect(page.locator(".le-train-stage")).to_be_hidden()
    type(run).hello(run)
    expect(page.locator(".le-train-stage")).to_be_visible()
    assert not errors


def test_a_run_that_failed_before_it_had_a_map_says_why(watch: Callable) -> None:
    failed = {"state": "failed", "error": "The disk is full. <b>Free</b> some space.", "step": 0}
    page, run, errors = watch()
    started(page, run)
    run.hello = lambda: run.send("state", failed)
    page.route_web_socket("**/latent/stream/r2", run.connect)
    page.evaluate("(stream) => window.mount({ stream })", {"url": "/latent/stream/r2", "run": "r2"})
    expect(page.get_by_role("alert").filter(has_text="disk")).to_have_text(failed["error"])
    expect(page.locator(".le-status")).to_have_text("Stopped by itself")
    expect(page.locator(".le-train-stage")).to_be_hidden()
    run.send("state", failed | {"state": "queued", "error": "", "place": 1})
    expect(page.get_by_role("alert").filter(has_text="disk")).to_have_count(0)
    assert not errors


def test_a_branch_begins_with_its_own_epoch_and_the_picture_of_the_weights_it_starts_from(
    watch: Callable,
) -> None:
    page, run, errors = watch()
    started(page, run)
    page.get_by_role("slider", name="z1").first.press("End")
    page.wait_for_function("window.latentExplorer.z[1] > 3")
    seen = "document.querySelector('.le-decoded').toDataURL()"
    before, z = page.evaluate(seen), page.evaluate("window.latentExplorer.z")
    run.parent = {"run": "r1", "title": "Noise", "step": 10, "epoch": 2.5, "history": []}
    run.name, run.at = "r2", {"step": 250, "epoch": 2.5}
    page.route_web_socket("**/latent/stream/r2", run.connect)
    page.evaluate("(stream) => window.mount({ stream })", {"url": "/latent/stream/r2", "run": "r2"})
    expect(page.locator(".le-status")).to_contain_text("epoch 2.50 of 4 · step 250 of 400")
    assert page.evaluate(seen) == before
    assert page.evaluate("window.latentExplorer.z") == z
    expect(page.locator(".le-slider-value").nth(1)).to_have_text("3.30")
    run.send("state", {"state": "running", "step": 300, "epoch": 3.0})
    expect(page.locator(".le-status")).to_contain_text("epoch 3.00 of 4 · step 300 of 400")
    run.parent, run.name, run.at = None, "r3", {}
    page.route_web_socket("**/latent/stream/r3", run.connect)
    page.evaluate("(stream) => window.mount({ stream })", {"url": "/latent/stream/r3", "run": "r3"})
    expect(page.locator(".le-status")).to_have_text("Training")
    page.wait_for_function(f"{seen} !== {before!r}")  # of another model there is no picture yet
    assert not errors


def test_a_run_that_starts_anew_begins_with_its_hello(watch: Callable) -> None:
    page, run, errors = watch()
    started(page, run)
    history = ({"epoch": 1.0, "step": 100, "log_likelihood": -90.0, "kl": 6.0, "test_log_likelihood": -91.0,
                "test_kl": 6.5, "kl_per_dim": [3.0, 3.0]},)  # fmt: skip
    run.hello("paused", history)
    expect(page.locator(".le-status")).to_contain_text("Paused · epoch 1.00 of 4 · step 100")
    expect(page.get_by_role("img", name="ELBO")).to_have_attribute(
        "aria-label", "ELBO: −96.0 · −97.5 held out"
    )
    assert not errors


def test_without_a_run_the_page_says_what_to_do(new_page: Callable, site: StaticSite) -> None:
    page = new_page()
    page.goto(site.put("/run", component_page(component_data("train"))))
    expect(page.get_by_text("press Start")).to_be_visible()
    assert page.locator("[data-role=map]").is_hidden()


def test_points_that_fly_out_of_the_map_make_it_wider_until_someone_zooms(watch: Callable) -> None:
    page, run, _ = watch(plotly=True)
    started(page, run)
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    ranges = "document.querySelector('.le-plot')._fullLayout.xaxis.range"
    run.codes = run.codes * 4
    run.snapshot(40)
    widest = float(np.abs(run.codes[:, 0]).max())
    page.wait_for_function(f"(far) => {ranges}[1] > far && {ranges}[0] < -far", arg=widest)
    page.locator("[data-role=map]").hover()
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(f"(far) => {ranges}[1] < far", arg=widest)
    zoomed = page.evaluate(ranges)
    run.codes = run.codes * 4
    taken_in(page, run, run.snapshot(60))
    timers_end(page, 300)
    assert page.evaluate(ranges) == zoomed


def test_a_long_run_keeps_a_bounded_curve(call: Callable) -> None:
    found = call(
        "data/series.js",
        """(() => { const series = new m.Series();
            for (let n = 0; n < 20000; n++) series.add(n / 100, n);
            series.add(5, 1); series.add(300, NaN); series.add(300, null);
            return [series.points.length, series.points[0], series.latest]; })()""",
    )
    assert found[0] <= 1200
    assert found[1:] == [[0, 0], 19999]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"), (7300, "2 h 1 min")],
)
def test_time_left_in_words(seconds: float, text: str, call: Callable) -> None:
    assert call("dom/format.js", "m.duration(a)", seconds) == text


def test_ticks_are_round_numbers(call: Callable) -> None:
    assert call("dom/ticks.js", "m.ticks(-103, 12, 4)") == [-100, -50, 0]
    assert call("dom/ticks.js", "m.ticks(1, 1, 4)") == []


def test_points_without_a_place_get_one_and_stand_still_when_the_run_does(watch: Callable) -> None:
    page, run, errors = watch(plotly=True)
    until(page, lambda: bool(run.sockets))
    # The other twenty have no codes yet.
    taken_in(page, run, run.frame(3, np.arange(20), run.codes[:20]))
    started(page, run)
    run.send("state", {"state": "paused", "error": "", "place": 0, "step": 10, "eta_seconds": None})
    page.wait_for_function("document.querySelector('.le-plot').data?.length === 2")
    assert np.isfinite(points(page)).all()
    run.codes = run.codes.copy()
    run.codes[:5] = np.nan
    run.send("state", {"state": "running", "error": "", "place": 0, "step": 10, "eta_seconds": None})
    run.snapshot(20)
    page.wait_for_function("document.querySelector('.le-plot').data?.length === 0")
    run.send("state", {"state": "failed", "error": "NaN", "place": 0, "step": 20, "eta_seconds": None})
    page.wait_for_function("document.querySelector('.le-plot').data?.length === 2")
    assert not errors


def test_on_a_line_each_point_keeps_its_height_while_its_code_moves(watch: Callable) -> None:
    page, run, errors = watch(ModelConfig((1, 8, 8), 1, "mlp", width=0.125))
    started(page, run)
    heights = points(page)[:, 1]
    assert len(set(heights)) > 20
    index = np.array([3, 11, 29])
    run.frame(12, index, np.array([[2.5], [-2.5], [2.0]]))
    page.wait_for_function("window.latentExplorer.points[11][0] === -2.5")
    assert points(page)[index, 0].tolist() == [2.5, -2.5, 2.0]
    assert np.array_equal(points(page)[:, 1], heights)
    assert not errors


def test_a_new_connection_leaves_the_map_as_it_was(watch: Callable) -> None:
    page, run, errors = watch(plotly=True)
    started(page, run)
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    ranges = "document.querySelector('.le-plot')._fullLayout.xaxis.range"
    before = page.evaluate(ranges)
    page.locator("[data-role=map]").hover()
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(f"(before) => {ranges}[0] > before[0]", arg=before)
    zoomed = page.evaluate(ranges)
    page.locator(".le-legend button").first.click()
    run.sockets[-1].close()
    until(page, lambda: len(run.sockets) == 2)
    assert np.isfinite(points(page)).all()
    run.codes = run.codes[::-1].copy()
    run.snapshot(20)
    page.wait_for_function("(x) => window.latentExplorer.points[0][0] === x", arg=float(run.codes[0, 0]))
    two_frames(page)
    assert page.evaluate(ranges) == zoomed
    expect(page.locator(".le-legend button").first).to_have_attribute("aria-pressed", "false")
    assert not errors


def test_strips_of_an_autoencoder_follow_its_codes_over_a_new_connection(watch: Callable) -> None:
    page, run, errors = watch(ModelConfig((1, 8, 8), 3, "mlp", family="autoencoder", width=0.125))
    started(page, run)
    strip = page.get_by_role("slider", name="Stops of z0")
    expect(strip).to_be_visible()
    run.sockets[-1].close()
    until(page, lambda: len(run.sockets) == 2)
    run.codes = 10 * run.codes
    run.snapshot(20)
    run.weights(20)
    greatest = np.sort(run.codes[:, 0])[round(0.99 * 39)]
    expect(strip).to_have_attribute("aria-valuemax", f"{greatest:.2f}")
    assert not errors
