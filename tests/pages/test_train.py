from __future__ import annotations

from dataclasses import replace

import pytest
from stand_ins import App, FakeEngine, FakeExplorer, failed, unfinished

from ui.mishaps import MISHAPS, Mishap
from vae_core import ModelConfig, TrainConfig
from vae_core.engine import EngineBusyError, RunInfo

FIELDS = [
    "train_images",
    "train_architecture",
    "train_family",
    "train_likelihood",
    "train_latent_dim",
    "train_beta",
    "train_learning_rate",
    "train_epochs",
    "train_batch_size",
    "train_seed",
    "train_width",
    "train_beta_warmup_epochs",
    "train_free_bits",
    "train_binarize",
]
BUTTONS = [
    "train_start",
    "train_pause",
    "train_step",
    "train_epoch",
    "train_explain",
    "train_stop",
    "train_branch",
    "train_open",
    "train_film",
    "train_save",
]
PAST = ({"step": 0, "epoch": 0.0}, {"step": 25, "epoch": 2.1}, {"step": 40, "epoch": 3.2})


def a_run(state: str = "running", **changes) -> RunInfo:
    model = ModelConfig(image_shape=(1, 8, 8), latent_dim=5, family="vae", likelihood="gaussian")
    train = TrainConfig(beta=4.0, epochs=30)
    run = RunInfo("run-7", "hash", state, "", "digits", model, train, step=40, total_steps=360, epoch=3.2)
    return replace(run, **({"keyframes": PAST} | changes))


def go_back(app: App, step: int | None) -> None:
    """Let the component show a moment of the run's past, as the hand on the scrubber does."""
    app.test.session_state["train"] = {"keyframe": {"of": "run-7", "value": step}}


def element(app: App, key: str):
    found = [element for element in app.test.main if getattr(element, "key", None) == key]
    assert len(found) == 1, key
    return found[0]


def test_every_field_and_button_is_there_at_load(app: App) -> None:
    app.open("train")
    for key in FIELDS + BUTTONS:
        element(app, key)
    disabled = {key for key in BUTTONS if element(app, key).disabled}
    assert disabled == set(BUTTONS) - {"train_start"}


def test_ranges_are_those_of_the_configs(app: App) -> None:
    app.open("train")
    beta, rate = app.test.number_input(key="train_beta"), app.test.number_input(key="train_learning_rate")
    assert (beta.min, beta.max, beta.value) == (0.0, 1e5, 1.0)
    assert (rate.min, rate.max, rate.value) == (1e-6, 1.0, 1e-3)
    epochs = app.test.number_input(key="train_epochs")
    assert (epochs.min, epochs.max, epochs.value) == (1, 500, 20)


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


def test_a_run_is_shown_whatever_the_link_says(app: App, engine: FakeEngine, component: FakeExplorer) -> None:
    engine.current = a_run()
    app.open("train", train_images="fashion", train_beta="2")
    assert component.told[-1]["run"].id == "run-7"
    assert app.test.selectbox(key="train_images").value == "fashion"
    assert app.test.number_input(key="train_beta").value == 2.0


def test_without_a_link_the_fields_show_the_current_run(app: App, engine: FakeEngine) -> None:
    engine.current = a_run()
    app.open("train")
    assert app.test.selectbox(key="train_images").value == "digits"
    assert app.test.number_input(key="train_beta").value == 4.0
    assert app.test.number_input(key="train_latent_dim").value == 5
    assert app.url == {
        "train_images": "digits",
        "train_likelihood": "gaussian",
        "train_latent_dim": "5",
        "train_beta": "4",
        "train_epochs": "30",
    }, "so that a copied link shows the same settings"


def test_beta_and_learning_rate_reach_the_run_that_is_going_on(app: App, engine: FakeEngine) -> None:
    engine.current = a_run()
    app.open("train")
    app.test.number_input(key="train_beta").set_value(10.0)
    app.run()
    app.test.number_input(key="train_learning_rate").set_value(0.01)
    app.run()
    assert engine.asked == [("set", {"beta": 10.0}), ("set", {"learning_rate": 0.01})]


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
    app.test.number_input(key="train_seed").set_value(3)
    app.run()
    assert app.test.button(key="train_start").label == "Start"


def test_branch_from_the_moment_that_is_shown(app: App, engine: FakeEngine) -> None:
    engine.current = a_run(title="Trunk, from step 7")
    go_back(app, 25)
    app.open("train")
    app.test.number_input(key="train_batch_size").set_value(64)
    app.click("train_branch")
    train = engine.current.train
    assert engine.asked == [("branch", 25, train, "Trunk, from step 25")]
    assert (train.batch_size, train.beta, train.epochs) == (64, 4.0, 30)


