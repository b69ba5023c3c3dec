"""The formulas of the map's layers: ellipses, the prior, the aggregate posterior, trustworthiness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.stats import chi2, gaussian_kde, norm
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, Normal

from vae_core.latent.projection import Projection

Call = Callable

SPACE = """({ mean: Float32Array.from(a.mean), logvar: a.logvar && Float32Array.from(a.logvar), dims: a.dims,
    count: a.count, isGaussian: Boolean(a.logvar), config: { categories: 0 },
    umap: a.umap && Float32Array.from(a.umap),
    pca: { mean: Float32Array.from(a.origin), components: Float32Array.from(a.components) } })"""


def rows(count: int, dims: int, seed: int = 0) -> Tensor:
    return torch.randn(count, dims, generator=torch.Generator().manual_seed(seed))


def space(count: int = 12, dims: int = 5) -> tuple[dict, Tensor, Tensor, Tensor, Tensor]:
    """A space for the browser; and its means, variances, and the PCA's origin and directions."""
    mean, logvar = rows(count, dims), rows(count, dims, 1)
    origin, components = rows(1, dims, 2)[0], torch.linalg.qr(rows(dims, 2, 3)).Q.T.contiguous()
    said = {
        "mean": mean.flatten().tolist(),
        "logvar": logvar.flatten().tolist(),
        "umap": rows(count, 2, 4).flatten().tolist(),
        "origin": origin.tolist(),
        "components": components.flatten().tolist(),
        "dims": dims,
        "count": count,
    }
    return said, mean, logvar.exp(), origin, components


def matrices(flat: list[float]) -> Tensor:
    """Covariances (N, 2, 2) from (N, 3)."""
    xx, xy, yy = torch.tensor(flat).reshape(-1, 3).T
    return torch.stack([xx, xy, xy, yy], dim=1).reshape(-1, 2, 2)


