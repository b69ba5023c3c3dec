"""Maps of a latent space: from D dimensions to two, new points on to the map, and back.

PCA is a plane: its way back is exact. UMAP (arXiv:1802.03426) keeps neighbourhoods and nothing else: new
points are placed, and the way back is found, by nearest neighbours, and is an estimate. umap-learn's own
`transform` and `inverse_transform` are not used: the first call of each compiles for most of a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vae_core.latent import umap_fit
from vae_core.latent.codes import neighbours
from vae_core.latent.procrustes import procrustes

__all__ = ["Projection", "align", "fit_projection", "procrustes"]

NEIGHBOURS = 8  # map points that a place is answered with
EPSILON = 1e-6  # of the squared extent, added to squared distances
FIT_AT_MOST = 4_000  # rows; umap-learn's exact path ends at 4,096
LEAST_FOR_UMAP = 16  # rows, below which PCA stands in
TRUST_NEIGHBOURS = 10
TRUST_AT_MOST = 2_000  # rows

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Projection:
    """Hold a map: where each latent code lies on it.

    Attributes:
        method: "pca" or "umap": what it is, which is PCA where too few points were given for UMAP.
        latents: the codes that were mapped, (N, D).
        positions: their places on the map, (N, 2).
        mean: of a PCA: the code at the map's origin, (D,).
        components: of a PCA: the map's two directions, orthonormal rows, (2, D); the second is zero if D = 1.
        explained_variance: of a PCA: the share of the codes' variance that the plane holds, 0..1.
        seed: seed of what is drawn at random.
    """

    method: str
    latents: Tensor
    positions: Tensor
    mean: Tensor | None = None
    components: Tensor | None = None
    explained_variance: float | None = None
    seed: int = 0

    @classmethod
    def from_plane(cls, latents: Tensor, mean: Tensor, components: Tensor) -> Projection:
        """Rebuild a PCA map from what a bundle stores of it.

        Args:
            latents: the codes on the map, (N, D).
            mean: the code at the origin, (D,).
            components: the two directions, (2, D).
        """
        positions = (latents - mean) @ components.T
        total = float((latents - mean).double().square().sum())
        share = float(positions.double().square().sum()) / total if total > 0 else 1.0
        return cls("pca", latents, positions, mean, components, min(1.0, share))

    @classmethod
    def from_positions(cls, latents: Tensor, positions: Tensor) -> Projection:
        """Rebuild a UMAP map from codes (N, D) and their positions (N, 2)."""
        return cls("umap", latents, positions)

    def place(self, new: Tensor) -> Tensor:
        """Place further codes on the map.

        PCA projects them. UMAP takes the mean of the positions of the 8 nearest codes, weights
        1 / (d^2 + eps), eps 1e-6 of the codes' squared extent (the diagonal of their bounding box).

        Args:
            new: codes, (M, D).

        Returns:
            Positions, (M, 2).
        """
        new = _codes(new).to(self.latents)
        if new.shape[1] != self.latents.shape[1]:
            raise ValueError(f"codes must be (M, {self.latents.shape[1]}), not {tuple(new.shape)}")
        if self.mean is not None and self.components is not None:
            return (new - self.mean) @ self.components.T
        return _mean_of_nearest(new, self.latents, self.positions)[0]

    def invert(self, xy: Tensor, *, through: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Go back from places on the map to codes.

        PCA is exact: the code on the plane that goes through `through`, parallel to the map. UMAP estimates:
        the mean of the codes of the 8 nearest map points, weights 1 / (d^2 + eps), eps 1e-6 of the map's
        squared extent (the diagonal of its bounding box).

        Args:
            xy: places, (M, 2).
            through: a code on the plane, (D,); None means the mean. UMAP ignores it.

        Returns:
            Codes, (M, D), and for each place the distance on the map to its nearest point, (M,).
        """
        xy = _codes(xy).to(self.positions)
        if xy.shape[1] != 2:
            raise ValueError(f"places must be (M, 2), not {tuple(xy.shape)}")
        estimate, distance = _mean_of_nearest(xy, self.positions, self.latents)
        if self.mean is None or self.components is None:
            return estimate, distance
        pinned = self.mean if through is None else torch.as_tensor(through).to(self.mean)
        return pinned + (xy - self.place(pinned[None])) @ self.components, distance

    @cached_property
    def trustworthiness(self) -> float | None:
        """How far neighbours on the map are neighbours in latent space, 0..1 (Venna and Kaski 2001).

        For 10 neighbours and at most 2,000 points drawn at random; None below 21 points.
        """
        count = len(self.latents)
        if count <= 2 * TRUST_NEIGHBOURS:
            return None
        from sklearn.manifold import trustworthiness

        rows = _sample(count, TRUST_AT_MOST, self.seed)
        latents, positions = self.latents[rows].cpu().numpy(), self.positions[rows].cpu().numpy()
        return float(trustworthiness(latents, positions, n_neighbors=TRUST_NEIGHBOURS))

    def turned(self, rotation: Tensor) -> Projection:
        """Return a PCA map turned about its origin.

        Args:
            rotation: orthogonal, (2, 2); positions are multiplied by it from the right.

        Raises:
            ValueError: the map is no PCA.
        """
        if self.components is None:
            raise ValueError("only a PCA can be turned: a UMAP has no plane")
        rotation = rotation.to(self.components)
        return replace(self, positions=self.positions @ rotation, components=rotation.T @ self.components)


