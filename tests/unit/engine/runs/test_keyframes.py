"""Keyframes and marks without a process: which stand, which go, and what a run's settings were at a step."""

import itertools
import os

import pytest

from vae_core.config.configs import TrainConfig
from vae_core.config.settings import LIVE, SETTINGS, Choice
from vae_core.engine.runs.changes import MOST, Mark, gone_back, settings_at, with_change
from vae_core.engine.runs.keyframes import Keyframes, encoder_path, keyframe_path, read_keyframes
from vae_core.storage.home import link_or_copy


def take(keyframes, steps):
    for step in steps:
        if keyframes.due(step):
            keyframes.add(step, step / 10, b"shown", b"encoder")
    return keyframes


def test_keyframes_stand_densely_at_the_start_and_every_second_one_goes(tmp_path):
    keyframes = take(Keyframes(tmp_path), range(100_000))
    steps = keyframes.steps
    assert 30 <= len(steps) <= 60
    assert steps[0] == 0
    gaps = [after - before for before, after in itertools.pairwise(steps)]
    assert gaps == sorted(gaps)
    assert gaps[0] < 200 < gaps[-1]
    assert steps[-1] > 90_000
    stored = {path.name for path in (tmp_path / "keyframes").iterdir()}
    wanted = {path(tmp_path, step).name for step in steps for path in (keyframe_path, encoder_path)}
    assert stored == wanted | {"index.json"}


