"""The runs that are not on Train's stage any more, and the way back to each."""

from __future__ import annotations

import time
from dataclasses import replace

from tests.pages.stand_ins import App, FakeEngine, FakeExplorer
from tests.pages.train.train_runs import a_run
from vae_core import TrainConfig


def listed(app: App) -> list[tuple[str, str]]:
    """Titles and facts of the runs in the list, as a reader sees them."""
    buttons = [each for each in app.test.button if (each.key or "").startswith("train_other_")]
    facts = [each for each in app.said.splitlines() if "started" in each]
    return list(zip([each.label.replace("\\", "") for each in buttons], facts, strict=True))


def test_the_run_before_start_over_is_a_click_away(
    app: App, engine: FakeEngine, component: FakeExplorer
) -> None:
    before = a_run("done", title="Mine <b>old</b>", epoch=30.0, step=360, created=time.time() - 27_030)
    engine.current, engine.earlier = a_run(id="run-8", title="New"), [before]
    app.open("train", train_beta="2")
    assert listed(app) == [
        ("Mine <b>old</b>", "Done · digits · epoch 30 of 30 · started 7 h 30 min ago"),
    ]
    app.click("train_other_run-7")
    assert engine.asked == [("choose", "run-7")]
    assert component.told[-1]["run"].id == "run-7"
    assert [title for title, _ in listed(app)] == ["New"]


def test_a_run_brings_its_settings_with_it(app: App, engine: FakeEngine) -> None:
    engine.current = a_run(id="run-8")
    engine.earlier = [a_run("stopped", train=TrainConfig(beta=7.5, epochs=12, seed=3))]
    app.open("train", train_images="mnist")
    app.click("train_other_run-7")
    assert app.test.selectbox(key="train_images").value == "digits"
    assert app.test.number_input(key="train_latent_dim").value == 5
    assert app.test.number_input(key="train_beta").value == 7.5
    assert app.url["train_epochs"] == "12"
    assert app.test.button(key="train_start").label == "Start over"
    assert engine.asked == [("choose", "run-7")], "fields that are filled change no run"


def test_a_run_whose_images_are_gone_can_be_looked_at(app: App, engine: FakeEngine) -> None:
    engine.current, engine.earlier = a_run(id="run-8"), [a_run("done", image_set="my-own")]
    app.open("train", train_images="mnist").click("train_other_run-7")
    assert app.test.selectbox(key="train_images").value == "mnist"
    assert app.test.number_input(key="train_latent_dim").value == 5


def test_a_run_that_has_gone_meanwhile_is_said(app: App, engine: FakeEngine) -> None:
    engine.current, engine.earlier = a_run(id="run-8"), [a_run("done")]
    app.open("train")
    engine.refuses = KeyError("run-7")
    app.click("train_other_run-7")
    assert "This run is not here any more" in app.said


def test_with_no_other_run_there_is_no_list(app: App, engine: FakeEngine) -> None:
    labels = [each.label for each in app.open("train").test.expander]
    assert "Your other runs" not in labels
    engine.current = a_run()
    assert "Your other runs" not in [each.label for each in app.run().test.expander]
    engine.earlier = [a_run("done", id="run-6")]
    assert "Your other runs" in [each.label for each in app.run().test.expander]


def test_start_over_can_be_undone(app: App, engine: FakeEngine) -> None:
    app.open("train").click("train_start")
    assert engine.current is not None
    before = engine.current = replace(engine.current, id="run-0", step=50)
    app.run()
    assert app.test.button(key="train_start").label == "Start over"
    app.click("train_start")
    assert engine.current.id == "run-1"
    engine.earlier = [replace(before, state="stopped")]
    app.run().click("train_undo")
    assert [what for what, *_ in engine.asked[-3:]] == ["stop", "choose", "resume"]
    assert engine.current.id == "run-0"
    assert "train_undo" not in {button.key for button in app.test.button}


def test_a_first_start_leads_nowhere_back(app: App, engine: FakeEngine) -> None:
    app.open("train").click("train_start")
    assert "train_undo" not in {button.key for button in app.test.button}


def test_a_damaged_run_is_named_and_the_others_are_there(app: App, engine: FakeEngine) -> None:
    engine.current, engine.earlier = a_run(id="run-8"), [a_run("done", title="Whole")]
    engine.damaged = ("Torn *apart*", "a1b2c3")
    app.open("train")
    assert "Cannot be read, and left out: “Torn *apart*”, “a1b2c3”." in app.said
    assert any(r"Torn \*apart\*" in each.value for each in app.test.caption), "disarmed"
    assert [title for title, _ in listed(app)] == ["Whole"]


def test_of_many_damaged_runs_the_rest_is_counted(app: App, engine: FakeEngine) -> None:
    engine.damaged = ("a", "b", "c", "d", "e")
    app.open("train")
    assert "“a”, “b”, “c” and 2 more." in app.said


def test_nothing_is_said_of_damage_where_there_is_none(app: App, engine: FakeEngine) -> None:
    app.open("train")
    assert "Cannot be read" not in app.said
