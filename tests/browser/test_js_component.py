"""The component as a hand meets it: hover, click, keys, touch, sliders, strips; and what Python is told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hand import latent, map_place, two_frames
from playwright.sync_api import Page, expect
from serving import Errors, StaticSite
from small_models import component_data, serve_model, small_bundle

from vae_core.config import ModelConfig
from vae_core.latent import prior_values

REST = 700
"""Longer than a hand must rest before Python is told, in ms."""


@pytest.fixture(scope="session")
def flat(site: StaticSite) -> dict[str, str]:
    """A model of two dimensions."""
    return serve_model(site, "flat", small_bundle(ModelConfig((1, 12, 10), 2, "conv", width=0.25)))


@pytest.fixture(scope="session")
def deep(site: StaticSite) -> dict[str, str]:
    """A model of four dimensions, with a UMAP."""
    return serve_model(site, "deep", small_bundle())


def sent(page: Page) -> list[list]:
    return page.evaluate("window.sent.map(([key, value]) => [key, value])")


def drawn(page: Page) -> np.ndarray:
    """The decoded picture's grey values, 0..255, row by row."""
    return np.array(
        page.evaluate("""() => {
            const canvas = document.querySelector("[data-role=decoded]");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return Array.from(data.filter((_, i) => i % 4 === 0));
        }""")
    )


def decoded(page: Page) -> np.ndarray:
    """What the picture should be."""
    return 255 * np.array(
        page.evaluate("async () => Array.from(await window.latentExplorer.decode(window.latentExplorer.z))")
    )


# --- hover, pin, leave ---------------------------------------------------------------------------------


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


# --- what Python is told -------------------------------------------------------------------------------


def test_nothing_is_sent_while_mounting_or_moving_and_one_choice_after_it(
    opened: Callable, flat: dict
) -> None:
    page = opened(component_data("explore", flat))
    page.wait_for_timeout(REST)
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
        page.wait_for_timeout(25)
    page.wait_for_function("window.sent.length")
    page.wait_for_timeout(REST)
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


# --- keys, touch ---------------------------------------------------------------------------------------


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


# --- sliders and strips --------------------------------------------------------------------------------


def test_sliders_are_ordered_by_kl_and_set_their_dimension(opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep))
    roles = page.eval_on_selector_all(
        "[data-role^=slider-]", "(all) => all.map((input) => input.dataset.role)"
    )
    weights = [float(text) for text in page.locator(".le-slider-weight").all_text_contents()]
    assert sorted(roles) == [f"slider-{dim}" for dim in range(4)]
    assert weights == sorted(weights, reverse=True)
    strips = page.eval_on_selector_all(
        "[data-role^=traversal-]", "(all) => all.map((canvas) => canvas.dataset.role)"
    )
    assert [role.split("-")[1] for role in strips] == [role.split("-")[1] for role in roles]

    slider = page.locator("[data-role=slider-2]")
    slider.fill("1.25")
    two_frames(page)
    assert latent(page) == [0, 0, 1.25, 0]
    assert np.abs(drawn(page) - decoded(page)).max() < 0.51
    slider.focus()
    page.keyboard.press("ArrowRight")
    two_frames(page)
    assert latent(page)[2] == pytest.approx(1.26, abs=1e-4)
    page.locator("[data-role=slider-1]").scroll_into_view_if_needed()
    box = page.locator("[data-role=slider-1]").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    two_frames(page)
    assert latent(page)[1] > 1
    assert latent(page)[2] == pytest.approx(1.26, abs=1e-4)
    chosen = [round(number, 3) for number in latent(page)]
    page.wait_for_function("(z) => window.sent.at(-1)?.[1].join() === z.join()", arg=chosen)


def strip_pictures(page: Page, dim: int) -> np.ndarray:
    """The nine pictures of a strip, (9, H * W), 0..255."""
    return np.array(
        page.evaluate(
            """(dim) => {
                const canvas = document.querySelector(`[data-role=traversal-${dim}]`);
                const step = (canvas.width + 1) / 9;
                return Array.from({ length: 9 }, (_, n) => {
                    const image = canvas.getContext("2d").getImageData(n * step, 0, step - 1, canvas.height);
                    return Array.from(image.data.filter((_, i) => i % 4 === 0));
                });
            }""",
            dim,
        )
    )


