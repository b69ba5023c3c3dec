"""The map as a hand meets it: hover, click, keys, touch; and what Python is told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.hand import REST, decoded, drawn, latent, map_place, sent, two_frames
from tests.browser.serving import JS, Errors
from tests.browser.small_models import component_data
from tests.browser.waiting import timers_end


def test_the_picture_under_the_pointer_is_the_decoded_latent(
    opened: Callable, flat: dict, errors: Errors
) -> None:
    page = opened(component_data("explore", flat))
    assert page.evaluate("window.latentExplorer.bundle") == "flat"
    assert latent(page) == [0, 0]
    pictures = []
    for right in (0.3, 0.5, 0.8):
        page.mouse.move(*map_place(page, right))
        two_frames(page)
        pictures.append(drawn(page))
        assert np.abs(pictures[-1] - decoded(page)).max() < 0.51
        assert page.evaluate("window.latentExplorer.lastLatencyMs") > 0
    assert np.abs(pictures[0] - pictures[2]).max() > 5
    assert not errors


def test_hovering_needs_no_plotly_and_its_absence_is_said(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat))
    page.mouse.move(*map_place(page))
    two_frames(page)
    assert latent(page) != [0, 0]
    expect(page.get_by_text("axes could not be loaded")).to_be_visible()


def test_leaving_puts_the_pinned_latent_back_and_a_click_pins(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat, z=[0.5, -0.25]))
    assert latent(page) == [0.5, -0.25]
    page.mouse.move(*map_place(page, 0.7))
    two_frames(page)
    hovered = latent(page)
    assert hovered != [0.5, -0.25]
    page.mouse.move(2, 2)
    two_frames(page)
    assert latent(page) == [0.5, -0.25]
    page.mouse.click(*map_place(page, 0.7))
    page.mouse.move(2, 2)
    two_frames(page)
    assert latent(page) == pytest.approx(hovered, abs=0.02)


def test_a_click_between_two_moves_in_one_frame_is_not_lost(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat))
    page.evaluate("""() => {
        const map = document.querySelector("[data-role=map]");
        const { left, top, width, height } = map.getBoundingClientRect();
        const fire = (type, right) => map.dispatchEvent(new PointerEvent(type, { bubbles: true,
            pointerType: "mouse", clientX: left + right * width, clientY: top + height / 2 }));
        for (const [type, right] of [["pointermove", 0.3], ["pointermove", 0.6], ["pointerdown", 0.6],
            ["pointerup", 0.6], ["pointermove", 0.7], ["pointermove", 0.8]]) fire(type, right);
    }""")
    page.wait_for_function("window.sent.length")
    [[_, pinned]] = sent(page)
    assert 0 < pinned[0] < latent(page)[0]


def test_the_map_s_units_are_the_latent_s(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat, plotly=True))
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    box = page.locator(".le-plot .nsewdrag").first.bounding_box()
    ranges = page.evaluate("""() => {
        const { xaxis, yaxis } = document.querySelector(".le-plot")._fullLayout;
        return [xaxis.range, yaxis.range];
    }""")
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
    two_frames(page)
    expected = [low + share * (high - low) for (low, high), share in zip(ranges, (0.25, 0.75))]
    assert latent(page) == pytest.approx(expected, abs=0.02)
    (left, right), (bottom, top) = ranges
    assert (right - left) / box["width"] == pytest.approx((top - bottom) / box["height"], rel=0.01)
    points = np.array(page.evaluate("window.latentExplorer.points"))
    assert points.shape == (60, 2)
    assert (points.min(0) > [left, bottom]).all()
    assert (points.max(0) < [right, top]).all()


def test_nothing_is_sent_while_mounting_or_moving_and_one_choice_after_it(
    opened: Callable, flat: dict
) -> None:
    page = opened(component_data("explore", flat))
    timers_end(page, REST)
    assert sent(page) == []
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.evaluate("""() => {
        const now = () => performance.now();
        window.moves = [];
        addEventListener("pointermove", () => window.moves.push(now()), { capture: true });
        window.sentAt = [];
        window.sent.push = (entry) => {
            window.sentAt.push(now());
            return Array.prototype.push.call(window.sent, entry);
        };
    }""")
    page.mouse.click(*map_place(page, 0.4))
    for step in range(30):
        page.mouse.move(*map_place(page, 0.3 + step / 100))
        two_frames(page)
    page.wait_for_function("window.sent.length")
    timers_end(page, REST)
    [(key, value)] = sent(page)
    assert key == "z"
    assert len(value) == 2
    assert value == [round(number, 3) for number in value]
    moves, sent_at = page.evaluate("[window.moves, window.sentAt]")
    assert all(at - move > REST / 2 for at in sent_at for move in moves if move < at)
    assert requests == []


def test_python_s_echo_changes_nothing_and_its_news_do(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat))
    page.mouse.click(*map_place(page, 0.4))
    page.wait_for_function("window.sent.length")
    [(_, told)] = sent(page)
    page.mouse.click(*map_place(page, 0.6))
    two_frames(page)
    newer = latent(page)
    page.evaluate("(z) => window.mount({ z })", told)
    two_frames(page)
    assert latent(page) == newer
    page.evaluate("() => window.mount({ z: [1.5, -1.5] })")
    two_frames(page)
    page.mouse.move(2, 2)
    two_frames(page)
    assert latent(page) == [1.5, -1.5]


def test_a_latent_of_the_wrong_length_is_not_used(opened: Callable, flat: dict, errors: Errors) -> None:
    page = opened(component_data("explore", flat, z=[1, 2, 3], axes="7,9"))
    assert latent(page) == [0, 0]
    assert not errors


def test_arrow_keys_walk_over_the_map_and_the_readout_says_where(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat))
    page.locator("[data-role=map]").focus()
    page.keyboard.press("ArrowRight")
    two_frames(page)
    right, _ = latent(page)
    assert right > 0
    page.keyboard.press("Shift+ArrowUp")
    two_frames(page)
    x, up = latent(page)
    assert x == pytest.approx(right, abs=1e-6)
    assert up == pytest.approx(5 * right, rel=1e-4)
    expect(page.locator("[data-role=readout]")).to_contain_text(f"{right:.2f}")
    expect(page.locator("[role=status]").filter(has_text="Pinned")).to_contain_text("Nearest real image")
    page.keyboard.press("Home")
    two_frames(page)
    assert latent(page) == [0, 0]


def test_a_finger_walks_and_what_it_leaves_is_pinned(opened: Callable, flat: dict) -> None:
    page = opened(
        component_data("explore", flat, plotly=True),
        options={"has_touch": True, "viewport": {"width": 390, "height": 844}, "is_mobile": True},
    )
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    ranges = "document.querySelector('.le-plot')._fullLayout.xaxis.range"
    before = page.evaluate(ranges)
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, right: float = 0.0) -> None:
        x, y = map_place(page, right)
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        two_frames(page)

    page.locator("[data-role=map]").scroll_into_view_if_needed()
    finger("touchStart", 0.4)
    first = latent(page)
    finger("touchMove", 0.5)
    finger("touchMove", 0.7)
    second = latent(page)
    finger("touchEnd")
    assert second[0] > first[0] != 0
    assert latent(page) == pytest.approx(second, abs=1e-6)
    assert page.evaluate(ranges) == before
    page.wait_for_function("window.sent.length")
    assert {key for key, _ in sent(page)} == {"z"}


def test_keys_that_walk_beyond_the_edge_take_the_map_along(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat, plotly=True))
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    page.locator("[data-role=map]").focus()
    for _ in range(24):
        page.keyboard.press("Shift+ArrowRight")
        two_frames(page)
    assert page.locator(".le-marker-pinned").get_attribute("hidden") is None
    x, _ = latent(page)
    axis = "document.querySelector('.le-plot')._fullLayout.xaxis.range"
    page.wait_for_function(f"(x) => {axis}[0] < x && x < {axis}[1]", arg=x)


PAINTED = """(async () => {
    await (await import("JS/decode/kernels/kernels.js")).kernels();
    const { loadBundle } = await import("JS/data/bundle.js");
    const { space, weights } = await loadBundle(a);
    const open = new Map();
    const service = {
        load() {}, drop() {},
        cancel: (channel) => open.delete(channel),
        request: (channel, model, z, chunk, onPictures) => open.set(channel, onPictures),
    };
    const decoded = new m.DecodedPicture(service);
    decoded.load("first", space.config, weights);
    const rgba = new Uint8ClampedArray(4 * decoded.decoder.size).fill(255);
    const late = () => [...open.values()].forEach((onPictures) => onPictures({ rgba }));
    decoded.isFast = false;
    decoded.draw(Float32Array.of(1, 1), 0);
    if (AFTER === "forget") decoded.forget();
    if (AFTER === "load") decoded.load("second", space.config, weights);
    if (AFTER === "fast") {
        decoded.isFast = true;
        decoded.draw(Float32Array.of(2, 2), 0);
    }
    late();
    return Array.from(decoded.z);
})()"""


@pytest.mark.parametrize(("after", "shown"), [("forget", []), ("load", []), ("fast", [2, 2]), ("", [1, 1])])
def test_a_picture_that_comes_late_covers_nothing(
    after: str, shown: list[int], call: Callable, flat: dict
) -> None:
    code = PAINTED.replace("JS/", f"{JS}/").replace("AFTER", repr(after))
    assert call("cursor/picture.js", code, flat) == shown
