"""The nearest codes, and the places of images among them."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from tests.unit.clusters import normal
from vae_core import ModelConfig, build_model, encode_images
from vae_core.latent.codes import neighbours


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randint(
        0, 256, (37, 1, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


# Neighbours


def test_neighbours_are_scikit_learns():
    latents, asked = normal(500, 6), normal(1500, 6, seed=1)
    indices, distances = neighbours(asked, latents, 7)
    expected = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(latents).kneighbors(asked)
    np.testing.assert_allclose(distances, expected[0], rtol=1e-4, atol=1e-4)
    assert (indices.numpy() == expected[1]).mean() > 0.999


def test_neighbours_far_from_the_origin_are_still_told_apart():
    latents = torch.arange(10.0)[:, None] + torch.tensor([[1e5, 0.0]])
    indices, distances = neighbours(latents[4:5], latents, 3)
    assert indices[0, 0] == 4
    assert distances[0, 0] == 0
    assert set(indices[0, 1:].tolist()) == {3, 5}


def test_neighbours_at_the_edges():
    indices, distances = neighbours(normal(4, 2), normal(3, 2, seed=1), 10)
    assert indices.shape == distances.shape == (4, 3)
    assert neighbours(torch.zeros(0, 2), normal(3, 2), 2)[0].shape == (0, 2)
    with pytest.raises(ValueError, match="0 codes"):
        neighbours(normal(1, 2), torch.zeros(0, 2), 1)
    with pytest.raises(ValueError, match="codes must"):
        neighbours(normal(1, 2), normal(3, 4), 1)


@pytest.mark.parametrize("batch_size", [1, 10, 37, 1024])
@pytest.mark.parametrize("family", ["vae", "autoencoder"])
def test_encoding_in_batches_is_encoding_at_once(images, family, batch_size):
    model = build_model(ModelConfig(image_shape=(1, 12, 12), latent_dim=3, family=family)).eval()
    posterior = encode_images(model, images, batch_size=batch_size)
    expected = model.encode(images.float() / 255)
    torch.testing.assert_close(posterior.mean, expected.mean)
    if family == "autoencoder":
        assert posterior.logvar is None
    else:
        torch.testing.assert_close(posterior.logvar, expected.logvar)


@pytest.mark.parametrize("training", [True, False])
def test_encoding_leaves_the_model_as_it_was(images, training):
    model = build_model(ModelConfig(image_shape=(1, 12, 12), architecture="article")).train(training)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    posterior = encode_images(model, images)
    assert model.training is training
    assert not posterior.mean.requires_grad
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_encoding_takes_labels_where_the_model_has_classes(images):
    model = build_model(ModelConfig(image_shape=(1, 12, 12), n_classes=4)).eval()
    labels = torch.arange(37) % 4
    posterior = encode_images(model, images, labels=labels, batch_size=8)
    torch.testing.assert_close(posterior.mean, model.encode(images.float() / 255, labels).mean.detach())
    with pytest.raises(ValueError, match="label"):
        encode_images(model, images)


def test_encoding_nothing_gives_nothing(images):
    model = build_model(ModelConfig(image_shape=(1, 12, 12), latent_dim=3)).eval()
    assert encode_images(model, images[:0]).mean.shape == (0, 3)


def test_encoding_refuses_images_that_are_not_bytes(images):
    model = build_model(ModelConfig(image_shape=(1, 12, 12)))
    with pytest.raises(ValueError, match="uint8"):
        encode_images(model, images.float())
    with pytest.raises(ValueError, match="batch_size"):
        encode_images(model, images, batch_size=0)
    with pytest.raises(ValueError, match="images must"):
        encode_images(model, images[:, :, :8])
