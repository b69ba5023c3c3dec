import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_core.config.configs import (
    ARCHITECTURES,
    LIKELIHOODS,
    MAX_WEIGHTS,
    ModelConfig,
    TrainConfig,
    check_together,
    count_weights,
    offered_architectures,
    read_saved,
)
from vae_core.config.families import FAMILIES
from vae_core.config.settings import SETTINGS, Number, of_config


def test_defaults_are_those_of_the_contract():
    model, train = ModelConfig(), TrainConfig()
    assert model.image_shape == (1, 28, 28)
    assert (model.latent_dim, model.architecture, model.family) == (2, "conv", "vae")
    assert (model.likelihood, model.n_classes, model.width) == ("bernoulli", 0, 1.0)
    assert (train.epochs, train.batch_size, train.learning_rate, train.beta) == (20, 128, 1e-3, 1.0)
    assert (train.beta_warmup_epochs, train.free_bits, train.binarize, train.seed) == (0, 0.0, "none", 0)


@pytest.mark.parametrize(
    "values",
    [
        {"image_shape": (2, 28, 28)},
        {"image_shape": (1, 7, 28)},
        {"image_shape": (1, 28, 129)},
        {"image_shape": (28, 28)},
        {"image_shape": (1, 28.0, 28)},
        {"image_shape": "1,28,28"},
        {"image_shape": (True, 28, 28)},
        {"latent_dim": 0},
        {"latent_dim": 129},
        {"latent_dim": 2.0},
        {"latent_dim": True},
        {"latent_dim": "2"},
        {"architecture": "resnet"},
        {"family": "flow"},
        {"likelihood": "poisson"},
        {"likelihood": ["bernoulli"]},
        {"n_classes": -1},
        {"width": 0.1},
        {"width": 4.5},
        {"width": float("nan")},
        {"width": None},
    ],
    ids=str,
)
def test_a_model_out_of_range_is_refused_by_name(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        ModelConfig(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0},
        {"epochs": 501},
        {"batch_size": 1},
        {"batch_size": 4097},
        {"batch_size": 64.0},
        {"learning_rate": 0.0},
        {"learning_rate": 1.1},
        {"learning_rate": float("nan")},
        {"beta": -0.1},
        {"beta": float("inf")},
        {"free_bits": 10.1},
        {"weight_decay": -0.01},
        {"weight_decay": 1.01},
        {"beta_warmup_epochs": 21},
        {"beta_warmup_epochs": -1},
        {"beta_warmup_epochs": 0.5},
        {"binarize": "static"},
        {"seed": -1},
        {"seed": 2**63},
    ],
    ids=str,
)
def test_training_out_of_range_is_refused_by_name(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        TrainConfig(**values)


def test_the_ends_of_every_range_are_allowed():
    for setting in SETTINGS.values():
        if isinstance(setting, Number) and not setting.at_most:
            for value in (setting.least, setting.greatest):
                if setting.config == "model":
                    ModelConfig(image_shape=(1, 8, 8), **{setting.name: value})
                else:
                    TrainConfig(**{setting.name: value})
    assert TrainConfig(epochs=7, beta_warmup_epochs=7).beta_warmup_epochs == 7


def test_changes_are_checked_too():
    with pytest.raises(ValueError, match="beta_warmup_epochs"):
        TrainConfig(epochs=10, beta_warmup_epochs=10).replace(epochs=5)


def test_numbers_become_plain_ones():
    model = ModelConfig((np.int64(1), 8, 8), latent_dim=np.int64(3), width=np.float32(0.5))
    assert [type(size) for size in model.image_shape] == [int, int, int]
    assert type(model.latent_dim) is int
    assert type(model.width) is float
    assert type(TrainConfig(beta=4).beta) is float


def model_configs(family):
    """Any of a family that there may be."""
    return st.builds(
        ModelConfig,
        image_shape=st.tuples(st.sampled_from([1, 3]), st.integers(8, 40), st.integers(8, 40)),
        latent_dim=st.integers(1, 128),
        architecture=st.sampled_from(ARCHITECTURES),
        family=st.just(family.name),
        likelihood=st.sampled_from(LIKELIHOODS if "likelihood" in family.settings else LIKELIHOODS[:1]),
        n_classes=st.integers(int(family.told_classes), 0 if family.has_discriminator else 20),
        width=st.floats(0.125, 2),
        n_categories=st.integers(2, 5),  # more in 128 variables would be too many weights
    )


@given(st.sampled_from(list(FAMILIES.values())).flatmap(model_configs))
def test_a_model_config_survives_json(config):
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@given(
    st.builds(
        TrainConfig,
        epochs=st.integers(30, 500),
        batch_size=st.integers(2, 4096),
        learning_rate=st.floats(1e-6, 1),
        beta=st.floats(0, 1e5),
        beta_warmup_epochs=st.integers(0, 30),
        free_bits=st.floats(0, 10),
        weight_decay=st.floats(0, 1),
        binarize=st.sampled_from(["none", "dynamic"]),
        seed=st.integers(0, 2**63 - 1),
    )
)
def test_a_train_config_survives_json(config):
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_what_json_lacks_takes_its_default_and_unknown_names_are_refused():
    assert ModelConfig.from_dict({"latent_dim": 5}) == ModelConfig(latent_dim=5)
    with pytest.raises(ValueError, match="depth"):
        ModelConfig.from_dict({"depth": 3})
    with pytest.raises(ValueError, match="momentum"):
        TrainConfig.from_dict({"momentum": 0.9})


def test_what_a_later_version_wrote_is_told_apart():
    config, unknown = read_saved(TrainConfig, {"beta": 2.0, "momentum": 0.9})
    assert (config, unknown) == (TrainConfig(beta=2.0), {"momentum": 0.9})
    with pytest.raises(ValueError, match="beta"):
        read_saved(TrainConfig, {"beta": -2.0, "momentum": 0.9})
    with pytest.raises(ValueError, match="made of a table"):
        read_saved(ModelConfig, ["latent_dim"])


@pytest.mark.parametrize(("kind", "config"), [(ModelConfig, "model"), (TrainConfig, "train")])
def test_every_setting_is_a_field_of_its_config_and_each_field_is_a_setting(kind, config):
    names = {field.name for field in dataclasses.fields(kind)}
    assert {setting.name for setting in of_config(config)} == names - {"image_shape", "nets"}
    for setting in of_config(config):
        assert getattr(kind(), setting.name) == setting.default


def test_too_many_weights_are_refused_with_advice():
    assert count_weights(ModelConfig((1, 128, 128), architecture="mlp")) < MAX_WEIGHTS
    with pytest.raises(ValueError, match=r"39\.\d M weights.*smaller"):
        ModelConfig((3, 128, 128), architecture="mlp")
    assert count_weights(ModelConfig((1, 96, 96), 16, width=2.0)) == pytest.approx(19.24e6, rel=1e-3)
    with pytest.raises(ValueError, match=r"22\.5 M weights; the limit is 20 M"):
        ModelConfig((1, 104, 104), 16, width=2.0)


def test_conv_is_small():
    for latent_dim in (2, 16, 128):
        assert count_weights(ModelConfig(latent_dim=latent_dim)) < 600_000


def test_article_is_offered_up_to_32_pixels():
    assert offered_architectures((1, 28, 32)) == ("mlp", "conv", "article")
    assert offered_architectures((1, 28, 33)) == ("mlp", "conv")


def test_pages_can_ask_what_a_model_has():
    vae, autoencoder = ModelConfig(), ModelConfig(family="autoencoder")
    assert (vae.has_encoder, vae.has_likelihood, vae.latent_kind) == (True, True, "gaussian")
    assert (autoencoder.has_encoder, autoencoder.has_likelihood, autoencoder.latent_kind) == (
        True,
        False,
        "point",
    )
    gan = ModelConfig(family="gan")
    assert (gan.has_encoder, gan.has_likelihood, gan.latent_kind) == (False, False, "prior")
    assert gan.layers() == ((), vae.layers()[1])
    concrete = ModelConfig(family="concrete", latent_dim=3, n_categories=8)
    assert (concrete.latent_kind, concrete.categories, concrete.code_size) == ("categorical", 8, 24)
    assert (vae.categories, vae.code_size) == (0, vae.latent_dim)
    assert concrete.placed()[0][-1].output == concrete.placed()[1][0].given == (24,)


def test_categories_are_chosen_by_an_encoder():
    nets = (), ModelConfig(family="concrete").layers()[1]
    with pytest.raises(ValueError, match="wants an encoder"):
        ModelConfig(family="concrete", nets=nets, architecture="decoder alone")


@pytest.mark.parametrize(("family", "refused"), [("vae", False), ("gan", True), ("concrete", True)])
def test_a_step_that_is_taken_in_one_go_is_bounded(family, refused):
    model, train = ModelConfig((1, 32, 32), 8, "article", family), TrainConfig(batch_size=4_096)
    if refused:
        with pytest.raises(ValueError, match="one go"):
            check_together(model, train)
    else:
        check_together(model, train)


@pytest.mark.parametrize(
    ("shape", "grid"), [((1, 28, 28), (7, 7)), ((3, 9, 13), (3, 4)), ((1, 8, 32), (2, 8))]
)
def test_the_grid_is_a_quarter_rounded_up(shape, grid):
    assert ModelConfig(shape).grid == grid


def test_binarized_pixels_want_a_bernoulli():
    dynamic = TrainConfig(binarize="dynamic")
    check_together(ModelConfig(), dynamic)
    check_together(ModelConfig(likelihood="gaussian"), TrainConfig())
    for likelihood in ("gaussian", "gaussian_learned"):
        with pytest.raises(ValueError, match="bernoulli"):
            check_together(ModelConfig(likelihood=likelihood), dynamic)


def test_a_family_that_is_told_classes_wants_to_know_how_many():
    with pytest.raises(ValueError, match="family 'conditional' is told the class"):
        ModelConfig(family="conditional")
    assert ModelConfig(family="conditional", n_classes=10).n_classes == 10


def test_a_family_names_settings_that_there_are():
    for family in FAMILIES.values():
        assert set(family.settings) <= set(SETTINGS)
    of_vae = [setting.name for setting in SETTINGS.values() if setting.concerns("vae", "conv")]
    of_point = [setting.name for setting in SETTINGS.values() if setting.concerns("autoencoder", "conv")]
    assert set(of_vae) - set(of_point) == {"beta", "beta_warmup_epochs", "free_bits"}
    of_gan = [setting.name for setting in SETTINGS.values() if setting.concerns("gan", "conv")]
    assert set(of_gan) - set(of_point) == {"r1_weight"}
    assert set(of_point) - set(of_gan) == {"likelihood"}
    assert not SETTINGS["width"].concerns("vae", "article")


@pytest.mark.process
def test_configs_need_no_torch():
    code = (
        "import sys; from vae_core import ModelConfig, TrainConfig; ModelConfig(); TrainConfig();"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
