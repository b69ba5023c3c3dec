"""The maths of the two small models that run in the page, against torch, scipy and the core."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import chi2, multivariate_normal, norm
from torch.distributions import Normal, kl_divergence

from vae_core.models.distributions import gaussian_kl, gaussian_log_likelihood

LINEAR = "learn/things/parts/linear-gaussian.js"
SMALL = "learn/things/parts/small-vae.js"

POINTS = [[-1.7, -0.9], [-1.2, -0.8], [-0.7, -0.1], [0.3, 0.4], [0.8, 0.2], [1.6, 0.7], [0.1, -1.9]]
Call = Callable[..., Any]


@pytest.mark.parametrize("noise", [0.1, 0.4, 1.0])
def test_the_linear_model_is_the_maximum_likelihood_fit(call: Call, noise: float) -> None:
    model = call(LINEAR, "m.fitModel(a.points, a.noise)", {"points": POINTS, "noise": noise})

    def likelihood(w: np.ndarray, b: np.ndarray) -> float:
        covariance = np.outer(w, w) + noise**2 * np.eye(2)
        return float(multivariate_normal(b, covariance).logpdf(POINTS).sum())

    w, b = np.array(model["w"]), np.array(model["b"])
    best = likelihood(w, b)
    for shift in np.random.default_rng(0).normal(scale=0.02, size=(40, 4)):
        assert likelihood(w + shift[:2], b + shift[2:]) <= best + 1e-12


@pytest.mark.parametrize("noise", [0.1, 0.4, 1.0])
@pytest.mark.parametrize("q", [(0.3, 0.5), (-1.5, 0.05), (2.0, 1.4)])
def test_the_bound_and_its_gap_make_the_evidence(call: Call, noise: float, q: tuple[float, float]) -> None:
    mean, sd = q
    x = POINTS[4]
    found = call(
        LINEAR,
        "(() => { const model = m.fitModel(a.points, a.noise); return { model, "
        "evidence: m.logEvidence(model, a.x), quadrature: m.logEvidenceByQuadrature(model, a.x), "
        "posterior: m.posteriorOf(model, a.x), bound: m.boundOf(model, a.x, a.q) }; })()",
        {"points": POINTS, "noise": noise, "x": x, "q": {"mean": mean, "sd": sd}},
    )
    model, bound = found["model"], found["bound"]
    w, b = np.array(model["w"]), np.array(model["b"])
    exact = multivariate_normal(b, np.outer(w, w) + noise**2 * np.eye(2)).logpdf(x)
    assert found["evidence"] == pytest.approx(exact, abs=1e-9)
    assert bound["elbo"] + bound["gap"] == pytest.approx(exact, abs=1e-9)
    assert found["quadrature"] == pytest.approx(exact, abs=1e-6)

    def joint(z: float) -> float:
        return float(norm.logpdf(x, w * z + b, noise).sum() + norm.logpdf(z))

    def under_q(f: Callable[[float], float]) -> float:
        value, _ = quad(lambda z: norm.pdf(z, mean, sd) * f(z), mean - 12 * sd, mean + 12 * sd, limit=400)
        return value

    assert bound["joint"] == pytest.approx(under_q(joint), abs=1e-6)
    # As printed, with q(x, z) read as q(z) at this x.
    kl_to_joint = under_q(lambda z: norm.logpdf(z, mean, sd) - joint(z))
    assert bound["article"] == pytest.approx(bound["joint"] - kl_to_joint, abs=1e-6)
    assert abs(bound["article"] - bound["elbo"]) > 0.1, "never the ELBO"
    posterior = found["posterior"]
    theirs = torch.tensor([posterior["mean"], posterior["sd"]], dtype=torch.float64)
    to_posterior = kl_divergence(Normal(*torch.tensor([mean, sd], dtype=torch.float64)), Normal(*theirs))
    assert bound["gap"] == pytest.approx(to_posterior.item(), rel=1e-6)
    # The same by the core's own functions.
    to_prior = gaussian_kl(
        torch.tensor(mean, dtype=torch.float64), torch.tensor(sd, dtype=torch.float64).square().log()
    )
    assert bound["kl"] == pytest.approx(to_prior.item(), abs=1e-7)
    made = torch.tensor(w * mean + b).reshape(1, 1, 1, 2)
    log_variance = torch.tensor(2 * np.log(noise), dtype=torch.float64)
    at_mean = gaussian_log_likelihood(
        torch.tensor(x, dtype=torch.float64).reshape(1, 1, 1, 2), made, log_variance
    ).item()
    assert bound["reconstruction"] == pytest.approx(at_mean - (w @ w) * sd**2 / (2 * noise**2), abs=1e-6)


def test_what_the_article_prints_is_loose_with_much_noise_and_no_bound_with_little(call: Call) -> None:
    def above(noise: float) -> list[float]:
        return call(
            LINEAR,
            "a.points.map((x) => { const model = m.fitModel(a.points, a.noise); "
            "return m.boundOf(model, x, m.posteriorOf(model, x)).article - m.logEvidence(model, x); })",
            {"points": [[-1.7, -0.9], [-1.2, -0.8], [-0.2, -0.3], [0.8, 0.2], [1.6, 0.7]], "noise": noise},
        )

    assert max(above(1.0)) < -1
    assert max(above(0.1)) > 0


def test_the_gradients_by_hand_are_torchs(call: Call) -> None:
    random = np.random.default_rng(1)
    hidden, count = 5, len(POINTS)
    arrays = {
        "w1": random.normal(size=hidden),
        "b1": random.normal(size=hidden),
        "w2": random.normal(size=2 * hidden),
        "b2": random.normal(size=2),
        "mean": random.normal(size=count),
        "logsd": random.normal(size=count) - 1,
    }
    noise = random.normal(size=count)
    said = call(
        SMALL,
        "(() => { const wide = ([n, v]) => [n, Float64Array.from(v)];"
        " const vae = Object.fromEntries(Object.entries(a.vae).map(wide));"
        " const { loss, gradient } = m.lossAndGradient(vae, a.points, a.noise);"
        " return { loss, noise: m.NOISE, gradient: Object.fromEntries("
        "Object.entries(gradient).map(([n, v]) => [n, [...v]])) }; })()",
        {
            "vae": {name: array.tolist() for name, array in arrays.items()},
            "points": POINTS,
            "noise": noise.tolist(),
        },
    )
    vae = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    z = vae["mean"] + vae["logsd"].exp() * torch.tensor(noise)
    layer = torch.tanh(z[:, None] * vae["w1"] + vae["b1"])
    made = layer @ vae["w2"].reshape(2, hidden).T + vae["b2"]
    misfit = (torch.tensor(POINTS, dtype=torch.float64) - made).square().sum(1) / (2 * said["noise"] ** 2)
    loss = (misfit + gaussian_kl(vae["mean"], 2 * vae["logsd"])).mean()
    loss.backward()
    assert said["loss"] == pytest.approx(loss.item(), rel=1e-12)
    for name, tensor in vae.items():
        assert tensor.grad is not None
        assert said["gradient"][name] == pytest.approx(tensor.grad.flatten().tolist(), rel=1e-9, abs=1e-12), (
            name
        )


def test_both_estimators_are_right_and_the_quadrature_too(call: Call) -> None:
    random = np.random.default_rng(2)
    vae = {
        "w1": random.normal(size=4).tolist(),
        "b1": random.normal(size=4).tolist(),
        "w2": random.normal(size=8).tolist(),
        "b2": [0.1, -0.2],
        "mean": [0.0],
        "logsd": [0.0],
    }
    mean, sd, x, draws = 0.3, 0.4, [0.2, -0.5], 200_000
    said = call(
        SMALL,
        "(() => { const wide = ([n, v]) => [n, Float64Array.from(v)];"
        " const vae = Object.fromEntries(Object.entries(a.vae).map(wide));"
        " const { path, score } = m.slopeEstimates(vae, a.x, a.mean, a.sd, JSON.parse(a.noise));"
        " return { path: m.momentsOf(path), score: m.momentsOf(score), noise: m.NOISE,"
        " exact: m.slopeByQuadrature(vae, a.x, a.mean, a.sd) }; })()",
        {"vae": vae, "x": x, "mean": mean, "sd": sd, "noise": json.dumps(random.normal(size=draws).tolist())},
    )
    w1, b1, w2, b2 = (np.array(vae[name]) for name in ("w1", "b1", "w2", "b2"))

    def expected(mu: float) -> float:
        def f(e: float) -> float:
            made = np.tanh((mu + sd * e) * w1 + b1) @ w2.reshape(2, 4).T + b2
            return float(norm.pdf(e) * ((made - x) ** 2).sum() / (2 * said["noise"] ** 2))

        return quad(f, -9, 9, limit=300)[0]

    slope = (expected(mean + 1e-4) - expected(mean - 1e-4)) / 2e-4
    assert said["exact"] == pytest.approx(slope, rel=1e-5)
    for name in ("path", "score"):
        spread = (said[name]["variance"] / draws) ** 0.5
        assert abs(said[name]["mean"] - slope) < 5 * spread, name


@pytest.mark.parametrize("dims", [2, 16, 64])
def test_the_shell_that_walks_draw_is_a_quantile_of_chi_square(call: Call, dims: int) -> None:
    for share in (0.05, 0.95):
        radius = call("learn/things/walk.js", "m.radiusWith(a[0], a[1])", [dims, share])
        assert radius**2 == pytest.approx(chi2.isf(share, dims), rel=1e-5)
