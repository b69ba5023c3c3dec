"""What a later version wrote into a run's file is named, kept, and leaves the run as it is."""

from __future__ import annotations

import json
import logging

import pytest

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine.runs.run import RECORD, Run, read_run

OWN = {
    "model": {"depth": 3, "blocks": [{"kind": "dense"}]},
    "train": {"cool_down": 0.5},
    "colour": "red",
}


def a_run(folder) -> Run:
    return Run(
        id=folder.name,
        owner="somebody",
        folder=folder,
        title="A run",
        image_set="digits",
        model=ModelConfig((1, 8, 8), 3),
        train=TrainConfig(beta=2.0),
        created=1.0,
        state="stopped",
    )


def rewrite(folder, change) -> dict:
    path = folder / RECORD
    record = json.loads(path.read_bytes())
    change(record)
    path.write_text(json.dumps(record))
    return record


def by_a_later_version(record) -> None:
    record["model"] |= OWN["model"]
    record["train"] |= OWN["train"]
    record["colour"] = OWN["colour"]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / ("a" * 32)
    made.mkdir()
    a_run(made).write()
    return made


def test_it_is_read_named_and_kept(folder, caplog) -> None:
    before = rewrite(folder, by_a_later_version)
    with caplog.at_level(logging.WARNING):
        run = read_run(folder)
    assert (run.model, run.train, run.state) == (ModelConfig((1, 8, 8), 3), TrainConfig(beta=2.0), "stopped")
    assert set(run.info().unknown) == {"depth", "blocks", "cool_down", "colour"}
    for name in run.unknown:
        assert name in caplog.text
    run.train = run.train.replace(beta=3.0)
    run.write()
    before["train"]["beta"] = 3.0
    assert json.loads((folder / RECORD).read_bytes()) == before
    assert set(read_run(folder).unknown) == set(run.unknown)


def test_a_run_of_this_version_has_nothing_unknown(folder, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        assert read_run(folder).unknown == ()
    assert caplog.text == ""


def test_one_that_cannot_be_understood_is_named_in_the_log_and_left_alone(folder, caplog) -> None:
    rewrite(folder, lambda record: record["model"].update(family="diffusion"))
    before = (folder / RECORD).read_bytes()
    with caplog.at_level(logging.WARNING):
        assert read_run(folder) is None
    assert "'diffusion'" in caplog.text
    assert (folder / RECORD).read_bytes() == before
