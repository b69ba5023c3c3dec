"""Every formula that exists twice: the browser's twins give Python's numbers on the same cases."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.stats import entropy, norm

from vae_core.latent.codes import neighbours
from vae_core.latent.projection import Projection
from vae_core.latent.walks import METHODS, interpolate, prior_values, traverse
from vae_core.models.distributions import Posterior, one_hot
from vae_core.pictures.cells import in_cells

Call = Callable


def rows(count: int, dims: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dims, generator=torch.Generator().manual_seed(seed))


PAIRS = {
    "general": (rows(1, 5, 1)[0], rows(1, 5, 2)[0]),
    "one dimension": (torch.tensor([-1.5]), torch.tensor([0.5])),
    "opposite": (torch.tensor([1.0, -2.0]), torch.tensor([-1.0, 2.0])),
    "almost opposite": (torch.tensor([3.0, 0.0]), torch.tensor([-1.0, 0.2])),
    "opposite but for a little": (torch.tensor([3.0, 0.0]), torch.tensor([-1.0, 0.1])),
    "parallel": (torch.tensor([1.0, -2.0]), torch.tensor([2.0, -4.0])),
    "nearly parallel": (torch.tensor([1.0, 0.0]), torch.tensor([1.0, 5e-4])),
    "from the centre": (torch.zeros(3), torch.ones(3)),
    "the same": (torch.ones(3), torch.ones(3)),
    "right angle": (torch.tensor([3.0, 0.0]), torch.tensor([0.0, 1.0])),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("steps", [2, 9])
def test_walks_are_python_s(name: str, method: str, steps: int, call: Call) -> None:
    a, b = PAIRS[name]
    expected = interpolate(a, b, steps, method=method)
    code = "Array.from(m.interpolate(a.a, a.b, a.steps, a.method))"
    found = call(
        "latent/codes.js", code, {"a": a.tolist(), "b": b.tolist(), "steps": steps, "method": method}
    )
    assert np.allclose(found, expected.flatten(), atol=1e-6)
    assert found[-len(b) :] == b.tolist()
    assert found[: len(a)] == a.tolist()


def test_traversals_are_python_s(call: Call) -> None:
    z, values = rows(1, 4)[0], prior_values(9)
    found = call(
        "latent/codes.js", "Array.from(m.traverse(a.z, 2, a.v))", {"z": z.tolist(), "v": values.tolist()}
    )
    assert np.allclose(found, traverse(z, 2, values).flatten())


@pytest.mark.parametrize("coverage", [0.5, 0.95, 0.98, 0.999])
def test_the_stops_of_a_traversal_are_python_s(coverage: float, call: Call) -> None:
    found = call("latent/codes.js", "Array.from(m.priorValues(9, a))", coverage)
    assert np.allclose(found, prior_values(9, coverage=coverage), atol=1e-6)
    assert call("latent/codes.js", "Array.from(m.priorValues(1, a))", coverage) == [0]


def test_quantiles_of_the_prior(call: Call) -> None:
    probabilities = [1e-6, 0.001, 0.02, 0.024, 0.025, 0.3, 0.5, 0.7, 0.99, 1 - 1e-6]
    found = call("latent/codes.js", "a.map(m.priorQuantile)", probabilities)
    assert np.allclose(found, norm.ppf(probabilities), atol=1e-8)
    assert call("latent/codes.js", "[m.priorQuantile(0), m.priorQuantile(1)].map(String)") == [
        "-Infinity",
        "Infinity",
    ]


@pytest.mark.parametrize("dims", [2, 7])
def test_pca_goes_there_and_back_as_in_python(dims: int, call: Call) -> None:
    latents, through = rows(30, dims), rows(1, dims, 5)[0]
    components = torch.linalg.qr(rows(dims, 2, 6)).Q.T.contiguous()
    plane = Projection.from_plane(latents, latents.mean(0), components)
    xy = rows(6, 2, 7)
    pca = "{ mean: Float32Array.from(a.mean), components: Float32Array.from(a.components) }"
    argument = {
        "latents": latents.flatten().tolist(),
        "mean": latents.mean(0).tolist(),
        "components": components.flatten().tolist(),
        "through": through.tolist(),
        "xy": xy.tolist(),
    }
    placed = call("latent/projection.js", f"Array.from(m.pcaProject(a.latents, {pca}))", argument)
    back = call(
        "latent/projection.js",
        f"a.xy.map(([x, y]) => Array.from(m.pcaInvert(x, y, Float32Array.from(a.through), {pca})))",
        argument,
    )
    assert np.allclose(placed, plane.positions.flatten(), atol=1e-5)
    assert np.allclose(back, plane.invert(xy, through=through)[0], atol=1e-5)


@pytest.mark.parametrize("count", [3, 40])
def test_a_umap_s_way_back_and_its_placing_are_python_s(count: int, call: Call) -> None:
    latents, positions = rows(count, 5), rows(count, 2, 1) * 4
    chart = Projection.from_positions(latents, positions)
    xy = torch.cat([rows(6, 2, 2) * 4, positions[:2]])  # also on top of points
    new = torch.cat([rows(4, 5, 3), latents[:2]])
    argument = {
        "latents": latents.flatten().tolist(),
        "positions": positions.flatten().tolist(),
        "xy": xy.tolist(),
        "new": new.tolist(),
    }
    inverted = call(
        "latent/projection.js",
        """a.xy.map((at) => {
            const found = m.fromNearest(at, a.positions, a.latents, m.nearestEpsilon(a.positions, 2));
            return [...found.value, found.distance];
        })""",
        argument,
    )
    placed = call(
        "latent/projection.js",
        """a.new.map((z) => [
            ...m.fromNearest(z, a.latents, a.positions, m.nearestEpsilon(a.latents, 5)).value,
        ])""",
        argument,
    )
    codes, distance = chart.invert(xy)
    assert np.allclose(inverted, torch.cat([codes, distance[:, None]], dim=1), atol=2e-3)
    assert np.allclose(placed, chart.place(new), atol=2e-3)


def test_the_nearest_points_are_python_s(call: Call) -> None:
    latents, z = rows(50, 3), rows(1, 3, 9)[0]
    indices, distances = neighbours(z[None], latents, 8)
    found = call(
        "latent/projection.js",
        "m.nearestPoints(a.z, a.l, 8)",
        {"z": z.tolist(), "l": latents.flatten().tolist()},
    )
    assert found["indices"] == indices[0].tolist()
    assert np.allclose(np.sqrt(found["squares"]), distances[0], atol=1e-6)


def test_what_a_dimension_carries_is_its_mean_kl(call: Call) -> None:
    mean, logvar = rows(20, 3), torch.tensor([-8.0, 0.0, 1e-4]).repeat(20, 1)
    expected = Posterior(mean, logvar).kl_per_dim().mean(0)
    argument = {"mean": mean.flatten().tolist(), "logvar": logvar.flatten().tolist(), "dims": 3, "count": 20}
    argument["config"] = {"categories": 0}
    found = call("latent/space.js", "Array.from(m.weightPerDim(a))", argument)
    assert np.allclose(found, expected, rtol=1e-5)
    variance = call("latent/space.js", "Array.from(m.weightPerDim(a))", {**argument, "logvar": None})
    assert np.allclose(variance, mean.var(dim=0, correction=0), rtol=1e-5)
    assert call("latent/space.js", "m.heaviestFirst(a)", [0.1, 3, 0.1, 2]) == [1, 3, 0, 2]


def test_names_stand_on_classes_that_lie_apart_and_only_there(call: Call) -> None:
    groups = [
        {"name": "left", "colour": "", "indices": [0, 1, 2, 3]},
        {"name": "right", "colour": "", "indices": [4, 5, 6, 7]},
        {"name": "few", "colour": "", "indices": [8, 9]},
    ]
    left, right = rows(4, 2) - 5, rows(4, 2, 1) + 5
    apart = torch.cat([left, right, rows(2, 2)]).flatten().tolist()
    code = "m.namePlaces(a.groups, Float32Array.from(a.positions), new Set(a.hidden))"
    names = call("map/drawing/labels.js", code, {"groups": groups, "positions": apart, "hidden": []})
    assert [name["text"] for name in names] == ["left", "right"]
    assert names[0]["x"] < 0 < names[1]["x"]
    names = call("map/drawing/labels.js", code, {"groups": groups, "positions": apart, "hidden": [0]})
    assert [name["text"] for name in names] == ["right"]
    mixed = torch.cat([left, left + 0.01, left[:2]]).flatten().tolist()
    assert call("map/drawing/labels.js", code, {"groups": groups, "positions": mixed, "hidden": []}) == []
    cells = [2.1, 0.9, 1.8, 1.2, 2.0, 1.0, 7, 7, 0.1, 5.2, 0, 4.9, 3, 3, 5, 5, 0, 0, 1, 1]
    found = call(
        "map/drawing/labels.js",
        "m.namePlaces(a[0], Float32Array.from(a[1]), new Set(), true)",
        [groups, cells],
    )
    assert found == [{"text": "left", "x": 2, "y": 1}, {"text": "right", "x": 0, "y": 5}]


def test_categories_are_python_s(call: Call) -> None:
    random = np.random.default_rng(0)
    loose = np.concatenate([random.normal(3, 5, 40), [0.5, 1.5, -0.5, 6.5, 1e9]]).reshape(-1, 5)
    hot = call("latent/categories.js", "Array.from(m.oneHot(a, 7))", loose.flatten().tolist())
    assert hot == one_hot(torch.from_numpy(loose), 7).flatten().tolist()
    scores = random.normal(size=(9, 4, 6)).astype(np.float32)
    chosen = call(
        "latent/categories.js", "Array.from(m.likeliest(Float32Array.from(a), 6))", scores.flatten().tolist()
    )
    assert chosen == scores.argmax(2).flatten().tolist()

    codes = random.integers(0, 6, (50, 3))
    codes[:, 2] = 4
    said = {"mean": codes.flatten().tolist(), "dims": 3, "count": 50, "config": {"categories": 6}}
    carried = call("latent/space.js", "Array.from(m.weightPerDim(a))", said)
    assert np.allclose(carried, [entropy(np.bincount(column)) for column in codes.T])
    found = call("latent/nearest-codes.js", "m.nearestCodes([1, 2, 4], a, 5)", said)
    apart = (codes != [1, 2, 4]).sum(1)
    order = np.argsort(apart, kind="stable")[:5]
    assert found == {"indices": order.tolist(), "squares": (apart[order] ** 2).tolist()}

    typed = "({ ...a, mean: Float32Array.from(a.mean) })"
    placed = call("map/scene/axes.js", f"Array.from(m.makeAxes('0,1', {typed}).points())", said)
    assert np.allclose(placed, in_cells(codes.astype(np.float32)).flatten(), atol=1e-5)
    landed = call(
        "map/scene/axes.js", f"Array.from(m.makeAxes('0,1', {typed}).land(2.6, -3, [5, 5, 1]).z)", said
    )
    assert landed == [3, 0, 1]


def test_drawn_categories_are_alike_and_fewer_are_the_first_of_more(call: Call) -> None:
    few, many = (
        call("latent/categories.js", f"Array.from(m.categorySamples({n}, 2, 5, 9))") for n in (40, 4000)
    )
    assert many[:80] == few
    counts = np.bincount(many, minlength=5)
    assert len(counts) == 5
    assert (abs(counts - 1600) < 5 * 40).all()


@pytest.mark.parametrize(("free_bits", "said"), [(0, False), (0.25, True)])
def test_slow_motion_says_when_free_bits_change_the_loss(
    free_bits: float, said: bool, call: Callable
) -> None:
    text = call(
        "train/slow-motion/steps.js",
        """(() => {
            const loss = () => ({ reconstruction: 90, kl: 4, total: 94 });
            const detail = { isGaussian: true, beta: 1, freeBits: a, loss };
            return m.stepsOf(detail, "bernoulli").find(({ name }) => name === "Loss").says(detail, 0);
        })()""",
        free_bits,
    )
    assert "94.0 nats in all" in text
    assert ("below 0.25 nats in the batch" in text) == said


def test_a_path_of_many_steps_stays_a_line(call: Callable) -> None:
    code = """(() => {
        const dots = [];
        const pen = { line() {}, text() {}, ellipses: (all) => dots.push(all) };
        const frame = { toPixels: (x, y) => [x, y], width: 500, height: 500 };
        m.drawPath(pen, frame, { text: "#000", background: "#fff", font: "serif" }, Float32Array.from(a));
        return dots;
    })()"""
    wide, ends = call("map/drawing/labels.js", code, [value for n in range(11) for value in (40 * n, 0)])
    assert [dot[0] for dot in wide] == [40 * n for n in range(1, 10)]
    assert [dot[:2] for dot in ends] == [[0, 0], [400, 0]]
    dense, ends = call("map/drawing/labels.js", code, [value for n in range(64) for value in (2 * n, 0)])
    assert [dot[:2] for dot in ends] == [[0, 0], [126, 0]]
    places = sorted([dot[0] for dot in dense] + [0, 126])
    assert 5 < len(places) < 13
    assert min(np.diff(places)) >= 10, "no dot's edge covers another"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([0, 0, 9, 5], {"From": "right", "To": "left"}),
        ([9, 0, 0, 5], {"From": "left", "To": "right"}),
        ([3, 3, 3, 3], {"From": "right", "To": "left"}),
    ],
)
def test_the_words_at_a_path_s_ends_point_away_from_each_other(
    path: list[int], expected: dict, call: Callable
) -> None:
    code = """(() => {
        const sides = {};
        const pen = { line() {}, ellipses() {}, text: (word, x, y, { align }) => (sides[word] = align) };
        const frame = { toPixels: (x, y) => [x, y], width: 500, height: 500 };
        m.drawPath(pen, frame, { text: "#000", background: "#fff", font: "serif" }, Float32Array.from(a));
        return sides;
    })()"""
    assert call("map/drawing/labels.js", code, path) == expected
