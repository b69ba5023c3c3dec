"""What is shown of a run keeps within the time that there is for it."""

import gc
import time
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.unit.engine.engine_watcher import SMALL
from vae_core.config.configs import TrainConfig
from vae_core.engine.processes.messages import Frame, Snapshot
from vae_core.engine.processes.orders import Load, RunKey, Watch
from vae_core.engine.runs.keyframes import encoder_path, keyframe_path
from vae_core.engine.worker import broadcast as broadcast_module
from vae_core.engine.worker.broadcast import LEAST_GLANCE, Broadcast
from vae_core.engine.worker.live_run import LiveRun
from vae_core.storage import tensorfile
from vae_core.training.pauses import finished
from vae_core.training.state_file import make_trainer


@pytest.fixture
def told():
    return []


@pytest.fixture
def broadcast(told):
    torch.set_num_threads(1)
    trainer = make_trainer("digits", SMALL, TrainConfig(batch_size=32))
    return Broadcast(RunKey("a", 1), trainer, SimpleNamespace(put=told.append))


def arrays(message):
    return tensorfile.unpack(message.data)[1]


def changed(told):
    """Which images have other codes in the last snapshot than in the one before."""
    first, second = (arrays(each)["mean"] for each in told if isinstance(each, Snapshot))
    return np.flatnonzero((first != second).any(axis=1))


def test_without_time_for_a_whole_snapshot_a_part_is_measured(broadcast, told):
    broadcast.send_snapshot()
    broadcast.spent["snapshots"] = 1e3  # far too much was spent already
    broadcast._trainer.advance(steps=3, measure=False)
    broadcast.send_snapshot(whole=False)
    assert changed(told).tolist() == list(range(LEAST_GLANCE))
    assert told[-1].progress.step == 3
    assert not np.array_equal(arrays(told[-1])["reconstructions"], arrays(told[0])["reconstructions"])
    broadcast.send_snapshot(whole=False)  # the next part, then
    last, before = arrays(told[-1])["mean"], arrays(told[-2])["mean"]
    moved = np.flatnonzero((last != before).any(axis=1))
    assert moved.tolist() == list(range(LEAST_GLANCE, 2 * LEAST_GLANCE))


def test_with_time_all_of_it_is_measured(broadcast, told):
    broadcast.send_snapshot()
    broadcast._trainer.advance(steps=3, measure=False)
    broadcast.spent["training"] = 1e3
    broadcast.send_snapshot(whole=False)
    assert len(changed(told)) == len(broadcast._trainer.probe.images)


def test_what_frames_have_shown_is_in_the_next_snapshot(broadcast, told):
    broadcast.send_snapshot()
    broadcast.spent["snapshots"] = 1e3
    snapshot = broadcast._trainer.advance(steps=3, measure=False)
    broadcast._cursor = 500
    broadcast.send_frame(snapshot, 0.1)
    index = arrays(told[-1])["index"]
    assert index[0] == 500
    broadcast.send_snapshot(whole=False)
    assert set(changed(told)) == set(range(LEAST_GLANCE)) | set(index.tolist())


