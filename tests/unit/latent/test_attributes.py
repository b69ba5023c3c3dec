"""The direction of an attribute, and how far it can be trusted."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from tests.unit.clusters import normal
from vae_core.latent import directions
from vae_core.latent.directions import _area_under_roc, attribute_vector


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


@pytest.mark.parametrize(("count", "folds"), [(2, 2), (4, 4), (5, 5), (40, 5)])
def test_trust_holds_out_at_most_a_fifth_at_a_time(monkeypatch, count, folds):
    asked, deal = [], directions._deal
    monkeypatch.setattr(directions, "_deal", lambda *given: asked.append(given) or deal(*given))
    attribute_vector(normal(count, 3), normal(50, 3, seed=1))
    assert asked == [(count, folds), (50, folds)]
    counts = torch.bincount(deal(count, folds))
    assert int(counts.max()) - int(counts.min()) <= 1
    assert len(counts) == folds


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
