"""The map's layers as a hand meets them: which are offered, where they lie, what Python is told of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.hand import layers_sum, unchanging_layers
from tests.browser.serving import JS, Errors, StaticSite
from tests.browser.small_models import component_data, component_page, serve_model, small_bundle
from tests.browser.waiting import two_frames, until
from vae_core.config.configs import ModelConfig

MakePage = Callable[..., Page]
Call = Callable
FLAT = ModelConfig((1, 12, 10), 2, "conv", width=0.25)


@pytest.fixture
def errors() -> Errors:
    return Errors()


@pytest.fixture
def opened(new_page: MakePage, site: StaticSite, errors: Errors) -> Callable[..., Page]:
    """Open a page with the map of a bundle in it, and wait until its axes are there."""

    def make(bundle: object, *, mode: str = "explore", options: dict | None = None, **data: object) -> Page:
        page = new_page(**(options or {}))
        errors.watch(page)
        model = serve_model(site, "mapped", bundle)
        page.goto(site.put("/map", component_page(component_data(mode, model, plotly=True, **data))))
        page.wait_for_function("window.latentExplorer?.ready && window.latentExplorer.z.length")
        page.wait_for_selector(".le-plot .nsewdrag", state="attached")
        return page

    return make


def offered(page: Page) -> list[str]:
    return page.eval_on_selector_all(
        ".le-layer-tools button", "(all) => all.map((button) => button.dataset.layer)"
    )


def switch(page: Page, name: str) -> None:
    page.click(f".le-layer-tools [data-layer={name}]")


def is_on(page: Page, name: str) -> bool:
    return page.get_attribute(f"[data-layer={name}]", "aria-pressed") == "true"


def map_place(page: Page, right: float = 0.5, down: float = 0.4) -> tuple[float, float]:
    box = page.locator("[data-role=map]").bounding_box()
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


# What is on the screen at the middle of each pixel of decoded pictures, by Plotly's own ranges, and of which
# place each picture is: for some cells of the lattice that the frame shows whole.
ALIGNED = """async ([shape, across, line]) => {
    const m = await import("JS/map/layers/manifold-tile.js");
    const { xaxis, yaxis } = document.querySelector(".le-plot")._fullLayout;
    const [[x0, x1], [y0, y1]] = [xaxis.range, yaxis.range];
    const canvas = document.querySelector("[data-role=layers]");
    const ratio = canvas.width / canvas.clientWidth;
    const context = canvas.getContext("2d");
    const grid = m.latticeFor({ x0, x1, y0, y1 }, shape, across, line);
    const [, height, width] = shape;
    const cells = [];
    for (let c = 2; c < grid.columns - 2; c += 5) {
        for (let r = line ? 0 : 2; r < (line ? 1 : grid.rows - 2); r += 5) {
            const centre = [(grid.column + c) * grid.stepX, (grid.row + r) * grid.stepY + grid.footY];
            const seen = [];
            for (let v = 0; v < height; v++) {
                for (let u = 0; u < width; u++) {
                    const x = centre[0] + ((u + 0.5) / width - 0.5) * grid.stepX;
                    const y = centre[1] - ((v + 0.5) / height - 0.5) * grid.stepY;
                    const px = xaxis._offset + ((x - x0) / (x1 - x0)) * xaxis._length;
                    const py = yaxis._offset + ((y1 - y) / (y1 - y0)) * yaxis._length;
                    const at = [Math.floor(px * ratio), Math.floor(py * ratio)];
                    seen.push(...context.getImageData(...at, 1, 1).data.slice(0, 1));
                }
            }
            cells.push({ centre, seen });
        }
    }
    return cells;
}""".replace("JS", JS)


def check_alignment(
    page: Page, latent_at: Callable[[list[float]], list[float]], *, across: float = 32, line: bool = False
) -> int:
    """Wait until what is on the screen is the decoded latents; give the number of pictures compared."""
    cells: list[dict] = []

    def is_aligned() -> bool:
        cells[:] = page.evaluate(ALIGNED, [[1, 12, 10], across, line])
        return all(off(page, cell, latent_at(cell["centre"])) < 1.01 for cell in cells)

    until(page, is_aligned, "pictures of the latents at their places")
    return len(cells)


def off(page: Page, cell: dict, z: list[float]) -> float:
    """By how much a picture on the screen differs from the one that a latent decodes to, in grey values."""
    expected = page.evaluate("async (z) => Array.from(await window.latentExplorer.decode(z))", z)
    return float(np.abs(np.array(cell["seen"]) - 255 * np.array(expected)).max())


# --- which layers there are ------------------------------------------------------------------------------


def test_layers_are_offered_where_they_make_sense(opened: Callable, errors: Errors) -> None:
    page = opened(small_bundle())
    assert offered(page) == ["manifold"]  # UMAP: neither prior nor posterior has a place
    page.get_by_role("button", name="PCA").click()
    assert offered(page) == ["manifold", "prior", "density", "ellipse", "ellipses"]
    assert is_on(page, "prior")
    page.get_by_role("button", name="Two dimensions").click()
    assert offered(page) == ["manifold", "prior", "density", "ellipse", "ellipses"]
    assert not errors


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            ModelConfig((1, 8, 8), 3, "mlp", family="autoencoder", width=0.125),
            ["manifold", "prior", "density"],
        ),
        (ModelConfig((1, 8, 8), 1, "mlp", width=0.125), ["manifold", "prior", "ellipse", "ellipses"]),
    ],
    ids=["an autoencoder", "one dimension"],
)
def test_models_without_a_prior_or_a_plane(
    config: ModelConfig, expected: list[str], opened: Callable, errors: Errors
) -> None:
    page = opened(small_bundle(config), axes="0,1" if config.latent_dim > 1 else None, layers=expected)
    assert offered(page) == expected
    until(page, lambda: layers_sum(page) != 0, "the layers' drawing")
    assert not errors


def test_a_switched_layer_is_told_and_python_s_word_switches_layers(opened: Callable) -> None:
    page = opened(small_bundle(FLAT))
    assert is_on(page, "prior")
    switch(page, "manifold")
    page.wait_for_function("window.sent.length")
    assert page.evaluate("window.sent.map(([key, value]) => [key, value])") == [
        ["layers", ["manifold", "prior"]]
    ]
    page.evaluate("() => window.mount({ layers: ['manifold', 'prior'] })")  # its echo
    assert is_on(page, "manifold")
    page.evaluate("() => window.mount({ layers: ['density'] })")
    assert [is_on(page, name) for name in ("manifold", "prior", "density")] == [False, False, True]
    page.evaluate("() => window.mount({ layers: [] })")
    assert not is_on(page, "density")
    assert page.evaluate("window.sent.length") == 1


def test_a_layer_that_these_axes_lack_comes_back_with_others(opened: Callable) -> None:
    page = opened(small_bundle(), layers=["density", "prior"])
    assert offered(page) == ["manifold"]
    page.get_by_role("button", name="PCA").click()
    assert is_on(page, "density")
    expect(page.locator(".le-layer-notes li")).to_have_count(2)
    expect(page.locator(".le-layer-notes")).to_contain_text("39, 86 and 99 %")


# --- where they lie --------------------------------------------------------------------------------------


def test_decoded_pictures_lie_on_the_axes_to_the_pixel_also_when_zoomed(
    opened: Callable, errors: Errors
) -> None:
    page = opened(small_bundle(FLAT), layers=["manifold"])
    assert check_alignment(page, list) >= 9
    page.evaluate("""() => window.Plotly.relayout(document.querySelector(".le-plot"), {
        "xaxis.range": [0.31, 0.75], "yaxis.range": [-0.2, 0.2] })""")
    assert check_alignment(page, list) >= 9
    assert not errors


def test_on_two_of_many_dimensions_pictures_go_through_the_pinned_latent(opened: Callable) -> None:
    page = opened(small_bundle(), axes="2,0", layers=["manifold"], z=[0, 1.5, 0, -1])
    check_alignment(page, lambda at: [at[1], 1.5, at[0], -1])
    page.evaluate("() => window.mount({ z: [0, -2, 0, 0.5] })")
    page.wait_for_function("window.latentExplorer.z[1] === -2")
    check_alignment(page, lambda at: [at[1], -2, at[0], 0.5])


def test_on_a_pca_pictures_are_those_of_its_way_back(opened: Callable) -> None:
    bundle = small_bundle()
    plane = bundle.projections["pca"]
    through = np.array([0.5, 0, -0.5, 0], dtype=np.float32)
    page = opened(bundle, axes="pca", layers=["manifold"], z=through.tolist())

    def back(at: list[float]) -> list[float]:
        xy = plane.positions.new_tensor([at])
        return plane.invert(xy, through=plane.positions.new_tensor(through))[0][0].tolist()

    assert check_alignment(page, back) >= 9


def test_on_a_line_there_is_one_row_of_pictures(opened: Callable) -> None:
    page = opened(small_bundle(ModelConfig((1, 12, 10), 1, "conv", width=0.25)), layers=["manifold"])
    assert check_alignment(page, lambda at: at[:1], across=16, line=True) >= 2


def test_on_a_umap_there_are_pictures_near_points_alone(opened: Callable) -> None:
    bundle = small_bundle()
    chart = bundle.projections["umap"]
    page = opened(bundle, layers=["manifold"])
    positions = chart.positions.numpy()
    reach = 0.035 * np.ptp(positions, axis=0).max()

    def seen() -> tuple[list[dict], list[dict]]:
        """The cells far from all points, and those near one."""
        cells: tuple[list[dict], list[dict]] = ([], [])
        for cell in page.evaluate(ALIGNED, [[1, 12, 10], 32, False]):
            is_near = np.linalg.norm(positions - cell["centre"], axis=1).min() <= reach
            cells[int(is_near)].append(cell)
        return cells

    def latent_at(cell: dict) -> list[float]:
        return chart.invert(chart.positions.new_tensor([cell["centre"]]))[0][0].tolist()

    until(page, lambda: all(off(page, cell, latent_at(cell)) < 1.6 for cell in seen()[1]), "the pictures")
    far, near = seen()
    assert not any(np.any(cell["seen"]) for cell in far)
    assert len(far) > 3
    assert near


def test_pictures_take_the_grid_s_place_without_a_drawing_of_plotly_s(opened: Callable) -> None:
    page = opened(small_bundle(FLAT), layers=["prior"])
    page.wait_for_function("document.querySelector('.le-plot').data.length === 3")
    grid = page.locator(".le-plot .gridlayer")
    expect(grid.locator("path")).not_to_have_count(0)
    page.evaluate("""() => {
        window.plots = 0;
        document.querySelector(".le-plot").on("plotly_afterplot", () => { window.plots += 1; });
    }""")
    switch(page, "manifold")
    unchanging_layers(page)
    expect(grid).to_have_css("display", "none")
    switch(page, "manifold")
    expect(grid).not_to_have_css("display", "none")
    assert page.evaluate("window.plots") == 0


def test_hovering_draws_no_layer_anew(opened: Callable) -> None:
    page = opened(small_bundle(FLAT), layers=["manifold", "prior", "density", "ellipse", "ellipses"])
    page.wait_for_function("document.querySelector('.le-plot').data.length === 3")
    unchanging_layers(page)
    page.evaluate("""() => {
        window.drawings = [];
        const { clearRect } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.clearRect = function (...rest) {
            window.drawings.push(this.canvas.className);
            return clearRect.apply(this, rest);
        };
    }""")
    for step in range(12):
        page.mouse.move(*map_place(page, 0.3 + step / 30))
        two_frames(page)
    assert "le-layer" not in page.evaluate("window.drawings")
    expect(page.locator(".le-link-posterior")).to_be_visible()


def test_a_worker_s_strips_come_before_the_map_s_pictures(call: Call) -> None:
    found = call(
        "decode/queue.js",
        """await (async () => {
            const seen = [];
            let finish;
            const done = new Promise((resolve) => { finish = resolve; });
            const queue = new m.DecodeQueue(({ channel, start, isLast }) => {
                seen.push(`${channel} ${start}`);
                if (channel === "manifold" && isLast) finish();
            }, 0);
            const decode = (z, out) => out;
            const config = { image_shape: [1, 1, 1] };
            queue.decoders.set("model", { dims: 1, size: 1, height: 1, width: 1, config, decode });
            const request = (channel, id, more) =>
                ({ channel, id, model: "model", codes: new Float32Array(3), chunk: 1, ...more });
            queue.post(request("manifold", 1, { isPatient: true }));
            queue.post(request("strip-1", 2));
            queue.post(request("gone", 3, { isPatient: true }));
            queue.cancel("gone");
            await done;
            return seen;
        })()""",
    )
    assert found == ["manifold 0", "strip-1 0", "strip-1 1", "strip-1 2", "manifold 1", "manifold 2"]


def test_a_queue_decodes_what_a_slice_holds_at_once_and_tells_of_it_less_often(call: Call) -> None:
    found = call(
        "decode/queue.js",
        """await (async () => {
            const told = [], batches = [], { now } = performance;
            let clock = 0, finish;
            performance.now = () => clock;
            const done = new Promise((resolve) => { finish = resolve; });
            const queue = new m.DecodeQueue((answer) => {
                told.push({ ...answer, rgba: Array.from(answer.rgba) });
                if (answer.channel === "manifold" && answer.isLast) finish();
            }, 4);
            const decode = (z, out, label) => {
                clock += z.length; // a millisecond each
                batches.push(z.length);
                if (batches.length === 3) queue.post(request("hover", 2, [0.2], 0));
                return out.map((_, n) => z[n] + label / 255);
            };
            const config = { image_shape: [1, 1, 1] };
            queue.decoders.set("model", { dims: 1, size: 1, height: 1, width: 1, config, decode });
            const request = (channel, id, codes, label) =>
                ({ channel, id, model: "model", codes: Float32Array.from(codes), chunk: 1, label });
            queue.post(request("manifold", 1, Array.from({ length: 100 }, (_, n) => n / 255), 5));
            await done;
            performance.now = now;
            return [told, batches];
        })()""",
    )
    told, batches = found
    assert sum(batches) == 101
    assert batches[0] == 1  # how long one takes is not known yet
    assert max(batches) == 4  # what a slice of 4 ms holds
    order = [answer["channel"] for answer in told]
    assert order[:2] == ["manifold", "hover"]  # it was asked for just after the first pictures came
    many = [answer for answer in told if answer["channel"] == "manifold"]
    assert 4 <= len(many) <= 6
    assert [answer["isLast"] for answer in many] == [False] * (len(many) - 1) + [True]
    pixels = [rgba for answer in many for rgba in answer["rgba"]]
    assert pixels[::4] == [n + 5 for n in range(100)]
    assert [answer["start"] for answer in many] == [
        sum(len(earlier["rgba"]) // 4 for earlier in many[:n]) for n in range(len(many))
    ]


def test_a_queue_sends_whole_what_a_slice_holds_whole(call: Call) -> None:
    found = call(
        "decode/queue.js",
        """await new Promise((resolve) => {
            const tell = ({ start, rgba, isLast }) => resolve([start, rgba.length, isLast]);
            const queue = new m.DecodeQueue(tell, 1e6);
            const [config, decode] = [{ image_shape: [1, 2, 1] }, (z, out) => out];
            queue.decoders.set("model", { dims: 1, size: 2, height: 2, width: 1, config, decode });
            queue.post({ channel: "strips", id: 1, model: "model", codes: new Float32Array(144), chunk: 9 });
        })""",
    )
    assert found == [0, 144 * 2 * 4, True]


def test_a_lattice_hangs_on_zero_and_covers_the_frame(call: Call) -> None:
    for low, high in [(-3.0, 3.0), (-0.2, 7.0), (100.0, 100.5)]:
        frame = {"x0": low, "x1": high, "y0": low - 1, "y1": high - 1}
        grid = call("map/layers/manifold-tile.js", "m.latticeFor(a, [1, 28, 28], 32, false)", frame)
        assert 26 <= grid["columns"] <= 34
        left = (grid["column"] - 0.5) * grid["stepX"]
        assert left <= low < left + grid["stepX"] * 1.001
        assert left + grid["columns"] * grid["stepX"] >= high
        moved = {**frame, "x0": low + 0.01, "x1": high + 0.01}
        again = call("map/layers/manifold-tile.js", "m.latticeFor(a, [1, 28, 28], 32, false)", moved)
        assert again["stepX"] == grid["stepX"]
    wide = call("map/layers/manifold-tile.js", "m.latticeFor(a, [1, 10, 20], 32, false)", frame)
    assert wide["stepX"] == 2 * wide["stepY"]


def test_holes_and_crowds_have_colours_of_their_own(call: Call) -> None:
    prior = 0.1
    codes = [0, prior / 2, prior, 2 * prior, 100 * prior]
    hole, thin, even, dense, crowd = call(
        "map/layers/density.js", f"a.map((q) => m.contrastColour(q, {prior}))", codes
    )
    assert hole[:3] == thin[:3] != dense[:3] == crowd[:3]
    assert hole[3] == crowd[3] == 200
    assert even[3] == 0
    assert 0 < thin[3] < hole[3]
    assert 0 < dense[3] < crowd[3]
    outside = call("map/layers/density.js", "[m.contrastColour(0, 1e-6), m.contrastColour(1e-4, 1e-6)]")
    assert outside[0][3] <= 1
    assert outside[1][3] < 10
