import importlib
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from vae_core import projection
from vae_core.projection import Projection, align, fit_projection, procrustes

ROOT = Path(__file__).resolve().parents[2]


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def clusters(count: int, dims: int = 8, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Six clouds well apart, as a trained model's classes: codes (N, D) and which cloud (N,)."""
    labels = torch.arange(count) % 6
    centres = 4 * normal(6, dims, seed=100)
    return centres[labels] + normal(count, dims, seed=seed), labels


def turn(angle: float, mirrored: bool = False) -> torch.Tensor:
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.tensor([[cos, sin], [-sin, cos]]) @ torch.diag(
        torch.tensor([1.0, -1.0 if mirrored else 1.0])
    )


def overlap(latents: torch.Tensor, positions: torch.Tensor, k: int = 10) -> float:
    """Share of each point's k neighbours in latent space that are its neighbours on the map."""
    found = [NearestNeighbors(n_neighbors=k).fit(rows).kneighbors()[1] for rows in (latents, positions)]
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(*found)]))


# PCA


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


# Trustworthiness


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


# Turning one map on to another


@given(st.floats(-4, 4), st.booleans(), st.integers(3, 50), st.integers(0, 1000))
def test_procrustes_undoes_any_turn_or_reflection(angle, mirrored, count, seed):
    before = normal(count, 2, seed=seed) * torch.tensor([2.0, 1.0])
    now = before @ turn(angle, mirrored) + torch.tensor([3.0, -1.0])
    found = procrustes(before, now)
    torch.testing.assert_close(found, turn(angle, mirrored).T, atol=1e-4, rtol=0)


def test_procrustes_is_scipys():
    before, now = normal(40, 2), normal(40, 2, seed=1)
    expected, _ = orthogonal_procrustes(now - now.mean(dim=0), before - before.mean(dim=0))
    np.testing.assert_allclose(procrustes(before, now), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (torch.zeros(5, 2), normal(5, 2)),
        (normal(5, 2), torch.ones(5, 2)),
        (normal(1, 2), normal(1, 2, seed=1)),
        (normal(9, 1) * torch.tensor([[1.0, 0.0]]), normal(9, 1) * torch.tensor([[1.0, 0.0]])),
        (normal(9, 1) * torch.tensor([[1.0, 2.0]]), normal(9, 1) * torch.tensor([[1.0, 2.0]])),
    ],
    ids=["before in one place", "now in one place", "one point", "on an axis", "on a line"],
)
def test_procrustes_turns_nothing_without_need(before, now):
    torch.testing.assert_close(procrustes(before, now), torch.eye(2), atol=1e-5, rtol=0)


@given(st.floats(-4, 4), st.floats(-4, 4), st.integers(0, 1000))
def test_procrustes_mirrors_nothing_on_a_line(first, second, seed):
    along = normal(9, 1, seed=seed) * torch.tensor([[1.0, 0.0]])
    before, now = along @ turn(first), along @ turn(second)
    found = procrustes(before, now)
    assert torch.det(found) == pytest.approx(1, abs=1e-4)
    torch.testing.assert_close(now @ found, before, atol=1e-4, rtol=0)


def test_procrustes_refuses_other_points():
    with pytest.raises(ValueError, match="same N"):
        procrustes(torch.zeros(5, 2), torch.zeros(4, 2))


