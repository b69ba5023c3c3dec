"""What is written for ONNX gives elsewhere what torch gives; without its package a sentence says so."""

import sys
from dataclasses import replace
from random import Random

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from tests.random_layers import CLASSES, all_kinds, random_layers
from tests.unit.bars import generator
from tests.unit.tiny_bundles import a_bundle
from vae_core import bundle_from_modules, load_bundle, save_bundle
from vae_core.__main__ import main
from vae_core.bundles.bundle import BundleProbe
from vae_core.config.configs import ARCHITECTURES, ModelConfig
from vae_core.exchange.onnx_graphs import onnx_models
from vae_core.models.layers.kinds import KINDS, Dense, Flatten, Reshape
from vae_core.models.layers.lists import placed
from vae_core.models.vae import build_model


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    data = model if isinstance(model, bytes) else model.SerializeToString()
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def run(model, **given):
    found = session(model)
    names = [each.name for each in found.get_outputs()]
    asked = {each.name: given[each.name].numpy() for each in found.get_inputs()}
    return dict(zip(names, found.run(None, asked)))


def close(ours, theirs):
    np.testing.assert_allclose(theirs, ours.numpy(), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def compare(bundle, models):
    config = bundle.model_config
    label = torch.tensor([0, 2, 1]) if config.n_classes else None
    told = {} if label is None else {"label": label}
    x = torch.rand(3, *config.image_shape, generator=generator(1))
    z = torch.randn(3, config.latent_dim, generator=generator(2))
    if config.has_encoder:
        posterior = bundle.model.encode(x, label)
        if config.latent_kind == "point":
            close(posterior.mean, run(models["encoder"], image=x, **told)["code"])
        elif config.categories:
            answer = run(models["encoder"], image=x, **told)
            close(posterior.mean, answer["code"])
            close(posterior.log_probabilities, answer["log_probabilities"])
        else:
            answer = run(models["encoder"], image=x, **told)
            close(posterior.mean, answer["mean"])
            close(posterior.logvar, answer["logvar"])
    answer = run(models["decoder"], z=z, **told)
    close(bundle.model.decode_images(z, label), answer["image"])
    parameters = "logits" if config.likelihood == "bernoulli" else "location"
    close(bundle.model.decode(z, label), answer[parameters])
    assert answer["image"].shape == (3, *config.image_shape)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(
    "changes",
    [{}, {"n_classes": 3}, {"family": "autoencoder", "likelihood": "gaussian"}, {"family": "concrete"}],
)
def test_the_architectures_give_what_torch_gives(architecture, changes):
    bundle = a_bundle(architecture=architecture, **changes)
    models = onnx_models(bundle)
    assert set(models) == {"encoder", "decoder"}
    compare(bundle, models)


def test_the_graphs_say_what_they_are():
    model = onnx_models(a_bundle())["decoder"]
    said = {each.key: each.value for each in model.metadata_props}
    assert (said["title"], said["licence"], said["likelihood"]) == (
        "<b>Tiny</b>",
        "MIT\nwith its notice",
        "bernoulli",
    )
    assert said["label_names"] == '["a", "b", "c"]'
    assert "The decoder takes" in model.doc_string


def a_random_bundle(seed):
    """Return a bundle of random lists of layers, ended so that they are a model's."""
    random = Random(seed)
    shape, dims = (random.choice([1, 3]), random.randint(8, 11), random.randint(8, 11)), random.randint(1, 4)
    encoder = random_layers(random, shape, part="encoder")
    decoder = random_layers(random, (dims,), part="decoder")
    numbers = int(np.prod(shape))
    nets = (
        (*encoder, Flatten(), Dense("encoder.last", 2 * dims)),
        (*decoder, Flatten(), Dense("decoder.last", numbers), Reshape(shape)),
    )
    classes = CLASSES if "append_label" in all_kinds(encoder) | all_kinds(decoder) else 0
    config = ModelConfig(shape, dims, "random", n_classes=classes, nets=nets)
    model = build_model(config, seed=seed).eval()
    for name, buffer in model.named_buffers():
        if "running" in name:
            buffer.copy_(torch.rand(buffer.shape, generator=generator(seed)) + 0.5)
    images = torch.zeros(2, *shape, dtype=torch.uint8)
    probe = BundleProbe(images, torch.zeros(2, dims), torch.zeros(2, dims))
    return replace(a_bundle(), model_config=config, model=model, probe=probe, projections={})


def test_random_lists_give_what_torch_gives():
    found = set()
    for seed in range(60):
        bundle = a_random_bundle(seed)
        compare(bundle, onnx_models(bundle))
        for layers in bundle.model_config.layers():
            found |= all_kinds(layers)
            assert placed(layers, *_entrance(bundle, layers))
    assert found == set(KINDS)


def _entrance(bundle, layers):
    config = bundle.model_config
    is_encoder = layers is config.layers()[0]
    return (config.image_shape, "encoder") if is_encoder else ((config.latent_dim,), "decoder")


def test_a_model_that_ships_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", "digits-2", "--onnx"]) == 0
    assert capsys.readouterr().out.split() == ["digits-2-encoder.onnx", "digits-2-decoder.onnx"]
    from vae_core.release.recipes import SHIPPED_BUNDLES

    bundle = load_bundle(SHIPPED_BUNDLES / "digits-2.safetensors")
    models = {part: onnx.load(tmp_path / f"digits-2-{part}.onnx") for part in ("encoder", "decoder")}
    compare(bundle, models)


def test_others_nets_go_out_again_and_without_an_encoder_there_is_one_file(tmp_path):
    decoder = torch.nn.Sequential(torch.nn.Linear(3, 64), torch.nn.Sigmoid())
    bundle = bundle_from_modules(None, decoder, torch.zeros(2, 1, 8, 8, dtype=torch.uint8))
    save_bundle(tmp_path / "mine.safetensors", bundle)
    asked = ["export", str(tmp_path / "mine.safetensors"), "--onnx", "--out", str(tmp_path / "ours.onnx")]
    assert main(asked) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"mine.safetensors", "ours-decoder.onnx"}
    z = torch.randn(2, 3, generator=generator())
    with torch.no_grad():
        picture = decoder(z).reshape(2, 1, 8, 8)
    close(picture, run((tmp_path / "ours-decoder.onnx").read_bytes(), z=z)["image"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["no-model"], "there is no file no-model"),
        (["digits-2", "--out", "no/such/a.onnx"], "does not exist: make that folder first"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(tmp_path, monkeypatch, capsys, asked, said):
    monkeypatch.chdir(tmp_path)
    assert main(["export", *asked, "--onnx"]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_the_package_a_sentence_says_how_to_install_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["export", "digits-2", "--onnx"]) == 2
    said = capsys.readouterr().err
    assert "vae_core export: the package onnx is not installed" in said
    assert "pip install -r" in said
    assert said.strip().endswith("vae_core/exchange/requirements.txt")
    assert not list(tmp_path.iterdir())
