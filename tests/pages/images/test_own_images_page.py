"""Images of one's own: what is said before they are kept; then kept, trained on, shared, taken away."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.pages.stand_ins import App, FakeEngine, done, failed, png, unfinished
from tests.unit.images.test_own_sets import some_images, stored
from ui.identity import owner as identity
from ui.images import preview
from ui.library import links
from ui.library.disk import brought
from ui.library.image_library import ImageLibrary
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.config.effort import step_effort
from vae_core.engine import Job

LOOKED = {"size": 28, "channels": 3, "sizes": [[40, 30]], "crop": png(), "pad": png(), "stretch": png()}


@pytest.fixture
def owner(app: App) -> str:
    name = identity.new_owner()
    app.test.session_state["_latent_owner"] = name
    links._LINKS = None
    return name


def bring(owner: str, name: str = "letters.zip") -> None:
    arriving = brought.Arriving(owner, name, 4)
    arriving.part.write_bytes(b"data")
    arriving.keep()
    arriving.end()


def answers(engine: FakeEngine, preview: Job | None = None) -> None:
    def outcome(function: str, arguments: dict[str, Any]) -> Job:
        if function == "look_at_images":
            return done(LOOKED)
        if function == "preview_images":
            if preview is not None:
                return preview
            made = Path(arguments["out"])
            stored(made.parent, some_images(), made.stem)
            Path(arguments["listing"]).write_text("file,reason\n")
            reasons = [["<b>x</b>.png", "it is SVG"]]
            classes = [["cat", 27, 3], ["dog", 27, 3]]
            result = {"kept": 60, "duplicates": 2, "refused": 1, "reasons": reasons, "classes": classes}
            return done({**result, "png": png()})
        return done(png())

    engine.outcome = outcome


def test_all_that_came_is_told_before_it_is_kept(app: App, engine: FakeEngine, owner: str) -> None:
    bring(owner)
    answers(engine)
    app.open("images")
    text = app.text.replace("\\", "")
    assert "60 images of 61 files would be kept" in text
    assert "1 refused, 2 duplicates among them" in text
    assert "54 to learn from, 6 held out, a tenth of each class" in text
    assert "cat 27 + 3 · dog 27 + 3" in text
    assert "it is SVG" in text
    assert "<b>x" not in app.text  # names are disarmed
    found = brought.current(owner)
    assert found is not None
    assert app.test.text_input(key=f"images_title_{found.id}").value == "letters"


def test_another_choice_reads_all_anew_with_it(app: App, engine: FakeEngine, owner: str) -> None:
    bring(owner)
    answers(engine)
    app.open("images")
    found = brought.current(owner)
    assert found is not None
    app.test.number_input(key=f"images_size_{found.id}").set_value(16)
    app.run()
    asked = [each[2] for each in engine.asked if each[0] == "submit" and each[1] == "preview_images"]
    assert [(each["size"], each["channels"], each["fit"], each["ground"]) for each in asked] == [
        (28, 3, "crop", 255),
        (16, 3, "crop", 255),
    ]
    assert [path.name for path in found.made.glob("*.safetensors")] == ["16-3-crop-255.safetensors"]


def test_what_is_kept_leads_to_train_with_a_learned_variance(
    app: App, engine: FakeEngine, owner: str
) -> None:
    bring(owner)
    answers(engine)
    app.open("images").click("images_keep")
    (kept,) = ImageLibrary(owner).infos()
    assert kept.title == "letters"
    assert brought.current(owner) is None
    queries = [link.query_string for link in app.test.get("page_link")]
    assert f"train_images={kept.name}&train_likelihood=gaussian_learned" in queries
    app.open("train", train_images=kept.name, train_likelihood="gaussian_learned")
    assert app.test.selectbox(key="train_images").value == kept.name
    assert "Less than a second for 20 epochs on this machine" in app.captions
    fast, engine.speed = engine.speed, step_effort(ModelConfig((3, 9, 9)), TrainConfig()) / 60
    app.run()
    assert "for each step on this machine" in app.captions
    assert re.search(r"About \d+ min\b.* for 20 epochs on this machine", app.captions)
    engine.speed = fast
    app.run()
    app.click("train_start")
    (started,) = [each for each in engine.asked if each[0] == "start_run"]
    assert started[1] == kept.name
    assert (started[2].image_shape, started[2].likelihood) == ((3, 9, 9), "gaussian_learned")


def test_colour_begins_with_a_learned_variance_and_grey_as_before(
    app: App, engine: FakeEngine, owner: str
) -> None:
    path = stored(ImageLibrary(owner).folder, some_images())
    app.open("train")
    app.test.selectbox(key="train_images").set_value(path.stem)
    app.run()
    assert app.test.selectbox(key="train_likelihood").value == "gaussian_learned"
    app.test.selectbox(key="train_images").set_value("mnist")
    app.run()
    assert app.test.selectbox(key="train_likelihood").value == "bernoulli"


def test_what_has_gone_is_not_read_anew(
    engine: FakeEngine, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A button in a part of a page draws that part alone, with what it was given before."""
    bring(owner)
    answers(engine)
    found = brought.current(owner)
    assert found is not None
    brought.discard(owner)
    monkeypatch.setattr(preview.st, "rerun", pytest.fail)
    with pytest.raises(pytest.fail.Exception):
        preview._preview(owner, found, waiting=False)
    assert not engine.asked


def test_what_cannot_be_read_says_why_and_can_be_discarded(app: App, engine: FakeEngine, owner: str) -> None:
    bring(owner)
    answers(engine, failed("letters.zip is no zip archive, or cut on its way: pack or fetch it anew"))
    app.open("images")
    assert "cut on its way" in app.said
    app.click("images_discard")
    assert brought.current(owner) is None


def test_a_job_on_its_way_shows_how_far_it_is(app: App, engine: FakeEngine, owner: str) -> None:
    bring(owner)
    answers(engine, unfinished(0.4, "2,000 files looked at"))
    app.open("images")
    said = app.test.get("progress")[0].proto.text.replace("\\", "")
    assert "2,000 files looked at" in said


def test_a_link_shows_the_set_and_keeps_a_copy(app: App, engine: FakeEngine, owner: str) -> None:
    other = ImageLibrary(identity.new_owner())
    name = stored(other.folder, some_images()).stem
    token = links.share(other.owner, "images", name).token
    app.open("images", set=token)
    assert "Someone shares these images with you" in app.said
    app.click("images_keep_copy")
    assert [info.name for info in ImageLibrary(owner).infos()] == [name]
    links.stop_sharing(other.owner, "images", name)
    app.run()
    assert "leads to no images" in app.said
