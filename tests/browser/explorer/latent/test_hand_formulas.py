"""What the hand finds, in numbers: the browser's formulas against scipy, torch and the core."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.stats import chi2, norm

from tests.browser.serving import JS
from vae_core.latent.codes import neighbours
from vae_core.measures.evaluate import active_units

Call = Callable


def rows(count: int, dims: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dims, generator=torch.Generator().manual_seed(seed))


def space(mean: torch.Tensor, logvar: torch.Tensor | None = None) -> dict:
    return {
        "mean": mean.flatten().tolist(),
        "logvar": None if logvar is None else logvar.flatten().tolist(),
        "dims": mean.shape[1],
        "count": mean.shape[0],
        "isGaussian": logvar is not None,
        "config": {"categories": 0},
    }


TYPED = """((s) => ({ ...s, mean: Float32Array.from(s.mean),
                     logvar: s.logvar && Float32Array.from(s.logvar) }))(a)"""
"""The argument with arrays as a bundle has them."""


@pytest.mark.parametrize("dims", [1, 2, 3, 16, 127, 128])
@pytest.mark.parametrize("scale", [0.0, 1e-3, 0.7, 1.0, 1.3, 5.0])
def test_how_typical_a_latent_is_of_the_prior(dims: int, scale: float, call: Call) -> None:
    z = (scale * rows(1, dims, dims)[0]).double()
    density = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum()
    further = chi2.sf(float(z.square().sum()), dims)
    found = call("latent/typicality.js", "[m.logPrior(a), m.shareFurtherOut(a)]", z.tolist())
    assert found[0] == pytest.approx(float(density), rel=1e-9)
    assert found[1] == pytest.approx(further, rel=1e-7, abs=1e-12)


def test_the_share_further_out_at_the_edges(call: Call) -> None:
    code = (
        "[m.upperGamma(3, 0), m.upperGamma(0.5, Infinity), m.upperGamma(64, 1e4), m.upperGamma(0.5, 1e-30)]"
    )
    assert call("latent/typicality.js", code) == pytest.approx([1, 0, 0, 1], abs=1e-12)
    assert call("latent/typicality.js", "Number.isNaN(m.upperGamma(2, NaN))")


@pytest.mark.parametrize(("count", "dims"), [(2, 3), (40, 1), (200, 5)])
def test_the_usual_gap_is_the_median_distance_to_the_nearest_other(count: int, dims: int, call: Call) -> None:
    latents = rows(count, dims)
    _, distances = neighbours(latents, latents, 2)
    gaps = distances[:, 1].sort().values
    found = call("latent/typicality.js", f"m.usualGap({TYPED})", space(latents))
    assert found == pytest.approx(float(gaps[count // 2]), rel=1e-5)


def test_a_single_image_has_no_gap(call: Call) -> None:
    assert call("latent/typicality.js", f"Number.isNaN(m.usualGap({TYPED}))", space(rows(1, 4)))


def test_words_say_what_the_numbers_mean(call: Call) -> None:
    gaps = [0.1, 1.0, 2.0, 5.0, None]
    words = call("latent/typicality.js", "a.map((gaps) => m.dataWord(gaps ?? NaN))", gaps)
    assert words == ["On an image", "Among images", "Further off", "In a hole", ""]
    percents = call("dom/format.js", "a.map(m.percent)", [0.0, 0.0005, 0.004, 0.5, 0.977, 0.9999, 1.0])
    assert percents == ["under 0.1 %", "under 0.1 %", "0.4 %", "50 %", "97.7 %", "over 99.9 %", "100 %"]


@pytest.mark.parametrize("dims", [1, 2, 8, 9, 16, 128])
def test_typical_is_what_samples_are_and_in_many_dimensions_the_centre_is_not(dims: int, call: Call) -> None:
    def typical(radius: float) -> dict:
        return call("latent/typicality.js", "m.typicality(a)", [radius] + [0.0] * (dims - 1))

    centre = typical(0.0)
    assert (centre["isNear"], centre["isTypical"]) == (dims >= 9, dims < 9)
    for share in (0.5, 0.06):
        found = typical(float(np.sqrt(chi2.isf(share, dims))))
        assert found["isTypical"]
        assert found["further"] == pytest.approx(share, abs=1e-9)
    far = typical(float(np.sqrt(chi2.isf(0.04, dims))))
    assert (far["isTypical"], far["isNear"]) == (False, False)
    # Near is what next to no sample is: a log density two deviations above its mean.
    nearest = typical(float(np.sqrt(max(0, dims - 2 * np.sqrt(2 * dims)))) - 1e-6) if dims >= 9 else centre
    assert nearest["isNear"] == (dims >= 9)
    assert nearest["further"] > 0.95


def test_of_draws_from_the_prior_as_many_lie_among_the_images_as_near_them(call: Call) -> None:
    apart = rows(300, 2)
    apart[:, 0] = 20 + apart[:, 0]
    code = f"m.shareAmongImages({TYPED}, (await import('{JS}/latent/codes.js')).seededRandom(1))"
    assert call("latent/typicality.js", code, space(apart)) == 0
    assert call("latent/typicality.js", code, space(rows(2000, 2))) > 0.6
    assert call(
        "latent/typicality.js", f"Number.isNaN(m.shareAmongImages({TYPED}, Math.random))", space(rows(1, 2))
    )


@pytest.mark.parametrize("has_variance", [True, False])
def test_the_aggregate_posterior_s_moments(has_variance: bool, call: Call) -> None:
    mean = rows(50, 4) * torch.tensor([1.0, 0.05, 2.0, 0.3]) + torch.tensor([0.0, 1.0, -2.0, 0.5])
    logvar = rows(50, 4, 1) - 1 if has_variance else None
    found = call(
        "latent/posterior.js",
        f"""((s) => {{ const found = m.aggregatePosterior(s);
             return {{ mean: [...found.mean], variance: [...found.variance],
                       dead: [...m.deadDimensions(s, found)] }}; }})({TYPED})""",
        space(mean, logvar),
    )
    within = logvar.exp().mean(0) if has_variance else torch.zeros(4)
    assert np.allclose(found["mean"], mean.mean(0), atol=1e-6)
    assert np.allclose(found["variance"], mean.var(0, correction=0) + within, rtol=1e-5)
    assert found["dead"] == [1]
    assert active_units(mean) == 4 - len(found["dead"])


def test_the_aggregate_s_variance_is_that_of_many_samples(call: Call) -> None:
    mean, logvar = rows(20, 2) + 1, rows(20, 2, 1)
    samples = mean + (0.5 * logvar).exp() * torch.randn(
        20_000, 20, 2, generator=torch.Generator().manual_seed(0)
    )
    found = call("latent/posterior.js", f"[...m.aggregatePosterior({TYPED}).variance]", space(mean, logvar))
    assert np.allclose(found, samples.flatten(0, 1).var(0), rtol=0.02)


def test_samples_of_a_posterior_have_its_moments(call: Call) -> None:
    mean, logvar = rows(3, 4), rows(3, 4, 1)
    drawn = call(
        "latent/posterior.js",
        f"""((s) => {{
            let state = 1;
            const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
            const drawn = Array.from({{ length: 20000 }}, () => [...m.samplePosterior(s, 1, random)]);
            return JSON.stringify(drawn);
        }})({TYPED})""",
        space(mean, logvar),
    )
    samples = torch.tensor(json.loads(drawn))
    assert torch.allclose(samples.mean(0), mean[1], atol=0.05)
    assert torch.allclose(samples.var(0), logvar[1].exp(), rtol=0.05)


def test_a_sample_of_a_point_is_the_point(call: Call) -> None:
    mean = rows(3, 4)
    assert call("latent/posterior.js", f"[...m.samplePosterior({TYPED}, 2)]", space(mean)) == mean[2].tolist()


def test_ranges_go_by_the_prior_or_by_the_images(call: Call) -> None:
    mean = torch.tensor([[0.0, -1.23], [1.0, -1.23], [4.96, -1.23]])
    code = f"((s) => [...m.sliderRanges(s, 'prior'), ...m.sliderRanges(s, 'data')])({TYPED})"
    reach = math.ceil(10 * norm.ppf(0.9995)) / 10
    ranges = call("cursor/sliders/ranges.js", code, space(mean))
    assert np.allclose(ranges, [[-reach, reach]] * 2 + [[0, 5], [-1.3, -1.2]])
    many = rows(301, 2, 4)
    stops = np.array(
        call(
            "cursor/sliders/ranges.js",
            f"((s) => [0, 1].map((d) => [...m.stripStops(s, d, 'data', 9)]))({TYPED})",
            space(many),
        )
    )
    ends = torch.quantile(many, torch.tensor([0.01, 0.99]), dim=0).T
    assert np.allclose(stops[:, [0, -1]], ends, atol=1e-5)
    assert np.allclose(np.diff(stops, 2), 0, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_errors_are_signed_and_their_mean_square_is_python_s(channels: int, call: Call) -> None:
    generator = torch.Generator().manual_seed(0)
    original = torch.randint(0, 256, (channels, 4, 5), generator=generator)
    decoded = torch.randint(0, 256, (channels, 4, 5), generator=generator)
    rgba = torch.cat([decoded.expand(3, 4, 5), torch.full((1, 4, 5), 255)]).permute(1, 2, 0)
    argument = {
        "original": original.flatten().tolist(),
        "rgba": rgba.flatten().tolist(),
        "shape": [channels, 4, 5],
    }
    found = call(
        "cursor/error-map.js",
        """((errors) => ({ ...errors, signed: [...errors.signed],
            colours: [...m.colourErrors(errors, [255, 255, 255])],
        }))(m.compare(a.original, a.rgba, a.shape))""",
        argument,
    )
    errors = (decoded - original) / 255
    signed = errors.mean(0).flatten()
    assert np.allclose(found["signed"], signed, atol=1e-6)
    assert found["meanSquare"] == pytest.approx(float(errors.square().mean()), rel=1e-6)
    assert found["limit"] == pytest.approx(float(signed.abs().max()), rel=1e-6)
    colours = np.array(found["colours"]).reshape(-1, 4).astype(int)
    worst = int(signed.abs().argmax())
    assert list(colours[worst, :3]) == ([231, 99, 0] if signed[worst] > 0 else [63, 144, 218])
    too_bright = signed.numpy() > 0.1
    assert (colours[too_bright, 0] > colours[too_bright, 2]).all()