def wait_for_strips(page: Page) -> None:
    page.wait_for_function("""() => {
        const lastAlpha = (canvas) => canvas.getContext("2d").getImageData(canvas.width - 1, 0, 1, 1).data[3];
        return [...document.querySelectorAll("[data-role^=traversal-]")].every((c) => lastAlpha(c) === 255);
    }""")


@pytest.mark.parametrize("worker", [True, False], ids=["in the worker", "without workers"])
def test_strips_show_what_a_dimension_changes_and_a_click_goes_there(
    worker: bool, opened: Callable, deep: dict
) -> None:
    def without_workers(page: Page) -> None:
        page.add_init_script("window.Worker = class { constructor() { throw new Error('none'); } };")

    page = opened(
        component_data("explore", deep, z=[0.5, 0, 0, -1]), prepare=None if worker else without_workers
    )
    wait_for_strips(page)
    for index, value in enumerate(prior_values(9, coverage=0.98).tolist()):
        expected = page.evaluate(
            "async (value) => Array.from(await window.latentExplorer.decode([0.5, value, 0, -1]))", value
        )
        assert np.abs(strip_pictures(page, 1)[index] - 255 * np.array(expected)).max() < 0.51

    strip = page.locator("[data-role=traversal-1]")
    box = strip.bounding_box()
    strip.click(position={"x": 0.95 * box["width"], "y": box["height"] / 2})
    two_frames(page)
    assert latent(page) == pytest.approx([0.5, 2.326, 0, -1], abs=1e-3)


def test_buttons_go_to_the_centre_a_real_image_and_a_sample(opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep, z=[1, 1, 1, 1]))
    seen = []
    for name in ("Centre", "A real image", "A sample"):
        page.get_by_role("button", name=name).click()
        two_frames(page)
        seen.append(latent(page))
    assert seen[0] == [0, 0, 0, 0]
    means = small_bundle().probe.mean.numpy()
    assert np.abs(means - np.array(seen[1])).max(axis=1).min() < 1e-5
    assert np.abs(means - np.array(seen[2])).max(axis=1).min() > 1e-5


# --- axes, colours -------------------------------------------------------------------------------------


def test_axes_change_on_the_map_and_python_is_told(opened: Callable, deep: dict, errors: Errors) -> None:
    page = opened(component_data("explore", deep))
    bundle = small_bundle()

    def points() -> np.ndarray:
        return np.array(page.evaluate("window.latentExplorer.points"))

    assert np.allclose(points(), bundle.projections["umap"].positions, atol=1e-5)
    page.get_by_role("button", name="PCA").click()
    two_frames(page)
    assert np.allclose(points(), bundle.projections["pca"].positions, atol=1e-4)
    expect(page.get_by_text("of their variance")).to_be_visible()
    page.get_by_role("button", name="Two dimensions").click()
    page.get_by_label("Dimension to the right").select_option("3")
    page.get_by_label("Dimension upwards").select_option("0")
    two_frames(page)
    assert np.allclose(points(), bundle.probe.mean[:, [3, 0]], atol=1e-5)
    page.mouse.move(*map_place(page, 0.7))
    two_frames(page)
    assert latent(page)[1:3] == [0, 0]
    page.mouse.move(2, 2)
    page.wait_for_function("window.sent.at(-1)?.join().startsWith('axes,3,0')")
    page.evaluate("() => window.mount({ axes: '3,0' })")
    page.evaluate("() => window.mount({ axes: 'pca' })")
    two_frames(page)
    assert np.allclose(points(), bundle.projections["pca"].positions, atol=1e-4)
    assert not errors


def test_the_legend_hides_and_shows_classes(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat, plotly=True))
    page.wait_for_function("document.querySelector('.le-plot')?.data?.length === 3")
    page.get_by_role("button", name="sneaker", exact=True).click()
    page.wait_for_function("document.querySelector('.le-plot').data.length === 2")
    expect(page.get_by_role("button", name="sneaker", exact=True)).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="sneaker", exact=True).click()
    page.wait_for_function("document.querySelector('.le-plot').data.length === 3")


