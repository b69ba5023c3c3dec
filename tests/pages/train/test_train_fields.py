"""The fields of Train: what they take, show and refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.pages.stand_ins import App, FakeEngine, FakeExplorer
from tests.pages.train.train_runs import a_run
from ui.library.library import Library
from ui.train.mishaps import MISHAPS

FIELDS = [
    "train_images",
    "train_weights",
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
    "train_importance_samples",
    "train_gradient_estimator",
    "train_weight_decay",
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


def element(app: App, key: str):
    found = [element for element in app.test.main if getattr(element, "key", None) == key]
    assert len(found) == 1, key
    return found[0]


@pytest.mark.parametrize(
    ("family", "words"),
    [("vae", "then raise beta"), ("gan", "then change a setting"), ("x", "then raise beta")],
)
def test_the_page_begins_with_what_the_family_has(app: App, family: str, words: str) -> None:
    assert words in app.open("train", train_family=family).text
    app.test.selectbox(key="train_family").select("autoencoder")
    assert "then change a setting" in app.run().text


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


def test_a_run_is_shown_whatever_the_link_says(app: App, engine: FakeEngine, component: FakeExplorer) -> None:
    engine.current = a_run()
    app.open("train", train_images="fashion", train_beta="2")
    assert component.told[-1]["run"].id == "run-7"
    assert app.test.selectbox(key="train_images").value == "fashion"
    assert app.test.number_input(key="train_beta").value == 2.0


def test_images_too_large_for_memory_are_refused_beside_the_field(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vae_core.engine.contract.memory.free_memory", lambda: 400_000_000)
    app.open("train")
    assert "The largest number that fits is" in app.captions
    assert app.test.button(key="train_start").disabled


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


def test_fields_that_do_not_concern_a_family_are_not_shown(app: App) -> None:
    def hidden() -> str:
        rules = [str(each.value) for each in app.test.get("html")]
        ours = [
            each for each in rules if "display: none" in each and each.startswith("<style>.st-key-train_")
        ]
        (rule,) = [each for each in ours if ":has(" not in each]
        return rule

    app.open("train")
    assert ".st-key-train_importance_samples" in hidden()
    assert ".st-key-train_beta " not in hidden().replace(",", " ")
    app.test.selectbox(key="train_family").select("iwae")
    app.run()
    shown = hidden().replace(",", " ")
    assert ".st-key-train_importance_samples" not in shown
    for name in ("beta", "beta_warmup_epochs", "free_bits"):
        assert f".st-key-train_{name} " in shown


def test_what_is_not_shown_plays_no_part(app: App, engine: FakeEngine) -> None:
    app.open("train", train_family="iwae", train_beta="7", train_importance_samples="9")
    app.test.button(key="train_start").click()
    app.run()
    (_, _, _, train) = engine.asked[-1]
    assert (train.beta, train.importance_samples) == (1.0, 9)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        (
            {"train_family": "beta_tc", "train_latent_dim": "100", "train_batch_size": "512"},
            "Batch size may be 141 at most with 100 latent dimensions",
        ),
        (
            {"train_family": "iwae", "train_importance_samples": "1000"},
            "Importance samples may be 512 at most with a batch of 128 images",
        ),
    ],
    ids=["beta_tc", "iwae"],
)
def test_what_a_family_cannot_do_together_is_said_beside_its_field(
    app: App, link: dict[str, str], sentence: str
) -> None:
    app.open("train", **link)
    assert sentence in app.captions
    assert app.test.button(key="train_start").disabled
    app.test.number_input(key="train_batch_size").set_value(16)
    app.run()
    assert sentence not in app.captions
    assert not app.test.button(key="train_start").disabled


def test_a_family_that_is_told_classes_is_told_those_of_the_images(app: App, engine: FakeEngine) -> None:
    app.open("train", train_family="conditional", train_images="shapes")
    app.test.button(key="train_start").click()
    app.run()
    (_, _, model, _) = engine.asked[-1]
    assert (model.family, model.n_classes) == ("conditional", 3)


def test_where_there_are_no_classes_it_is_not_offered(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    import ui.train.settings
    from vae_core import image_sets

    bare = [replace(info, label_names=()) if info.name == "digits" else info for info in image_sets()]
    monkeypatch.setattr(ui.train.settings, "image_sets", lambda: bare)
    app.open("train", train_family="conditional", train_images="digits")
    assert "conditional wants images with classes" in app.said
    assert app.test.selectbox(key="train_family").value == "vae"
    assert "conditional" not in app.test.selectbox(key="train_family").options
    app.test.selectbox(key="train_family").select("autoencoder")
    app.test.selectbox(key="train_images").select("mnist")
    app.run()
    assert app.test.selectbox(key="train_family").value == "autoencoder"
    assert "conditional" in app.test.selectbox(key="train_family").options


def test_images_that_are_not_here_cannot_be_trained_on(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    import ui.train.settings
    from vae_core import image_sets

    absent = [replace(info, available=False) if info.name == "kmnist" else info for info in image_sets()]
    monkeypatch.setattr(ui.train.settings, "image_sets", lambda: absent)
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


def is_open(app: App) -> bool:
    (more,) = [each for each in app.test.expander if each.label == "More"]
    return more.proto.expanded


def test_what_is_folded_away_shows_itself_when_it_is_refused(app: App) -> None:
    app.open("train")
    assert not is_open(app)
    app.test.number_input(key="train_beta_warmup_epochs").set_value(15)
    app.run()
    assert not is_open(app)
    app.test.number_input(key="train_epochs").set_value(10)
    app.run()
    assert "from 0 to 10; got 15" in app.said
    assert is_open(app)
    app.test.session_state["train_more"] = False
    app.run()
    assert not is_open(app), "whoever folds it again may"
    app.test.number_input(key="train_beta_warmup_epochs").set_value(0)
    app.test.selectbox(key="train_likelihood").select("gaussian")
    app.test.selectbox(key="train_binarize").select("dynamic")
    app.run()
    assert is_open(app), "another field is refused"
    app.test.selectbox(key="train_binarize").select("none")
    app.run()
    assert is_open(app), "nothing closes under the hand"


@pytest.mark.parametrize(
    ("link", "opens"),
    [
        ({"train_free_bits": "99"}, True),
        ({"train_binarize": "often"}, True),
        ({"train_beta_warmup_epochs": "30"}, True),
        ({"train_width": "0.5"}, False),
        ({"train_beta": "-3"}, False),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, dict) else "",
)
def test_a_link_that_is_refused_in_a_folded_field_opens_it(
    app: App, link: dict[str, str], opens: bool
) -> None:
    app.open("train", **link)
    assert is_open(app) == opens
    app.run()
    assert is_open(app) == opens


def test_what_a_dear_step_takes_is_said_before_the_start(app: App, engine: FakeEngine) -> None:
    engine.speed = 2e10
    dear = {"train_images": "shapes", "train_architecture": "article", "train_batch_size": "4096"}
    app.open("train", **dear)
    assert "About 35 s for each step on this machine" in app.captions
    assert not app.test.button(key="train_start").disabled
    app.test.number_input(key="train_batch_size").set_value(32)
    app.run()
    assert "for each step" not in app.captions


def test_a_run_goes_on_from_a_model_with_the_model_s_own_net(app: App, engine: FakeEngine) -> None:
    app.open("train", train_images="mnist", train_latent_dim="5", train_beta="3")
    app.test.selectbox(key="train_weights").select("mnist-16")
    app.run()
    model = Library(None).get("mnist-16").model_config
    assert app.test.number_input(key="train_latent_dim").value == model.latent_dim
    assert app.test.number_input(key="train_beta").value == 1.0
    assert "Begins with what" in app.captions
    app.test.button(key="train_start").click()
    app.run()
    (asked,) = engine.asked
    assert (asked[0], asked[1], asked[2], asked[4]) == ("start_run", "mnist", model, "mnist-16")
    assert engine.current is not None
    assert engine.current.title == f"mnist, going on from {Library(None).get('mnist-16').title}"


def test_a_model_of_another_net_is_no_beginning(app: App, engine: FakeEngine) -> None:
    app.open("train", train_weights="mnist-16", train_latent_dim="5")
    assert "Latent dimensions 16" in app.captions
    assert "Begins with what" not in app.captions
    assert app.test.button(key="train_start").disabled
    app.test.selectbox(key="train_images").select("shapes")
    app.run()
    assert "draws 28" in app.captions
    app.test.selectbox(key="train_weights").select("")
    app.run()
    assert not app.test.button(key="train_start").disabled


def test_a_model_that_was_deleted_meanwhile_lets_nothing_begin_unasked(
    app: App, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.open("train", train_weights="mnist-16", train_latent_dim="16")
    monkeypatch.setattr("ui.train.settings.chosen_weights", lambda: None)
    app.test.button(key="train_start").click()
    app.run()
    assert engine.asked == []
    assert "not here any more" in app.text


def test_a_mishap_begins_untrained(app: App, engine: FakeEngine) -> None:
    app.open("train", train_weights="mnist-16", train_latent_dim="16")
    app.test.button(key=f"train_mishap_{MISHAPS[0].name}").click()
    app.run()
    assert app.test.selectbox(key="train_weights").value == ""
    assert len(engine.asked[0]) == 4, "no model to begin with"


def test_models_leads_to_training_further(app: App) -> None:
    app.open("models")
    links = app.test.get("page_link")
    queries = [link.query_string for link in links if link.label == "Train on"]
    assert any("train_weights=mnist-16" in each and "train_latent_dim=16" in each for each in queries)
