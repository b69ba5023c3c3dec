"""A family may move its weights by several optimisers: each moves its own, and a state holds them all."""

from dataclasses import replace

import pytest
import torch

from tests.unit.bars import SMALL, finish, same_weights, trained
from vae_core.config.families import FAMILIES, Optimizer
from vae_core.models.families import vae
from vae_core.models.passing import passed_through


class InTurns(vae.VariationalAutoencoder):
    """The decoder first, then the encoder against the decoder as it is by then; notes what each has moved."""

    def __init__(self):
        self.moved = []

    def step(self, moves, x, y, at):
        for name in ("decoder", "encoder"):
            terms = self.terms(passed_through(moves.model, x, generator=moves.noise, y=y))
            before = {key: value.clone() for key, value in moves.model.named_parameters()}
            moves.descend(self.loss(terms, at), name)
            now = dict(moves.model.named_parameters())
            self.moved.append((name, {key for key in now if not torch.equal(now[key], before[key])}))
        return terms


@pytest.fixture
def objective(monkeypatch):
    optimizers = (Optimizer("decoder", ("decoder.",)), Optimizer("encoder", ("encoder.",)))
    monkeypatch.setitem(FAMILIES, "vae", replace(FAMILIES["vae"], optimizers=optimizers))
    monkeypatch.setattr(vae, "OBJECTIVE", found := InTurns())
    return found


def test_each_moves_its_own_weights(objective):
    trainer = trained(SMALL)
    trainer.advance(steps=3)
    assert [name for name, _ in objective.moved] == 3 * ["decoder", "encoder"]
    names = {key for key, _ in trainer.model.named_parameters()}
    for name, moved in objective.moved:
        assert moved == {key for key in names if key.startswith(name)}


def test_a_state_holds_the_moments_of_both(objective):
    whole, first, second = (trained(SMALL) for _ in range(3))
    first.advance(steps=3)
    state = first.state_dict()
    moments = {name.split(".")[1] for name in state if name.startswith("optimizer.")}
    assert moments == {"encoder", "decoder"}
    second.load_state_dict(state)
    finish(whole), finish(second)
    assert same_weights(whole, second)
