"""Limits come from the environment, and nonsense in it is refused."""

import pytest

from vae_core.engine.contract import limits


def test_each_has_a_default_and_a_sentence(monkeypatch):
    for limit in limits.ALL:
        monkeypatch.delenv(limit.name, raising=False)
        assert limit.value() == limit.default
        assert limit.sentence.count("{}") == 1
    assert len({limit.name for limit in limits.ALL}) == len(limits.ALL)
    assert limits.stated()["LATENT_MAX_RUNS_MB"].startswith("1,000 MB")


def test_the_environment_decides(monkeypatch):
    monkeypatch.setenv("LATENT_PARK_MINUTES", "0.5")
    assert limits.PARK_MINUTES.value() == 0.5
    limits.check()


@pytest.mark.parametrize("text", ["many", "nan", "inf", "-1", "0", "1e999"])
def test_nonsense_is_refused_before_anyone_relies_on_it(monkeypatch, text):
    monkeypatch.setenv("LATENT_MAX_ACTIVE", text)
    with pytest.raises(ValueError, match="LATENT_MAX_ACTIVE"):
        limits.check()
