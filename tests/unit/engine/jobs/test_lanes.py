"""Short jobs never wait for long ones: how long one takes is reckoned, and says which process does it."""

import threading

import pytest

from tests.unit.engine.fake_worker import (
    FakeWorker,
    worker,  # noqa: F401
)
from vae_core.config.configs import ModelConfig
from vae_core.engine.jobs.efforts import seconds_for
from vae_core.engine.jobs.pools import LARGE, QUICK, QUICK_SECONDS, TASKS
from vae_core.engine.jobs.queue import JobQueue
from vae_core.engine.processes.supervisor import Supervisor

LARGE_MODEL = ModelConfig((1, 32, 32), 10, "article").to_dict()
SMALL_MODEL = ModelConfig((1, 28, 28), 2, "conv").to_dict()


@pytest.fixture
def line(tmp_path, worker):  # noqa: F811
    lock = threading.RLock()
    return JobQueue(Supervisor(tmp_path, lock), lock)


@pytest.mark.parametrize("function", ["save_run", "save_keyframe"])
def test_a_save_and_an_upload_do_not_wait_behind_a_large_save(line, function):
    large = [line.submit(owner, function, {"model": LARGE_MODEL}) for owner in "ab"]
    save = line.submit("c", "save_run", {"model": SMALL_MODEL})
    assert [job.state for job in large] == ["running", "waiting"]
    assert save.state == "running"
    upload = line.submit("d", "check_bundle", {"path": "x"})
    next(made for made in FakeWorker.made if made.role == "quick").finish()
    assert (save.state, upload.state) == ("done", "running")
    assert large[0].state == "running"


def test_a_save_that_is_held_is_in_its_lane_before_it_is_released(line):
    job = line.submit("a", "save_run", {"model": LARGE_MODEL}, held=True)
    line.release(job, {"model": LARGE_MODEL, "state": "x"})
    assert [made.role for made in FakeWorker.made] == ["large"]


@pytest.mark.parametrize(
    ("model", "is_large"),
    [
        (ModelConfig((1, 28, 28), 2, "mlp"), False),
        (ModelConfig((1, 28, 28), 16, "conv"), False),
        (ModelConfig((3, 32, 32), 10, "conv"), False),
        (ModelConfig((1, 28, 28), 2, "conv", width=4.0), True),
        (ModelConfig((3, 128, 128), 10, "conv"), True),
        (ModelConfig((1, 28, 28), 2, "article"), True),
    ],
    ids=["mlp", "conv", "conv in colour", "wide", "large images", "article"],
)
def test_how_long_a_save_takes_follows_from_the_model(model, is_large):
    seconds = seconds_for("save_run", {"model": model.to_dict()})
    assert (seconds > QUICK_SECONDS) == is_large
    assert TASKS["save_run"].pool_for(seconds) is (LARGE if is_large else QUICK)


def test_encoding_a_few_images_is_quick_and_a_whole_set_by_a_large_net_is_not(tmp_path):
    path = "assets/bundles/mnist-16.safetensors"
    assert seconds_for("encode", {"bundle": path, "images": bytes(784 * 10)}) < 0.1
    assert seconds_for("encode", {"bundle": path, "image_set": "mnist", "split": "train"}) > 0.5
    assert seconds_for("encode", {"bundle": str(tmp_path / "none"), "image_set": "mnist"}) == 0.0


def test_what_is_not_reckoned_takes_no_time():
    assert all(
        seconds_for(name, {}) == 0.0 for name in TASKS if name not in ("save_run", "save_keyframe", "encode")
    )