def test_a_snapshot_is_due_every_two_seconds_even_when_nothing_is_left_for_it(broadcast, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(broadcast_module.time, "monotonic", lambda: now[0])
    snapshot = broadcast._trainer.advance(steps=1, measure=False)
    assert broadcast.is_snapshot_due(snapshot, keyframe=False)  # the first
    broadcast.send_snapshot()
    broadcast.spent["snapshots"] = 1e3
    now[0] += 1.9
    assert not broadcast.is_snapshot_due(snapshot, keyframe=True)
    now[0] += 0.2
    assert broadcast.is_snapshot_due(snapshot, keyframe=False)
    broadcast.spent["snapshots"] = 0.0
    now[0] = 100.2
    assert broadcast.is_snapshot_due(snapshot, keyframe=True)
    assert not broadcast.is_snapshot_due(snapshot, keyframe=False)


def test_spending_is_counted(broadcast, told):
    assert sum(broadcast.spent.values()) == 0
    broadcast.send_snapshot()
    before = time.thread_time()
    assert broadcast.count("training", before) >= 0
    assert broadcast.spent["snapshots"] > 0
    broadcast.send_snapshot()
    assert sum(told[-1].measured["spent"].values()) == pytest.approx(1)


class Heard(list):
    def put(self, message):
        progress = getattr(message, "progress", None)
        self.append((type(message), progress and progress.step))


def test_frames_bring_the_pictures_of_what_is_pinned_by_the_newest_weights(broadcast, told):
    pin = (0.10000000149011612, -1.5)
    broadcast.pins = (pin,)
    broadcast._trainer.advance(steps=3, measure=False)
    broadcast.send_frame(broadcast._trainer.advance(steps=0, measure=False), worked=0.1)
    found = arrays(told[-1])
    assert found["pinned.z"].tolist() == [np.float32(pin).tolist()]
    expected = broadcast._trainer.picture_latents(torch.tensor([pin]))
    assert np.array_equal(found["pinned.pictures"], (expected * 255).round().to(torch.uint8).numpy())
    assert broadcast._trainer.model.training, "measuring leaves train mode as it was"
    broadcast.send_snapshot()
    assert "pinned.pictures" in arrays(told[-1])
    assert not any(name.startswith("pinned") for name in broadcast.last.arrays), "no keyframe keeps it"


def test_many_pins_take_turns_and_a_frame_stays_small(broadcast, told):
    pins = tuple((float(n), 0.0) for n in range(10))
    broadcast.pins = pins
    seen = set()
    for _ in range(3):
        broadcast.send_frame(broadcast._trainer.advance(steps=1, measure=False), worked=10.0)
        assert len(told[-1].data) < 20_000
        seen |= {tuple(z) for z in arrays(told[-1])["pinned.z"].tolist()}
    assert seen == set(pins)


def test_pictures_too_large_for_a_frame_come_with_the_snapshots(broadcast, told, monkeypatch):
    monkeypatch.setattr(broadcast_module, "PIN_BYTES", 63)
    broadcast.pins = ((0.0, 0.0),)
    broadcast.send_frame(broadcast._trainer.advance(steps=1, measure=False), worked=0.1)
    assert "pinned.z" not in arrays(told[-1])
    broadcast.send_snapshot()
    assert arrays(told[-1])["pinned.pictures"].shape == (1, 1, 8, 8)


@pytest.fixture
def heard():
    return Heard()


def live_run(heard, folder, model=SMALL):
    order = Load(
        RunKey("a", 1),
        owner="ann",
        folder=str(folder),
        image_set="digits",
        model=model,
        train=TrainConfig(batch_size=32),
        paused=False,
        has_origin=False,
        is_new=True,
    )
    run = LiveRun(order, heard)
    finished(run.open())
    return run


@pytest.fixture
def run(heard, tmp_path):
    return live_run(heard, tmp_path)


def test_who_comes_between_two_turns_is_shown_at_once_where_the_run_stands(run, heard):
    finished(run.piece(sharers=30))
    run.trainer.advance(steps=1, measure=False)  # not shown yet
    heard.clear()
    run.watch(Watch(run.key, 1, 0, 0))
    assert heard[0] == (Snapshot, run.trainer.step)
    heard.clear()
    run.watch(Watch(run.key, 2, 0, 0))  # they get what the server keeps
    assert heard == []


def test_who_comes_before_the_first_turn_takes_no_moment_away(run, heard):
    run.watch(Watch(run.key, 1, 0, 0))
    finished(run.piece(sharers=1))
    assert run._files.keyframes.steps[0] == 0


def test_the_memory_of_a_run_is_free_as_soon_as_it_is_dropped(heard, tmp_path):
    run = live_run(heard, tmp_path)
    run.watch(Watch(run.key, 1, 0, 0))
    finished(run.piece(sharers=1))
    finished(run.leave())
    trainer = weakref.ref(run.trainer)
    gc.disable()  # it comes to what is so old once in hours
    try:
        del run
        assert trainer() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_weights_that_are_no_numbers_are_never_the_last_good_ones(run, part):
    finished(run.piece(sharers=1))
    finished(run.leave())
    good = list(run._files.keyframes.steps)
    run.trainer.advance(steps=1, measure=False)
    with torch.no_grad():  # after the last loss that was measured, and before the next
        for weights in getattr(run.trainer.model, part).parameters():
            weights.fill_(torch.nan)
    with pytest.raises(FloatingPointError):
        finished(run.leave())
    assert run._files.keyframes.steps == good
    run.fall_back()
    assert run.trainer.step == good[-1]
    assert all(weights.isfinite().all() for weights in run.trainer.model.parameters())


def test_without_an_encoder_a_run_has_samples_and_a_past_with_both_of_its_nets(heard, tmp_path):
    run = live_run(heard, tmp_path, model=replace(SMALL, family="gan"))
    run.watch(Watch(run.key, 1, 0, 0))
    run.show_pinned(((0.5, -1.5),))
    finished(run.piece(sharers=1))
    run._broadcast.send_frame(run.trainer.advance(steps=1, measure=False), worked=1.0)
    finished(run.leave())
    assert {Frame, Snapshot} <= {kind for kind, _ in heard}
    step = run.trainer.step
    shown = tensorfile.unpack(keyframe_path(tmp_path, step).read_bytes())[1]
    assert {name.partition(".")[0] for name in shown} == {"samples", "decoder"}
    beside = tensorfile.unpack(encoder_path(tmp_path, step).read_bytes())[1]
    assert {name.partition(".")[0] for name in beside} == {"discriminator"}

    kept = {name: weights.clone() for name, weights in run.trainer.weights().items()}
    run.trainer.advance(steps=1, measure=False)
    run.trainer.weights()["discriminator.logit.bias"].fill_(torch.nan)
    with pytest.raises(FloatingPointError):
        finished(run.leave())
    run.fall_back()
    assert run.trainer.step == step
    for name, weights in run.trainer.weights().items():
        torch.testing.assert_close(weights, kept[name].half().float(), rtol=0, atol=0)
