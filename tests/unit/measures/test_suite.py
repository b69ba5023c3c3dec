"""The numbers that stand in the table, each against another way of getting them."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score
from sklearn.neighbors import KNeighborsClassifier

from vae_core import ModelConfig, build_model, elbo_terms, importance_nll
from vae_core.images.loading import ImageSet
from vae_core.latent.codes import encode_images
from vae_core.measures import classifier as classifiers
from vae_core.measures.classifier import learn_classifier
from vae_core.measures.disentanglement import mutual_information_gap
from vae_core.measures.samples import sample_metrics
from vae_core.measures.suite import (
    factor_correlations,
    factor_metrics,
    held_out_metrics,
    knn_accuracy,
    linear_accuracy,
    measure,
)


def pictures(count, *, seed=0, n=3):
    """Return bright, dark and half-bright pictures whose factors are their brightness and a constant."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % n
    images = labels.view(-1, 1, 1, 1) * 100 + torch.randint(0, 30, (count, 1, 8, 8), generator=generator)
    factors = torch.stack([images.float().mean(dim=(1, 2, 3)), torch.ones(count)], dim=1)
    return ImageSet(
        "p", "P", images.to(torch.uint8), labels, ("a", "b", "c"), factors, ("bright", "same"), "", ""
    )


def a_model(**changes):
    return build_model(
        ModelConfig(**{"image_shape": (1, 8, 8), "architecture": "mlp", "width": 0.25, **changes})
    ).eval()


def test_the_classifier_is_scikit_learns():
    random = np.random.default_rng(0)
    points, asked = random.normal(size=(200, 3)), random.normal(size=(50, 3))
    labels, truth = points[:, 0] > 0, asked[:, 0] > 0
    wanted = accuracy_score(truth, KNeighborsClassifier(10).fit(points, labels).predict(asked))
    assert 0.7 < wanted < 1
    assert knn_accuracy(points, labels, asked, truth) == pytest.approx(wanted)


def test_fewer_points_than_neighbours_are_all_asked():
    assert knn_accuracy(np.zeros((3, 2)), np.array([1, 1, 0]), np.zeros((2, 2)), np.array([1, 0])) == 0.5


def test_rank_correlations_are_scipys_and_constants_have_none():
    random = np.random.default_rng(0)
    codes, factors = random.normal(size=(100, 3)), random.normal(size=(100, 2)).round(1)
    factors[:, 1] += 2 * codes[:, 2]
    table = factor_correlations(codes, factors)
    for f in range(2):
        for d in range(3):
            assert table[f, d] == pytest.approx(abs(spearmanr(factors[:, f], codes[:, d]).statistic))
    assert table[1, 2] > 0.7
    assert np.array_equal(factor_correlations(codes, np.ones((100, 1))), np.zeros((1, 3)))


def test_a_straight_cut_tells_what_lies_on_either_side_of_it_and_no_more():
    points = np.random.default_rng(0).normal(size=(2_000, 2)) * [1.0, 100.0] + [3.0, 0.0]
    sides, corners = points[:, 0] > 3, (points[:, 0] > 3) ^ (points[:, 1] > 0)
    first, second = slice(0, 1_000), slice(1_000, None)
    assert linear_accuracy(points[first], sides[first], points[second], sides[second]) > 0.98
    at_corners = linear_accuracy(points[first], corners[first], points[second], corners[second])
    assert at_corners < 0.7
    assert (
        knn_accuracy(points[first] / [1, 100], corners[first], points[second] / [1, 100], corners[second])
        > 0.9
    )
    assert linear_accuracy(points[:3], np.ones(3), points[:4], np.array([1, 1, 2, 1])) == 0.75


def test_rate_and_distortion_are_the_loss_and_the_gap_is_no_more_than_the_rate():
    model, x = a_model(), pictures(300).images.float() / 255
    with torch.no_grad():
        model.encoder.mean.weight *= 4
    metrics = held_out_metrics(model, x)
    assert metrics["rate"] + metrics["distortion"] == pytest.approx(-metrics["elbo"])
    assert metrics["rate"] == metrics["kl"] > 0
    assert 0 < metrics["aggregate_gap"] < metrics["rate"] + 0.05
    plain = held_out_metrics(a_model(family="autoencoder"), x)
    assert not {"rate", "distortion", "aggregate_gap"} & set(plain)


def test_what_each_dimension_tells_of_each_factor_is_in_the_metrics():
    model, images = a_model(), pictures(120)
    metrics = measure(model, images, images)
    with torch.no_grad():
        codes = model.encode(images.images.float() / 255).mean
    value, matrix = mutual_information_gap(codes, images.factors)
    assert metrics["mig"] == pytest.approx(value)
    assert metrics["information_0"] == pytest.approx(matrix[0].tolist(), abs=1e-5)
    assert metrics["information_1"] == [0.0, 0.0]


