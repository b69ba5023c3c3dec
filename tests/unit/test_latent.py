import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial import geometric_slerp
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from vae_core import ModelConfig, build_model, encode_images
from vae_core.latent import (
    _area_under_roc,
    attribute_vector,
    interpolate,
    neighbours,
    prior_values,
    traverse,
)

finite = st.floats(-100, 100, width=32)
codes = st.integers(1, 12).flatmap(
    lambda dims: st.tuples(
        hnp.arrays(np.float32, dims, elements=finite), hnp.arrays(np.float32, dims, elements=finite)
    )
)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# Interpolation


@given(codes, st.integers(2, 12), st.sampled_from(("linear", "slerp")))
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


@given(codes, st.integers(2, 12))
def test_linear_is_linspace(ends, steps):
    walk = interpolate(*map(torch.from_numpy, ends), steps)
    np.testing.assert_allclose(walk, np.linspace(*ends, steps), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("dims", [2, 3, 16])
@pytest.mark.parametrize("steps", [2, 5, 9])
def test_slerp_on_the_sphere_is_scipys(dims, steps):
    for seed in range(20):
        a, b = torch.nn.functional.normalize(normal(2, dims, seed=seed).double(), dim=1)
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


def test_slerp_turns_evenly_up_to_nearly_opposite_ends():
    for angle in (0.01, 1.0, 3.0, math.pi - 0.01):
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


# Attributes


def test_the_direction_is_the_difference_of_the_means():
    has, lacks = normal(30, 4), normal(20, 4, seed=1)
    direction = attribute_vector(has, lacks).direction
    torch.testing.assert_close(direction, has.mean(dim=0) - lacks.mean(dim=0))
    torch.testing.assert_close(attribute_vector(lacks, has).direction, -direction)


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0, 2.0, 6.0])
def test_trust_is_the_chance_that_one_with_it_lies_further_along(shift):
    has, lacks = normal(4000, 3), normal(4000, 3, seed=1)
    has[:, 0] += shift
    expected = norm.cdf(shift / math.sqrt(2))  # two normals of variance 1
    assert attribute_vector(has, lacks).trust == pytest.approx(expected, abs=0.02)


def test_trust_is_not_taken_in_by_many_dimensions():
    """In 64 dimensions a direction made from 20 codes separates those very codes; not the ones held out."""
    trusts = []
    for seed in range(40):
        has, lacks = normal(10, 64, seed=seed), normal(10, 64, seed=1000 + seed)
        made = attribute_vector(has, lacks)
        assert roc_auc_score([1] * 10 + [0] * 10, torch.cat([has, lacks]) @ made.direction) > 0.9
        trusts.append(made.trust)
    assert np.mean(trusts) == pytest.approx(0.5, abs=0.06)


def test_trust_does_not_depend_on_scale_or_order():
    has, lacks = normal(50, 5) + 0.3, normal(40, 5, seed=1)
    trust = attribute_vector(has, lacks).trust
    assert attribute_vector(has * 1000, lacks * 1000).trust == pytest.approx(trust)
    assert attribute_vector(has, lacks).trust == trust
    assert 0.5 < trust < 1


def test_trust_at_the_extremes():
    one = torch.ones(1, 3)
    assert attribute_vector(one, normal(10, 3)).trust == 0.5
    assert attribute_vector(one.repeat(5, 1), one.repeat(5, 1)).trust == 0.5
    far = attribute_vector(one.repeat(2, 1), -one.repeat(2, 1))
    assert far.trust == 1
    assert far.direction.tolist() == [2, 2, 2]


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=20), st.lists(st.integers(0, 5), min_size=1, max_size=20)
)
def test_the_area_under_the_curve_is_scikit_learns(has, lacks):
    expected = roc_auc_score([1] * len(has) + [0] * len(lacks), has + lacks)
    assert _area_under_roc(torch.tensor(has), torch.tensor(lacks)) == pytest.approx(expected)


