"""The engine with real worker processes: runs that train, are watched and steered."""

import numpy as np
import pytest
import torch

from tests.unit.engine.engine_watcher import (
    SMALL,
    Watcher,
    become,
    kept_at_rest,
    progressed,
    start,
    wait_until,
)
from vae_core import load_bundle
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.training.state_file import make_trainer

pytestmark = pytest.mark.usefixtures("one_thread")


def at_rest(engine, owner, run, watcher):
    """The run's info, once the newest snapshot shows its last step."""
    now, shown = engine.run(owner, run.id), watcher.poll().last("snapshot")
    return now if shown and shown[1]["step"] == now.step else None


def test_a_run_is_watched_from_its_beginning_to_its_end(engine):
    run = start(engine, "ada", train=TrainConfig(epochs=60, batch_size=32), title="Mine")
    watcher = Watcher(engine, "ada", run)
    assert (run.state, run.title, run.image_set) == ("running", "Mine", "digits")
    watcher.wait_for_state("done")
    wait_until(lambda: at_rest(engine, "ada", run, watcher))
    kinds = [kind for kind in watcher.kinds() if kind != "state"]
    assert kinds[0] == "hello"
    assert {"frame", "snapshot"} <= set(kinds)
    assert "weights" not in kinds  # no hand was on

    _, hello, arrays, _ = watcher.last("hello")
    count = hello["probe_count"]
    assert (hello["run"], hello["plane"], hello["title"]) == (run.id, "latent", "Mine")
    assert ModelConfig.from_dict(hello["model"]) == SMALL
    assert hello["label_names"] == [str(digit) for digit in range(10)]
    assert arrays["probe.images"].shape == (count, 1, 8, 8)
    assert arrays["probe.images"].dtype == np.uint8
    assert arrays["probe.labels"].shape == (count,)

    for _, facts, arrays, size in [found for found in watcher.seen if found[0] == "frame"]:
        assert size < 20_000
        assert arrays["mean"].dtype == np.float16
        assert arrays["mean"].shape == (len(arrays["index"]), 2)
        assert 0 <= arrays["index"].min() <= arrays["index"].max() < count
        assert facts["kl"] == pytest.approx(sum(facts["kl_per_dim"]))
        assert facts["step"] <= facts["total_steps"]

    _, facts, arrays, _ = watcher.last("snapshot")
    now = engine.run("ada", run.id)
    assert facts["step"] == now.step == now.total_steps == facts["total_steps"]
    assert arrays["mean"].shape == arrays["logvar"].shape == (count, 2)
    assert arrays["pca.components"].shape == (2, 2)
    assert arrays["reconstructions"].shape == arrays["originals"].shape
    assert arrays["samples"].shape[1:] == (1, 8, 8)
    assert facts["log_likelihood"] > -50
    assert facts["spent"]["frames"] + facts["spent"]["snapshots"] < 0.5

    snapshots = [found[1] for found in watcher.seen if found[0] in ("hello", "snapshot")]
    epochs = [entry["epoch"] for told in snapshots for entry in told.get("history", told.get("history_tail"))]
    assert epochs == list(range(1, 61))
    assert len(now.history) == 60
    assert now.label_names[3] == "3"
    assert now.eta_seconds is None

    # what was seen is what a plain Trainer learns, however it was sliced and watched
    torch.set_num_threads(1)
    plain = make_trainer("digits", SMALL, run.train)
    expected = plain.advance(steps=plain.total_steps)
    np.testing.assert_array_equal(arrays["mean"], expected.probe_mean.numpy().astype(np.float16))


def test_a_run_that_is_over_is_still_shown_and_decodes(engine):
    run = engine.current_run("ada")
    watcher = Watcher(engine, "ada", run)
    watcher.wait_for("snapshot")
    assert watcher.kinds() == ["hello", "state", "snapshot"]
    assert watcher.last("state")[1]["state"] == "done"
    assert len(watcher.last("hello")[1]["history"]) == 60
    watcher.subscription.hand(True)
    _, facts, arrays, _ = watcher.wait_for("weights")
    assert facts["step"] == run.step
    assert arrays
    assert all(name.startswith("decoder.") for name in arrays)
    assert all(array.dtype == np.float16 for array in arrays.values())
    assert engine.resume("ada", run.id).state == "done"


