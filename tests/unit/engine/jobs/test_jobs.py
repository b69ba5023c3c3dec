"""Jobs in their real worker processes: results, progress, cancelling, errors, deaths, fairness."""

import io
import os
import signal

import numpy as np
import pytest
import torch
from PIL import Image

from tests.unit.engine.engine_watcher import SMALL, wait_until
from ui.identity.owner import new_owner
from ui.library import library
from vae_core import TrainConfig, Trainer, encode_images, load_bundle, load_image_set, save_bundle
from vae_core.engine.contract.failures import PROCESS_DIED
from vae_core.engine.jobs.pools import TASKS
from vae_core.engine.tasks.functions import TABLE
from vae_core.storage import tensorfile


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    torch.set_num_threads(1)
    trainer = Trainer(load_image_set("digits"), SMALL, TrainConfig(epochs=1))
    trainer.advance()
    path = tmp_path_factory.mktemp("models") / "digits-2.safetensors"
    save_bundle(path, trainer.bundle())
    return path


def done(job, seconds=120):
    job.wait(seconds)
    assert (job.state, job.error, job.progress) == ("done", "", 1.0)
    return job.result


def picture(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_every_job_has_its_pool_and_its_function():
    assert set(TABLE) == set(TASKS)


# What the jobs do


def test_a_sample_of_a_set(engine):
    wanted = {"name": "digits", "split": "test", "count": 25, "seed": 3, "columns": 5}
    result = done(engine.submit("ada", "set_sample", **wanted))
    image = picture(result["png"])
    assert image.size == (5 * 9 - 1, 5 * 9 - 1)
    assert sorted(result["labels"][:10]) == list(range(10))  # a class-balanced beginning
    test = load_image_set("digits", split="test").images.numpy()[:, 0]
    first = np.asarray(image)[:8, :8]
    assert any(np.array_equal(first, picture) for picture in test)
    sevens = done(engine.submit("ada", "set_sample", name="digits", count=9, label=7))
    assert sevens["labels"] == [7] * 9


def test_contact_sheets(engine, bundle):
    shipped = picture(done(engine.submit("ada", "thumbnails", image_set="digits", rows=3)))
    assert shipped.size == (10 * 9 - 1, 3 * 9 - 1)
    for reconstructed in (False, True):
        job = engine.submit("ada", "thumbnails", bundle=str(bundle), rows=2, reconstructed=reconstructed)
        assert picture(done(job)).size == (10 * 9 - 1, 2 * 9 - 1)


def test_encoding(engine, bundle):
    images = load_image_set("digits", split="test").images[:50]
    packed = tensorfile.pack({"images": images.numpy()}, {})
    _, arrays = tensorfile.unpack(done(engine.submit("ada", "encode", bundle=str(bundle), images=packed)))
    expected = encode_images(load_bundle(bundle).model, images)
    np.testing.assert_allclose(arrays["mean"], expected.mean.numpy(), atol=1e-5)
    np.testing.assert_allclose(arrays["logvar"], expected.logvar.numpy(), atol=1e-5)
    job = engine.submit("ada", "encode", bundle=str(bundle), image_set="digits")
    arrays = tensorfile.unpack(done(job))[1]
    assert arrays["mean"].shape == (300, 2)
    foreign = tensorfile.pack({"images": np.zeros((3, 1, 9, 9), np.uint8)}, {})
    job = engine.submit("ada", "encode", bundle=str(bundle), images=foreign).wait(120)
    assert (job.state, "(1, 8, 8)" in job.error) == ("failed", True)


def test_a_walk_as_gif(engine, bundle):
    walk = [[-1.0, 0.0], [0.0, 0.0], [1.0, 0.5]]
    image = picture(done(engine.submit("ada", "gif", bundle=str(bundle), z=walk, scale=4)))
    assert (image.format, image.size, image.n_frames) == ("GIF", (32, 32), 4)
    assert engine.submit("ada", "gif", bundle=str(bundle), z=[[1.0]]).wait(120).state == "failed"


def test_the_importance_weighted_bound(engine, bundle):
    result = done(engine.submit("ada", "importance_nll", bundle=str(bundle), n_samples=8, count=40))
    assert (result["count"], result["n_samples"], result["pixels"]) == (40, 8, "grey")
    assert 15 < result["nll"] < 60
    assert 0 < result["standard_error"] < 5


def test_uploads_are_opened(engine, bundle, tmp_path):
    assert done(engine.submit("ada", "check_bundle", path=str(bundle)))["latent_dim"] == 2
    for name, data in {"cut": bundle.read_bytes()[:-50], "empty": b"", "foreign": b"PK\3\4" * 100}.items():
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(data)
        job = engine.submit("ada", "check_bundle", path=str(path)).wait(120)
        assert job.state == "failed"
        assert job.error.startswith(f"{name}.safetensors cannot be opened as a model:")


def test_the_library_takes_in_what_a_worker_could_open(engine, bundle, monkeypatch):
    monkeypatch.setattr(library, "get_engine", lambda: engine)
    monkeypatch.setenv("LATENT_HOME", str(engine.home))
    own = library.Library(new_owner())
    entry = own.add_upload("From a friend.safetensors", bundle.read_bytes())
    assert (entry.name, entry.model_config) == ("from-a-friend", SMALL)
    assert entry.path.read_bytes() == bundle.read_bytes()
    _, arrays = tensorfile.unpack(bundle.read_bytes())
    lacking = {name: array for name, array in arrays.items() if name != "decoder.dense1.bias"}
    assert len(lacking) < len(arrays)
    texts, _ = tensorfile.unpack(bundle.read_bytes())
    padded = {**lacking, "decoder.other": np.zeros(200_000, np.float32)}
    with pytest.raises(ValueError, match="bad cannot be opened as a model"):
        own.add_upload("bad", tensorfile.pack(padded, texts))
    assert own.usage()[0] == 1


def test_a_set_that_is_here_needs_no_network(engine):
    assert done(engine.submit("ada", "download_set", name="digits")) == {"name": "digits", "size": 1497}


# What can go wrong


def test_an_unknown_job_is_refused(engine):
    with pytest.raises(ValueError, match="there is no job 'system'"):
        engine.submit("ada", "system", command="true")


def test_wrong_arguments_fail_in_a_sentence(engine):
    job = engine.submit("ada", "set_sample", nonsense=1).wait(120)
    assert job.state == "failed"
    assert "nonsense" in job.error
    assert "Traceback" not in job.error


def test_a_job_is_its_owners_alone(engine):
    job = engine.submit("ada", "set_sample", name="digits")
    assert engine.job("ada", job.id) is job
    with pytest.raises(PermissionError):
        engine.job("bob", job.id)
    with pytest.raises(KeyError):
        engine.job("bob", "0" * 32)
    done(job)


def endless(engine, bundle, owner="cleo"):
    return engine.submit(owner, "importance_nll", bundle=str(bundle), n_samples=30_000, count=300)


def test_a_running_job_is_cancelled_and_the_next_comes(engine, bundle):
    job = endless(engine, bundle)
    waiting = endless(engine, bundle)
    wait_until(lambda: job.state == "running" and job.message)
    waiting.cancel()
    assert waiting.state == "cancelled"
    job.cancel()
    job.wait(120)
    assert (job.state, job.error, job.result) == ("cancelled", "", None)
    job.cancel()
    assert done(engine.submit("cleo", "importance_nll", bundle=str(bundle), n_samples=1, count=5))


def test_a_killed_process_is_replaced_and_its_job_tried_once_more(engine, bundle):
    job = endless(engine, bundle)
    for attempt in (1, 2):
        wait_until(lambda: job.state == "running" and job.progress > 0)
        pid = engine.worker_pids()["long"]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: engine.worker_pids().get("long") != pid)
        if attempt == 1:
            assert job.state in ("waiting", "running")
    job.wait(120)
    assert (job.state, job.error) == ("failed", PROCESS_DIED)
    quick = engine.submit("ada", "set_sample", name="digits", count=4)
    done(quick)  # another pool, another process: it noticed nothing


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
def test_a_stopped_process_is_ended_and_its_job_tried_once_more(engine, bundle):
    job = endless(engine, bundle)
    wait_until(lambda: job.state == "running" and job.progress > 0)
    pid = engine.worker_pids()["long"]
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: engine.worker_pids().get("long") != pid, what="the notice of a stopped process")
    wait_until(lambda: job.state == "running" and job.message, what="another attempt")
    job.cancel()
    assert job.wait(60).state == "cancelled"
