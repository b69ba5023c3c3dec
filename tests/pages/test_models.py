from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.stand_ins import App, FakeEngine, FakeExplorer, done, failed, png, unfinished, write_model
from vae_core import ModelConfig

HOSTILE = "<img src=x onerror=alert(1)> **bold** :material/home: $x$"


@pytest.fixture
def own(app: App) -> Path:
    """A model of this browser's own, with a title that tries everything."""
    from ui.library.library import Library

    app.open("models")
    library = Library(app.test.session_state["_latent_owner"])
    path = library.path_for_new("mine")
    return write_model(path, ModelConfig(latent_dim=3), title=HOSTILE)


def test_every_model_has_a_card(app: App, engine: FakeEngine) -> None:
    app.open("models")
    assert "**MNIST in two numbers**" in app.text
    assert "**MNIST in sixteen**" in app.text
    assert "ELBO −141.2 nats" in app.captions
    assert "Active dimensions 2 of 2" in app.captions
    assert "mnist\\-2, came with the app" in app.captions
    assert len(app.test.get("image")) == 2
    asked = [what[2] for what in engine.asked if what[:2] == ("submit", "thumbnails")]
    assert sorted(Path(arguments["bundle"]).stem for arguments in asked) == ["mnist-16", "mnist-2"]


def test_details_say_how_long_a_model_learned_that_was_saved_early(app: App) -> None:
    app.open("models").click("models_details_mnist-2")
    assert "3 of 20 epochs · batch 128" in app.said


def test_pictures_are_drawn_once(app: App, engine: FakeEngine) -> None:
    app.open("models").go("explore").go("models")
    assert len(engine.asked) == 2


def test_pictures_on_their_way_and_failed(app: App, engine: FakeEngine) -> None:
    jobs = [unfinished(), unfinished()]
    given = iter(jobs)
    engine.outcome = lambda function, arguments: next(given)
    app.open("models")
    assert len(app.test.get("skeleton")) == 2
    for job, end in zip(jobs, (done(png()), failed("The file is gone.")), strict=True):
        job.state, job.result, job.error = end.state, end.result, end.error
        job._finished.set()
    app.run()
    assert len(app.test.get("image")) == 1
    assert "No picture: The file is gone" in app.said


def test_a_hostile_title_is_shown_as_text(app: App, own: Path) -> None:
    app.run()
    shown = next(text.value for text in app.test.markdown if "onerror" in text.value)
    assert "<img" not in shown.replace("\\<", "")
    assert ":material" not in shown
    assert r"\*\*bold\*\*" in shown


def test_links_open_the_model_in_the_other_pages(app: App) -> None:
    app.open("models")
    links = [(link.page, link.query_string) for link in app.test.get("page_link") if link.query_string]
    assert ("", "explore_model=mnist-16") in links
    assert ("interpolate", "interpolate_model=mnist-16") in links


def test_a_file_of_another_version_is_named_and_can_be_fetched_and_deleted(app: App, own: Path) -> None:
    data = own.read_bytes()
    (own.parent / "older.safetensors").write_bytes(
        data.replace(b'"format_version":"3"', b'"format_version":"1"')
    )
    app.open("models")
    assert r"**older\.safetensors**" in app.text
    assert "nets were others then" in app.captions
    assert "models_rename_older" not in {button.key for button in app.test.button}
    app.click("models_delete_older")
    assert "gone for good" in app.text
    app.click("models_delete_yes")
    assert r"older\.safetensors" not in app.text
    assert [path.name for path in own.parent.iterdir()] == ["mine.safetensors"]


def test_only_own_models_can_be_renamed_and_deleted(app: App, own: Path) -> None:
    app.run()
    keys = {button.key for button in app.test.button}
    assert "models_delete_mine" in keys
    assert "models_rename_mine" in keys
    assert not [key for key in keys if key and key.endswith(("delete_mnist-2", "rename_mnist-2"))]


def test_rename(app: App, own: Path) -> None:
    app.run().click("models_rename_mine")
    app.test.text_input(key="models_new_title").set_value("Ours")
    app.click("models_rename_yes")
    assert not own.exists()
    assert own.with_name("ours.safetensors").exists()
    assert "**Ours**" in app.text


def test_delete_asks_first(app: App, own: Path) -> None:
    app.run().click("models_delete_mine")
    assert own.exists()
    assert "gone for good" in app.text
    app.click("models_delete_yes")
    assert not own.exists()
    assert "onerror" not in app.text


def test_details_teach_what_the_numbers_mean(app: App) -> None:
    app.open("models").click("models_details_mnist-2")
    assert "Lower bound of log p(x): held-out images, grey pixels" in app.text
    assert "importance-weighted, 500 samples" in app.text
    assert len(app.test.get("plotly_chart")) == 1