def test_pause_step_resume_stop(engine):
    run = start(engine, "bea")
    watcher = Watcher(engine, "bea", run)
    watcher.wait_for("frame", 3)
    assert engine.pause("bea", run.id).state == "paused"
    watcher.wait_for("snapshot")
    paused = wait_until(lambda: at_rest(engine, "bea", run, watcher))
    assert kept_at_rest(engine, "bea", run).step == paused.step

    for expected in (1, 2):
        engine.step("bea", run.id)
        progressed(engine, "bea", run, paused.step + expected)
    now = engine.step("bea", run.id, steps=47)
    assert now.state == "running"
    wait_until(lambda: engine.run("bea", run.id).state == "paused")
    assert engine.run("bea", run.id).step == paused.step + 49

    watcher.subscription.hand(True)
    assert watcher.wait_for("weights")[1]["step"] == paused.step + 49
    assert engine.resume("bea", run.id).state == "running"
    progressed(engine, "bea", run, paused.step + 60)
    watcher.wait_for("weights", 2)
    assert engine.stop("bea", run.id).state == "stopping"
    become(engine, "bea", run, "stopped")
    step = wait_until(lambda: at_rest(engine, "bea", run, watcher)).step
    assert engine.resume("bea", run.id).state == "running"
    progressed(engine, "bea", run, step + 1)
    watcher.wait_for("hello", 2)  # it begins anew, from the disk
    engine.stop("bea", run.id)
    with pytest.raises(ValueError, match="at least 1"):
        engine.step("bea", run.id, steps=0)


def test_settings_change_while_it_trains(engine):
    run = start(engine, "cia", train=TrainConfig(epochs=500, batch_size=32, beta=1.0))
    watcher = Watcher(engine, "cia", run)
    watcher.wait_for("frame")
    now = engine.set("cia", run.id, beta=7.5, learning_rate=2e-4)
    assert (now.train.beta, now.train.learning_rate) == (7.5, 2e-4)
    wait_until(lambda: watcher.poll().last("frame")[1]["beta"] == 7.5)
    assert watcher.last("frame")[1]["learning_rate"] == 2e-4
    assert watcher.last("state")[1]["train"]["beta"] == 7.5
    with pytest.raises(ValueError, match="beta must be"):
        engine.set("cia", run.id, beta=-1)
    with pytest.raises(ValueError, match="seed cannot change"):
        engine.set("cia", run.id, seed=1)
    assert engine.run("cia", run.id).train.beta == 7.5
    engine.stop("cia", run.id)
    engine.resume("cia", run.id)  # and after it was put away
    wait_until(lambda: watcher.poll().kinds()[-1:] == ["frame"] and watcher.last("frame")[1]["beta"] == 7.5)
    engine.stop("cia", run.id)


def test_an_unwatched_run_is_known_too(engine):
    run = start(engine, "dot")
    now = progressed(engine, "dot", run, 100)
    assert now.images_per_second > 0
    assert now.eta_seconds > 0
    assert wait_until(lambda: engine.run("dot", run.id).history)
    engine.stop("dot", run.id)


def test_one_run_an_owner_and_all_owners_in_turn(engine):
    first = start(engine, "eve")
    others = [start(engine, owner) for owner in ("fay", "gus", "hal")]
    second = start(engine, "eve")
    become(engine, "eve", first, "stopped")
    assert engine.current_run("eve").id == second.id
    for owner, run in zip(("fay", "gus", "hal", "eve"), [*others, second]):
        progressed(engine, owner, run, 10)
    assert engine.resume("eve", first.id).state == "running"
    become(engine, "eve", second, "stopped")
    assert [run.id for run in engine.runs("eve")] == [second.id, first.id]
    assert engine.current_run("eve").id == first.id
    for owner in ("eve", "fay", "gus", "hal"):
        engine.stop(owner, engine.current_run(owner).id)