def test_an_attribute_needs_both_groups():
    with pytest.raises(ValueError, match="at least one image"):
        attribute_vector(torch.zeros(0, 3), torch.zeros(4, 3))
    with pytest.raises(ValueError, match="same dimensions"):
        attribute_vector(torch.zeros(2, 3), torch.zeros(4, 2))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_codes_of_a_diverged_model_have_no_attribute(value):
    with pytest.raises(ValueError, match="diverged"):
        attribute_vector(torch.full((4, 2), value), torch.zeros(4, 2))


# Neighbours


def test_neighbours_are_scikit_learns():
    latents, asked = normal(500, 6), normal(1500, 6, seed=1)
    indices, distances = neighbours(asked, latents, 7)
    expected = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(latents).kneighbors(asked)
    np.testing.assert_allclose(distances, expected[0], rtol=1e-4, atol=1e-4)
    assert (indices.numpy() == expected[1]).mean() > 0.999


def test_neighbours_far_from_the_origin_are_still_told_apart():
    latents = torch.arange(10.0)[:, None] + torch.tensor([[1e5, 0.0]])
    indices, distances = neighbours(latents[4:5], latents, 3)
    assert indices[0, 0] == 4
    assert distances[0, 0] == 0
    assert set(indices[0, 1:].tolist()) == {3, 5}


def test_neighbours_at_the_edges():
    indices, distances = neighbours(normal(4, 2), normal(3, 2, seed=1), 10)
    assert indices.shape == distances.shape == (4, 3)
    assert neighbours(torch.zeros(0, 2), normal(3, 2), 2)[0].shape == (0, 2)
    with pytest.raises(ValueError, match="0 codes"):
        neighbours(normal(1, 2), torch.zeros(0, 2), 1)
    with pytest.raises(ValueError, match="codes must"):
        neighbours(normal(1, 2), normal(3, 4), 1)


# Encoding


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randint(
        0, 256, (37, 1, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


@pytest.mark.parametrize("batch_size", [1, 10, 37, 1024])
@pytest.mark.parametrize("family", ["vae", "autoencoder"])
def test_encoding_in_batches_is_encoding_at_once(images, family, batch_size):
    model = build_model(ModelConfig(image_shape=(1, 12, 12), latent_dim=3, family=family)).eval()
    posterior = encode_images(model, images, batch_size=batch_size)
    expected = model.encode(images.float() / 255)
    torch.testing.assert_close(posterior.mean, expected.mean)
    if family == "autoencoder":
        assert posterior.logvar is None
    else:
        torch.testing.assert_close(posterior.logvar, expected.logvar)


@pytest.mark.parametrize("training", [True, False])
def test_encoding_leaves_the_model_as_it_was(images, training):
    model = build_model(ModelConfig(image_shape=(1, 12, 12), architecture="article")).train(training)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    posterior = encode_images(model, images)
    assert model.training is training
    assert not posterior.mean.requires_grad
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_encoding_takes_labels_where_the_model_has_classes(images):
    model = build_model(ModelConfig(image_shape=(1, 12, 12), n_classes=4)).eval()
    labels = torch.arange(37) % 4
    posterior = encode_images(model, images, labels=labels, batch_size=8)
    torch.testing.assert_close(posterior.mean, model.encode(images.float() / 255, labels).mean.detach())
    with pytest.raises(ValueError, match="label"):
        encode_images(model, images)


def test_encoding_nothing_gives_nothing(images):
    model = build_model(ModelConfig(image_shape=(1, 12, 12), latent_dim=3)).eval()
    assert encode_images(model, images[:0]).mean.shape == (0, 3)


def test_encoding_refuses_images_that_are_not_bytes(images):
    model = build_model(ModelConfig(image_shape=(1, 12, 12)))
    with pytest.raises(ValueError, match="uint8"):
        encode_images(model, images.float())
    with pytest.raises(ValueError, match="batch_size"):
        encode_images(model, images, batch_size=0)
    with pytest.raises(ValueError, match="images must"):
        encode_images(model, images[:, :, :8])
