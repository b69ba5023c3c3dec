"""The engine with real worker processes: runs that fail, are killed, damaged and resumed."""

import os
import signal
import time

import pytest
import torch

from tests.unit.engine.engine_watcher import SMALL, Watcher, kept_at_rest, progressed, start, wait_until
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine import Engine
from vae_core.engine.contract.failures import RESTARTED
from vae_core.training.state_file import load_state, make_trainer

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_loss_that_is_no_number_ends_this_run_alone(engine):
    good = start(engine, "lea")
    wild = ModelConfig(image_shape=(1, 8, 8), architecture="conv", width=0.25)
    bad = start(engine, "mia", model=wild, train=TrainConfig(epochs=500, learning_rate=1.0))
    watcher = Watcher(engine, "mia", bad)
    failed = wait_until(lambda: (now := engine.run("mia", bad.id)).state == "failed" and now)
    assert "learning rate" in failed.error
    assert "Traceback" not in failed.error
    watcher.wait_for_state("failed")
    assert watcher.last("state")[1]["error"] == failed.error
    progressed(engine, "lea", good, engine.run("lea", good.id).step + 1)
    engine.stop("lea", good.id)


def test_a_disk_that_cannot_be_written_ends_this_run_alone(engine):
    run = start(engine, "mo")
    folder = engine.home / "owners" / run.owner / "runs" / run.id
    (folder / "state.safetensors").mkdir(parents=True)  # nothing can be written in its place
    good = start(engine, "lea")
    failed = wait_until(lambda: (now := engine.run("mo", run.id)).state == "failed" and now)
    assert failed.error.endswith(".")
    progressed(engine, "lea", good, 10)
    engine.stop("lea", good.id)


def test_a_killed_worker_costs_at_most_five_seconds_and_one_sentence(engine):
    runs = {owner: start(engine, owner) for owner in ("nan", "ora")}
    engine.pause("ora", runs["ora"].id)
    watcher = Watcher(engine, "nan", runs["nan"])
    before = wait_until(lambda: (now := engine.run("nan", runs["nan"].id)).seconds > 1.5 and now)
    pid = engine.worker_pids()["train"]
    watcher.seen.clear()
    os.kill(pid, signal.SIGKILL)
    after = wait_until(lambda: (now := engine.run("nan", runs["nan"].id)).seconds > before.seconds and now)
    assert engine.worker_pids()["train"] != pid
    assert (after.state, after.note, after.error) == ("running", RESTARTED, "")
    assert engine.run("ora", runs["ora"].id).state == "paused"
    hello = watcher.wait_for("hello")[1]
    assert before.seconds - hello["seconds"] < 5
    assert hello["step"] > 0
    assert watcher.wait_for("frame")
    for owner in runs:
        engine.stop(owner, runs[owner].id)


def test_a_run_resumes_exactly_after_the_engine_was_closed(tmp_path):
    first = Engine(tmp_path)
    run = start(first, "quin", train=TrainConfig(epochs=12, batch_size=32))
    wait_until(lambda: first.run("quin", run.id).step > 30)
    before = time.monotonic()
    first.close()
    assert time.monotonic() - before < 3
    second = Engine(tmp_path)
    parked = second.current_run("quin")
    assert (parked.id, parked.state) == (run.id, "parked")
    assert parked.step > 30
    with pytest.raises((KeyError, PermissionError)):
        second.run("rob", run.id)
    shown = Watcher(second, "quin", parked).poll()
    assert shown.kinds()[:2] == ["hello", "state"]
    assert second.resume("quin", run.id).state == "running"
    wait_until(lambda: second.run("quin", run.id).state == "done")
    second.close()

    torch.set_num_threads(1)
    plain = make_trainer("digits", SMALL, run.train)
    plain.advance(steps=plain.total_steps)
    resumed = make_trainer("digits", SMALL, run.train)
    load_state(
        resumed, (tmp_path / "owners" / run.owner / "runs" / run.id / "state.safetensors").read_bytes()
    )
    for name, weights in plain.model.state_dict().items():
        assert torch.equal(weights, resumed.model.state_dict()[name]), name


@pytest.mark.parametrize("damage", [b"", b"\x08\0\0\0\0\0\0\0{}      ", b"garbage" * 100])
def test_a_damaged_state_is_refused_in_a_sentence(tmp_path, engine, damage):
    run = start(engine, "sue")
    progressed(engine, "sue", run, 1)
    engine.stop("sue", run.id)
    state = engine.home / "owners" / run.owner / "runs" / run.id / "state.safetensors"
    kept_at_rest(engine, "sue", run)
    state.write_bytes(damage)
    engine.resume("sue", run.id)
    failed = wait_until(lambda: (now := engine.run("sue", run.id)).state == "failed" and now)
    assert "cannot be read" in failed.error