def test_what_is_someone_elses_cannot_be_read_or_steered(engine):
    run = start(engine, "ivy")
    actions = [engine.run, engine.pause, engine.resume, engine.step, engine.stop, engine.set]
    for action in actions:
        with pytest.raises(PermissionError):
            action("joe", run.id)
        for unknown in ("0" * 32, "../" + run.id, "", run.id.upper() + "x"):
            with pytest.raises(KeyError):
                action("joe", unknown)
    with pytest.raises(PermissionError):
        Watcher(engine, "joe", run)
    with pytest.raises(PermissionError):
        engine.save_run("joe", run.id, engine.home / "stolen")
    assert engine.current_run("joe") is None
    assert engine.run("ivy", run.id).state == "running"
    assert "ivy" not in run.owner
    engine.stop("ivy", run.id)


def test_settings_that_cannot_work_are_refused_before_anything_starts(engine):
    with pytest.raises(ValueError, match="shape"):
        engine.start_run("kim", image_set="digits", model=ModelConfig(), train=TrainConfig())
    with pytest.raises(ValueError, match="no image set"):
        engine.start_run("kim", image_set="../digits", model=SMALL, train=TrainConfig())
    gaussian = ModelConfig(image_shape=(1, 8, 8), likelihood="gaussian")
    with pytest.raises(ValueError, match="binarize"):
        start(engine, "kim", model=gaussian, train=TrainConfig(binarize="dynamic"))
    assert engine.current_run("kim") is None


def test_a_saved_run_is_a_model(engine, tmp_path, monkeypatch):
    submit, umaps = engine._jobs.submit, []

    def note(owner, function, *arguments, **more):
        job = submit(owner, function, *arguments, **more)
        umaps.extend([job] * (function == "fit_umap"))
        return job

    monkeypatch.setattr(engine._jobs, "submit", note)
    run = start(
        engine, "pam", model=ModelConfig(image_shape=(1, 8, 8), latent_dim=3, architecture="mlp", width=0.25)
    )
    progressed(engine, "pam", run, 20)
    path = tmp_path / "models" / "mine.safetensors"
    job = engine.save_run("pam", run.id, path, title="Saved").wait(120)
    assert (job.state, job.error) == ("done", "")
    bundle = load_bundle(path)
    assert (bundle.card["title"], bundle.model_config) == ("Saved", run.model)
    assert "umap" not in bundle.projections
    engine.stop("pam", run.id)
    assert engine.save_run("pam", run.id, tmp_path / "again.safetensors").wait(120).state == "done"
    wait_until(lambda: len(umaps) == 2)  # they follow by themselves, and nobody waits for them
    for following in umaps:
        following.cancel()
    assert not list((engine.home / "incoming").iterdir())


@pytest.mark.parametrize("latent_dim", [1, 16, 128])
def test_frames_stay_small_whatever_the_latent_size(engine, latent_dim):
    model = ModelConfig(image_shape=(1, 8, 8), latent_dim=latent_dim, architecture="mlp", width=0.25)
    run = start(engine, "tim", model=model)
    watcher = Watcher(engine, "tim", run)
    watcher.wait_for("frame", 2)
    _, facts, arrays, _ = watcher.wait_for("snapshot")
    assert max(size for kind, *_, size in watcher.seen if kind == "frame") < 20_000
    assert arrays["mean"].shape[1] == latent_dim
    assert watcher.last("hello")[1]["plane"] == ("latent" if latent_dim == 1 else "pca")
    if latent_dim > 1:
        components = arrays["pca.components"]
        np.testing.assert_allclose(components @ components.T, np.eye(2), atol=1e-4)
        assert 0 < facts["explained_variance"] <= 1
    engine.stop("tim", run.id)
    watcher.subscription.close()


def test_an_autoencoder_has_no_kl(engine):
    model = ModelConfig(image_shape=(1, 8, 8), family="autoencoder", architecture="mlp", width=0.25)
    run = start(engine, "uma", model=model)
    watcher = Watcher(engine, "uma", run)
    watcher.wait_for("frame")
    _, facts, arrays, _ = watcher.wait_for("snapshot")
    assert facts.get("kl") is None
    assert facts.get("kl_per_dim") is None
    assert "logvar" not in arrays
    assert len(arrays["samples"]) > 0, "decoded from N(0, 1) all the same"
    engine.stop("uma", run.id)