def test_points_are_coloured_by_a_known_factor(opened: Callable, site: StaticSite) -> None:
    model = serve_model(site, "factors", small_bundle(factors=("size", "angle")))
    page = opened(component_data("explore", model, plotly=True))
    page.wait_for_function("document.querySelector('.le-plot')?.data?.length === 3")
    page.get_by_label("Colour by").select_option("angle")
    page.wait_for_function("document.querySelector('.le-plot').data.length > 5")
    expect(page.locator(".le-legend")).to_contain_text("angle 0")


# --- unusual models ------------------------------------------------------------------------------------

UNUSUAL = {
    "one dimension": {"config": ModelConfig((1, 8, 8), 1, "mlp", width=0.125)},
    "an autoencoder": {"config": ModelConfig((1, 8, 8), 3, "mlp", family="autoencoder", width=0.125)},
    "no classes": {"classes": ()},
    "one class": {"classes": ("cat",)},
    "two images": {"count": 2},
    "one image": {"count": 1},
    "no UMAP": {"umap": False},
    "colour": {"config": ModelConfig((3, 9, 13), 2, "conv", likelihood="gaussian", width=0.25)},
    "many dimensions": {"config": ModelConfig((1, 8, 8), 128, "mlp", width=0.125)},
}


@pytest.mark.parametrize("mode", ["explore", "interpolate"])
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_models_can_be_walked(
    name: str, mode: str, opened: Callable, site: StaticSite, errors: Errors
) -> None:
    bundle = small_bundle(**UNUSUAL[name])
    page = opened(component_data(mode, serve_model(site, "unusual", bundle), plotly=mode == "explore"))
    page.mouse.move(*map_place(page, 0.3, 0.3))
    two_frames(page)
    first = latent(page)
    assert len(first) == bundle.model_config.latent_dim
    page.mouse.move(*map_place(page, 0.7, 0.6))
    two_frames(page)
    if bundle.probe.mean.shape[0] > 1:
        assert latent(page) != first
    if mode == "explore":
        page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    assert not errors


def test_a_slow_net_is_decoded_in_the_worker(opened: Callable, flat: dict, errors: Errors) -> None:
    def slow_clock(page: Page) -> None:
        page.add_init_script("let now = 0; performance.now = () => (now += 10);")

    page = opened(component_data("explore", flat), prepare=slow_clock)
    page.mouse.move(*map_place(page, 0.7))
    page.wait_for_function("window.latentExplorer.z[0] > 0")
    assert np.abs(drawn(page) - decoded(page)).max() < 0.51
    assert not errors


# --- what goes wrong -----------------------------------------------------------------------------------


def test_labels_are_text_whatever_they_say(opened: Callable, site: StaticSite, errors: Errors) -> None:
    evil = "<img src=x onerror='window.hacked = 1'>"
    model = serve_model(site, "evil", small_bundle(classes=(evil, "<b>bold</b>"), factors=(evil, "x")))
    model["title"] = evil
    page = opened(component_data("explore", model, plotly=True))
    page.wait_for_function("document.querySelector('.le-plot')?.data?.length === 2")
    page.mouse.move(*map_place(page))
    page.wait_for_timeout(200)
    expect(page.get_by_role("button", name="<b>bold</b>", exact=True)).to_be_visible()
    page.evaluate("(bundle) => window.mount({ mode: 'interpolate', bundle })", model)
    expect(page.locator(".le-gallery")).to_contain_text("<b>bold</b>")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert page.locator(".latent-explorer img").count() == 0
    assert not errors


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "is not there any more"), (b"PK\x03\x04 not a model", "cannot be read"), (b"", "too short")],
    ids=["missing", "foreign", "empty"],
)
def test_a_model_that_cannot_be_had_is_said_in_a_sentence(
    content: bytes | None, says: str, opened: Callable, site: StaticSite, flat: dict
) -> None:
    if content is not None:
        site.put("/models/bad.safetensors", content)
    path = "/models/bad.safetensors" if content is not None else "/models/none.safetensors"
    page = opened(component_data("explore", {"name": "bad", "url": path, "title": "Bad"}), ready=False)
    expect(page.get_by_role("alert")).to_contain_text(says)
    page.evaluate("(bundle) => window.mount({ bundle })", flat)
    page.wait_for_function("window.latentExplorer.ready")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_lost_network_is_said_in_a_sentence(opened: Callable, flat: dict) -> None:
    page = opened(
        component_data("explore", flat),
        ready=False,
        prepare=lambda page: page.route("**/models/*", lambda route: route.abort()),
    )
    expect(page.get_by_role("alert")).to_contain_text("no connection")


