"""Whoever presses Start without pause is told to wait, and nobody else is."""

import pytest

from tests.unit.engine.fake_worker import (
    all_runs,  # noqa: F401
    begin,
    worker,  # noqa: F401
)
from vae_core.engine import EngineBusyError
from vae_core.engine.contract import limits
from vae_core.engine.processes.orders import Load
from vae_core.engine.scheduling.starts import WINDOW, Starts

MOST = int(limits.STARTS.default)


def test_one_who_starts_many_is_told_when_the_next_may_come(all_runs, worker):  # noqa: F811
    for _ in range(MOST):
        last = begin(all_runs, "a")
    with pytest.raises(EngineBusyError, match=r"as many as one browser may.* in \d+ s"):
        begin(all_runs, "a")
    assert last.state == "running", "what was started goes on"
    assert len(worker().given(Load)) == MOST
    assert begin(all_runs, "b").state == "running"


def test_after_a_minute_there_is_room_for_more():
    now = [0.0]
    starts = Starts(lambda: now[0])
    for _ in range(MOST):
        starts.count("a")
        now[0] += 1.0
    with pytest.raises(EngineBusyError, match=f" in {int(WINDOW) - MOST} s"):
        starts.count("a")
    now[0] = WINDOW
    starts.count("a")
    with pytest.raises(EngineBusyError, match=" in 1 s"):
        starts.count("a")


def test_who_is_gone_is_forgotten():
    now = [0.0]
    starts = Starts(lambda: now[0])
    for number in range(1_000):
        starts.count(str(number))
        now[0] += 1.0
    assert len(starts._started) <= WINDOW + 1


def test_the_limit_is_a_setting(monkeypatch):
    monkeypatch.setenv("LATENT_MAX_STARTS", "1")
    starts = Starts(lambda: 0.0)
    starts.count("a")
    with pytest.raises(EngineBusyError, match="started 1 runs"):
        starts.count("a")