def test_more_is_measured_when_it_is_asked_for_and_once(app: App, engine: FakeEngine) -> None:
    app.open("models").click("models_details_mnist-2")
    job = unfinished()
    job.progress, job.message = 0.25, "learning the classes"
    engine.outcome = lambda function, arguments: job
    app.click("models_measure")
    asked = [what for what in engine.asked if what[:2] == ("submit", "measure")]
    assert [Path(what[2]["bundle"]).stem for what in asked] == ["mnist-2"]
    assert "models_measure" not in {button.key for button in app.test.button}
    job.state = "done"
    job.result = {
        "precision": 0.875,
        "recall": 0.25,
        "class_shares": [0.75, 0.25],
        "nll": 111.25,
        "nll_samples": 256,
        "absent": ["a reason, in words"],
    }
    job._finished.set()
    app.run().click("models_details_mnist-2")
    assert "**Precision of samples 88\\%**" in app.text
    assert "**Recall of samples 25\\%**" in app.text
    assert "≤ 139\\.5 nats" in app.text, "what the file has was measured on more images"
    assert "A reason" in app.captions
    assert len([what for what in engine.asked if what[:2] == ("submit", "measure")]) == 1


def test_what_cannot_be_measured_now_says_why(app: App, engine: FakeEngine) -> None:
    engine.outcome = lambda function, arguments: (
        failed("The worker ended.") if function == "measure" else done(png())
    )
    app.open("models").click("models_details_mnist-2").click("models_measure")
    app.run().click("models_details_mnist-2")
    assert "The worker ended" in app.said
    assert "models_measure" in {button.key for button in app.test.button}


def test_an_upload_is_checked_and_taken_in(app: App, tmp_path: Path, engine: FakeEngine) -> None:
    given = write_model(tmp_path / "gift.safetensors", ModelConfig(), title="A gift")
    app.open("models")
    app.test.file_uploader[0].set_value(("gift.safetensors", given.read_bytes(), "application/octet-stream"))
    app.run()
    assert "check_bundle" in [what[1] for what in engine.asked]
    assert "**A gift** is among your models now" in app.captions
    assert "Explore it" in [link.label for link in app.test.get("page_link")]
    assert "1 model of 50" in app.captions
    app.run()
    assert "1 model of 50" in app.captions, "the file is taken in once"


def test_a_bad_upload_says_why_and_changes_nothing(app: App) -> None:
    app.open("models")
    app.test.file_uploader[0].set_value(("<b>bad</b>.safetensors", b"\0" * 40, "application/octet-stream"))
    app.run()
    assert "cannot be opened as a model" in app.said
    assert r"\<b\>bad\<\/b\>" in app.captions
    assert "0 models of 50" in app.captions


@pytest.mark.parametrize("name", ["net.pth", "net.pt", "net.onnx", "net.safetensors"])
def test_weights_of_another_program_are_told_where_their_way_in_is_described(app: App, name: str) -> None:
    import numpy as np
    import safetensors.numpy

    data = safetensors.numpy.save({"encoder.weight": np.zeros((2, 3), np.float32)}, {"format": "pt"})
    app.open("models")
    app.test.file_uploader[0].set_value((name, data, "application/octet-stream"))
    app.run()
    assert "holds weights of another program" in app.captions
    assert r"bundle\_from\_modules" in app.captions
    assert "Nets trained elsewhere" in app.captions
    assert "0 models of 50" in app.captions


@pytest.fixture
def foreign(own: Path) -> Path:
    """A model of modules of PyTorch's, without an encoder, among this browser's own."""
    torch = pytest.importorskip("torch")
    from vae_core import bundle_from_modules, save_bundle

    decoder = torch.nn.Sequential(torch.nn.Linear(3, 64), torch.nn.Sigmoid())
    images = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    path = own.with_name("foreign.safetensors")
    save_bundle(path, bundle_from_modules(None, decoder, images, title="From afar"))
    return path


def test_a_model_from_elsewhere_has_a_card_and_says_what_was_adapted(app: App, foreign: Path) -> None:
    app.open("models")
    assert "**From afar**" in app.text
    assert "foreign, yours · vae, own layers" in app.captions
    assert "Nothing was measured: without an encoder" in app.captions
    app.click("models_details_foreign")
    assert "Own images · 3 latent dimensions · vae, own layers" in app.text
    assert "trained elsewhere · likelihood bernoulli · final sigmoid taken off" in app.captions
    assert not app.test.get("plotly_chart")


def test_a_model_from_elsewhere_opens_and_is_shared_as_any_other(
    app: App, foreign: Path, component: FakeExplorer
) -> None:
    from ui.library import links
    from ui.library.library import shared_model

    app.go("explore")
    app.test.selectbox(key="explore_model").set_value("foreign")
    app.run()
    assert component.told[-1]["entry"].name == "foreign"
    assert "without an encoder no image has a place" in app.text
    token = links.share(app.test.session_state["_latent_owner"], "model", "foreign").token
    shared = shared_model(token)
    assert shared is not None
    assert shared.title == "From afar"
    assert shared.url.startswith(f"/latent/shared/{token}/")
