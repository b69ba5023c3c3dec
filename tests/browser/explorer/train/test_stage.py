"""The stage: what moves together, what is told of dimensions and mishaps, and what keeps its place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from tests.browser.hand import drawn
from tests.browser.played_run import FakeRun, points, started, taken_in
from tests.browser.small_models import lively_model
from tests.browser.waiting import two_frames, until
from vae_core.config.configs import ModelConfig
from vae_core.config.families import FAMILIES
from vae_core.measures.evaluate import active_units

BARS = "KL per dimension"


def codes_with(run: FakeRun, *dead: int) -> np.ndarray:
    """Codes in which these dimensions say the same of every image, nearly."""
    codes = run.random.normal(size=run.codes.shape)
    codes[:, list(dead)] = 0.3 + 0.05 * codes[:, list(dead)]
    return codes.astype(np.float16)


def test_dimensions_die_and_wake_and_it_is_told(watch: Callable) -> None:
    page, run, errors = watch(ModelConfig((1, 8, 8), 4, "mlp", width=0.125))
    run.codes = codes_with(run, 1, 3)
    started(page, run)
    bars = page.get_by_role("img", name=BARS)
    expect(bars).to_have_attribute(
        "aria-label", f"{BARS}: 2 of 4 active. z0 2.50, z1 2.50 dead, z2 2.50, z3 2.50 dead"
    )
    figure = page.locator("figure", has=bars)
    expect(figure).to_contain_text("2 of 4 active")
    run.codes = codes_with(run, 3)
    run.snapshot(20)
    expect(figure).to_contain_text("3 of 4 active")
    expect(figure.get_by_role("status")).to_have_text("z1 woke up")
    run.codes = codes_with(run, 0, 2, 3)
    run.snapshot(30)
    expect(figure.get_by_role("status")).to_have_text("z0, z2 died")
    assert active_units(torch.tensor(run.codes.astype(np.float32))) == 1
    expect(figure).to_contain_text("1 of 4 active")
    dead = page.locator(".le-bar-column").evaluate_all(
        "(all) => all.map((each) => each.classList.contains('le-bar-dead'))"
    )
    assert dead == [True, False, True, True]
    assert not errors


def test_bars_stand_on_a_scale_of_round_numbers(watch: Callable) -> None:
    page, run, _ = watch()
    started(page, run)
    scales = page.locator(".le-bar").evaluate_all("(all) => all.map((each) => each.style.transform)")
    assert scales == ["scaleY(0.5)", "scaleY(0.5)"]  # 2.5 of 5 nats
    expect(page.locator(".le-bars-scale")).to_have_text("50")


def test_a_branch_s_curves_stand_beside_its_parent_s(watch: Callable) -> None:
    history = [
        {"epoch": epoch / 2, "step": 50 * epoch, "log_likelihood": -300.0 + epoch, "kl": 3.0,
         "test_log_likelihood": -310.0 + epoch, "test_kl": 3.0}
        for epoch in range(7)
    ]  # fmt: skip
    parent = {"run": "r0", "title": "Noise", "step": 200, "epoch": 2.0, "history": history}
    marks = [{"step": 200, "epoch": 2.0, "text": "branched from step 200"}]

    def prepare(run: FakeRun) -> None:
        run.parent, run.marks = parent, marks

    page, run, errors = watch(prepare=prepare)
    started(page, run)
    expect(page.get_by_role("img", name="ELBO")).to_have_attribute(
        "aria-label",
        "ELBO: −195 · −204 held out. Paler: the run that this one branched from. "
        "Marks: branched from step 200",
    )
    expect(page.get_by_text("the run before the branch")).to_be_visible()
    # The parent's end, epoch 3, lies on the chart: paler strokes to the right of all that this run has.
    found = page.locator(".le-chart-canvas").first.evaluate(
        """(canvas) => {
            const { width, height } = canvas;
            const right = Math.round(0.3 * width);
            const { data } = canvas.getContext('2d').getImageData(right, 0, width - right, height);
            let orange = 0;
            for (let p = 0; p < data.length; p += 4)
                if (data[p + 3] > 40 && data[p] > 1.5 * data[p + 2] && data[p] > 150) orange += 1;
            return orange;
        }"""
    )
    assert found > 50
    assert not errors


def test_a_mishap_is_told_prominently_and_the_map_stands(watch: Callable) -> None:
    page, run, errors = watch()
    started(page, run)
    alert = page.get_by_role("alert").filter(has_text="number")
    expect(alert).to_have_count(0)
    sentence = "The loss is no number any more. <b>Try</b> a lower learning rate."
    run.send("state", {"state": "failed", "error": sentence, "place": 0, "step": 10, "eta_seconds": None})
    expect(alert).to_have_text(sentence)
    expect(page.locator(".le-status")).to_contain_text("Stopped by itself · epoch 0.10")
    assert np.allclose(points(page), run.codes, atol=1e-3)
    run.send("state", {"state": "running", "error": "", "place": 0, "step": 10, "eta_seconds": None})
    expect(alert).to_have_count(0)
    assert not errors


def boxes(page: Page) -> list[dict[str, float]]:
    names = ("[data-role=map]", ".le-decoded", ".le-chart-canvas", ".le-bars", ".le-sheet", ".le-scrubber")
    return [box for name in names for each in page.locator(name).all() if (box := each.bounding_box())]


@pytest.mark.parametrize("width", [1240, 760, 390])
def test_whatever_the_numbers_nothing_moves(width: int, watch: Callable) -> None:
    page, run, errors = watch(viewport={"width": width, "height": 900})
    started(page, run)
    run.keep(0, 1, 4)
    run.snapshot(20)
    expect(page.get_by_role("slider", name="Moment of the run")).to_be_visible()
    before = boxes(page)
    assert len(before) > 8
    large = {
        "log_likelihood": -1234567.0,
        "kl": 98765.4,
        "kl_per_dim": [98765.4, 1e-9],
        "eta_seconds": 7777.0,
    }
    run.snapshot(398, **large, test_log_likelihood=-1234567.0, test_kl=12345.0)
    expect(page.locator(".le-status")).to_contain_text("step 398")
    two_frames(page)
    assert boxes(page) == before
    page.get_by_role("slider", name="Moment of the run").press("Home")
    page.wait_for_function("window.latentExplorer.keyframe === 0")
    assert boxes(page) == before
    assert not errors


def test_the_past_keeps_the_zoom(watch: Callable) -> None:
    page, run, _ = watch(plotly=True)
    started(page, run)
    run.keep(0, 1, 4)
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    ranges = "document.querySelector('.le-plot')._fullLayout.xaxis.range"
    before = page.evaluate(ranges)
    page.locator("[data-role=map]").hover()
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(f"(before) => {ranges}[0] > before[0]", arg=before)
    zoomed = page.evaluate(ranges)
    slider = page.get_by_role("slider", name="Moment of the run")
    for key, step in (("Home", 0), ("ArrowRight", 1), ("End", None)):
        slider.press(key)
        page.wait_for_function("(step) => window.latentExplorer.keyframe === step", arg=step)
        two_frames(page)
        assert page.evaluate(ranges) == zoomed


def test_every_strip_follows_the_weights(watch: Callable) -> None:
    page, run, errors = watch()
    started(page, run)
    strip = page.locator("[data-role=traversal-1]")
    filled = "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((a, b) => a + b, 0)"
    page.wait_for_function(
        """() => document.querySelector('[data-role=traversal-1]').getContext('2d')
            .getImageData(0, 0, 9, 9).data.some((v) => v > 0)"""
    )
    before = strip.evaluate(filled)
    run.keep(0)
    page.get_by_role("slider", name="Moment of the run").press("Home")
    page.wait_for_function(
        f"(before) => ({filled})(document.querySelector('[data-role=traversal-1]')) !== before", arg=before
    )
    assert not errors


def test_the_next_run_may_have_fewer_dimensions(watch: Callable) -> None:
    page, run, errors = watch(ModelConfig((1, 12, 10), 4, "conv", width=0.25))
    started(page, run)
    expect(page.locator("[data-role^=slider-]")).to_have_count(4)
    expect(page.locator("[data-role^=traversal-]")).to_have_count(4)
    run.config, run.name = ModelConfig((1, 12, 10), 2, "conv", width=0.25), "r2"
    run.codes = run.codes[:, :2]
    run.hello()
    started(page, run)
    expect(page.locator("[data-role^=slider-]")).to_have_count(2)
    expect(page.locator("[data-role^=traversal-]")).to_have_count(2)
    assert not errors


def test_each_run_lies_on_axes_that_suit_it_until_someone_chooses_some(watch: Callable) -> None:
    page, run, errors = watch(ModelConfig((1, 8, 8), 4, "mlp", width=0.125))
    all_codes = run.codes

    def next_run(dims: int) -> None:
        run.config, run.name = ModelConfig((1, 8, 8), dims, "mlp", width=0.125), f"r{run.seq}"
        run.codes = all_codes[:, :dims]
        run.hello()
        started(page, run)

    kinds = page.get_by_role("group", name="Axes of the map")
    started(page, run)
    expect(kinds.get_by_role("button", name="PCA")).to_have_attribute("aria-pressed", "true")
    next_run(2)
    expect(kinds).to_have_count(0)
    page.get_by_text("As a table").first.click()
    expect(page.get_by_role("columnheader", name="Mean, z1")).to_be_visible()  # and no component
    next_run(4)
    expect(kinds.get_by_role("button", name="PCA")).to_have_attribute("aria-pressed", "true")
    kinds.get_by_role("button", name="Two dimensions").click()
    next_run(4)
    expect(kinds.get_by_role("button", name="Two dimensions")).to_have_attribute("aria-pressed", "true")
    assert not errors


def test_the_picture_follows_the_run_without_a_hand(watch: Callable) -> None:
    page, run, _ = watch()
    started(page, run)  # weights of step 10
    taken_in(page, run, run.seq)
    asked = run.hands().count(True)
    taken_in(page, run, run.snapshot(12))
    assert run.hands().count(True) == asked
    run.snapshot(13)
    until(page, lambda: run.hands().count(True) > asked, "the wish for weights newer than step 10's")


def test_readings_at_a_moment_and_after_going_back(call: Callable) -> None:
    found = call(
        "data/series.js",
        """(() => { const readings = new m.Readings(a);
            for (const epoch of [0, 1, 2, 3])
                readings.add({ epoch, log_likelihood: -100 + epoch, kl: 5, test_kl: NaN });
            const { elbo, kl } = readings.curves;
            const at = [-1, 0.5, 2, 9].map((epoch) => elbo.train.at(epoch));
            readings.cut(1.5);
            const nothing = [kl.test.latest ?? null, elbo.test.at(1) ?? null];
            return [at, elbo.train.latest, readings.lastEpoch, nothing];
        })()""",
        FAMILIES["vae"].to_dict()["terms"],
    )
    assert found == [[-105, -105, -103, -102], -104, 1, [None, None]]


def test_what_is_told_again_between_two_measurements_is_no_reading(call: Callable) -> None:
    found = call(
        "data/series.js",
        """(() => { const readings = new m.Readings(a);
            for (const [epoch, test_kl] of [[0, 2], [1, 2], [2, 2], [3, 4], [4, 4], [5, 2]])
                readings.add({ epoch, kl: epoch, test_kl });
            const { train, test } = readings.curves.kl;
            return [train.points.length, test.points, test.at(2)];
        })()""",
        FAMILIES["vae"].to_dict()["terms"],
    )
    assert found == [6, [[0, 2], [3, 4], [5, 2]], 2]


def test_the_curves_stand_in_a_table_too(watch: Callable) -> None:
    page, run, errors = watch()
    started(page, run)
    for step in range(20, 60):
        run.frame(step, np.array([0]), np.zeros((1, 2)))
    run.snapshot(60)
    expect(page.locator(".le-status")).to_contain_text("step 60")
    page.locator(".le-readings summary").click()
    table = page.get_by_role("table", name="The curves, in nats per image")
    expect(table.locator("tr")).to_have_count(21)
    rows = [row.all_inner_texts() for row in (each.locator("th, td") for each in table.locator("tr").all())]
    assert rows[0][:3] == ["Epoch", "ELBO", "ELBO, held out"]
    assert rows[1] == ["0.10", "−195.0", "−204.0", "−190.0", "−200.0", "5.0", "4.0"]
    assert rows[-1] == ["0.60", "−145.0", "−154.0", "−140.0", "−150.0", "5.0", "4.0"]
    assert not errors


@pytest.mark.parametrize(("value", "expected"), [(0.5, 0.5), (2.5, 5), (5, 5), (0.03, 0.05), (71, 100)])
def test_round_numbers_above(value: float, expected: float, call: Callable) -> None:
    assert call("dom/ticks.js", "m.roundUp(a)", value) == pytest.approx(expected)


@pytest.mark.parametrize("wide", [200, 320, 900])
def test_the_words_of_a_mark_begin_on_the_chart(wide: int, call: Callable) -> None:
    text = "went back here from step 12,345: the loss was no longer a number; learning rate 0.001 → 1"
    written = call(
        "train/charts/curve-drawing.js",
        """(() => {
            const context = document.createElement("canvas").getContext("2d");
            const written = [];
            context.fillText = (text, left) => written.push([text, left, context.measureText(text).width]);
            const theme = { font: "sans-serif", background: "white", text: "black" };
            const x = (epoch) => 52 + epoch * (a.wide - 60);
            m.drawMarkWords(context, theme, [{ epoch: 0.5, text: a.text }], x, a.wide);
            return written;
        })()""",
        {"text": text, "wide": wide},
    )
    ((said, left, width),) = written
    assert left >= 52
    assert left + width <= wide
    assert text.startswith(said.removesuffix("…"))
    assert said == text or len(said) > 10
    assert (said == text) == (wide == 900)


@pytest.mark.parametrize("points", [[], [[0.5, 0.5]], [[0.25, 0.5], [0.75, 0.5]]])
def test_the_first_reading_of_a_curve_is_seen(points: list, call: Callable) -> None:
    inked = call(
        "train/charts/curve-drawing.js",
        """(() => {
            const context = document.createElement("canvas").getContext("2d");
            m.drawLine(context, a, "black", (epoch) => 100 * epoch, (value) => 100 * value);
            return context.getImageData(50, 50, 1, 1).data[3];
        })()""",
        points,
    )
    assert (inked > 0) == bool(points)


def test_curves_of_a_run_that_went_back_begin_again_there_also_when_its_state_is_told_first(
    watch: Callable,
) -> None:
    page, run, errors = watch()
    started(page, run)
    run.snapshot(80)
    expect(page.locator(".le-status")).to_contain_text("step 80")
    run.send("state", {"state": "paused", "step": 30})
    run.snapshot(30)
    expect(page.locator(".le-status")).to_contain_text("step 30")
    page.locator(".le-readings summary").click()
    table = page.get_by_role("table", name="The curves, in nats per image")
    expect(table.locator("tr").last.locator("th, td").first).to_have_text("0.30")
    assert not errors


def test_sliders_reach_all_codes_of_an_autoencoder(watch: Callable) -> None:
    page, run, errors = watch(ModelConfig((1, 8, 8), 3, "mlp", family="autoencoder", width=0.125))
    run_codes = run.codes
    started(page, run)
    slider = page.locator("[data-role=slider-1]")
    expect(slider).to_have_attribute("max", "3.3")
    run.codes = run_codes.copy()
    run.codes[7, 2] = -13.5
    run.snapshot(20)
    expect(slider).to_have_attribute("max", "20")
    expect(slider).to_have_attribute("min", "-20")
    run.codes = run_codes
    taken_in(page, run, run.snapshot(30))
    expect(slider).to_have_attribute("max", "20")  # it does not jump back and forth
    slider.fill("12.5")
    page.wait_for_function("window.latentExplorer.z[1] === 12.5")
    assert not errors


def test_a_run_that_is_told_the_class_offers_its_classes(watch: Callable) -> None:
    config = ModelConfig((1, 8, 8), 2, "mlp", "conditional", n_classes=2, width=0.125)
    page, run, errors = watch(config)
    started(page, run)
    model = lively_model(config).eval()
    for weights in model.parameters():
        weights.data = weights.detach().half().float()
    told = page.get_by_label("Class told")
    assert told.locator("option").all_text_contents() == ["a", "b"]
    assert page.evaluate("Array.from(window.latentExplorer.z)") == [0, 0]
    for label, name in enumerate("ab"):
        told.select_option(name)
        with torch.no_grad():
            wanted = 255 * model.decode_images(torch.zeros(1, 2), torch.tensor([label])).flatten().numpy()
        until(page, lambda wanted=wanted: np.abs(drawn(page) - wanted).max() < 1.5, f"class {name}")
    run.weights(20)  # newer ones are told the class as well
    two_frames(page)
    until(page, lambda: np.abs(drawn(page) - wanted).max() < 1.5, "class b still")
    assert not errors
