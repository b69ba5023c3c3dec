"""One file, one model: what is saved is what is loaded, whole or not at all."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.tiny_bundles import a_bundle
from vae_core import ModelConfig, elbo_terms, load_bundle, save_bundle
from vae_core.bundles.bundle import pack_bundle, read_header, unpack_bundle
from vae_core.bundles.header import FORMAT_VERSION
from vae_core.bundles.making import with_umap

ROOT = Path(__file__).resolve().parents[3]
VARIANTS = [
    {},
    {"architecture": "conv"},
    {"architecture": "article"},
    {"family": "autoencoder"},
    {"likelihood": "gaussian_learned"},
    {"latent_dim": 1},
    {"image_shape": (3, 9, 10), "architecture": "conv"},
]


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_what_is_saved_is_loaded(tmp_path, changes):
    bundle = a_bundle(**changes)
    save_bundle(tmp_path / "tiny.safetensors", bundle)
    back = load_bundle(tmp_path / "tiny.safetensors")
    for name in ("model_config", "train_config", "history", "metrics", "card"):
        assert getattr(back, name) == getattr(bundle, name)
    assert {**back.image_set, "label_names": ["a", "b", "c"], "factor_names": ["x", "y"]} == bundle.image_set
    for name, tensor in vars(bundle.probe).items():
        assert (tensor is None) == (getattr(back.probe, name) is None)
        if tensor is not None:
            assert torch.equal(getattr(back.probe, name), tensor)
            assert getattr(back.probe, name).dtype == tensor.dtype
    assert not back.model.training
    state = bundle.model.state_dict()
    assert back.model.state_dict().keys() == state.keys()
    assert all(torch.equal(tensor, state[name]) for name, tensor in back.model.state_dict().items())
    assert back.projections.keys() == bundle.projections.keys()
    if "pca" in back.projections:
        assert torch.equal(back.projections["pca"].components, bundle.projections["pca"].components)
        torch.testing.assert_close(back.projections["pca"].positions, bundle.projections["pca"].positions)
    z = torch.randn(4, bundle.model_config.latent_dim, generator=torch.Generator().manual_seed(1))
    assert torch.equal(back.model.decode_images(z), bundle.model.decode_images(z))


def test_the_loaded_model_can_be_trained(tmp_path):
    save_bundle(tmp_path / "a", a_bundle())
    model = load_bundle(tmp_path / "a").model
    elbo_terms(model, torch.rand(2, 1, 8, 8)).loss().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_the_same_bundle_gives_the_same_bytes_again(tmp_path):
    save_bundle(tmp_path / "a", a_bundle())
    save_bundle(tmp_path / "b", load_bundle(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_weights_are_halved_only_if_that_changes_none(tmp_path):
    bundle = a_bundle()
    save_bundle(tmp_path / "half", bundle)
    with torch.no_grad():
        bundle.model.decoder.output.bias[0] = 1 / 3
    save_bundle(tmp_path / "full", bundle)
    for name, dtype in (("half", "F16"), ("full", "F32")):
        tensors = read_header(tmp_path / name).tensors
        assert {kind for key, (kind, _) in tensors.items() if key.startswith(("encoder.", "decoder."))} == {
            dtype
        }
    assert float(load_bundle(tmp_path / "full").model.decoder.output.bias.detach()[0]) == np.float32(1 / 3)


@pytest.mark.process
def test_the_header_is_read_without_torch(tmp_path):
    save_bundle(tmp_path / "tiny.safetensors", a_bundle())
    code = (
        "import sys; from vae_core.bundles.bundle import read_header, load_bundle, save_bundle; import json;"
        "header = read_header(sys.argv[1]); assert 'torch' not in sys.modules; print(header.card['title'])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "tiny.safetensors"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "<b>Tiny</b>\n"


def test_the_header_says_what_the_bundle_holds(tmp_path):
    bundle = a_bundle()
    save_bundle(tmp_path / "tiny", bundle)
    header = read_header(tmp_path / "tiny")
    assert header.format_version == FORMAT_VERSION
    assert (header.model_config, header.card) == (bundle.model_config, bundle.card)
    assert header.tensors["probe.images"] == ("U8", (24, 1, 8, 8))
    assert header.tensors["probe.mean"] == ("F32", (24, 3))
    assert header.tensors["pca.components"] == ("F32", (2, 3))
    assert header.tensors["encoder.dense1.weight"] == ("F16", (50, 64))
    assert header.image_set["licence"] == "MIT\nwith its notice"


def test_what_the_model_has_follows_from_its_config_whatever_the_card_says():
    bundle = a_bundle()
    lying = replace(bundle, card={**bundle.card, "has_encoder": False, "n_classes": 7, "colour": "red"})
    card = unpack_bundle(pack_bundle(lying)).card
    assert (card["has_encoder"], card["n_classes"], card["colour"]) == (True, 0, "red")


def test_umap_positions_survive_the_file(tmp_path, monkeypatch):
    from vae_core.latent import projection

    monkeypatch.setattr(
        projection,
        "fit_projection",
        lambda codes, *, method, seed: projection.Projection(method, codes, codes[:, 1:] * 2, seed=seed),
    )
    bundle = with_umap(a_bundle())
    save_bundle(tmp_path / "a", bundle)
    back = load_bundle(tmp_path / "a")
    assert set(back.projections) == {"pca", "umap"}
    assert torch.equal(back.projections["umap"].positions, bundle.projections["umap"].positions)
    code, distance = back.projections["umap"].invert(back.projections["umap"].positions[:3])
    torch.testing.assert_close(code, back.probe.mean[:3], atol=1e-2, rtol=0)
    assert float(distance.max()) < 1e-6


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a"
    save_bundle(path, a_bundle())
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_bundle(path, a_bundle(latent_dim=2))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_a_device_or_a_folder_is_never_replaced(tmp_path):
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder):
        with pytest.raises(ValueError, match=f"{path.name} is a folder or a device: name a file"):
            save_bundle(path, a_bundle())
    assert pipe.is_fifo()
    assert set(tmp_path.iterdir()) == {folder, pipe}


def test_an_interrupt_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a"
    save_bundle(path, a_bundle())
    before = path.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_bundle(path, a_bundle(latent_dim=2))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda b: replace(b, card={**b.card, "title": "x" * 300}),
        lambda b: replace(b, card={**b.card, "title": "\ud800"}),
        lambda b: replace(b, metrics={"elbo": float("nan")}),
        lambda b: replace(b, metrics={"elbo": object()}),
        lambda b: replace(b, probe=replace(b.probe, mean=b.probe.mean * float("inf"))),
        lambda b: replace(b, probe=replace(b.probe, labels=b.probe.labels + 1)),
        lambda b: replace(b, probe=replace(b.probe, images=b.probe.images[:5])),
        lambda b: replace(b, model_config=ModelConfig(image_shape=(1, 8, 8), latent_dim=4)),
    ],
)  # fmt: skip
def test_what_could_not_be_opened_again_is_not_saved(tmp_path, spoil):
    with pytest.raises(ValueError, match="cannot be saved"):
        save_bundle(tmp_path / "a", spoil(a_bundle()))
    assert list(tmp_path.iterdir()) == []
