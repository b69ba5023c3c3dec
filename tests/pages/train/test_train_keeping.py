"""What Train does with a moment of a run: branch from it, save it, open it, draw the film."""

from __future__ import annotations

from tests.pages.stand_ins import App, FakeEngine, failed, unfinished
from tests.pages.train.train_runs import a_run, go_back


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
