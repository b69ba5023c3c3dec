"""A map of a latent space: the plane exactly, and what every map says of itself."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from tests.unit.clusters import normal
from vae_core.latent.projection import Projection, fit_projection


@pytest.mark.parametrize(("count", "dims"), [(200, 2), (50, 3), (500, 16), (30, 64), (300, 128)])
def test_pca_is_scikit_learns(count, dims):
    latents = normal(count, dims) * torch.linspace(3, 0.5, dims) + 5
    plane, expected = fit_projection(latents, method="pca"), PCA(2).fit(latents.double())
    assert plane.method == "pca"
    assert plane.positions.dtype == plane.components.dtype == torch.float32
    np.testing.assert_allclose(plane.mean, expected.mean_, rtol=1e-5)
    signs = np.sign((plane.components.numpy() * expected.components_).sum(axis=1))
    np.testing.assert_allclose(plane.components, expected.components_ * signs[:, None], atol=1e-5)
    np.testing.assert_allclose(plane.positions, expected.transform(latents) * signs, atol=1e-4)
    assert plane.explained_variance == pytest.approx(expected.explained_variance_ratio_.sum(), rel=1e-5)


@given(st.integers(2, 40), st.integers(1, 20), st.integers(0, 1000))
def test_pca_has_orthonormal_rows_whose_largest_entry_is_positive(count, dims, seed):
    plane = fit_projection(normal(count, dims, seed=seed), method="pca")
    components = plane.components
    assert components.shape == (2, dims)
    expected = torch.diag(torch.tensor([1.0, float(dims > 1)]))
    torch.testing.assert_close(components @ components.T, expected, atol=1e-6, rtol=0)
    assert all(row[row.abs().argmax()] >= 0 for row in components)
    assert 0 <= plane.explained_variance <= 1 + 1e-9


@given(st.integers(2, 20), st.integers(0, 1000))
def test_the_way_back_from_pca_is_exact_on_the_plane_through_a_point(dims, seed):
    latents = 2 * normal(40, dims, seed=seed) + 1
    plane = fit_projection(latents, method="pca")
    xy, pinned = 3 * normal(9, 2, seed=seed + 1), 2 * normal(dims, seed=seed + 2)
    for through in (None, pinned):
        codes, _ = plane.invert(xy, through=through)
        assert codes.shape == (9, dims)
        torch.testing.assert_close(plane.place(codes), xy, atol=2e-5, rtol=1e-5)
        off = codes - (plane.mean if through is None else pinned)  # it leaves the point along the plane only
        torch.testing.assert_close(off @ plane.components.T @ plane.components, off, atol=2e-5, rtol=1e-5)
    back, _ = plane.invert(plane.place(pinned[None]), through=pinned)
    torch.testing.assert_close(back[0], pinned, atol=2e-5, rtol=1e-5)


def test_a_plane_keeps_codes_that_lie_on_it():
    latents = normal(100, 2)
    plane = fit_projection(latents, method="pca")
    codes, distance = plane.invert(plane.positions)
    torch.testing.assert_close(codes, latents, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(distance, torch.zeros(100))
    assert plane.explained_variance == pytest.approx(1)


def test_distance_is_that_on_the_map_to_the_nearest_point():
    plane = fit_projection(normal(60, 5), method="pca")
    xy = 4 * normal(20, 2, seed=1)
    expected = (xy[:, None] - plane.positions).norm(dim=2).amin(dim=1)
    torch.testing.assert_close(plane.invert(xy)[1], expected)
    torch.testing.assert_close(plane.invert(xy, through=torch.ones(5))[1], expected)


def test_placing_the_codes_again_gives_their_positions():
    latents = normal(60, 5)
    plane = fit_projection(latents, method="pca")
    torch.testing.assert_close(plane.place(latents), plane.positions, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "latents",
    [torch.ones(1, 4), torch.ones(30, 4), torch.zeros(3, 1), normal(25, 1), normal(2, 3),
     1e-20 * normal(30, 3), 1e6 + normal(30, 3), 1e15 * normal(30, 3)],
    ids=["one code", "all equal", "nothing", "one dimension", "two codes", "tiny", "far off", "huge"],
)  # fmt: skip
def test_a_plane_can_be_laid_through_anything_finite(latents):
    made = fit_projection(latents, method="pca")
    assert made.positions.shape == (len(latents), 2)
    codes, distance = made.invert(torch.zeros(3, 2))
    for tensor in (made.positions, made.components, codes, distance, made.place(latents)):
        assert tensor.isfinite().all()
    assert 0 <= made.explained_variance <= 1 + 1e-9


def test_numpy_and_other_types_are_taken():
    latents = np.random.default_rng(0).normal(size=(30, 4))
    assert fit_projection(latents, method="pca").positions.dtype == torch.float64
    half = fit_projection(torch.from_numpy(latents).half(), method="pca")
    assert half.positions.dtype == torch.float32
    assert half.place(torch.from_numpy(latents)).dtype == torch.float32
    leaf = normal(30, 4).requires_grad_()
    assert not fit_projection(leaf, method="pca").positions.requires_grad


@pytest.mark.parametrize(
    ("latents", "options", "words"),
    [
        (torch.zeros(30, 4), {"method": "tsne"}, "'umap' or 'pca'"),
        (torch.zeros(0, 4), {}, "at least one"),
        (torch.zeros(30), {}, r"\(N, D\)"),
        (torch.full((30, 4), torch.nan), {}, "NaN"),
        (normal(30, 4), {"init": torch.zeros(29, 2)}, r"\(30, 2\)"),
        (normal(30, 4), {"init": torch.full((30, 2), torch.inf)}, "finite"),
    ],
)
def test_nonsense_is_refused(latents, options, words):
    with pytest.raises(ValueError, match=words):
        fit_projection(latents, **options)


def test_shapes_that_do_not_fit_the_map_are_refused():
    plane = fit_projection(normal(30, 4), method="pca")
    with pytest.raises(ValueError, match=r"\(M, 4\)"):
        plane.place(torch.zeros(3, 5))
    with pytest.raises(ValueError, match=r"\(M, 2\)"):
        plane.invert(torch.zeros(3, 4))


def test_trustworthiness_is_scikit_learns():
    latents = normal(300, 6)
    plane = fit_projection(latents, method="pca")
    assert plane.trustworthiness == pytest.approx(trustworthiness(latents, plane.positions, n_neighbors=10))
    assert fit_projection(normal(300, 2), method="pca").trustworthiness == pytest.approx(1)


def test_trustworthiness_of_many_points_is_that_of_2000_of_them():
    latents = normal(4000, 3)
    plane = fit_projection(latents, method="pca")
    whole = trustworthiness(latents, plane.positions, n_neighbors=20)  # half as dense, half the neighbours
    assert plane.trustworthiness == pytest.approx(whole, abs=0.01)
    assert fit_projection(latents, method="pca").trustworthiness == plane.trustworthiness


@pytest.mark.parametrize(("count", "known"), [(1, False), (20, False), (21, True)])
def test_trustworthiness_needs_21_points(count, known):
    trust = fit_projection(normal(count, 4), method="pca").trustworthiness
    assert (trust is not None) is known


def test_a_plane_comes_back_from_what_is_stored():
    latents = normal(80, 5)
    fitted = fit_projection(latents, method="pca")
    again = Projection.from_plane(latents, fitted.mean, fitted.components)
    assert again.method == "pca"
    torch.testing.assert_close(again.positions, fitted.positions, atol=1e-5, rtol=1e-5)
    assert again.explained_variance == pytest.approx(fitted.explained_variance, rel=1e-5)
    assert Projection.from_plane(torch.ones(3, 5), torch.ones(5), fitted.components).explained_variance == 1
