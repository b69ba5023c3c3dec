"""The mutual information gap: against scikit-learn's information, and where the answer is known."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import mutual_info_score

from tests.unit.bars import generator
from vae_core.measures.disentanglement import mutual_information_gap


def uniform(count, columns, seed=0):
    return torch.rand(count, columns, generator=generator(seed), dtype=torch.float64)


def test_a_dimension_for_each_factor_has_nearly_the_whole_gap():
    factors = uniform(20_000, 3)
    latents = torch.stack([-factors[:, 1], 5 * factors[:, 0], factors[:, 2], torch.zeros(20_000)], dim=1)
    value, matrix = mutual_information_gap(latents, factors)
    assert matrix.shape == (3, 4)
    assert value == pytest.approx(1, abs=0.01)  # but for what counts of 20,000 find by chance
    assert matrix.argmax(dim=1).tolist() == [1, 0, 2]
    assert matrix[0, 1].item() == pytest.approx(math.log(20), abs=0.01)
    assert matrix[:, 3].abs().max() == 0


def test_a_factor_that_two_dimensions_tell_alike_has_none():
    factors = uniform(5_000, 1)
    value, matrix = mutual_information_gap(torch.cat([factors, 3 - factors], dim=1), factors)
    assert matrix[0, 0].item() == pytest.approx(matrix[0, 1].item(), abs=0.02)
    assert value == pytest.approx(0, abs=0.01)
    assert mutual_information_gap(torch.cat([factors, factors], dim=1), factors)[0] == 0


def test_half_of_what_there_is_to_tell_is_half_the_gap():
    """Four kinds; one dimension tells which two of them it is among: 1 of 2 bits."""
    kinds = torch.arange(4_000) % 4
    value, matrix = mutual_information_gap((kinds // 2)[:, None].float(), kinds[:, None].float())
    assert matrix.item() == pytest.approx(math.log(2))
    assert value == pytest.approx(0.5)


@pytest.mark.parametrize("bins", [2, 7, 20])
def test_the_information_is_scikit_learns_of_bins_as_disentanglement_lib_makes_them(bins):
    latents = torch.randn(600, 3, generator=generator(), dtype=torch.float64)
    factors = torch.cat([latents[:, :1] + 0.5 * uniform(600, 1), torch.arange(600)[:, None] % 3], dim=1)

    def cut(column):
        return np.digitize(column, np.histogram(column, bins)[1][:-1])

    value, matrix = mutual_information_gap(latents, factors, bins=bins)
    gaps = []
    for f in range(2):
        known = cut(factors[:, f].numpy())
        wanted = [mutual_info_score(known, cut(latents[:, d].numpy())) for d in range(3)]
        assert matrix[f].tolist() == pytest.approx(wanted, abs=1e-12)
        most, second, _ = sorted(wanted, reverse=True)
        gaps.append((most - second) / mutual_info_score(known, known))
    assert value == pytest.approx(np.mean(gaps))


def test_scale_and_place_of_numbers_play_no_part():
    latents, factors = uniform(500, 2), uniform(500, 2, seed=1)
    value, matrix = mutual_information_gap(latents, factors)
    moved, same = mutual_information_gap(1e3 * latents.float() - 7, 1e-3 * factors)
    torch.testing.assert_close(same, matrix, rtol=0, atol=0.02)
    assert moved == pytest.approx(value, abs=0.02)


def test_a_factor_that_is_always_the_same_plays_no_part():
    factors = uniform(1_000, 1)
    with_one = torch.cat([factors, torch.full((1_000, 1), 3.0)], dim=1)
    value, matrix = mutual_information_gap(factors, with_one)
    assert value == mutual_information_gap(factors, factors)[0]
    assert matrix[1].item() == 0


@pytest.mark.parametrize(
    ("latents", "factors", "bins", "sentence"),
    [
        (torch.zeros(5, 2), torch.zeros(4, 1), 20, "as many latents as factors; got 5 and 4"),
        (torch.zeros(5), torch.zeros(5, 1), 20, "latents must be a table"),
        (torch.zeros(5, 2), torch.zeros(5, 0), 20, "factors must be a table"),
        (torch.zeros(5, 2), torch.ones(5, 1), 20, "no factor that varies"),
        (torch.full((5, 2), math.nan), torch.arange(5.0)[:, None], 20, "must be numbers"),
        (torch.zeros(5, 2), torch.arange(5.0)[:, None], 1, "bins must be at least 2"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_a_sentence(latents, factors, bins, sentence):
    with pytest.raises(ValueError, match=sentence):
        mutual_information_gap(latents, factors, bins=bins)
