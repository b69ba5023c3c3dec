"""A run whose files are valid JSON and say what cannot be is named and left out; the others are there."""

import json
import logging
import math
import time
from contextlib import suppress
from copy import deepcopy

import pytest

from tests.unit.engine.runs.test_later_versions import a_run
from vae_core.engine.runs.archive import Archive
from vae_core.engine.runs.changes import Mark, settings_at
from vae_core.engine.runs.keyframes import FOLDER, INDEX
from vae_core.engine.runs.run import PROGRESS, RECORD

NONSENSE = [None, True, -1, 1e308, math.nan, -math.inf, 10**400, "x", [], {}, [1], [None], {"a": [1]}, [[[]]]]
"""What may stand in a file in place of each value."""

ENTRY = {"epoch": 1, "step": 10, "log_likelihood": -3.0, "kl": 1.0, "kl_per_dim": [0.5, 0.5], "test_kl": None}


def places(value, path=()):
    """Where a value stands within tables and lists, itself included."""
    yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def changed(value, path, new):
    if not path:
        return new
    copy = deepcopy(value)
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return copy


@pytest.fixture
def home(tmp_path):
    """A home in which one owner has two runs, the first with all that a run can have."""
    runs = tmp_path / "owners" / "somebody" / "runs"
    for name in ("a", "b"):
        folder = runs / (name * 32)
        (folder / FOLDER).mkdir(parents=True)
        run = a_run(folder)
        run.marks = [Mark(3, 0.3, {"beta": (1.0, 2.0)}, "")]
        run.parent = {"run": "c" * 32, "title": "Old", "step": 2, "epoch": 0.2, "history": [ENTRY]}
        run.write()
        progress = {"step": 10, "total_steps": 50, "epoch": 1.0, "seconds": 2.0, "history": [ENTRY]}
        (folder / PROGRESS).write_text(json.dumps({**progress, "label_names": ["0"], "factor_names": []}))
        index = {"keyframes": [{"step": 3, "epoch": 0.3}], "spacing": 1.0, "loose": False}
        (folder / FOLDER / INDEX).write_text(json.dumps(index))
    return tmp_path


def use(run):
    """Do with a run what pages, and whoever watches it, do."""
    info = run.info()
    json.dumps(run.hello_facts(), default=list)
    json.dumps(run.state_facts())
    time.localtime(info.created), time.localtime(run.chosen or run.created)
    numbers = f"{info.step:,} {info.total_steps:,} {info.epoch:.3g} {info.seconds:.1f} {info.title[:10]}"
    with suppress(ValueError):  # a value that this version does not take: a branch says so
        settings_at(run.train, run.marks, 0)
    for mark in info.marks:
        numbers += f"{mark['step']:,} {mark['epoch']:g} {mark['text']}"
    for keyframe in info.keyframes:
        numbers += f"{keyframe['step']:,} {keyframe['epoch']:g}"
    for entry in info.history + tuple((info.parent or {}).get("history", ())):
        numbers += ", ".join(f"{name} {value}" for name, value in entry.items())
    return [*numbers, *info.label_names, *info.factor_names, *info.unknown]


@pytest.mark.parametrize("file", [RECORD, PROGRESS, f"{FOLDER}/{INDEX}"])
def test_no_value_in_a_file_of_a_run_is_in_the_way_of_its_owner(home, file):
    path = home / "owners" / "somebody" / "runs" / ("a" * 32) / file
    whole = json.loads(path.read_text())
    left_out = 0
    for place in places(whole):
        for nonsense in NONSENSE:
            path.write_text(json.dumps(changed(whole, place, nonsense)))
            runs = Archive(home).of_owner("somebody")
            assert "b" * 32 in [run.id for run in runs], (place, nonsense)
            max(runs, key=lambda run: run.chosen or run.created)
            try:
                for run in runs:
                    use(run)
            except Exception as error:
                pytest.fail(f"{place} = {nonsense!r}: {error!r}")
            left_out += len(runs) == 1
    assert (left_out > 50) == (file == RECORD)


def test_a_run_that_is_left_out_is_named(home, caplog):
    path = home / "owners" / "somebody" / "runs" / ("a" * 32) / RECORD
    path.write_text(json.dumps({**json.loads(path.read_text()), "title": 7}))
    with caplog.at_level(logging.WARNING):
        assert [run.id[0] for run in Archive(home).of_owner("somebody")] == ["b"]
    assert "run aaaaaa" in caplog.text
    assert "title" in caplog.text
    assert Archive(home).damaged_of("somebody") == ("aaaaaa",)


def test_a_damaged_run_is_called_what_its_owner_called_it(home):
    path = home / "owners" / "somebody" / "runs" / ("a" * 32) / RECORD
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({**whole, "created": "long ago"}))
    assert Archive(home).damaged_of("somebody") == (whole["title"],)
    path.write_bytes(path.read_bytes()[:40])
    assert Archive(home).damaged_of("somebody") == ("aaaaaa",)


def test_what_has_no_record_is_being_made_or_deleted_and_not_damaged(home):
    (home / "owners" / "somebody" / "runs" / ("a" * 32) / RECORD).unlink()
    archive = Archive(home)
    assert [run.id[0] for run in archive.of_owner("somebody")] == ["b"]
    assert archive.damaged_of("somebody") == ()


def test_a_run_that_is_whole_again_is_damaged_no_longer(home):
    path = home / "owners" / "somebody" / "runs" / ("a" * 32) / RECORD
    whole = path.read_bytes()
    path.write_bytes(b"{")
    archive = Archive(home)
    assert archive.damaged_of("somebody") == ("aaaaaa",)
    path.write_bytes(whole)
    archive.forget(archive.of_owner("somebody")[0])
    assert archive.damaged_of("somebody") == ()


def test_a_run_whose_progress_is_damaged_is_there_and_its_damage_named(home, caplog):
    path = home / "owners" / "somebody" / "runs" / ("a" * 32) / PROGRESS
    path.write_text(json.dumps({**json.loads(path.read_text()), "step": "many"}))
    with caplog.at_level(logging.WARNING):
        found = {run.id[0]: run.step for run in Archive(home).of_owner("somebody")}
    assert found == {"a": 0, "b": 10}
    assert "many" in caplog.text