def test_likelihoods_are_those_of_the_objective():
    model, x = a_model(), pictures(700).images.float() / 255
    with torch.no_grad():
        model.encoder.mean.weight *= 4  # one dimension is active then, and one is not
    metrics = held_out_metrics(model, x, nll_samples=20)
    with torch.no_grad():
        terms = elbo_terms(model, x, n_samples=50, generator=torch.Generator().manual_seed(9))
        nll = importance_nll(model, x, n_samples=20, generator=torch.Generator().manual_seed(9)).mean()
        error = (model.decode_images(model.encode(x).mean) - x).square().mean()
    assert metrics["kl"] == pytest.approx(float(terms.kl.mean()), rel=1e-5)
    assert metrics["log_likelihood"] == pytest.approx(float(terms.log_likelihood.mean()), abs=0.2)
    assert metrics["elbo"] == metrics["log_likelihood"] - metrics["kl"]
    assert metrics["nll"] == pytest.approx(float(nll), abs=0.2)
    assert metrics["reconstruction_mse"] == pytest.approx(float(error), rel=1e-5)
    variances = model.encode(x).mean.detach().numpy().astype(float).var(axis=0)
    assert metrics["active_units"] == (variances > 0.01).sum() == 1
    assert (metrics["nll_samples"], metrics["test_images"], metrics["pixels"]) == (20, 700, "grey")


def test_eight_samples_of_each_image_are_averaged():
    model, x = a_model(), pictures(40).images.float() / 255
    with torch.no_grad():
        terms = elbo_terms(model, x, n_samples=8, generator=torch.Generator().manual_seed(3))
    found = held_out_metrics(model, x, seed=3)["log_likelihood"]
    assert found == pytest.approx(float(terms.log_likelihood.mean()), rel=1e-6)


def test_the_same_seed_gives_the_same_numbers():
    model, images = a_model(), pictures(30)
    for binarized in (False, True):
        first, again, other = (measure(model, images, images, binarized=binarized, seed=s) for s in (1, 1, 2))
        assert first == again
        assert first["elbo"] != other["elbo"]


def test_binarised_pixels_change_likelihoods_and_not_accuracies():
    model, images = a_model(), pictures(60)
    grey, drawn = (measure(model, images, images, binarized=binarized) for binarized in (False, True))
    assert (grey["pixels"], drawn["pixels"]) == ("grey", "binarized")
    assert grey["elbo"] != drawn["elbo"]
    for name in ("knn_accuracy", "reconstruction_knn_accuracy", "reconstruction_mse", "spearman_bright"):
        assert grey[name] == drawn[name]


def test_what_the_images_show_is_found():
    metrics = measure(a_model(), pictures(120), pictures(60, seed=1))
    assert metrics["linear_accuracy"] == 1.0
    assert metrics["knn_accuracy"] == 1.0  # three brightnesses, apart under any encoder
    assert metrics["spearman_bright"] > 0.9
    assert metrics["spearman_same"] == 0.0


def test_reconstructions_are_judged_by_real_pixels():
    model, images = a_model(), pictures(120)
    with torch.no_grad():  # a decoder that always shows class "b"
        model.decoder.output.weight.zero_()
        model.decoder.output.bias.fill_(float(torch.logit(torch.tensor(115 / 255))))
    assert measure(model, images, images)["reconstruction_knn_accuracy"] == pytest.approx(1 / 3)


def test_an_autoencoder_reports_no_kl_and_no_elbo():
    metrics = measure(a_model(family="autoencoder"), pictures(30), pictures(30))
    assert not {"kl", "elbo", "nll", "active_units"} & set(metrics)
    assert metrics["log_likelihood"] < 0


def test_categories_have_no_order_and_no_spread_and_are_told_apart_one_hot():
    images = pictures(60)
    model = a_model(family="concrete", n_categories=30)
    found = measure(model, images, images, nll_samples=2)
    absent = ("active_units", "aggregate_gap", "spearman")
    assert not [name for name in found if name.startswith(absent)]
    assert found["rate"] == pytest.approx(found["kl"])
    assert found["elbo"] == pytest.approx(found["log_likelihood"] - found["kl"])
    codes = encode_images(model, images.images).mean
    hot = torch.nn.functional.one_hot(codes.long(), 30).flatten(1).numpy()
    labels = images.labels.numpy()
    assert found["knn_accuracy"] == knn_accuracy(hot, labels, hot, labels)


def test_each_category_has_a_bin_of_its_own():
    codes = torch.arange(30.0).repeat(40)[:, None]
    told = factor_metrics(codes, codes.clone(), categories=30)
    assert told["mig"] == pytest.approx(1.0)
    assert told["information_0"][0] == pytest.approx(math.log(30), abs=1e-4)
    assert factor_metrics(codes, codes.clone())["information_0"][0] < math.log(21)


def test_without_labels_or_factors_what_needs_them_is_left_out():
    images = pictures(30)
    bare = ImageSet("p", "P", images.images)
    metrics = measure(a_model(), bare, bare)
    of_labels, of_factors = ("knn", "linear"), ("spearman", "mig", "information")
    assert not [name for name in metrics if any(word in name for word in of_labels + of_factors)]


def test_a_model_with_classes_is_told_them():
    images = pictures(30)
    assert measure(a_model(n_classes=3), images, images, nll_samples=2)["nll"] > 0


def test_with_a_classifier_samples_are_measured_and_a_model_without_an_encoder_has_these_alone(monkeypatch):
    monkeypatch.setattr(classifiers, "STEPS", 10)
    images = pictures(60)
    classifier = learn_classifier(images)
    found = measure(a_model(), images, images, classifier=classifier)
    of_samples = sample_metrics(a_model(), images, images, classifier)
    assert found.items() >= of_samples.items()
    alone = measure(a_model(family="gan"), images, images, classifier=classifier)
    assert set(alone) == set(of_samples) | {"pixels", "test_images"}
    assert "precision" not in measure(a_model(family="autoencoder"), images, images, classifier=classifier)
    with pytest.raises(ValueError, match="without an encoder"):
        measure(a_model(family="gan"), images, images)
