"""What is said of a model: of every family its own terms."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ui.library.facts import class_shares, model_metrics, why_unmeasured
from vae_core import ModelConfig, TrainConfig
from vae_core.config.families import FAMILIES


def entry(family: str, metrics: dict[str, Any]) -> Any:
    told = int(FAMILIES[family].told_classes)
    return SimpleNamespace(
        metrics={"pixels": "grey", **metrics},
        model_config=ModelConfig(family=family, n_classes=told),
        train_config=TrainConfig(),
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_each_term_of_a_family_that_was_measured_is_said(family: str) -> None:
    terms = {term.name: 12.5 for term in FAMILIES[family].terms}
    said = {name: value for name, value, _ in model_metrics(entry(family, terms))}
    for term in FAMILIES[family].terms:
        if term.name != "log_likelihood":
            assert said[term.title] == f"12.5 {term.unit}".strip()


def test_what_a_family_has_not_is_not_said_of_it() -> None:
    said = {name for name, _, _ in model_metrics(entry("vae", {"total_correlation": 3.0, "elbo": -100.0}))}
    assert said == {"ELBO"}


def test_it_is_said_why_nothing_was_measured() -> None:
    assert why_unmeasured(entry("vae", {})) == "Nothing was measured."
    assert "no likelihood" in why_unmeasured(entry("gan", {}))


def test_shares_of_classes_are_said_by_name_and_only_where_each_has_one() -> None:
    assert class_shares({"class_shares": [0.75, 0.25]}, ["a<b", "c"]) == "a\\<b 75% · c 25%"
    for metrics in ({}, {"class_shares": [1.0]}, {"class_shares": "much"}):
        assert class_shares(metrics, ["a", "b"]) == ""


def test_measures_are_written_each_in_its_unit() -> None:
    metrics = {"distortion": 80.26, "aggregate_gap": 1.52, "mig": 0.348, "linear_accuracy": 0.914}
    said = {name: value for name, value, _ in model_metrics(entry("vae", metrics))}
    assert said == {
        "Distortion": "80.3 nats",
        "Gap to the prior": "1.5 nats",
        "Factor gap (MIG)": "0.35",
        "Class by straight cuts": "91%",
    }
