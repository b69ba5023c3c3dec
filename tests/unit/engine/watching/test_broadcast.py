"""What is shown of a run keeps within the time that there is for it."""

import gc
import time
import weakref

import numpy as np
import pytest
import torch

from tests.unit.engine.engine_watcher import SMALL
from vae_core.config.configs import TrainConfig
from vae_core.engine.worker import broadcast as showing_module
from vae_core.engine.worker.broadcast import LEAST_GLANCE, Showing
from vae_core.engine.worker.live_run import LiveRun
from vae_core.storage import tensorfile
from vae_core.training.state_file import make_trainer


@pytest.fixture
def told():
    return []


@pytest.fixture
def showing(told):
    torch.set_num_threads(1)
    trainer = make_trainer("digits", SMALL, TrainConfig(batch_size=32))
    return Showing(
        trainer, lambda kind, body, *, facts: told.append((kind, tensorfile.unpack(body)[1], facts))
    )


def changed(told):
    """Which images have other codes in the last snapshot than in the one before."""
    first, second = (arrays["mean"] for kind, arrays, _ in told if kind == "snapshot")
    return np.flatnonzero((first != second).any(axis=1))


def test_without_time_for_a_whole_snapshot_a_part_is_measured(showing, told):
    showing.send_snapshot()
    showing.spent["snapshots"] = 1e3  # far too much was spent already
    showing._trainer.advance(steps=3, measure=False)
    showing.send_snapshot(whole=False)
    assert changed(told).tolist() == list(range(LEAST_GLANCE))
    _, arrays, facts = told[-1]
    assert facts["step"] == 3
    assert not np.array_equal(arrays["reconstructions"], told[0][1]["reconstructions"])
    showing.send_snapshot(whole=False)  # the next part, then
    last, before = told[-1][1]["mean"], told[-2][1]["mean"]
    moved = np.flatnonzero((last != before).any(axis=1))
    assert moved.tolist() == list(range(LEAST_GLANCE, 2 * LEAST_GLANCE))


def test_with_time_all_of_it_is_measured(showing, told):
    showing.send_snapshot()
    showing._trainer.advance(steps=3, measure=False)
    showing.spent["training"] = 1e3
    showing.send_snapshot(whole=False)
    assert len(changed(told)) == len(showing._trainer.probe.images)


def test_what_frames_have_shown_is_in_the_next_snapshot(showing, told):
    showing.send_snapshot()
    showing.spent["snapshots"] = 1e3
    snapshot = showing._trainer.advance(steps=3, measure=False)
    showing._cursor = 500
    showing.send_frame(snapshot, 0.1)
    index = told[-1][1]["index"]
    assert index[0] == 500
    showing.send_snapshot(whole=False)
    assert set(changed(told)) == set(range(LEAST_GLANCE)) | set(index.tolist())


def test_a_snapshot_is_due_every_two_seconds_even_when_nothing_is_left_for_it(showing, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(showing_module.time, "monotonic", lambda: now[0])
    snapshot = showing._trainer.advance(steps=1, measure=False)
    assert showing.is_snapshot_due(snapshot, keyframe=False)  # the first
    showing.send_snapshot()
    showing.spent["snapshots"] = 1e3
    now[0] += 1.9
    assert not showing.is_snapshot_due(snapshot, keyframe=True)
    now[0] += 0.2
    assert showing.is_snapshot_due(snapshot, keyframe=False)
    showing.spent["snapshots"] = 0.0
    now[0] = 100.2
    assert showing.is_snapshot_due(snapshot, keyframe=True)
    assert not showing.is_snapshot_due(snapshot, keyframe=False)


def test_spending_is_counted(showing):
    assert sum(showing.spent.values()) == 0
    showing.send_snapshot()
    before = time.thread_time()
    assert showing.count("training", before) >= 0
    assert showing.spent["snapshots"] > 0
    facts = showing.facts(showing._trainer.advance(steps=0, measure=False))
    assert sum(facts["spent"].values()) == pytest.approx(1)


class Heard(list):
    def put(self, facts, body=b""):
        self.append((facts["kind"], facts.get("facts", {}).get("step")))


@pytest.fixture
def heard():
    return Heard()


def live_run(heard, folder):
    order = {
        "run": "a",
        "generation": 1,
        "paused": False,
        "folder": str(folder),
        "image_set": "digits",
        "model": SMALL.to_dict(),
        "train": TrainConfig(batch_size=32).to_dict(),
        "is_branch": False,
    }
    run = LiveRun(order, heard)
    run.open()
    return run


@pytest.fixture
def run(heard, tmp_path):
    return live_run(heard, tmp_path)


def test_who_comes_between_two_turns_is_shown_at_once_where_the_run_stands(run, heard):
    run.piece(sharers=30)
    run.trainer.advance(steps=1, measure=False)  # not shown yet
    heard.clear()
    run.watch(1, 0, 0)
    assert heard[0] == ("snapshot", run.trainer.step)
    heard.clear()
    run.watch(2, 0, 0)  # they get what the server keeps
    assert heard == []


def test_who_comes_before_the_first_turn_takes_no_moment_away(run, heard):
    run.watch(1, 0, 0)
    run.piece(sharers=1)
    assert run._storage.keyframes.steps[0] == 0


def test_the_memory_of_a_run_is_free_as_soon_as_it_is_dropped(heard, tmp_path):
    run = live_run(heard, tmp_path)
    run.watch(1, 0, 0)
    run.piece(sharers=1)
    run.leave()
    trainer = weakref.ref(run.trainer)
    gc.disable()  # it comes to what is so old once in hours
    try:
        del run
        assert trainer() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_weights_that_are_no_numbers_are_never_the_last_good_ones(run, part):
    run.piece(sharers=1)
    run.leave()
    good = list(run._storage.keyframes.steps)
    run.trainer.advance(steps=1, measure=False)
    with torch.no_grad():  # after the last loss that was measured, and before the next
        for weights in getattr(run.trainer.model, part).parameters():
            weights.fill_(torch.nan)
    with pytest.raises(FloatingPointError):
        run.leave()
    assert run._storage.keyframes.steps == good
    run.fall_back()
    assert run.trainer.step == good[-1]
    assert all(weights.isfinite().all() for weights in run.trainer.model.parameters())
