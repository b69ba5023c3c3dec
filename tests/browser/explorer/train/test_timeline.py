"""Rewind: a slider over the moments that a run keeps, what it replays, and the film."""

from __future__ import annotations

import base64
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.played_run import FakeRun, points, started, taken_in
from tests.browser.waiting import timers_end, two_frames, until
from vae_core.config.configs import ModelConfig
from vae_core.engine.watching.messages import message
from vae_core.storage.tensorfile import pack

STEPS = (0, 1, 4, 16, 64)


def scrubber(page: Page) -> Locator:
    return page.get_by_role("slider", name="Moment of the run")


def shown(page: Page, step: int | None) -> None:
    """Wait until this moment, or now, is shown."""
    page.wait_for_function("(step) => window.latentExplorer.keyframe === step", arg=step)


def pixels(page: Page, name: str) -> list[int]:
    """The picture that an image role of this name shows now."""
    return page.get_by_role("img", name=name, exact=True).evaluate(
        "(c) => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    )


@pytest.fixture
def kept(watch: Callable) -> Callable:
    """A run that has reached step 100 and keeps moments."""

    def make(**options) -> tuple[Page, FakeRun, list[str]]:
        page, run, errors = watch(**options)
        started(page, run)
        run.keep(*STEPS)
        run.snapshot(100)
        expect(scrubber(page)).to_have_attribute("aria-valuemax", str(len(STEPS)))
        return page, run, errors

    return make


def test_keys_walk_through_all_that_the_moment_has(kept: Callable) -> None:
    page, run, errors = kept()
    slider = scrubber(page)
    expect(slider).to_have_attribute("aria-valuetext", "now")
    live, codes = pixels(page, "Samples from the prior"), run.codes
    z = page.evaluate("window.latentExplorer.z")
    decoded = page.evaluate("async (z) => Array.from(await window.latentExplorer.decode(z))", z)

    slider.focus()
    page.keyboard.press("ArrowLeft")
    shown(page, 64)
    expect(slider).to_have_attribute("aria-valuetext", "step 64, moment 5 of 5")
    assert np.allclose(points(page), run.moments[64], atol=1e-3)
    assert pixels(page, "Samples from the prior") != live
    changed = page.evaluate("async (z) => Array.from(await window.latentExplorer.decode(z))", z)
    assert np.abs(np.subtract(changed, decoded)).max() > 0.01
    expect(page.get_by_text("Decoded by the model as it was at step 64.")).to_be_visible()
    expect(page.get_by_text("Shown: step 64, epoch 0.64. Training goes on at step 100.")).to_be_visible()
    expect(page.get_by_role("img", name="ELBO")).to_have_attribute("aria-label", "ELBO: −195 · −204 held out")

    page.keyboard.press("Home")
    shown(page, 0)
    assert np.allclose(points(page), run.moments[0], atol=1e-3)
    page.keyboard.press("PageUp")  # five further is now
    shown(page, None)
    page.keyboard.press("Home")
    page.keyboard.press("End")
    shown(page, None)
    assert np.allclose(points(page), codes, atol=1e-3)
    assert pixels(page, "Samples from the prior") == live
    assert not errors


def test_training_goes_on_unseen_while_the_past_is_shown(kept: Callable) -> None:
    page, run, errors = kept()
    scrubber(page).press("Home")
    shown(page, 0)
    run.frame(140, np.array([0]), np.array([[2.5, 2.5]]))
    run.codes = run.codes + 1
    run.snapshot(150)
    run.weights(150)
    expect(page.locator(".le-status")).to_contain_text("step 150")
    expect(page.get_by_text("Training goes on at step 150.")).to_be_visible()
    assert np.allclose(points(page), run.moments[0], atol=1e-3)
    expect(page.get_by_text("Decoded by a model that has not learned yet.")).to_be_visible()
    page.get_by_role("button", name="Live").click()
    shown(page, None)
    assert np.allclose(points(page), run.codes, atol=1e-2)
    expect(page.get_by_text("Decoded by the model as it was at step 150.")).to_be_visible()
    assert not errors


def test_a_drag_shows_the_moment_under_the_hand_and_tells_python_when_it_rests(kept: Callable) -> None:
    page, _, errors = kept()
    box = page.locator(".le-track").bounding_box()
    page.evaluate("window.sent.length = 0")
    # Places go by the square root of the step; the right end stands at epoch 2, step 200.
    at = [box["x"] + box["width"] * (step / 200) ** 0.5 for step in (64, 16, 4)]
    middle = box["y"] + box["height"] / 2
    page.mouse.move(at[0] + 4, middle)
    page.mouse.down()
    shown(page, 64)
    page.mouse.move(at[1] + 4, middle)
    shown(page, 16)
    page.mouse.move(at[2] - 4, middle)
    shown(page, 4)
    page.mouse.up()
    until(page, lambda: page.evaluate("window.sent.at(-1)") == ["keyframe", 4, "r1"])
    page.mouse.move(box["x"] + box["width"] * 0.5**0.5, middle)
    page.mouse.down()
    page.mouse.up()
    shown(page, None)
    until(page, lambda: page.evaluate("window.sent.at(-1)") == ["keyframe", None, "r1"])
    assert page.evaluate("window.latentExplorer.lastKeyframeMs") >= 0
    assert not errors


def test_moments_are_fetched_before_they_are_wanted_once_a_hand_is_near(kept: Callable) -> None:
    page, run, errors = kept()
    assert run.fetched == []
    page.mouse.move(2, 2)
    scrubber(page).hover()
    until(page, lambda: len(run.fetched) == len(STEPS))
    assert run.fetched == [64, 16, 4, 1, 0]
    scrubber(page).press("Home")
    shown(page, 0)
    assert len(run.fetched) == len(STEPS)
    assert not errors


def test_a_run_that_went_back_comes_to_a_step_another_way(kept: Callable) -> None:
    page, run, _ = kept()
    scrubber(page).press("ArrowLeft")
    shown(page, 64)
    scrubber(page).press("End")
    before = run.moments.pop(64)
    run.keep()
    expect(scrubber(page)).to_have_attribute("aria-valuemax", str(len(STEPS) - 1))
    run.keep(64)
    scrubber(page).press("ArrowLeft")
    shown(page, 64)
    assert not np.allclose(before, run.moments[64])
    assert np.allclose(points(page), run.moments[64], atol=1e-3)


def test_another_run_s_step_of_the_same_number_is_told_too(kept: Callable) -> None:
    page, run, errors = kept()
    page.route_web_socket("**/latent/stream/r2", run.connect)
    page.evaluate("window.sent.length = 0")
    scrubber(page).press("Home")
    until(page, lambda: page.evaluate("window.sent.length") == 1)
    run.name = "r2"
    stream = {"url": "/latent/stream/r2", "run": "r2", "keyframes": "/latent/runs/r1/keyframes"}
    page.evaluate("(stream) => window.mount({ stream })", stream)
    until(page, lambda: len(run.sockets) == 2)
    run.snapshot(100)
    shown(page, None)
    scrubber(page).press("Home")
    until(page, lambda: page.evaluate("window.sent.at(-1)") == ["keyframe", 0, "r2"])
    chosen = [said for said in page.evaluate("window.sent") if said[1] is not None]
    assert chosen == [["keyframe", 0, "r1"], ["keyframe", 0, "r2"]]
    assert not errors


def test_a_run_that_comes_back_is_shown_and_told_as_it_is_now(kept: Callable) -> None:
    page, run, errors = kept()
    page.route_web_socket("**/latent/stream/r2", run.connect)
    scrubber(page).press("Home")
    until(page, lambda: page.evaluate("window.sent.at(-1)") == ["keyframe", 0, "r1"])
    page.evaluate("window.mount({ stream: { url: '/latent/stream/r2', run: 'r2', keyframes: null } })")
    until(page, lambda: page.evaluate("window.sent.at(-1)") == ["keyframe", None, "r2"])
    stream = {"url": "/latent/stream/r1", "run": "r1", "keyframes": "/latent/runs/r1/keyframes"}
    page.evaluate("(stream) => window.mount({ stream })", stream)
    until(page, lambda: len(run.sockets) == 3)
    run.snapshot(100)
    shown(page, None)
    # However soon it came back: what was to be told of the other run may never have been.
    until(page, lambda: page.evaluate("window.sent.at(-1)") == ["keyframe", None, "r1"])
    assert not errors


def test_a_button_of_the_page_hears_of_the_moment_that_is_drawn(kept: Callable) -> None:
    page, run, errors = kept()
    del run.moments[64]
    page.evaluate(
        """() => {
            window.sent.length = 0;
            const button = document.body.appendChild(document.createElement("button"));
            button.textContent = "Keep it";
            const look = () => (window.seen = [window.sent.at(-1) ?? null, window.latentExplorer.keyframe]);
            button.onpointerdown = button.onkeydown = look; }"""
    )
    button = page.get_by_role("button", name="Keep it")

    # A moment that did not come is not drawn.
    scrubber(page).press("ArrowLeft")
    expect(page.get_by_text("This moment is not kept any more.")).to_be_visible()
    button.click()
    assert page.evaluate("window.seen") == [None, None]

    # Neither the hand's rest nor a pointer is needed.
    scrubber(page).press("Home")
    shown(page, 0)
    button.click()
    assert page.evaluate("window.seen") == [["keyframe", 0, "r1"], 0]
    scrubber(page).press("ArrowRight")
    shown(page, 1)
    button.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("window.seen") == [["keyframe", 1, "r1"], 1]

    # While a film plays it is the moment that it has come to.
    page.get_by_role("button", name="film").click()
    page.wait_for_function("window.latentExplorer.keyframe > 1")
    button.click()
    told, drawn = page.evaluate("window.seen")
    assert told == ["keyframe", drawn, "r1"]
    assert all("404" in error for error in errors)  # of the moment that did not come


def test_a_run_at_rest_has_its_past_at_hand(kept: Callable) -> None:
    page, run, _ = kept()
    run.send("state", {"state": "done", "error": "", "place": 0, "step": 100, "eta_seconds": None})
    until(page, lambda: sorted(run.fetched) == list(STEPS))


def test_a_moment_that_is_gone_is_said_and_nothing_changes(kept: Callable) -> None:
    page, run, _ = kept()
    del run.moments[64]
    scrubber(page).press("ArrowLeft")
    expect(page.get_by_text("This moment is not kept any more. Choose another one.")).to_be_visible()
    assert np.allclose(points(page), run.codes, atol=1e-3)
    scrubber(page).press("ArrowLeft")
    shown(page, 16)
    expect(page.get_by_text("This moment is not kept any more.")).to_have_count(0)


def test_the_film_plays_all_moments_and_ends_now(kept: Callable) -> None:
    page, _, errors = kept()
    page.evaluate(
        """() => { window.seen = []; const look = () => {
            const now = window.latentExplorer.keyframe;
            if (window.seen.at(-1) !== now) window.seen.push(now);
            requestAnimationFrame(look); }; look(); }"""
    )
    button = page.get_by_role("button", name="film")
    button.click()
    expect(button).to_have_text("Pause film")
    expect(button).to_have_text("Play film")
    shown(page, None)
    two_frames(page)
    assert page.evaluate("window.seen") == [None, *STEPS, None]
    button.click()
    shown(page, 1)
    button.click()
    timers_end(page, 800)
    assert page.evaluate("window.latentExplorer.keyframe") == 1
    assert not errors


def test_a_film_ends_with_its_run(kept: Callable) -> None:
    page, run, errors = kept()
    # It says nothing yet.
    page.route_web_socket("**/latent/stream/r2", lambda socket: run.sockets.append(socket))
    page.get_by_role("button", name="film").click()
    shown(page, 1)
    stream = {"url": "/latent/stream/r2", "run": "r2", "keyframes": "/latent/runs/r2/keyframes"}
    page.evaluate("(stream) => window.mount({ stream })", stream)
    until(page, lambda: len(run.sockets) == 2)
    timers_end(page, len(STEPS) * 600 + 500)  # as long as the film could go on
    assert not errors
    assert page.evaluate("window.latentExplorer.keyframe") is None
    run.name = "r2"
    run.hello()
    run.snapshot(10)
    shown(page, None)
    expect(page.get_by_role("button", name="film")).to_have_text("Play film")


def test_marks_stand_on_the_scrubber_with_their_words(kept: Callable) -> None:
    page, run, errors = kept()
    run.marks = [{"step": 50, "epoch": 0.5, "text": "beta 1 → 4 <b>"}]
    run.keep()
    expect(page.get_by_title("Step 50: beta 1 → 4 <b>")).to_be_visible()
    expect(page.get_by_role("img", name="ELBO")).to_have_attribute(
        "aria-label", "ELBO: −105 · −114 held out. Marks: beta 1 → 4 <b>"
    )
    assert not errors


def test_a_new_connection_keeps_the_moment_that_is_shown(kept: Callable) -> None:
    page, run, _ = kept()
    scrubber(page).press("Home")
    shown(page, 0)
    run.sockets[-1].close(code=1011)
    until(page, lambda: len(run.sockets) == 2)
    run.snapshot(120)
    expect(page.locator(".le-status")).to_contain_text("step 120")
    assert page.evaluate("window.latentExplorer.keyframe") == 0
    assert np.allclose(points(page), run.moments[0], atol=1e-3)


def test_without_moments_or_on_another_s_run_there_is_no_scrubber(watch: Callable) -> None:
    page, run, _ = watch(is_shared=True)
    started(page, run)
    expect(scrubber(page)).to_have_count(0)
    run.keep(*STEPS)
    taken_in(page, run, run.seq)
    expect(scrubber(page)).to_have_count(0)


def test_more_dimensions_lie_on_the_plane_of_the_moment(watch: Callable) -> None:
    page, run, errors = watch(ModelConfig((1, 8, 8), 5, "mlp", width=0.125))
    started(page, run)
    run.keep(*STEPS)
    scrubber(page).press("Home")
    shown(page, 0)
    assert np.allclose(points(page), run.moments[0][:, :2], atol=1e-3)
    assert not errors


@pytest.mark.parametrize("width", [390, 820])
def test_a_finger_scrubs_and_nothing_is_wider_than_the_page(width: int, kept: Callable) -> None:
    page, _, errors = kept(viewport={"width": width, "height": 844}, has_touch=True)
    box = scrubber(page).bounding_box()
    page.touchscreen.tap(box["x"] + 2, box["y"] + 14)
    shown(page, 0)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert not errors


def test_what_is_kept_of_files_stays_within_its_bound(call: Callable) -> None:
    run = FakeRun(ModelConfig((1, 8, 8), 2, "mlp", width=0.125))
    facts, arrays = run.shown(1, run.codes)
    body = base64.b64encode(message("snapshot", 0, facts, pack(arrays | run.decoder(), {}))).decode()
    found = call(
        "data/keyframes.js",
        """(async () => {
            const bytes = Uint8Array.from(atob(a), (c) => c.charCodeAt(0));
            const before = window.fetch;
            window.fetch = async () => new Response(bytes);
            const keyframes = new m.Keyframes("/k", 2.5 * bytes.length);
            for (const step of [1, 2, 1, 3]) await keyframes.get(step);
            const here = [1, 2, 3].filter((step) => keyframes.has(step));
            const { mean, weights } = await keyframes.get(2);
            window.fetch = before;
            return { here, held: keyframes.bytes / bytes.length, mean: mean.length, weights: weights.size };
        })()""",
        body,
    )
    # Used longest ago, the second went first.
    assert found == {"here": [1, 3], "held": 2, "mean": run.codes.size, "weights": len(run.decoder())}


def test_neighbours_are_wanted_first(call: Callable) -> None:
    assert call("data/keyframes.js", "m.byNearness(a, 2)", [0, 1, 4, 9, 16]) == [1, 9, 0, 16]
    assert call("data/keyframes.js", "m.byNearness(a, 3)", [0, 1, 4]) == [4, 1, 0]


def test_a_moment_forgotten_on_its_way_is_not_kept(call: Callable) -> None:
    run = FakeRun(ModelConfig((1, 8, 8), 2, "mlp", width=0.125))
    bodies = []
    for step in (1, 2):
        facts, arrays = run.shown(step, run.codes)
        bodies.append(
            base64.b64encode(message("snapshot", 0, facts, pack(arrays | run.decoder(), {}))).decode()
        )
    found = call(
        "data/keyframes.js",
        """(async () => {
            const [old, anew] = a.map((each) => Uint8Array.from(atob(each), (c) => c.charCodeAt(0)));
            const before = window.fetch;
            let answer;
            window.fetch = () => new Promise((resolve) => (answer = resolve));
            const keyframes = new m.Keyframes("/k");
            const first = keyframes.get(5);
            const answerFirst = answer;
            keyframes.keepOnly([]); // the run went back, and comes to this step another way
            const second = keyframes.get(5);
            answerFirst(new Response(old));
            await first;
            answer(new Response(anew));
            await second;
            window.fetch = before;
            return keyframes.read(5).step;
        })()""",
        bodies,
    )
    assert found == 2


def test_the_numbers_below_the_scrubber_keep_apart_when_it_becomes_narrow(kept: Callable) -> None:
    page, run = kept(viewport={"width": 1280, "height": 800})[:2]
    taken_in(page, run, run.snapshot(390))
    page.set_viewport_size({"width": 390, "height": 844})
    gaps = """() => {
        const labels = [...document.querySelectorAll(".le-tick-labels span")];
        const all = labels.map((label) => label.getBoundingClientRect());
        return all.slice(1).map(({ left }, n) => left - all[n].right);
    }"""
    page.wait_for_function(f"() => ({gaps})().every((gap) => gap > 0)")


def test_without_an_encoder_there_are_pictures_and_no_dots_now_and_then(kept: Callable) -> None:
    """What places decode to is the map, samples stand below, and the past has both."""
    page, run, errors = kept(config=ModelConfig((1, 8, 8), 2, "mlp", family="gan", width=0.125))
    expect(page.get_by_role("button", name="Decoded")).to_have_attribute("aria-pressed", "true")
    assert len(points(page)) == 0
    live = pixels(page, "Samples from the prior")
    expect(page.get_by_role("img", name="Their reconstructions")).to_be_hidden()
    expect(page.get_by_role("img", name="KL per dimension")).to_be_hidden()
    scrubber(page).focus()
    page.keyboard.press("ArrowLeft")
    shown(page, 64)
    assert pixels(page, "Samples from the prior") != live
    expect(page.get_by_text("Decoded by the model as it was at step 64.")).to_be_visible()
    page.keyboard.press("ArrowRight")
    shown(page, None)
    run.frame(110, np.zeros(0), np.zeros((0, 2)))
    expect(page.locator(".le-status")).to_contain_text("step 110")
    assert not errors
