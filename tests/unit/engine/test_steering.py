"""The engine with a real worker: marks, single epochs, slow motion, branches, and a loss that turns NaN."""

import numpy as np
import pytest

from tests.unit.engine.engine_watcher import LONG, Watcher, become, kept_at_rest, start, wait_until
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.storage import tensorfile

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_watcher_hears_of_keyframes_and_marks(engine):
    run = start(engine, "cid", train=LONG)
    watcher = Watcher(engine, "cid", run)
    watcher.wait_for("hello")
    assert watcher.last("hello")[1]["parent"] is None
    wait_until(lambda: (found := watcher.poll().last("timeline")) and len(found[1]["keyframes"]) > 1)
    engine.pause("cid", run.id)
    paused = kept_at_rest(engine, "cid", run)
    engine.set("cid", run.id, beta=4.0)
    now = engine.set("cid", run.id, beta=5.0, free_bits=0.5)
    assert now.marks == (
        {"step": paused.step, "epoch": paused.epoch, "text": "beta 1 → 5, free bits 0 → 0.5"},
    )
    wait_until(lambda: watcher.poll().last("timeline")[1]["marks"] == list(now.marks))
    assert engine.set("cid", run.id, beta=1.0, free_bits=0.0).marks == ()
    engine.set("cid", run.id, beta_warmup_epochs=3)
    again = Watcher(engine, "cid", run).poll().last("hello")[1]
    assert [mark["text"] for mark in again["marks"]] == ["warm-up epochs 0 → 3"]
    assert again["keyframes"] == list(engine.run("cid", run.id).keyframes)
    engine.stop("cid", run.id)


