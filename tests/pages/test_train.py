from __future__ import annotations

from dataclasses import replace

import pytest
from stand_ins import App, FakeEngine, FakeExplorer, failed, unfinished

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
BUTTONS = ["train_start", "train_pause", "train_step", "train_stop", "train_save"]


def a_run(state: str = "running", **changes) -> RunInfo:
    model = ModelConfig(image_shape=(1, 8, 8), latent_dim=5, family="vae", likelihood="gaussian")
    train = TrainConfig(beta=4.0, epochs=30)
    run = RunInfo("run-7", "hash", state, "", "digits", model, train, step=40, total_steps=360, epoch=3.2)
    return replace(run, **changes)


def element(app: App, key: str):
    found = [element for element in app.test.main if getattr(element, "key", None) == key]
    assert len(found) == 1, key
    return found[0]


def test_every_field_and_button_is_there_at_load(app: App) -> None:
    app.open("train")
    for key in FIELDS + BUTTONS:
        element(app, key)
    disabled = {key for key in BUTTONS if element(app, key).disabled}
    assert disabled == {"train_pause", "train_step", "train_stop", "train_save"}


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
    assert engine.asked == [("save_run", "my-first-b-model-b", {"title": "My *first* <b>model</b>"})]
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


def test_the_sidebar_says_the_place_in_the_line(app: App, engine: FakeEngine) -> None:
    engine.current = a_run("queued", place=3, wait_seconds=75)
    app.open("models")
    said = "\n".join(caption.value for caption in app.test.sidebar.caption)
    assert "place 3 in the line · about 1 min 15 s to wait" in said
