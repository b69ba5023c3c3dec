"""A UMAP keeps neighbourhoods, takes in new codes, and leads back.

The first fit of a process compiles for many seconds, so few tests make maps, and small ones.
"""

import importlib
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from tests.unit.clusters import clusters, normal, overlap, turn
from vae_core.latent import projection, umap_fit
from vae_core.latent.projection import Projection, fit_projection, procrustes

ROOT = Path(__file__).resolve().parents[3]


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


def test_any_seed_of_a_run_makes_a_umap(umap_map):
    codes = umap_map[0].latents[:20]
    large = fit_projection(codes, seed=2**62 + 1)  # more than NumPy's old generators take
    assert torch.equal(large.positions, fit_projection(codes, seed=2**62 + 1).positions)


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


def test_a_new_code_lies_at_the_weighted_mean_of_its_eight_nearest(umap_map):
    made, _ = umap_map
    new = made.latents[:20] + 0.2 * normal(20, 8, seed=6)
    codes = made.latents.double().numpy()
    extent = (np.ptp(codes, axis=0) ** 2).sum()
    for placed, code in zip(made.place(new), new.double().numpy(), strict=True):
        squares = ((codes - code) ** 2).sum(axis=1)
        nearest = np.argsort(squares)[:8]
        weights = 1 / (squares[nearest] + 1e-6 * extent)
        expected = (weights[:, None] * made.positions[nearest].double().numpy()).sum(axis=0) / weights.sum()
        np.testing.assert_allclose(placed, expected, rtol=1e-4, atol=1e-3)


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
    fits, fit = [], projection._fit_umap

    def spy(codes, *rest):
        fits.append((codes, fit(codes, *rest)))
        return fits[-1][1]

    monkeypatch.setattr(projection, "_fit_umap", spy)
    latents, labels = clusters(360)
    made = fit_projection(latents)
    [(codes, places)] = fits
    assert len(codes) == 200
    rows = torch.cdist(codes, latents).argmin(dim=1)
    assert torch.equal(made.positions[rows], places)  # just where they were fitted
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
        assert umap_fit.umap_class() == "the class"
    finally:
        sys.modules.update(kept)
        sys.modules.pop("pynndescent.left_behind", None)
    assert str(tmp_path) in config.CACHE_DIR
    assert asked == ["umap", "umap"]


@pytest.mark.process
def test_umap_is_not_imported_before_it_is_needed():
    code = (
        "import sys, torch; from vae_core import fit_projection; "
        "fit_projection(torch.randn(30, 4), method='pca'); "
        "fit_projection(torch.randn(15, 4)); assert not {'umap', 'numba', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True, timeout=120)
