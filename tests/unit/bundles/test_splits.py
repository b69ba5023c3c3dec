"""What a model is measured on: its set's splits, or, where there is none of that name, images of its file."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tests.unit.tiny_bundles import a_bundle
from vae_core import bundle_from_modules, load_image_set, save_bundle
from vae_core.bundles.splits import splits_of
from vae_core.engine.tasks.contact_sheets import thumbnails
from vae_core.engine.tasks.functions import importance_nll


def nothing(progress, message):
    pass


def of_set(name):
    bundle = a_bundle()
    return replace(bundle, image_set={**bundle.image_set, "name": name})


def test_a_set_that_is_here_gives_its_splits():
    learned, held_out = splits_of(of_set("digits"), limit=40)
    for found, split in ((learned, "train"), (held_out, "test")):
        assert torch.equal(found.images, load_image_set("digits", split=split, limit=40).images)


@pytest.mark.parametrize("name", ["tiny", "mnist"])  # not here; here, with larger images
def test_otherwise_the_probe_is_halved(name):
    bundle = of_set(name)
    learned, held_out = splits_of(bundle)
    assert torch.equal(torch.cat([learned.images, held_out.images]), bundle.probe.images)
    assert torch.equal(torch.cat([learned.labels, held_out.labels]), bundle.probe.labels)
    assert torch.equal(torch.cat([learned.factors, held_out.factors]), bundle.probe.factors)
    assert len(splits_of(bundle, limit=3)[1]) == 3
    assert torch.equal(splits_of(bundle, limit=3)[1].images, held_out.images[:3])


def test_a_single_image_is_nothing_to_measure_on():
    bundle = of_set("tiny")
    probe = replace(bundle.probe, images=bundle.probe.images[:1])
    with pytest.raises(ValueError, match="single image"):
        splits_of(replace(bundle, probe=probe))


def test_the_job_estimates_the_likelihood_of_a_model_from_elsewhere(tmp_path):
    save_bundle(tmp_path / "a.safetensors", of_set("elsewhere"))
    answer = importance_nll(nothing, bundle=str(tmp_path / "a.safetensors"), n_samples=2, count=5)
    assert answer["count"] == 5
    assert answer["nll"] > 0


def test_a_model_without_an_encoder_is_pictured_by_samples(tmp_path):
    decoder = torch.nn.Sequential(torch.nn.Linear(2, 64), torch.nn.Sigmoid())
    images = torch.zeros(8, 1, 8, 8, dtype=torch.uint8)
    save_bundle(tmp_path / "a.safetensors", bundle_from_modules(None, decoder, images))
    drawn = [
        thumbnails(nothing, bundle=str(tmp_path / "a.safetensors"), rows=2, reconstructed=True)
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]
    pixels = np.asarray(Image.open(io.BytesIO(drawn[0])))
    assert pixels.std() > 0  # not the images, which are black