def fit_projection(
    latents: Tensor | npt.ArrayLike,
    *,
    method: str = "umap",
    seed: int = 0,
    init: Tensor | npt.ArrayLike | None = None,
) -> Projection:
    """Make a map of latent codes.

    UMAP needs seconds; the first fit of a process compiles for ten or more: run it as a job.

    Args:
        latents: codes, (N, D), N at least 1, finite.
        method: "umap" or "pca". Below 16 different codes PCA stands in for UMAP.
        seed: seed of UMAP's randomness; the same seed gives the same map on the same machine.
        init: positions from which UMAP starts, and on to which its result is laid by turning, mirroring and
            shifting, (N, 2); None means those of the PCA. PCA ignores it.

    Returns:
        The map. UMAP is fitted on at most 4,000 codes, drawn at random; the others are placed by their
        nearest neighbours among these.

    Raises:
        ValueError: an unknown method, or codes or positions of the wrong shape or not finite.
    """
    codes = _codes(latents)
    if method not in ("umap", "pca"):
        raise ValueError(f"method must be 'umap' or 'pca', not {method!r}")
    if len(codes) == 0 or codes.shape[1] == 0:
        raise ValueError("a map needs at least one code")
    if not bool(codes.isfinite().all()):
        raise ValueError("the codes hold NaN or infinite numbers: the model has diverged")
    plane = _fit_pca(codes, seed)
    if init is not None:
        start = _codes(init).to(codes)
        if tuple(start.shape) != (len(codes), 2) or not bool(start.isfinite().all()):
            raise ValueError(f"init must be finite and of shape ({len(codes)}, 2), not {tuple(start.shape)}")
    else:
        start = plane.positions
    if method == "pca" or len(np.unique(_numbers(codes), axis=0)) < LEAST_FOR_UMAP:
        return plane
    rows = _sample(len(codes), FIT_AT_MOST, seed)
    fitted = _fit_umap(codes[rows], start[rows], seed)
    if len(rows) == len(codes):
        return Projection("umap", codes, fitted, seed=seed)
    positions, _ = _mean_of_nearest(codes, codes[rows], fitted)
    positions[rows] = fitted
    return Projection("umap", codes, positions, seed=seed)


def align(previous: Projection | Tensor, current: Projection) -> Projection:
    """Turn or mirror a PCA map so that its points lie as near as possible to where they were.

    No scaling and no shifting: distances on the map keep their meaning, and its origin stays the mean.

    Args:
        previous: the map before, or its positions, (N, 2), of the same images in the same order.
        current: the new PCA map.
    """
    before = previous.positions if isinstance(previous, Projection) else previous
    return current.turned(procrustes(before, current.positions))


def _fit_pca(codes: Tensor, seed: int) -> Projection:
    """Fit the plane of most variance; each component's largest entry is positive, so that it never flips."""
    rows = _numbers(codes)
    mean = rows.mean(axis=0)
    variances, directions = np.linalg.eigh((rows - mean).T @ (rows - mean) / len(rows))  # ascending
    components = np.zeros((2, rows.shape[1]))
    components[: rows.shape[1]] = directions.T[::-1][:2]
    largest = np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], axis=1)
    components *= np.where(largest < 0, -1.0, 1.0)
    total = variances.clip(min=0).sum()
    share = float(variances[-2:].clip(min=0).sum() / total) if total > 0 else 1.0
    return Projection(
        "pca",
        codes,
        torch.from_numpy((rows - mean) @ components.T).to(codes),
        torch.from_numpy(mean).to(codes),
        torch.from_numpy(components).to(codes),
        share,
        seed,
    )


def _fit_umap(codes: Tensor, start: Tensor, seed: int) -> Tensor:
    """Run umap-learn from `start`, (N, 2), and lay the result on to it by a rigid motion."""
    begin = _numbers(start)
    positions = umap_fit.run_umap(_numbers(codes), begin, seed)
    turn = procrustes(torch.from_numpy(begin), torch.from_numpy(positions)).numpy()
    laid = (positions - positions.mean(axis=0)) @ turn + begin.mean(axis=0)
    return torch.from_numpy(laid).to(codes)


def _mean_of_nearest(at: Tensor, places: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Average the values of the places nearest to each point, the nearer the heavier.

    Args:
        at: points, (M, A).
        places: where the values lie, (N, A).
        values: what is averaged, (N, V).

    Returns:
        Averages, (M, V), and the distance to the nearest place, (M,).
    """
    extent = (places.amax(dim=0) - places.amin(dim=0)).double().square().sum()
    least = torch.finfo(torch.float64).tiny  # all places are one: any weight will do
    indices, distances = neighbours(at, places, NEIGHBOURS)  # (M, K) both
    weights = 1 / (distances.double().square() + EPSILON * extent + least)
    weights = weights / weights.sum(dim=1, keepdim=True)
    averages = (weights[:, :, None] * values[indices].double()).sum(dim=1)
    return averages.to(values.dtype), distances[:, 0]


def _codes(values: Tensor | npt.ArrayLike) -> Tensor:
    """Return anything like an (N, A) array as a floating tensor without gradient."""
    rows = torch.as_tensor(values).detach()
    if rows.ndim != 2:
        raise ValueError(f"expected rows of numbers, (N, D), not shape {tuple(rows.shape)}")
    return rows if rows.dtype in (torch.float32, torch.float64) else rows.float()


def _numbers(rows: Tensor) -> Matrix:
    return np.asarray(rows.cpu().numpy(), dtype=np.float64)


def _sample(count: int, at_most: int, seed: int) -> Tensor:
    """Return the indices of at most so many rows, drawn at random, in ascending order."""
    if count <= at_most:
        return torch.arange(count)
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:at_most].sort().values
