"""Jobs about a model that is told the class: an image's own, or the one that is asked for."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from tests.unit.tiny_bundles import a_bundle
from vae_core.bundles.bundle import save_bundle
from vae_core.engine.tasks import contact_sheets, functions
from vae_core.storage import tensorfile


def report(progress, message=""):
    pass


@pytest.fixture(scope="module")
def bundle():
    made = a_bundle(family="conditional", n_classes=3)
    with torch.no_grad():
        made.model.decoder.dense1.weight[:, :3] *= 40  # which picture it is, is the class's to say
    return made


@pytest.fixture
def path(bundle, tmp_path):
    save_bundle(tmp_path / "told.safetensors", bundle)
    return str(tmp_path / "told.safetensors")


def test_the_likelihood_is_that_given_each_image_s_class(path):
    found = functions.importance_nll(report, bundle=path, n_samples=4, count=10)
    assert found["count"] > 0
    assert np.isfinite(found["nll"])


def test_images_are_encoded_as_of_the_class_that_is_named(bundle, path):
    images = bundle.probe.images[:5]
    packed = tensorfile.pack({"images": images.numpy()}, {})
    found = [
        tensorfile.unpack(functions.encode(report, bundle=path, images=packed, label=label))[1]["mean"]
        for label in (0, 2)
    ]
    with torch.no_grad():
        wanted = bundle.model.encode(images / 255, torch.full((5,), 2)).mean
    np.testing.assert_allclose(found[1], wanted.numpy(), atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-4


def test_a_walk_is_decoded_in_the_class_that_is_named(path):
    first, other = (
        contact_sheets.gif(report, bundle=path, z=[[0, 0, 0], [1, 0, 0]], label=label) for label in (0, 1)
    )
    assert first != other
    with Image.open(io.BytesIO(first)) as walk:
        assert sum(1 for _ in ImageSequence.Iterator(walk)) >= 2


def test_a_contact_sheet_shows_reconstructions_by_each_image_s_own_class(bundle, path):
    sheet = contact_sheets.thumbnails(report, bundle=path, rows=2, columns=3, reconstructed=True)
    with Image.open(io.BytesIO(sheet)) as drawn:
        pixels = np.asarray(drawn.convert("L"))
    with torch.no_grad():
        own = bundle.model.decode_images(bundle.probe.mean, bundle.probe.labels)
    first = (own[int((bundle.probe.labels == 0).nonzero()[0])] * 255).round().to(torch.uint8).numpy()[0]
    places = [
        (y, x)
        for y in range(pixels.shape[0] - 7)
        for x in range(pixels.shape[1] - 7)
        if np.abs(pixels[y : y + 8, x : x + 8].astype(int) - first.astype(int)).max() <= 1
    ]
    assert places
