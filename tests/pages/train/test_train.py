"""The buttons of Train, and what it says of the run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.pages.stand_ins import App, FakeEngine, FakeExplorer
from tests.pages.train.train_runs import a_run, go_back
from ui.train.button_help import HELP
from ui.train.mishaps import MISHAPS, Mishap
from vae_core import ModelConfig, TrainConfig
from vae_core.config.families import FAMILIES
from vae_core.config.settings import LIVE, SETTINGS, Number, number
from vae_core.engine import EngineBusyError, RunInfo


def test_start_trains_what_the_fields_say(app: App, engine: FakeEngine, component: FakeExplorer) -> None:
    app.open("train", train_images="digits", train_latent_dim="3", train_beta="4")
    app.test.number_input(key="train_epochs").set_value(7)
    app.click("train_start")
    name, images, model, train = engine.asked[0]
    assert (name, images) == ("start_run", "digits")
    assert model == ModelConfig(image_shape=(1, 8, 8), latent_dim=3)
    assert train == TrainConfig(beta=4.0, epochs=7)
    assert component.told[-1]["run"].id == "run-1"
    assert component.told[-1]["mode"] == "train"
    assert "This run: digits · vae, conv, bernoulli · 3 latent dimensions · beta 4" in app.said


def test_each_button_of_a_run_has_a_sentence_of_help(app: App, engine: FakeEngine) -> None:
    engine.current = a_run()
    app.open("train")
    keys = {each.key for each in app.test.button if each.key and each.key.startswith("train_")}
    own = {key for key in keys if not key.startswith(("train_mishap_", "train_take_", "train_other_"))}
    assert own <= set(HELP)
    assert {"train_start", "train_pause", "train_explain", "train_branch", "train_save"} <= own
    sheet = next(each.body for each in app.test.get("html") if HELP["train_start"] in each.body)
    for key, sentence in HELP.items():
        assert f".st-key-{key}:is(" in sheet
        assert f'"{sentence}"' in sheet


def test_pause_step_resume_stop(app: App, engine: FakeEngine) -> None:
    engine.current = a_run()
    app.open("train")
    app.click("train_pause")
    assert app.test.button(key="train_pause").label == "Resume"
    app.click("train_step")
    app.click("train_pause")
    app.click("train_stop")
    assert [asked[0] for asked in engine.asked] == ["pause", "step", "resume", "stop"]
    assert app.test.button(key="train_stop").disabled
    assert not app.test.button(key="train_pause").disabled, "a stopped run can be resumed"


def test_beta_and_learning_rate_reach_the_run_that_is_going_on(app: App, engine: FakeEngine) -> None:
    engine.current = a_run()
    app.open("train")
    app.test.number_input(key="train_beta").set_value(10.0)
    app.run()
    app.test.number_input(key="train_learning_rate").set_value(0.01)
    app.run()
    assert engine.asked == [("set", {"beta": 10.0}), ("set", {"learning_rate": 0.01})]


@pytest.mark.parametrize("name", [name for name in LIVE if isinstance(SETTINGS[name], Number)])
def test_every_live_setting_has_a_field_that_reaches_the_run_and_a_name_in_the_link(
    app: App, engine: FakeEngine, name: str
) -> None:
    setting = number(name)
    having = [each for each in FAMILIES.values() if name in each.settings]
    family = "vae" if not having or FAMILIES["vae"] in having else having[0].name
    engine.current = a_run(model=replace(a_run().model, family=family, likelihood="bernoulli"))
    app.open("train", train_family=family, **{f"train_{name}": str(setting.least)})
    field = app.test.number_input(key=f"train_{name}")
    assert (field.label, field.value) == (setting.title, setting.least)
    assert setting.help in field.help
    changed = setting.least + setting.step
    field.set_value(int(changed) if setting.whole else changed)
    app.run()
    assert engine.asked == [("set", {name: changed})]


def test_a_run_of_a_later_version_says_what_is_left_out(app: App, engine: FakeEngine) -> None:
    engine.current = a_run(unknown=("cool_down",))
    app.open("train")
    assert "What this one does not know is kept and left out: cool_down." in app.said.replace("\\_", "_")


def test_a_stopped_run_takes_settings_for_when_it_goes_on(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("failed", error="why")
    app.open("train")
    app.test.number_input(key="train_learning_rate").set_value(0.0001)
    app.run()
    assert engine.asked == [("set", {"learning_rate": 0.0001})]


def test_while_the_past_is_shown_fields_leave_the_run_alone(app: App, engine: FakeEngine) -> None:
    engine.current = a_run()
    go_back(app, 25)
    app.open("train")
    app.test.number_input(key="train_beta").set_value(10.0)
    app.run()
    assert engine.asked == []


def test_epoch_and_slow_motion(app: App, engine: FakeEngine) -> None:
    engine.current = a_run()
    app.open("train").click("train_epoch").click("train_explain")
    assert engine.asked == [("epoch",), ("explain",)]


def test_start_over_is_said_when_the_fields_are_the_runs(app: App, engine: FakeEngine) -> None:
    engine.current = a_run()
    app.open("train")
    assert app.test.button(key="train_start").label == "Start over"
    assert main_button(app) == "train_pause", "what would lose the moment is not what the eye finds first"
    app.test.number_input(key="train_seed").set_value(3)
    app.run()
    assert app.test.button(key="train_start").label == "Start"
    assert main_button(app) == "train_start"


@pytest.mark.parametrize(
    ("run", "comes_first"),
    [(None, "train_start"), (a_run(state="paused"), "train_pause"), (a_run(state="done"), "train_start")],
    ids=["no run", "paused", "done"],
)
def test_what_comes_first_is_what_one_can_do(
    app: App, engine: FakeEngine, run: RunInfo | None, comes_first: str
) -> None:
    engine.current = run
    app.open("train")
    assert main_button(app) == comes_first


def main_button(app: App) -> str:
    (found,) = [
        key for key in ("train_start", "train_pause") if app.test.button(key=key).proto.type == "primary"
    ]
    return found


@pytest.mark.parametrize("chosen", MISHAPS, ids=lambda each: each.name)
def test_a_mishap_is_one_click(app: App, engine: FakeEngine, chosen: Mishap) -> None:
    app.open("train", train_epochs="3", train_free_bits="2")
    app.click(f"train_mishap_{chosen.name}")
    name, images, model, train = engine.asked[0]
    assert name == "start_run"
    values = chosen.values()
    assert images == values["train_images"]
    for key, value in values.items():
        config = model if hasattr(model, key.removeprefix("train_")) else train
        if key != "train_images":
            assert getattr(config, key.removeprefix("train_")) == value
    assert app.url == {key: str(value).removesuffix(".0") for key, value in chosen.changes.items()}
    assert "**Look:**" in app.text
    assert chosen.look in app.text


def test_settings_of_a_run_that_is_over_do_not_change_it(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("done")
    app.open("train")
    app.test.number_input(key="train_beta").set_value(10.0)
    app.run()
    assert engine.asked == []


def test_what_the_engine_refuses_is_said(app: App, engine: FakeEngine) -> None:
    engine.refuses = EngineBusyError("Too much is going on: wait a minute.")
    app.open("train").click("train_start")
    assert "Too much is going on: wait a minute" in app.said
    engine.refuses = None
    app.click("train_start")
    assert "Too much" not in app.captions


def test_trouble_with_the_disk_is_said_in_words(app: App, engine: FakeEngine) -> None:
    engine.refuses = OSError(28, "No space left on device", "/home/secret/run.json")
    app.open("train").click("train_start")
    assert "disk is full" in app.said
    engine.refuses = PermissionError(13, "Permission denied", "/home/secret/run.json")
    app.click("train_start")
    assert "Permission denied" in app.said
    assert "secret" not in app.said
    engine.refuses = PermissionError("0" * 32)  # someone else's
    app.click("train_start")
    assert "This run is not here any more" in app.said


def test_a_failed_run_can_be_resumed(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("failed", error="The loss is not a number any more: take a smaller learning rate.")
    app.open("train")
    assert app.test.button(key="train_pause").label == "Resume"


def test_other_pages_show_the_run_in_the_sidebar(app: App, engine: FakeEngine) -> None:
    engine.current = a_run(eta_seconds=12.0)
    app.open("explore")
    assert "Training** · digits, conv, 5-D · epoch 4 of 30 · step 40 of 360 · 12 s left" in "\n".join(
        caption.value for caption in app.test.sidebar.caption
    )


def test_train_says_why_a_run_waits(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("queued", place=3, wait_seconds=75, why="40 runs train at a time.")
    app.open("train")
    said = "\n".join(caption.value for caption in app.test.caption)
    assert "40 runs train at a time" in said


def test_the_sidebar_says_the_place_in_the_line(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("queued", place=3, wait_seconds=75)
    app.open("models")
    said = "\n".join(caption.value for caption in app.test.sidebar.caption)
    assert "place 3 in the line · about 1 min 15 s to wait" in said
