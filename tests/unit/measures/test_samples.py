"""Precision, recall and classes of samples, against plain loops and models whose samples are known."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from tests.unit.measures.test_suite import a_model, pictures
from vae_core.images.loading import ImageSet
from vae_core.measures import classifier as classifiers
from vae_core.measures.classifier import Classifier, learn_classifier
from vae_core.measures.samples import draw_samples, precision_recall, sample_metrics

STEPS = 150


@pytest.fixture(scope="module", autouse=True)
def few_steps() -> Iterator[None]:
    """Bright, dark and half-bright are soon learned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifiers, "STEPS", STEPS)
        yield


@pytest.fixture(scope="module")
def classifier(few_steps: None) -> Classifier:
    return learn_classifier(pictures(90))


def cloud(count: int, *, at: float, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return at + torch.randn(count, 5, generator=generator)


def by_loops(points: np.ndarray, around: np.ndarray, k: int) -> float:
    """Return the share of points in a ball around any other, each reaching to its k-th other neighbour."""
    reach = NearestNeighbors(n_neighbors=k).fit(around).kneighbors()[0][:, -1]
    inside = [any(np.linalg.norm(point - c) <= r for c, r in zip(around, reach)) for point in points]
    return float(np.mean(inside))


@pytest.mark.parametrize("neighbours", [1, 3])
def test_precision_and_recall_are_those_of_a_plain_loop(neighbours: int) -> None:
    real, generated = cloud(450, at=0.0, seed=0), cloud(130, at=0.8, seed=1)
    precision, recall = precision_recall(real, generated, neighbours=neighbours)
    assert precision == pytest.approx(by_loops(generated.double().numpy(), real.double().numpy(), neighbours))
    assert recall == pytest.approx(by_loops(real.double().numpy(), generated.double().numpy(), neighbours))
    assert 0 < recall < precision < 1 or 0 < precision < recall < 1


def test_what_looks_real_and_what_is_missing_are_told_apart() -> None:
    first, second = cloud(200, at=0.0, seed=0), cloud(200, at=50.0, seed=1)
    both = torch.cat([first, second])
    assert precision_recall(both, both) == (1.0, 1.0)
    assert precision_recall(first, second) == (0.0, 0.0)
    assert precision_recall(both, first) == (
        1.0,
        0.5,
    )  # every sample looks real, half of the images are missing
    assert precision_recall(first, both) == (0.5, 1.0)
    assert precision_recall(first, first[:1].expand(50, 5)) == (1.0, 1 / 200)  # one sample, again and again


def test_points_that_are_too_few_or_no_numbers_are_refused() -> None:
    enough = cloud(10, at=0.0, seed=0)
    with pytest.raises(ValueError, match="more than 3 samples; got 3"):
        precision_recall(enough, enough[:3])
    with pytest.raises(ValueError, match="features of the images must be numbers"):
        precision_recall(enough * float("nan"), enough)


def test_the_classifier_tells_what_it_learned_and_the_same_seed_gives_the_same(
    classifier: Classifier,
) -> None:
    state = torch.get_rng_state()
    held_out = pictures(60, seed=1)
    features, found = classifier.look(held_out.images.float() / 255)
    assert features.shape == (60, classifiers.FEATURES)
    assert torch.equal(found, held_out.labels)
    again = learn_classifier(pictures(90))
    assert all(torch.equal(a, b) for a, b in zip(classifier.parameters(), again.parameters()))
    assert torch.equal(torch.get_rng_state(), state)


def test_the_classifier_looks_at_a_part_at_a_time(classifier: Classifier, monkeypatch) -> None:
    images = pictures(50, seed=2).images.float() / 255
    features, found = classifier.look(images)
    monkeypatch.setattr(classifiers, "CHUNK_PIXELS", 64 * 7)
    parts, again = classifier.look(images)
    assert torch.allclose(features, parts, atol=1e-5)
    assert torch.equal(found, again)


@pytest.mark.parametrize("size", [8, 33, 128])
def test_the_classifier_takes_images_of_every_size(size: int) -> None:
    assert Classifier((3, size, size), 4)(torch.zeros(2, 3, size, size)).shape == (2, 4)


def test_without_classes_there_is_no_classifier() -> None:
    images = pictures(30)
    with pytest.raises(ValueError, match="two classes or more"):
        learn_classifier(ImageSet("p", "P", images.images))
    with pytest.raises(ValueError, match="two classes or more"):
        learn_classifier(pictures(9, n=1))


def test_learning_ends_where_progress_says(classifier: Classifier) -> None:
    class Enough(Exception):
        pass

    seen = []

    def progress(done: float) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise Enough

    with pytest.raises(Enough):
        learn_classifier(pictures(30), progress=progress)
    assert seen == [10 / STEPS, 20 / STEPS]


def shows_class_b(model):
    with torch.no_grad():  # a decoder that always shows class "b"
        model.decoder.output.weight.zero_()
        model.decoder.output.bias.fill_(float(torch.logit(torch.tensor(115 / 255))))
    return model


def test_samples_of_one_class_are_found_out(classifier: Classifier) -> None:
    found = sample_metrics(shows_class_b(a_model()), pictures(90), pictures(60, seed=1), classifier)
    assert found["class_shares"] == [0.0, 1.0, 0.0]
    assert found["class_shares_gap"] == pytest.approx(2 / 3)
    assert found["recall"] <= 1 / 3
    assert found["samples"] == 60
    assert found["classifier_accuracy"] == 1.0


def test_the_images_themselves_as_samples_have_every_class(classifier: Classifier, monkeypatch) -> None:
    images = pictures(60, seed=1)
    monkeypatch.setattr(
        "vae_core.measures.samples.draw_samples", lambda *a, **kw: images.images.float() / 255
    )
    found = sample_metrics(a_model(), pictures(90), images, classifier)
    assert (found["precision"], found["recall"], found["class_shares_gap"]) == (1.0, 1.0, 0.0)


def test_samples_are_decoded_from_the_prior_and_classes_are_told_as_often_as_they_are(
    classifier: Classifier, monkeypatch
) -> None:
    model = a_model(n_classes=3)
    told = torch.tensor([0, 2, 2, 1])
    drawn = draw_samples(model, 4, generator=torch.Generator().manual_seed(5), y=told)
    with torch.no_grad():
        z = torch.randn(4, model.config.latent_dim, generator=torch.Generator().manual_seed(5))
        assert torch.equal(drawn, model.decode_images(z, told))
    asked = []
    monkeypatch.setattr(
        "vae_core.measures.samples.draw_samples",
        lambda model, count, *, generator, y: asked.append(y) or draw_samples(model, count, y=y),
    )
    lopsided = pictures(90)
    lopsided = lopsided.take((lopsided.labels != 1).nonzero().squeeze(1))
    sample_metrics(model, lopsided, pictures(300, seed=1), classifier)
    assert set(asked[0].tolist()) == {0, 2}
    assert len(asked[0]) == 300


def test_without_a_prior_or_labels_there_is_a_sentence(classifier: Classifier) -> None:
    images = pictures(60)
    with pytest.raises(ValueError, match="without a prior"):
        sample_metrics(a_model(family="autoencoder"), images, images, classifier)
    with pytest.raises(ValueError, match="labelled images"):
        sample_metrics(a_model(), images, ImageSet("p", "P", images.images), classifier)
