"""A live map is turned on to the one before, and never flips."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes

from tests.unit.clusters import normal, turn
from vae_core.latent.projection import Projection, align, fit_projection, procrustes


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