def test_a_live_map_never_flips():
    """The codes drift a little at each frame; PCA alone would flip and swap its axes."""
    latents = normal(200, 6) * torch.tensor([2.0, 1.98, 0.5, 0.4, 0.3, 0.2])
    drift = normal(60, 200, 6, seed=1)
    frames = [fit_projection(latents, method="pca")]
    unturned = [frames[0]]
    for step in drift:
        latents = latents + 0.05 * step * latents.std(dim=0)
        unturned.append(fit_projection(latents, method="pca"))
        frames.append(align(frames[-1], unturned[-1]))
    size = frames[0].positions.norm(dim=1).mean()

    def largest_jump(maps):
        return max((b.positions - a.positions).norm(dim=1).mean() / size for a, b in pairwise(maps))

    assert largest_jump(frames) < 0.15
    assert largest_jump(unturned) > 0.3  # else this test shows nothing
    last = frames[-1]
    assert last.explained_variance == unturned[-1].explained_variance
    torch.testing.assert_close(last.components @ last.components.T, torch.eye(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(last.place(last.latents), last.positions, atol=1e-4, rtol=1e-4)
    xy = normal(5, 2)
    torch.testing.assert_close(last.place(last.invert(xy)[0]), xy, atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(
        torch.cdist(last.positions, last.positions), torch.cdist(*[unturned[-1].positions] * 2), atol=1e-2
    )


def test_align_takes_bare_positions():
    plane = fit_projection(normal(50, 4), method="pca")
    before = plane.positions @ turn(2.0, mirrored=True)
    torch.testing.assert_close(align(before, plane).positions, before, atol=1e-5, rtol=1e-5)


def test_a_umap_cannot_be_turned():
    with pytest.raises(ValueError, match="only a PCA"):
        Projection.from_positions(normal(30, 4), normal(30, 2)).turned(torch.eye(2))


# What a bundle stores is enough


def test_a_plane_comes_back_from_what_is_stored():
    latents = normal(80, 5)
    fitted = fit_projection(latents, method="pca")
    again = Projection.from_plane(latents, fitted.mean, fitted.components)
    assert again.method == "pca"
    torch.testing.assert_close(again.positions, fitted.positions, atol=1e-5, rtol=1e-5)
    assert again.explained_variance == pytest.approx(fitted.explained_variance, rel=1e-5)
    assert Projection.from_plane(torch.ones(3, 5), torch.ones(5), fitted.components).explained_variance == 1


# UMAP. The first fit of a process compiles for many seconds, so few tests make maps, and small ones.


@pytest.fixture(scope="module")
def umap_map() -> tuple[Projection, torch.Tensor]:
    latents, labels = clusters(300)
    return fit_projection(latents), labels


def test_umap_keeps_neighbourhoods(umap_map):
    made, labels = umap_map
    assert made.method == "umap"
    assert made.positions.shape == (300, 2)
    assert made.positions.dtype == torch.float32
    assert made.mean is made.components is made.explained_variance is None
    assert made.trustworthiness > 0.9
    assert overlap(made.latents, made.positions) > 0.3
    nearest = NearestNeighbors(n_neighbors=5).fit(made.positions).kneighbors()[1]
    assert (labels[nearest] == labels[:, None]).float().mean() > 0.99


def test_the_same_seed_gives_the_same_umap(umap_map):
    made, _ = umap_map
    assert torch.equal(fit_projection(made.latents).positions, made.positions)
    assert not torch.equal(fit_projection(made.latents, seed=1).positions, made.positions)


def test_a_refit_starts_from_the_positions_before(umap_map):
    """Turned and shifted as no fit would leave it: the new map lies on the old, with drifted codes too."""
    made, _ = umap_map
    before = made.positions @ turn(2.5, mirrored=True) + torch.tensor([40.0, -7.0])
    refit = fit_projection(made.latents + 0.2 * normal(300, 8, seed=5), init=before)
    assert refit.trustworthiness > 0.9
    scale = (before - before.mean(dim=0)).norm(dim=1).mean()
    moved = (refit.positions - before).norm(dim=1).mean() / scale
    fresh = (fit_projection(made.latents, seed=3).positions - before).norm(dim=1).mean() / scale
    assert moved < 0.5
    assert moved < fresh / 2
    torch.testing.assert_close(refit.positions.mean(dim=0), before.mean(dim=0), atol=0.01, rtol=1e-3)


def test_the_first_umap_lies_as_the_pca_does(umap_map):
    made, _ = umap_map
    plane = fit_projection(made.latents, method="pca")
    torch.testing.assert_close(procrustes(plane.positions, made.positions), torch.eye(2), atol=1e-3, rtol=0)


def test_a_new_code_is_placed_among_its_neighbours(umap_map):
    made, labels = umap_map
    new, new_labels = clusters(120, seed=9)
    placed = made.place(new)
    assert placed.shape == (120, 2)
    nearest = NearestNeighbors(n_neighbors=1).fit(made.positions).kneighbors(placed)[1][:, 0]
    assert (labels[nearest] == new_labels).float().mean() > 0.97
    torch.testing.assert_close(made.place(made.latents), made.positions, atol=0.05, rtol=0)


def test_back_from_a_umap_is_the_weighted_mean_of_the_eight_nearest(umap_map):
    made, _ = umap_map
    xy = made.positions[:40] + 0.3 * normal(40, 2, seed=4)
    codes, distance = made.invert(xy, through=torch.full((8,), 1e6))  # which it ignores
    places = made.positions.double().numpy()
    extent = (np.ptp(places, axis=0) ** 2).sum()
    for row, place in enumerate(xy.double().numpy()):
        squares = ((places - place) ** 2).sum(axis=1)
        nearest = np.argsort(squares)[:8]
        weights = 1 / (squares[nearest] + 1e-6 * extent)
        expected = (weights[:, None] * made.latents[nearest].double().numpy()).sum(axis=0) / weights.sum()
        np.testing.assert_allclose(codes[row], expected, rtol=1e-4, atol=1e-4)
        assert distance[row] == pytest.approx(math.sqrt(squares[nearest[0]]), abs=1e-5)


def test_a_map_point_leads_back_to_its_own_code(umap_map):
    made, _ = umap_map
    codes, distance = made.invert(made.positions)
    torch.testing.assert_close(distance, torch.zeros(300))
    off = (codes - made.latents).norm(dim=1)
    spread = (made.latents - made.latents.mean(dim=0)).norm(dim=1).mean()
    assert off.median() < 0.05 * spread
    far, distance = made.invert(torch.tensor([[1e4, 1e4]]))
    assert far.isfinite().all()
    assert distance.item() > 1e4


def test_a_umap_comes_back_from_what_is_stored(umap_map):
    made, _ = umap_map
    again = Projection.from_positions(made.latents, made.positions)
    assert again.method == "umap"
    xy = normal(5, 2)
    assert torch.equal(again.invert(xy)[0], made.invert(xy)[0])
    assert torch.equal(again.place(made.latents[:5]), made.place(made.latents[:5]))
    assert again.trustworthiness == made.trustworthiness


def test_more_rows_than_are_fitted_are_placed(monkeypatch):
    assert projection.FIT_AT_MOST == 4000  # umap-learn's exact path ends below 4,096
    monkeypatch.setattr(projection, "FIT_AT_MOST", 200)
    fitted_rows = []
    fit = projection._fit_umap
    monkeypatch.setattr(
        projection, "_fit_umap", lambda codes, *rest: fitted_rows.append(codes) or fit(codes, *rest)
    )
    latents, labels = clusters(360)
    made = fit_projection(latents)
    assert [len(rows) for rows in fitted_rows] == [200]
    assert made.positions.shape == (360, 2)
    assert made.trustworthiness > 0.9
    nearest = NearestNeighbors(n_neighbors=5).fit(made.positions).kneighbors()[1]
    assert (labels[nearest] == labels[:, None]).float().mean() > 0.98


@pytest.mark.parametrize(
    ("latents", "method"),
    [(normal(15, 4), "pca"), (normal(16, 4), "umap"), (normal(2, 4), "pca"), (torch.ones(30, 4), "pca"),
     (normal(15, 4).repeat(5, 1), "pca")],
)  # fmt: skip
def test_pca_stands_in_below_16_different_points(latents, method):
    made = fit_projection(latents)
    assert made.method == method
    assert made.positions.isfinite().all()


@pytest.mark.parametrize(
    "latents",
    [normal(100, 1), 1e-12 * normal(60, 3), 1e6 + normal(60, 3), 1e10 * normal(60, 3),
     torch.cat([normal(30, 4), torch.zeros(70, 4)]), normal(60, 3).round(),
     torch.cat([normal(30, 2), normal(30, 2) + 1e5])],
    ids=["one dimension", "collapsed", "far off", "huge", "many equal", "a grid", "two islands"],
)  # fmt: skip
def test_umap_at_the_extremes(latents):
    made = fit_projection(latents)
    assert made.method == "umap"
    for tensor in (made.positions, made.place(latents), *made.invert(made.positions)):
        assert tensor.isfinite().all()
    refit = fit_projection(latents, init=torch.zeros(len(latents), 2))
    assert refit.positions.isfinite().all()


def test_a_folder_for_compiled_code_is_found_where_umap_finds_none(monkeypatch, tmp_path):
    from numba import config

    monkeypatch.setenv("LATENT_HOME", str(tmp_path))
    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.setitem(sys.modules, "pynndescent.left_behind", object())
    real, asked = importlib.import_module, []

    def fail_once(name, *rest):
        asked.append(name)
        if len(asked) == 1:
            raise RuntimeError(
                "cannot cache function 'rdist': no locator available for file 'umap/layouts.py'"
            )
        assert "pynndescent.left_behind" not in sys.modules
        return type("umap", (), {"UMAP": "the class"}) if name == "umap" else real(name, *rest)

    kept = {name: module for name, module in sys.modules.items() if name.startswith(("umap", "pynndescent"))}
    monkeypatch.setattr(importlib, "import_module", fail_once)
    try:
        assert projection._umap_class() == "the class"
    finally:
        sys.modules.update(kept)
        sys.modules.pop("pynndescent.left_behind", None)
    assert str(tmp_path) in config.CACHE_DIR
    assert asked == ["umap", "umap"]


def test_umap_is_not_imported_before_it_is_needed():
    code = (
        "import sys, torch; from vae_core import fit_projection; "
        "fit_projection(torch.randn(30, 4), method='pca'); "
        "fit_projection(torch.randn(15, 4)); assert not {'umap', 'numba', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True, timeout=120)