def test_an_ellipse_is_its_covariance_s_square_root(call: Call) -> None:
    roots = rows(20, 4).reshape(-1, 2, 2)
    covariances = roots @ roots.mT
    covariances[0] = torch.diag(torch.tensor([4.0, 0.25]))
    covariances[1] = torch.diag(torch.tensor([0.25, 4.0]))
    covariances[2] = torch.eye(2)
    covariances[3] = torch.diag(torch.tensor([1.0, 0.0]))
    flat = [[float(c[0, 0]), float(c[0, 1]), float(c[1, 1])] for c in covariances]
    found = call("latent/posterior.js", "a.map(([xx, xy, yy]) => m.ellipseOf(xx, xy, yy))", flat)
    for ellipse, covariance in zip(found, covariances):
        values, directions = torch.linalg.eigh(covariance)
        assert ellipse["along"] == pytest.approx(float(values[1].clamp(min=0).sqrt()), rel=1e-4, abs=1e-4)
        assert ellipse["across"] == pytest.approx(float(values[0].clamp(min=0).sqrt()), rel=1e-3, abs=1e-3)
        if values[1] - values[0] > 1e-3:
            along = np.array([np.cos(ellipse["angle"]), np.sin(ellipse["angle"])])
            assert abs(along @ directions[:, 1].numpy()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("axes", ["3,1", "pca"])
def test_posteriors_on_the_map_are_the_plane_s_own_gaussians(axes: str, call: Call) -> None:
    said, mean, variance, origin, components = space()
    directions = components if axes == "pca" else torch.eye(5)[[3, 1]]
    expected = directions @ torch.diag_embed(variance) @ directions.T
    code = (
        f"const axes = m.makeAxes(a.axes, {SPACE}); return [axes.covariances(), axes.points(), axes.prior()]"
    )
    found = call(
        "map/scene/axes.js", f"(() => {{ {code}.map((each) => Array.from(each)); }})()", said | {"axes": axes}
    )
    covariances, points, prior = found
    assert np.allclose(matrices(covariances), expected, atol=1e-5)
    start = origin if axes == "pca" else torch.zeros(5)
    assert np.allclose(points, ((mean - start) @ directions.T).flatten(), atol=1e-5)
    assert np.allclose(prior, -start @ directions.T, atol=1e-5)


def test_codes_that_are_points_are_smoothed_as_scipy_does(call: Call) -> None:
    places = rows(40, 2) @ torch.tensor([[1.0, 0.4], [0.0, 0.6]])
    found = call("latent/posterior.js", "m.kernelCovariance(a)", places.flatten().tolist())
    (xx, xy), (_, yy) = gaussian_kde(places.T.double().numpy(), "scott").covariance
    assert found == pytest.approx([xx, xy, yy], rel=1e-5)


def test_no_posteriors_where_there_are_none(call: Call) -> None:
    said, *_ = space()
    code = f"a.names.map((n) => m.makeAxes(n, {SPACE})).map((x) => [x.prior(), x.covariances()])"
    names = {"names": ["0,1", "pca", "umap"]}
    autoencoder = call("map/scene/axes.js", code, said | names | {"logvar": None})
    assert [covariances for _, covariances in autoencoder] == [None] * 3
    assert [prior is not None for prior, _ in autoencoder] == [True, True, False], "N(0, 1) has a place"
    assert call("map/scene/axes.js", code, said | names)[2] == [None, None]


def test_the_prior_s_shares_are_scipy_s(call: Call) -> None:
    deviations = [0.5, 1, 2, 3]
    plane = call("latent/posterior.js", "a.map((k) => m.shareWithin(k, 2))", deviations)
    line = call("latent/posterior.js", "a.map((k) => m.shareWithin(k, 1))", deviations)
    assert np.allclose(plane, chi2.cdf(np.square(deviations), 2), atol=1e-9)
    assert np.allclose(line, norm.cdf(deviations) - norm.cdf(np.negative(deviations)), atol=1e-5)
    assert [round(100 * share) for share in plane[1:]] == [39, 86, 99]


def test_the_aggregate_posterior_is_the_mean_of_the_posteriors(call: Call) -> None:
    means, roots = rows(30, 2), rows(30, 4, 1).reshape(-1, 2, 2)
    covariances = roots @ roots.mT + 0.02 * torch.eye(2)
    xs, ys = torch.linspace(-3, 2, 21), torch.linspace(-1, 4, 17)
    mixture = MixtureSameFamily(Categorical(torch.ones(30)), MultivariateNormal(means, covariances))
    grid = torch.stack(torch.meshgrid(xs, ys, indexing="xy"), dim=-1)
    flat = torch.stack([covariances[:, 0, 0], covariances[:, 0, 1], covariances[:, 1, 1]], dim=1)
    argument = {
        "means": means.flatten().tolist(),
        "flat": flat.flatten().tolist(),
        "xs": xs.tolist(),
        "ys": ys.tolist(),
    }
    found = call(
        "latent/posterior.js", "Array.from(m.aggregateDensity(a.means, a.flat, a.xs, a.ys))", argument
    )
    expected = mixture.log_prob(grid).exp()
    assert expected.max() > 0.1
    assert np.allclose(np.reshape(found, (17, 21)), expected, atol=1e-5)
    prior = call(
        "latent/posterior.js", "a.map(([x, y]) => m.priorDensity(x, y))", grid.reshape(-1, 2).tolist()
    )
    assert np.allclose(prior, MultivariateNormal(torch.zeros(2), torch.eye(2)).log_prob(grid).exp().flatten())


def test_the_aggregate_posterior_on_a_line(call: Call) -> None:
    means, variances, xs = rows(30, 1).flatten(), rows(30, 1, 1).flatten().exp(), torch.linspace(-4, 4, 33)
    mixture = MixtureSameFamily(Categorical(torch.ones(30)), Normal(means, variances.sqrt()))
    argument = {"means": means.tolist(), "variances": variances.tolist(), "xs": xs.tolist()}
    found = call("latent/posterior.js", "Array.from(m.aggregateOnLine(a.means, a.variances, a.xs))", argument)
    assert np.allclose(found, mixture.log_prob(xs).exp(), atol=1e-6)


@pytest.mark.parametrize(("count", "noise"), [(21, 0.1), (200, 0.1), (200, 5.0), (900, 1.0)])
def test_trustworthiness_is_python_s(count: int, noise: float, call: Call) -> None:
    positions = rows(count, 2) * 3
    latents = torch.cat([positions, rows(count, 3, 1) * noise], dim=1)
    expected = Projection.from_positions(latents, positions).trustworthiness
    argument = {"latents": latents.flatten().tolist(), "positions": positions.flatten().tolist()}
    code = "await m.trustworthiness(Float32Array.from(a.latents), Float32Array.from(a.positions))"
    assert call("latent/trustworthiness.js", code, argument) == pytest.approx(expected, abs=1e-6)


def test_few_points_have_no_trustworthiness(call: Call) -> None:
    argument = {"latents": rows(20, 3).flatten().tolist(), "positions": rows(20, 2).flatten().tolist()}
    code = "await m.trustworthiness(Float32Array.from(a.latents), Float32Array.from(a.positions))"
    assert call("latent/trustworthiness.js", code, argument) is None