def test_branch_from_now_trains_as_many_epochs_more(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("done", epoch=30.0)
    app.open("train").click("train_branch")
    (_, step, train, _) = engine.asked[0]
    assert (step, train.epochs) == (None, 60)
    assert app.test.number_input(key="train_epochs").value == 60
    assert app.url["train_epochs"] == "60"


def test_a_branch_of_another_net_is_refused(app: App, engine: FakeEngine) -> None:
    engine.current = a_run()
    app.open("train")
    app.test.number_input(key="train_latent_dim").set_value(9)
    app.click("train_branch")
    assert engine.asked == []
    assert "Latent dimensions must be as in the run" in app.said


def test_a_keyframe_is_saved_and_opened(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("paused", title="Mine")
    go_back(app, 25)
    app.open("train").click("train_save")
    assert engine.asked == [("save_run", "mine-step-25", {"title": "Mine, step 25", "step": 25})]
    go_back(app, None)
    app.click("train_open")
    assert engine.asked[1:] == [("save_run", "mine", {"title": "Mine", "step": None})]
    assert app.test.session_state["page"] == "explore"


def test_a_moment_that_is_not_kept_any_more_is_never_taken_for_now(app: App, engine: FakeEngine) -> None:
    engine.current = a_run()
    go_back(app, 24)  # thinned out while it was looked at
    app.open("train")
    for button in ("train_save", "train_open", "train_branch"):
        app.click(button)
        assert engine.asked == []
        assert "not kept any more" in app.said


def test_a_film_is_drawn_and_handed_out(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("paused", title="A <b>run</b>")
    job = unfinished(progress=0.4, message="Drawing 3 of 9 pictures")
    engine.outcome = lambda function, arguments: job
    app.open("train").click("train_film")
    assert "The film is being drawn (40%)" in app.said
    assert "Drawing 3 of 9 pictures" in app.said
    job.state, job.result = "done", b"GIF89a"
    job._finished.set()
    app.run()
    assert "The film is drawn" in app.said
    found = app.test.get("download_button")
    assert [button.label for button in found] == ["Download it"]


def test_a_film_that_fails_says_why(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("paused")
    engine.outcome = lambda function, arguments: failed("This run has no keyframes yet.")
    app.open("train").click("train_film")
    assert "There is no film: This run has no keyframes yet" in app.said


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
    assert app.url == {key: str(value) for key, value in chosen.changes.items()}
    assert "**Look:**" in app.text
    assert chosen.look in app.text


def test_images_too_large_for_memory_are_refused_beside_the_field(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vae_core.engine.memory.free_memory", lambda: 400_000_000)
    app.open("train")
    assert "The largest number that fits is" in app.captions
    assert app.test.button(key="train_start").disabled


def test_settings_of_a_run_that_is_over_do_not_change_it(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("done")
    app.open("train")
    app.test.number_input(key="train_beta").set_value(10.0)
    app.run()
    assert engine.asked == []


def test_what_cannot_work_is_said_beside_the_field_and_nothing_starts(app: App, engine: FakeEngine) -> None:
    app.open("train", train_beta_warmup_epochs="30")
    assert "from 0 to 20; got 30" in app.said
    assert app.test.button(key="train_start").disabled
    app.test.number_input(key="train_beta_warmup_epochs").set_value(3)
    app.run()
    assert not app.test.button(key="train_start").disabled
    app.test.selectbox(key="train_likelihood").select("gaussian")
    app.test.selectbox(key="train_binarize").select("dynamic")
    app.run()
    assert "draws black and white pixels" in app.captions
    assert app.test.button(key="train_start").disabled
    assert engine.asked == []


def test_the_gaussian_says_that_digits_collapse(app: App) -> None:
    app.open("train", train_images="digits", train_likelihood="gaussian")
    assert "every dimension collapses" in app.captions
    app.test.selectbox(key="train_images").select("mnist")
    app.run()
    assert "every dimension collapses" not in app.captions
    assert "only if its own variance exceeds 1" in app.captions


def test_an_autoencoder_has_no_beta(app: App) -> None:
    app.open("train", train_family="autoencoder")
    for key in ("train_beta", "train_beta_warmup_epochs", "train_free_bits"):
        assert app.test.number_input(key=key).disabled
    assert not app.test.button(key="train_start").disabled


def test_images_that_are_not_here_cannot_be_trained_on(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    import ui.fields
    import ui.settings
    from vae_core import image_sets

    absent = [replace(info, available=False) if info.name == "kmnist" else info for info in image_sets()]
    for module in (ui.fields, ui.settings):
        monkeypatch.setattr(module, "image_sets", lambda: absent)
    app.open("train", train_images="kmnist")
    assert "get them on the Images page" in app.captions
    assert app.test.button(key="train_start").disabled


def test_nonsense_in_the_link_is_said(app: App) -> None:
    app.open("train", train_beta="-3", train_images="cats", train_epochs="2.5", train_family="vae")
    said = app.said
    assert "train_beta = -3. It should be a number from 0 to 100,000; showing 1 instead" in said
    assert "train_images = cats" in said
    assert "train_epochs = 2.5. It should be a whole number from 1 to 500; showing 2 instead" in said
    assert "train_family" not in said
    assert app.test.number_input(key="train_beta").value == 1.0
    assert app.test.number_input(key="train_epochs").value == 2


def test_save_says_when_it_is_done_and_where(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("paused")
    job = unfinished(message="Measuring the model")
    engine.outcome = lambda function, arguments: job
    app.open("train")
    app.test.text_input(key="train_title").set_value("My *first* <b>model</b>")
    app.click("train_save")
    assert engine.asked == [
        ("save_run", "my-first-b-model-b", {"title": "My *first* <b>model</b>", "step": None})
    ]
    assert "Measuring the model" in app.captions
    job.state = "done"
    job._finished.set()
    app.run()
    assert r"Saved as **My \*first\* \<b\>model\<\/b\>**" in app.captions
    assert "Explore it" in [link.label for link in app.test.get("page_link")]


def test_a_save_that_fails_says_why(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("paused")
    engine.outcome = lambda function, arguments: failed("The disk is full.")
    app.open("train").click("train_save")
    assert "was not saved: The disk is full" in app.said


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
