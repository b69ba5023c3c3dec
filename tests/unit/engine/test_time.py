"""The engine with a real worker: the keyframes of a run that is over, for whom and for what."""

import json

import numpy as np
import pytest
from starlette.applications import Starlette

from tests.unit.engine.engine_watcher import LONG, become, kept_at_rest, start
from tests.unit.ui.asgi_client import Browser
from ui.web import routes
from vae_core import load_bundle
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine import EngineBusyError
from vae_core.engine.scheduling import saving
from vae_core.storage import tensorfile

pytestmark = pytest.mark.usefixtures("one_thread")

FEW = TrainConfig(epochs=6, batch_size=32)


@pytest.fixture(scope="module")
def finished(engine):
    """A run of three dimensions that is over, with its keyframes."""
    model = ModelConfig(image_shape=(1, 8, 8), latent_dim=3, architecture="mlp", width=0.25)
    run = start(engine, "ann", model=model, train=FEW, title="The <b>first</b>")
    become(engine, "ann", run, "done")
    return kept_at_rest(engine, "ann", run)


def test_a_run_keeps_keyframes_from_its_first_step_to_its_last(engine, finished):
    steps = [each["step"] for each in finished.keyframes]
    assert steps[0] == 0
    assert steps[-1] == finished.total_steps
    assert steps == sorted(set(steps))
    for each in finished.keyframes:
        data = engine.keyframe("ann", finished.id, each["step"]).read_bytes()
        texts, arrays = tensorfile.unpack(data)
        facts = json.loads(texts["json"])
        assert texts["kind"] == "snapshot"
        assert (facts["step"], facts["epoch"]) == (each["step"], each["epoch"])
        assert {"mean", "logvar", "pca.mean", "pca.components", "reconstructions", "samples"} <= set(arrays)
        weights = [name for name in arrays if name.startswith("decoder.")]
        assert weights
        assert all(arrays[name].dtype == np.float16 for name in weights)
        assert not any(name.startswith("encoder.") for name in arrays)


def test_keyframes_of_others_and_of_no_moment_are_not_found(engine, finished):
    with pytest.raises(PermissionError):
        engine.keyframe("bob", finished.id, 0)
    with pytest.raises(KeyError):
        engine.keyframe("ann", finished.id, 10**6)
    with pytest.raises(KeyError):
        engine.keyframe("ann", "0" * 32, 0)
    for refused in (engine.film, engine.explain, engine.epoch):
        with pytest.raises(PermissionError):
            refused("bob", finished.id)
    with pytest.raises(PermissionError):
        engine.branch("bob", finished.id, train=LONG)


def test_a_branch_with_nothing_left_to_train_is_refused(engine, finished):
    with pytest.raises(ValueError, match="epochs must be more than 6"):
        engine.branch("ann", finished.id, train=FEW)
    with pytest.raises(KeyError):
        engine.branch("ann", finished.id, 10**6, train=LONG)
    assert engine.current_run("ann").id == finished.id


def test_a_keyframe_is_saved_as_the_model_it_was(engine, finished, tmp_path, monkeypatch):
    step = finished.keyframes[-2]["step"]
    path = tmp_path / "then.safetensors"
    job = engine.save_run("ann", finished.id, path, title="Then", step=step).wait(120)
    assert (job.state, job.error) == ("done", "")
    bundle = load_bundle(path)
    assert bundle.card["title"] == "Then"
    assert all(entry["step"] <= step for entry in bundle.history)
    shown = tensorfile.unpack(engine.keyframe("ann", finished.id, step).read_bytes())[1]
    for name, weights in bundle.model.state_dict().items():
        if name.startswith("decoder."):
            np.testing.assert_array_equal(weights.numpy().astype(np.float16), shown[name])
    mean = bundle.probe.mean.numpy()
    np.testing.assert_allclose(mean, shown["mean"].astype(np.float32), atol=0.05)
    with pytest.raises(KeyError):
        engine.save_run("ann", finished.id, path, step=10**6)
    with monkeypatch.context() as busy:
        busy.setenv("LATENT_MAX_WAITING_JOBS", "1")
        held = [engine._jobs.submit(finished.owner, "thumbnails", {}, held=True)]
        with pytest.raises(EngineBusyError):
            engine.save_run("ann", finished.id, path, step=step)
        held[0].cancel()
    monkeypatch.setattr(saving, "encoder_path", lambda folder, step: folder / "thinned out a moment ago")
    with pytest.raises(ValueError, match="not kept any more"):
        engine.save_run("ann", finished.id, path, step=step)
    assert not list((engine.home / "incoming").iterdir())


def test_the_route_serves_a_keyframe_to_its_owner_alone(engine, finished, monkeypatch):
    owners = {"mine": "ann", "theirs": "bob"}
    monkeypatch.setattr(routes, "get_engine", lambda: engine)
    monkeypatch.setattr(routes, "owner_of", lambda request: owners.get(request.headers.get("x-who")))
    browser = Browser(Starlette(routes=routes.routes()))
    step = finished.keyframes[1]["step"]
    top = f"/latent/runs/{finished.id}/keyframes"
    found = browser.get(f"{top}/{step}.safetensors", headers={"x-who": "mine"})
    assert found.status_code == 200
    assert found.content == engine.keyframe("ann", finished.id, step).read_bytes()
    assert found.headers["cache-control"] == "private, no-store"
    refused = [("theirs", f"{step}.safetensors"), ("nobody", f"{step}.safetensors")]
    refused += [("mine", name) for name in ("999999.safetensors", "-1.safetensors", "index.json", f"{step}")]
    refused += [("mine", f"{step}.encoder.safetensors"), ("mine", "..%2F..%2Fstate.safetensors")]
    for who, name in refused:
        assert browser.get(f"{top}/{name}", headers={"x-who": who}).status_code == 404, (who, name)