def test_one_epoch_and_then_rest(engine):
    run = start(engine, "dan", train=LONG)
    engine.pause("dan", run.id)
    before = kept_at_rest(engine, "dan", run)
    each = before.total_steps // LONG.epochs
    engine.epoch("dan", run.id)
    now = become(engine, "dan", run, "paused")
    assert now.step == (before.step // each + 1) * each
    engine.epoch("dan", run.id)
    assert become(engine, "dan", run, "paused").step == now.step + each
    engine.stop("dan", run.id)


@pytest.mark.parametrize("family", ["vae", "autoencoder"])
def test_slow_motion_is_one_step_with_all_that_happens_in_it(engine, family):
    model = ModelConfig(image_shape=(1, 8, 8), family=family, architecture="mlp", width=0.25)
    run = start(engine, "eva", model=model, train=LONG)
    watcher = Watcher(engine, "eva", run)
    watcher.wait_for("frame")
    engine.pause("eva", run.id)
    before = kept_at_rest(engine, "eva", run)
    assert engine.explain("eva", run.id).state == "paused"
    _, facts, arrays, _ = watcher.wait_for("detail")
    assert kept_at_rest(engine, "eva", run).step == facts["step"] == before.step + 1
    assert (facts["beta"], facts["learning_rate"], facts["batch"]) == (1.0, 1e-3, 32)
    assert facts["free_bits"] == 0.0
    assert "decoder.output.weight" in facts["weight_change"]
    assert all(change >= 0 for change in facts["weight_change"].values())
    assert len(facts["label"]) == len(arrays["x"]) == 8
    assert set(facts["label"]) <= set(range(10))
    assert all(array.dtype == np.float32 for array in arrays.values())
    everywhere = {"x", "mean", "z", "reconstruction", "log_likelihood", "grad_z", "grad_mean"}
    gaussian = {"logvar", "noise", "kl_per_dim", "grad_logvar"}
    assert set(arrays) == everywhere | (gaussian if family == "vae" else set())
    if family == "vae":
        drawn = arrays["mean"] + np.exp(arrays["logvar"] / 2) * arrays["noise"]
        np.testing.assert_allclose(arrays["z"], drawn, atol=1e-5)
    engine.resume("eva", run.id)
    engine.explain("eva", run.id)  # and while it trains
    watcher.wait_for("detail", 2)
    assert become(engine, "eva", run, "paused")
    engine.stop("eva", run.id)


def test_a_branch_goes_on_from_a_keyframe_with_other_settings(engine):
    run = start(engine, "fay", train=LONG, title="Trunk")
    wait_until(lambda: len(engine.run("fay", run.id).keyframes) > 2 and engine.run("fay", run.id).history)
    chosen = engine.run("fay", run.id).keyframes[1]
    train = TrainConfig(epochs=400, batch_size=64, beta=4.0, seed=5, learning_rate=5e-4)
    branch = engine.branch("fay", run.id, chosen["step"], train=train, title="Twig")
    assert engine.current_run("fay").id == branch.id
    assert engine.run("fay", run.id).state == "paused"
    assert (branch.state, branch.title, branch.train) == ("running", "Twig", train)
    watcher = Watcher(engine, "fay", branch)
    watcher.wait_for("frame")
    hello = watcher.last("hello")[1]
    parent = hello["parent"]
    assert (parent["run"], parent["title"], parent["step"]) == (run.id, "Trunk", chosen["step"])
    assert parent["epoch"] == pytest.approx(chosen["epoch"], abs=0.05)
    assert [entry["epoch"] for entry in parent["history"]] == list(range(1, len(parent["history"]) + 1))
    note = f"branched from step {chosen['step']:,}, with fresh optimiser moments"
    assert hello["marks"][0]["text"] == note
    first = hello["keyframes"] or watcher.wait_for("timeline")[1]["keyframes"]
    assert first[0]["epoch"] == pytest.approx(chosen["epoch"], abs=0.05)

    # what it shows at its beginning is what the keyframe held
    watcher.wait_for("snapshot")
    began = tensorfile.unpack(engine.keyframe("fay", branch.id, first[0]["step"]).read_bytes())[1]
    then = tensorfile.unpack(engine.keyframe("fay", run.id, chosen["step"]).read_bytes())[1]
    for name in (name for name in then if name.startswith("decoder.")):
        np.testing.assert_array_equal(began[name], then[name])

    # the one it came from can be gone on with, and then is the current one
    assert engine.resume("fay", run.id).state == "running"
    assert engine.current_run("fay").id == run.id
    become(engine, "fay", branch, "stopped")
    engine.stop("fay", run.id)


def test_a_branch_of_the_newest_state_keeps_the_moments(engine):
    run = start(engine, "gus", train=LONG)
    wait_until(lambda: engine.run("gus", run.id).step > 50)
    branch = engine.branch("gus", run.id, train=LONG.replace(beta=2.0))
    wait_until(lambda: engine.run("gus", branch.id).marks)
    now = engine.run("gus", branch.id)
    rested = kept_at_rest(engine, "gus", run)
    assert now.marks[0]["text"] == f"branched from step {rested.step:,}"
    assert now.parent["step"] == rested.step
    engine.pause("gus", branch.id)
    paused = kept_at_rest(engine, "gus", branch)
    twig = engine.branch("gus", branch.id, paused.step, train=LONG)  # its last keyframe is where it stands
    wait_until(lambda: engine.run("gus", twig.id).marks)
    assert "fresh" not in engine.run("gus", twig.id).marks[0]["text"]
    engine.stop("gus", twig.id)


def test_a_loss_that_is_no_number_stops_at_the_last_good_keyframe(engine):
    model = ModelConfig(image_shape=(1, 8, 8), architecture="mlp", likelihood="gaussian", width=0.25)
    train = TrainConfig(epochs=500, batch_size=32)
    run = start(engine, "hal", model=model, train=train)
    watcher = Watcher(engine, "hal", run)
    wait_until(lambda: len(engine.run("hal", run.id).keyframes) > 2)
    engine.set("hal", run.id, learning_rate=1.0, beta=1e5)
    failed = become(engine, "hal", run, "failed")
    assert "no longer a number" in failed.error
    assert f"step {failed.step:,}" in failed.error
    assert "smaller learning rate" in failed.error
    assert failed.step == failed.keyframes[-1]["step"] > 0
    assert "went back here" in failed.marks[-1]["text"]
    wait_until(lambda: (found := watcher.poll().last("snapshot")) and found[1]["step"] == failed.step)
    assert np.isfinite(watcher.last("snapshot")[2]["mean"].astype(np.float32)).all()

    engine.set("hal", run.id, learning_rate=1e-4, beta=1.0)
    engine.resume("hal", run.id)
    wait_until(lambda: engine.run("hal", run.id).step > failed.step + 20)
    assert engine.run("hal", run.id).error == ""
    engine.stop("hal", run.id)