def test_thinning_keeps_every_second_one(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_MAX_KEYFRAMES", "4")
    keyframes = take(Keyframes(tmp_path), [0, 1, 4, 9])
    assert keyframes.steps == [0, 1, 4, 9]
    take(keyframes, [16])
    assert keyframes.steps == [0, 4, 16]
    assert not keyframes.due(25)
    assert keyframes.due(36)


def test_large_nets_have_fewer(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_MAX_KEYFRAMES_MB", "0.001")
    keyframes = Keyframes(tmp_path)
    for step in range(400):
        if keyframes.due(step):
            keyframes.add(step, 0.0, b"x" * 150, b"x" * 100)
    total = sum(path.stat().st_size for path in (tmp_path / "keyframes").glob("*.safetensors"))
    assert len(keyframes.steps) >= 2
    assert total <= 1000


def test_where_a_run_rests_there_is_one_until_the_next(tmp_path):
    keyframes = take(Keyframes(tmp_path), [0, 1, 4, 9])
    for step in (10, 11, 12):
        assert not keyframes.due(step)
        keyframes.add(step, 0.0, b"shown", b"encoder")
    assert keyframes.steps == [0, 1, 4, 9, 12]
    assert keyframes.due(16)
    take(keyframes, [16])
    assert keyframes.steps == [0, 1, 4, 9, 16]
    keyframes.add(16, 0.0, b"shown", b"encoder")
    assert keyframes.steps == [0, 1, 4, 9, 16]


def test_they_are_found_again_and_go_when_the_run_goes_back(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_MAX_KEYFRAMES", "4")
    take(Keyframes(tmp_path), [0, 1, 4, 9, 16])
    again = Keyframes(tmp_path)
    assert again.steps == [0, 4, 16]
    assert again.due(36)
    assert not again.due(25)
    again.forget_after(5)
    assert again.steps == [0, 4]
    assert [each["step"] for each in read_keyframes(tmp_path)] == [0, 4]
    assert not keyframe_path(tmp_path, 16).exists()


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"keyframes": [{"step": "x"}]}', b"\xff"])
def test_a_damaged_index_means_no_keyframes(tmp_path, damage):
    take(Keyframes(tmp_path), [0, 1])
    (tmp_path / "keyframes" / "index.json").write_bytes(damage)
    assert read_keyframes(tmp_path) == []
    assert Keyframes(tmp_path).due(0)


def test_a_link_outlives_what_it_was_made_of(tmp_path, monkeypatch):
    source = tmp_path / "a"
    source.write_bytes(b"old")
    link_or_copy(source, tmp_path / "deep" / "b")

    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    link_or_copy(source, tmp_path / "c")
    source.unlink()
    assert (tmp_path / "deep" / "b").read_bytes() == (tmp_path / "c").read_bytes() == b"old"


def test_changes_at_one_step_are_one_mark_and_none_if_undone():
    one, two = TrainConfig(), TrainConfig(beta=2.0)
    marks = with_change([], 5, 0.5, one, two)
    assert [mark.text for mark in marks] == ["beta 1 → 2"]
    three = two.replace(beta=3.0, learning_rate=1e-4, beta_warmup_epochs=2)
    marks = with_change(marks, 5, 0.5, two, three)
    assert [mark.text for mark in marks] == ["beta 1 → 3, learning rate 0.001 → 0.0001, warm-up epochs 0 → 2"]
    assert with_change(marks, 5, 0.5, three, one) == []
    assert with_change(marks, 5, 0.5, three, three) == marks
    assert len(with_change(marks, 6, 0.6, three, one)) == 2
    assert [Mark.from_dict(mark.to_dict()) for mark in marks] == marks


def test_marks_are_bounded():
    marks, before = [], TrainConfig()
    for step in range(MOST + 10):
        after = before.replace(beta=float(step + 2))
        marks, before = with_change(marks, step, 0.0, before, after), after
    assert len(marks) == MOST
    assert marks[-1].step == MOST + 9


def test_settings_at_a_step_are_those_before_later_changes():
    first, second = TrainConfig(beta_warmup_epochs=3), TrainConfig(beta=4.0, beta_warmup_epochs=1)
    marks = [Mark(2, 0.1, {}, "branched from step 2"), *with_change([], 10, 1.0, first, second)]
    assert settings_at(second, marks, 10) == first  # a change acts from the next step on
    assert settings_at(second, marks, 11) == second
    assert settings_at(second, marks, 0) == first


def test_a_run_that_goes_back_takes_its_later_changes_along():
    first = TrainConfig()
    second, third = first.replace(beta=4.0), first.replace(beta=4.0, learning_rate=1.0)
    marks = with_change(with_change([], 10, 1.0, first, second), 30, 3.0, second, third)
    back = gone_back(marks, 20, 2.0, third, "went back")
    assert [(mark.step, mark.text) for mark in back] == [
        (10, "beta 1 → 4"),
        (20, "went back; learning rate 0.001 → 1"),
    ]
    assert settings_at(third, back, 20) == second
    assert settings_at(third, back, 25) == third  # it came there with these, the second time
    slower = third.replace(learning_rate=1e-4)
    again = with_change(back, 20, 2.0, third, slower)
    assert [mark.text for mark in again] == ["beta 1 → 4", "went back; learning rate 0.001 → 0.0001"]
    assert with_change(again, 20, 2.0, slower, second)[-1].text == "went back"
    assert [Mark.from_dict(mark.to_dict()) for mark in back] == back


@pytest.mark.parametrize("name", LIVE)
def test_every_live_setting_leaves_a_mark(name):
    setting = SETTINGS[name]
    other = list(setting.options)[-1] if isinstance(setting, Choice) else setting.least + 1e-3
    other = 1 if not isinstance(setting, Choice) and setting.whole else other
    before = TrainConfig()
    after = before.replace(**{name: other})
    (mark,) = with_change([], 10, 1.0, before, after)
    assert mark.text.startswith(f"{setting.word} ")
    assert " → " in mark.text
    assert settings_at(after, [Mark.from_dict(mark.to_dict())], 10) == before


def test_a_mark_of_a_later_version_is_named_and_changes_nothing():
    values = {"step": 10, "epoch": 1.0, "changes": {"cool_down": [0.5, 0.25], "beta": [1.0, 2.0]}, "note": ""}
    mark = Mark.from_dict(values)
    assert mark.text == "cool down 0.5 → 0.25, beta 1 → 2"
    assert mark.to_dict() == values
    assert settings_at(TrainConfig(beta=2.0), [mark], 10) == TrainConfig(beta=1.0)
