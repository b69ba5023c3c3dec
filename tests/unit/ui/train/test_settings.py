from __future__ import annotations

from dataclasses import replace

import pytest

from ui.page.state import TRAIN_SETTINGS, Choice, link_problems
from ui.page.state import settings as page_settings
from ui.train.help_texts import THEORY, beta_help, collapse_note
from ui.train.settings import read_settings, stored_settings
from vae_core import ModelConfig, TrainConfig, image_sets
from vae_core.config.settings import SETTINGS
from vae_core.engine import RunInfo

SETS = {info.name: info for info in image_sets()}
DEFAULTS = {key: setting.default for key, setting in TRAIN_SETTINGS.items()}


def test_defaults_are_the_configs_own() -> None:
    settings = read_settings(DEFAULTS, SETS["mnist"])
    assert settings.model == ModelConfig()
    assert settings.train == TrainConfig()
    assert not settings.wrong


@pytest.mark.parametrize(
    ("changes", "images", "field", "sentence"),
    [
        ({"train_beta_warmup_epochs": 21}, "mnist", "train_beta_warmup_epochs", "from 0 to 20; got 21"),
        (
            {"train_likelihood": "gaussian", "train_binarize": "dynamic"},
            "mnist",
            "train_binarize",
            "draws black and white pixels",
        ),
    ],
)
def test_what_is_wrong_stands_beside_its_field(changes, images, field, sentence) -> None:
    settings = read_settings({**DEFAULTS, **changes}, SETS[images])
    assert list(settings.wrong) == [field]
    assert sentence in settings.wrong[field]


def test_too_many_weights_and_too_large_for_the_article() -> None:
    large = replace(SETS["mnist"], shape=(3, 128, 128))
    settings = read_settings({**DEFAULTS, "train_architecture": "mlp", "train_width": 4.0}, large)
    assert "M weights" in settings.wrong["train_architecture"]
    assert settings.model is None
    settings = read_settings({**DEFAULTS, "train_architecture": "article"}, replace(large, shape=(1, 64, 64)))
    assert "too slow" in settings.wrong["train_architecture"]


def test_images_that_are_not_here() -> None:
    settings = read_settings(DEFAULTS, replace(SETS["mnist"], available=False))
    assert "Images page" in settings.wrong["train_images"]


def test_settings_of_a_run_go_back_into_the_fields() -> None:
    model = ModelConfig(image_shape=(1, 8, 8), latent_dim=7, architecture="mlp", width=0.5)
    train = TrainConfig(epochs=3, beta=2.0, seed=9)
    values = stored_settings(RunInfo("run", "hash", "running", "", "digits", model, train))
    again = read_settings(values, SETS["digits"])
    assert (values["train_images"], again.model, again.train) == ("digits", model, train)


def test_every_field_is_taught() -> None:
    for key, setting in TRAIN_SETTINGS.items():
        told = SETTINGS[key.removeprefix("train_")]
        assert told.title
        assert told.summary.endswith(".")
        assert told.help.startswith(told.summary)
        if isinstance(setting, Choice):
            assert all(f"**{option}**" in told.help for option in setting.options)


def test_what_is_taught_is_right() -> None:
    assert "exp(logvar / 2)" in THEORY
    assert "beta 784 here" in beta_help(28 * 28)
    assert "0.70" in collapse_note("gaussian", "digits")
    assert "0.70" not in collapse_note("gaussian", "mnist")
    assert collapse_note("bernoulli", "digits") == ""


def test_a_directions_variance_on_digits_is_what_the_note_says() -> None:
    import numpy as np
    from sklearn.datasets import load_digits

    pixels = load_digits().data / 16
    largest = np.linalg.eigvalsh(np.cov(pixels.T))[-1]
    assert largest == pytest.approx(0.70, abs=0.005)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"train_beta": "nan"}, 1),
        ({"train_beta": "1e5"}, 0),
        ({"train_beta": "100001"}, 1),
        ({"train_seed": "-1", "train_epochs": "x"}, 2),
        ({"train_images": "mnist", "train_architecture": "conv"}, 0),
        ({"explore_model": "nope", "utm_source": "x", "embed": "true"}, 0),
        ({"train_typo": "1"}, 1),
    ],
)
def test_link_problems(query: dict[str, str], said: int) -> None:
    settings = page_settings("train", models=["mnist-2"], images=list(SETS))
    assert len(link_problems("train", query, settings)) == said


def test_whole_numbers_are_written_whole() -> None:
    assert TRAIN_SETTINGS["train_seed"].problem("-1") == "a whole number from 0 to 9,007,199,254,740,991"
    assert TRAIN_SETTINGS["train_learning_rate"].problem("2") == "a number from 1e-06 to 1"


def test_what_is_the_default_anyway() -> None:
    assert TRAIN_SETTINGS["train_beta"].is_default("1.0")
    assert TRAIN_SETTINGS["train_architecture"].is_default("conv")
    assert not TRAIN_SETTINGS["train_beta"].is_default("one")
    assert not TRAIN_SETTINGS["train_epochs"].is_default("21")
