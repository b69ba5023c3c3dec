"""A model is measured when someone asks: what makes sense for it, and a sentence for what does not."""

import pytest

from tests.unit.tiny_bundles import a_bundle
from vae_core import ModelConfig
from vae_core.bundles.bundle import load_bundle, save_bundle
from vae_core.bundles.splits import splits_of
from vae_core.engine.tasks import functions
from vae_core.measures import classifier as classifiers
from vae_core.measures.classifier import learn_classifier
from vae_core.measures.suite import measure
from vae_core.models.passing import Learning


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Measure a bundle; returns what was found, and how far it said it was."""

    monkeypatch.setattr(classifiers, "STEPS", 20)

    def ask(bundle):
        path, seen = tmp_path / "a.safetensors", []
        save_bundle(path, bundle)
        found = functions.measure(lambda done, words="": seen.append(done), bundle=str(path))
        return found, seen, load_bundle(path)

    return ask


def test_a_vae_is_measured_as_the_suite_does(told):
    found, seen, loaded = told(a_bundle())
    learned, held_out = splits_of(loaded)
    wanted = measure(
        loaded.model,
        learned,
        held_out,
        seed=0,
        learning=Learning(loaded.train_config),
        classifier=learn_classifier(learned),
    )
    assert found.pop("absent") == []
    assert found.pop("nll") > 0
    assert found.pop("nll_samples") == 256
    assert found == wanted
    assert seen == sorted(seen)
    assert 0.4 < seen[len(seen) // 2] < 0.6


def test_a_dear_model_is_measured_on_fewer_images(told, monkeypatch):
    assert functions.measured_share(ModelConfig((1, 28, 28), 16)) == 1
    assert functions.measured_share(ModelConfig((3, 128, 128), 16, "article")) < 0.01
    monkeypatch.setattr(functions, "MEASURING", 1)
    found, _, _ = told(a_bundle())
    assert found["nll_samples"] == 1


def test_a_gan_has_its_samples_measured_and_says_why_nothing_else_is(told):
    found, _, _ = told(a_bundle(family="gan"))
    assert 0 <= found["recall"] <= 1
    assert "elbo" not in found
    assert "nll" not in found
    (why,) = found["absent"]
    assert "without an encoder" in why


def test_of_categories_it_says_what_they_have_not(told):
    found, _, _ = told(a_bundle(family="concrete"))
    assert found["nll"] > 0
    assert 0 <= found["precision"] <= 1
    (why,) = found["absent"]
    assert "no active dimensions" in why


def test_an_autoencoder_has_no_samples_and_no_likelihood(told):
    found, _, _ = told(a_bundle(family="autoencoder"))
    assert "precision" not in found
    assert found["knn_accuracy"] >= 0
    first, second = found["absent"]
    assert "without a prior" in first
    assert "no p(x)" in second