def test_without_webgl_the_map_is_drawn_and_it_is_said(opened: Callable, flat: dict) -> None:
    def no_webgl(page: Page) -> None:
        page.add_init_script("""const original = HTMLCanvasElement.prototype.getContext;
            HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
                return /webgl/.test(kind) ? null : original.call(this, kind, ...rest); };""")

    page = opened(component_data("explore", flat, plotly=True), prepare=no_webgl)
    page.wait_for_function("document.querySelectorAll('.le-plot .scatterlayer .point').length === 60")
    expect(page.get_by_text("WebGL is off")).to_be_visible()


# --- mounting ------------------------------------------------------------------------------------------


def test_late_clean_ups_change_nothing_while_the_element_lives(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat))
    page.evaluate("async () => { const earlier = window.cleanUp; await window.mount(); earlier(); }")
    page.wait_for_timeout(400)
    assert page.evaluate("window.latentExplorer.ready")
    assert page.locator("[data-role=map]").count() == 1


def test_nothing_is_left_when_the_element_has_gone(opened: Callable, flat: dict, errors: Errors) -> None:
    page = opened(component_data("explore", flat, plotly=True))
    page.wait_for_selector(".le-plot .nsewdrag", state="attached")
    wait_for_strips(page)
    assert len(page.workers) == 1
    page.evaluate(
        """() => { window.root = document.getElementById("root"); root.remove(); window.cleanUp(); }"""
    )
    page.wait_for_function("window.latentExplorer === undefined")
    page.wait_for_timeout(100)
    assert len(page.workers) == 0
    assert page.locator("canvas").count() == 0
    page.mouse.move(300, 300)
    page.evaluate("""async () => { const fresh = document.createElement("div"); document.body.append(fresh);
        window.cleanUp = await window.mount({}, fresh); }""")
    page.wait_for_function("window.latentExplorer?.ready && window.latentExplorer.all.length === 1")
    assert not errors


def test_two_explorers_live_side_by_side(opened: Callable, flat: dict, deep: dict) -> None:
    page = opened(component_data("explore", flat))
    page.evaluate(
        """async (bundle) => { const second = document.createElement("div"); document.body.append(second);
            await window.mount({ bundle }, second); }""",
        deep,
    )
    page.wait_for_function("window.latentExplorer.all.every((each) => each.ready)")
    assert page.evaluate("window.latentExplorer.all.map((each) => each.bundle)") == ["flat", "deep"]
    assert page.evaluate("window.latentExplorer.bundle") == "flat"


def test_another_theme_repaints_the_map(opened: Callable, flat: dict) -> None:
    page = opened(component_data("explore", flat, plotly=True))
    page.wait_for_function("document.querySelector('.le-plot')?.data?.length === 3")
    colour = "document.querySelector('.le-plot')._fullLayout.font.color"
    before = page.evaluate(colour)
    page.evaluate("""() => {
        const { style } = document.getElementById("root");
        style.setProperty("--st-text-color", "#e9ecf4");
        style.setProperty("--st-background-color", "#11141b");
        return window.mount();
    }""")
    page.wait_for_function(f"{colour} !== {before!r}")
    assert page.evaluate("document.querySelector('.le-plot').data.length") == 3


@pytest.mark.parametrize("width", [390, 820, 1280, 1920])
def test_nothing_is_wider_than_the_page(width: int, opened: Callable, deep: dict) -> None:
    page = opened(component_data("explore", deep), options={"viewport": {"width": width, "height": 900}})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for role in ("map", "decoded", "slider-0", "traversal-0", "readout"):
        box = page.locator(f"[data-role={role}]").bounding_box()
        assert box["width"] > 60
        assert box["x"] + box["width"] <= width + 1
