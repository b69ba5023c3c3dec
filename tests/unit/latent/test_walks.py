"""From one code to another, and along one dimension."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial import geometric_slerp
from scipy.stats import norm

from tests.unit.clusters import normal
from vae_core.latent.directions import attribute_vector
from vae_core.latent.walks import METHODS, interpolate, prior_values, traverse

finite = st.floats(-100, 100, width=32)
codes = st.integers(1, 12).flatmap(
    lambda dims: st.tuples(
        hnp.arrays(np.float32, dims, elements=finite), hnp.arrays(np.float32, dims, elements=finite)
    )
)


# Interpolation


@given(codes, st.integers(2, 12), st.sampled_from(METHODS))
def test_both_ends_are_exact_and_the_rest_is_finite(ends, steps, method):
    a, b = map(torch.from_numpy, ends)
    walk = interpolate(a, b, steps, method=method)
    assert walk.shape == (steps, len(a))
    assert walk.dtype == a.dtype
    assert torch.equal(walk[0], a)
    assert torch.equal(walk[-1], b)
    assert walk.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ends_are_exact_to_the_last_bit_in_either_precision(dtype):
    for seed in range(200):
        a, b = normal(2, 7, seed=seed).to(dtype) / 3
        walk = interpolate(a, b, 4, method="slerp")
        assert torch.equal(walk[[0, -1]], torch.stack([a, b]))


@given(codes, st.integers(2, 12), st.sampled_from(("linear", "slerp")))
def test_the_way_back_is_the_way_there(ends, steps, method):
    a, b = map(torch.from_numpy, ends)
    there, back = interpolate(a, b, steps, method=method), interpolate(b, a, steps, method=method)
    torch.testing.assert_close(there, back.flip(0), rtol=1e-4, atol=1e-4)


def test_categories_that_differ_change_one_after_the_other():
    a, b = torch.tensor([3.0, 1.0, 0.0, 7.0]), torch.tensor([5.0, 1.0, 2.0, 0.0])
    walk = interpolate(a, b, 7, method="one_by_one")
    assert walk.tolist() == [
        [3, 1, 0, 7],
        [5, 1, 0, 7],  # at 1/6: half a change is one
        [5, 1, 0, 7],
        [5, 1, 2, 7],
        [5, 1, 2, 7],
        [5, 1, 2, 0],
        [5, 1, 2, 0],
    ]


@given(codes, st.integers(2, 12))
def test_linear_is_linspace(ends, steps):
    walk = interpolate(*map(torch.from_numpy, ends), steps)
    np.testing.assert_allclose(walk, np.linspace(*ends, steps), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("dims", [2, 3, 16])
@pytest.mark.parametrize("steps", [2, 5, 9])
def test_slerp_on_the_sphere_is_scipys(dims, steps):
    for seed in range(20):
        a, b = torch.nn.functional.normalize(normal(2, dims, seed=seed).double(), dim=1)
        if a @ b < math.cos(math.radians(170)):  # there it walks straight
            continue
        expected = geometric_slerp(a.numpy(), b.numpy(), np.linspace(0, 1, steps))
        np.testing.assert_allclose(interpolate(a, b, steps, method="slerp"), expected, atol=1e-9)


def test_slerp_uses_the_vectors_as_they_are():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 1.0])
    root = math.sqrt(0.5)
    middle = interpolate(a, b, 3, method="slerp")[1]
    torch.testing.assert_close(middle, torch.tensor([2 * root, root]))


@pytest.mark.parametrize("scale", [-3.0, -1.0, -1.0 - 1e-7, 0.0, 1e-30, 0.5, 1.0, 7.0])
def test_slerp_walks_straight_where_the_angle_says_nothing(scale):
    a = normal(8)
    straight = interpolate(a, a * scale, 7)
    torch.testing.assert_close(interpolate(a, a * scale, 7, method="slerp"), straight)
    torch.testing.assert_close(interpolate(a * scale, a, 7, method="slerp"), straight.flip(0))


@pytest.mark.parametrize("degrees", [170.5, 179.0, 179.99])
def test_slerp_walks_straight_between_opposite_ends(degrees):
    angle = math.radians(degrees)
    a, b = torch.tensor([3.0, 0.0]), torch.tensor([math.cos(angle), math.sin(angle)])
    torch.testing.assert_close(interpolate(a, b, 7, method="slerp"), interpolate(a, b, 7))


def test_slerp_turns_evenly_up_to_nearly_opposite_ends():
    for angle in (0.01, 1.0, 2.5, math.radians(169.5)):
        a = torch.tensor([1.0, 0.0])
        b = torch.tensor([math.cos(angle), math.sin(angle)])
        walk = interpolate(a, b, 11, method="slerp").double()
        turned = torch.atan2(walk[:, 1], walk[:, 0])
        torch.testing.assert_close(turned, torch.linspace(0, angle, 11).double(), atol=1e-4, rtol=1e-4)


def test_interpolation_refuses_nonsense():
    a = torch.zeros(3)
    with pytest.raises(ValueError, match="at least 2"):
        interpolate(a, a, 1)
    with pytest.raises(ValueError, match="'cubic'"):
        interpolate(a, a, 3, method="cubic")
    with pytest.raises(ValueError, match=r"\(3,\) and \(2,\)"):
        interpolate(a, torch.zeros(2), 3)
    with pytest.raises(ValueError, match="same shape"):
        interpolate(a[None], a[None], 3)


# Traversals


@given(st.integers(1, 10), st.data())
def test_a_traversal_changes_one_dimension(dims, data):
    z = torch.from_numpy(data.draw(hnp.arrays(np.float32, dims, elements=finite)))
    dim = data.draw(st.integers(0, dims - 1))
    values = data.draw(st.lists(finite, max_size=8))
    kept = z.clone()
    walked = traverse(z, dim, values)
    assert walked.shape == (len(values), dims)
    assert walked[:, dim].tolist() == values
    others = [d for d in range(dims) if d != dim]
    assert torch.equal(walked[:, others], z[others].expand(len(values), -1))
    assert torch.equal(z, kept)


def test_a_traversal_takes_a_tensor_of_values():
    assert torch.equal(traverse(torch.zeros(2), 1, prior_values(3))[:, 1], prior_values(3))


@pytest.mark.parametrize("dim", [-1, 3])
def test_a_traversal_refuses_a_dimension_that_is_not_there(dim):
    with pytest.raises(ValueError, match=f"0 to 2, not {dim}"):
        traverse(torch.zeros(3), dim, [0.0])
    with pytest.raises(ValueError, match="one axis"):
        traverse(torch.zeros(1, 3), 0, [0.0])


@pytest.mark.parametrize("coverage", [0.1, 0.5, 0.95, 0.998])
def test_prior_values_lie_between_quantiles_of_the_prior(coverage):
    values = prior_values(9, coverage=coverage)
    low, high = norm.ppf([(1 - coverage) / 2, (1 + coverage) / 2])
    np.testing.assert_allclose(values, np.linspace(low, high, 9), rtol=1e-5, atol=1e-6)


def test_prior_values_at_the_edges():
    assert prior_values(1).tolist() == [0.0]
    for bad in ({"count": 0}, {"count": 3, "coverage": 1.0}, {"count": 3, "coverage": 0.0}):
        with pytest.raises(ValueError, match="must"):
            prior_values(**bad)


def test_whole_numbers_are_codes_too():
    a, b = torch.tensor([0, 4]), torch.tensor([1, 0])
    assert interpolate(a, b, 3).tolist() == [[0, 4], [0.5, 2], [1, 0]]
    assert traverse(a, 0, [0.25, -1.5]).tolist() == [[0.25, 4], [-1.5, 4]]
    made = attribute_vector(torch.tensor([[1, 0], [2, 0]]), torch.tensor([[0, 0], [0, 1]]))
    assert made.direction.tolist() == [1.5, -0.5]
