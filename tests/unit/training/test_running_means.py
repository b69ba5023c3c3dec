"""Means are of just the images they name, and a loss that is no number is said."""

import json

import pytest
import torch

from tests.unit.bars import finish, trained
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.models.families.vae import VariationalAutoencoder
from vae_core.training.running_means import DivergedError


def test_the_terms_are_means_per_image_since_the_snapshot_before(monkeypatch):
    seen = []
    original = VariationalAutoencoder.terms

    def spy(self, passed):
        terms = original(self, passed)
        if passed.model.training:
            seen.append((terms["log_likelihood"].detach(), terms["kl"].detach()))
        return terms

    monkeypatch.setattr(VariationalAutoencoder, "terms", spy)
    trainer = trained(train=TrainConfig(epochs=4, batch_size=16))
    for steps in (3, 3, 1, 6, 3):  # within a pass, over its end, over two ends
        seen.clear()
        snapshot = trainer.advance(steps=steps)
        likelihoods, kls = (torch.cat(part) for part in zip(*seen))
        assert snapshot.log_likelihood == pytest.approx(float(likelihoods.mean()), rel=1e-6)
        torch.testing.assert_close(snapshot.kl_per_dim, kls.mean(dim=0), rtol=1e-5, atol=1e-7)
    again = trainer.advance(steps=0)
    assert again.log_likelihood == snapshot.log_likelihood


def test_the_history_has_an_entry_at_each_pass_s_end(monkeypatch):
    seen = []
    original = VariationalAutoencoder.terms

    def spy(self, passed):
        terms = original(self, passed)
        if passed.model.training:
            seen.append(terms["log_likelihood"].detach() - terms["kl"].detach().sum(dim=1))
        return terms

    monkeypatch.setattr(VariationalAutoencoder, "terms", spy)
    trainer = trained(train=TrainConfig(epochs=3, batch_size=16))
    trainer.advance(steps=9)
    assert [(entry["epoch"], entry["step"]) for entry in trainer.history] == [(1, 4), (2, 8)]
    for n, entry in enumerate(trainer.history):
        assert set(entry) == {
            "epoch", "step", "seconds", "beta", "log_likelihood", "kl", "kl_per_dim",
            "test_log_likelihood", "test_kl",
        }  # fmt: skip
        elbo = float(torch.cat(seen[4 * n : 4 * n + 4]).mean())
        assert entry["log_likelihood"] - entry["kl"] == pytest.approx(elbo, rel=1e-6)
        assert sum(entry["kl_per_dim"]) == pytest.approx(entry["kl"], abs=1e-4)
    assert json.loads(json.dumps(trainer.history)) == trainer.history


def test_a_loss_that_is_no_number_stops_the_run_in_words():
    trainer = trained(train=TrainConfig(epochs=4, batch_size=16))
    trainer.advance()
    good = trainer.state_dict()
    with torch.no_grad():
        trainer.model.decoder.output.bias[0] = float("nan")
    for steps in (2, 0, 4):
        with pytest.raises(DivergedError, match="smaller learning rate"):
            trainer.advance(steps=steps, measure=False)
    assert len(trainer.history) == 1
    assert isinstance(DivergedError(), FloatingPointError)
    trainer.load_state_dict(good)
    assert finish(trainer).log_likelihood < 0


def test_a_learning_rate_far_too_high_diverges_in_words():
    config = ModelConfig((1, 8, 8), 2, "conv", likelihood="gaussian", width=0.25)
    trainer = trained(config, TrainConfig(epochs=500, batch_size=16, learning_rate=1.0))
    with pytest.raises(DivergedError, match="learning rate 1 and beta 1"):
        finish(trainer)
