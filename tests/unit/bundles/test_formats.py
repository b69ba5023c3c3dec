"""Format 3 holds its nets, format 2 has them by name; what is not known is ignored, or refused if needed."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.unit.tiny_bundles import a_bundle
from vae_core import ModelConfig, build_model, load_bundle
from vae_core.bundles.bundle import BundleProbe, pack_bundle, read_header, unpack_bundle
from vae_core.bundles.older import with_layers
from vae_core.config.configs import ARCHITECTURES
from vae_core.models.layers.kinds import Activation, Dense, Residual
from vae_core.models.layers.layer_json import nets_from_json, nets_to_json
from vae_core.storage import tensorfile

ROOT = Path(__file__).resolve().parents[3]
SHIPPED_DIGESTS = {
    "digits-2": "98a24235a30a8f3e737c",
    "fashion-16": "141c06375beaaece041f",
    "fashion-2": "ed7b03edc9830297a77e",
    "mnist-16": "70a15074b4d1630a1dca",
    "mnist-2": "a62924275a8ae47703a1",
    "shapes-10": "46a3e4b3bf05fb61f47e",
}
"""Of the six files of format 2 as they were first published: they stay, and are the older format's test."""
SHIPPED = [ROOT / "assets" / "bundles" / f"{name}.safetensors" for name in SHIPPED_DIGESTS]


def as_format_2(data):
    """Return a bundle's bytes as the version before layers wrote them."""
    texts = tensorfile.metadata_of(data)
    del texts["layers"]
    return tensorfile.with_metadata(data, {**texts, "format_version": "2"})


def with_texts(data, **changes):
    texts = tensorfile.metadata_of(data)
    return tensorfile.with_metadata(data, {**texts, **changes})


def pictures(bundle):
    z = torch.randn(3, bundle.model_config.latent_dim, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return bundle.model.decode_images(z)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_file_is_of_format_2_and_is_read(path):
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest()[:20] == SHIPPED_DIGESTS[path.stem]
    header = read_header(path)
    assert (header.format_version, header.model_config.nets) == (2, None)
    old, new = load_bundle(path), unpack_bundle(with_layers(data))
    assert old.model_config == new.model_config
    assert torch.equal(pictures(old), pictures(new))


def test_all_six_files_are_there():
    assert {path.stem for path in SHIPPED} >= set(SHIPPED_DIGESTS)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("n_classes", [0, 3])
def test_format_2_gives_the_same_model(architecture, n_classes):
    bundle = a_bundle(architecture=architecture, n_classes=n_classes)
    data = pack_bundle(bundle)
    old = unpack_bundle(as_format_2(data))
    assert old.model_config == bundle.model_config
    state = bundle.model.state_dict()
    assert all(torch.equal(weight, state[name]) for name, weight in old.model.state_dict().items())
    assert pack_bundle(old) == data
    assert with_layers(as_format_2(data)) == data
    assert with_layers(data) == data


def test_format_2_is_read_also_where_its_net_is_over_todays_limits():
    config = ModelConfig((1, 64, 64), 2, "article")
    with pytest.raises(ValueError, match=r"\(deconv1\): with it an image takes 2\d\d M multiply-adds"):
        build_model(config)
    from vae_core.models.vae import VAE

    model = VAE(config).eval()
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    small = a_bundle()
    images = torch.zeros(2, 1, 64, 64, dtype=torch.uint8)
    zeros = torch.zeros(2, 2)
    probe = BundleProbe(images, zeros, zeros)
    bundle = replace(small, model_config=config, model=model, probe=probe, projections={})
    data = pack_bundle(bundle)
    assert unpack_bundle(as_format_2(data)).model_config == config
    assert unpack_bundle(data).model_config == config  # also when it is saved anew


def test_the_header_holds_the_lists():
    bundle = a_bundle()
    texts = tensorfile.metadata_of(pack_bundle(bundle))
    assert nets_from_json(json.loads(texts["layers"])) == bundle.model_config.layers()
    assert "layers" not in json.loads(texts["model_config"])


def other_nets(dims=3):
    """An mlp of 64 pixels with something in between that no architecture has."""
    encoder, decoder = ModelConfig((1, 8, 8), dims, "mlp", width=0.125).layers()
    between = Residual((Activation("silu"), Dense("decoder.between", 50)))
    return encoder, (*decoder[:2], between, *decoder[2:])


def own_bundle(label="a net of ours"):
    bundle = a_bundle()
    config = replace(bundle.model_config, architecture=label, nets=other_nets())
    return replace(bundle, model_config=config, model=build_model(config).eval())


def test_the_lists_are_what_runs_and_the_name_is_a_label(tmp_path):
    bundle = own_bundle()
    data = pack_bundle(bundle)
    back = unpack_bundle(data)
    assert back.model_config == bundle.model_config
    assert back.model_config.architecture == "a net of ours"
    assert torch.equal(pictures(back), pictures(bundle))
    labelled = unpack_bundle(pack_bundle(own_bundle("conv")))
    assert labelled.model_config.layers() == other_nets()  # not those of conv


def test_lists_that_are_those_of_the_name_leave_the_config_plain():
    config = a_bundle().model_config
    assert replace(config, nets=config.layers()) == config
    assert unpack_bundle(pack_bundle(a_bundle())).model_config.nets is None


def test_a_config_with_lists_survives_json():
    config = own_bundle().model_config
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert hash(config) == hash(ModelConfig.from_dict(config.to_dict()))


def test_without_lists_the_name_must_be_known():
    with pytest.raises(ValueError, match="architecture must be one of"):
        ModelConfig(architecture="a net of ours")


def test_what_is_not_known_is_ignored_and_kept():
    data = pack_bundle(own_bundle())
    layers = json.loads(tensorfile.metadata_of(data)["layers"])
    layers["decoder"][0]["colour"] = "red"
    layers["critic"] = [{"kind": "attention"}]
    changed = with_texts(data, layers=json.dumps(layers), mood='"calm"', needs="[]")
    assert unpack_bundle(changed).model_config == unpack_bundle(data).model_config
    assert tensorfile.metadata_of(pack_bundle(unpack_bundle(changed)))["mood"] == '"calm"'


def test_what_is_needed_and_not_known_is_refused_by_name():
    data = with_texts(pack_bundle(a_bundle()), needs='["attention", "flows"]')
    with pytest.raises(ValueError, match="it needs 'attention', 'flows', which this version does not know"):
        unpack_bundle(data)


def test_a_model_trained_elsewhere_has_no_settings_of_training():
    bundle = replace(a_bundle(), train_config=None)
    assert unpack_bundle(pack_bundle(bundle)).train_config is None


def test_a_model_without_an_encoder_has_pictures_without_places():
    bundle = a_bundle()
    config = replace(bundle.model_config, architecture="decoder", nets=((), bundle.model_config.layers()[1]))
    assert (config.has_encoder, config.has_likelihood, config.latent_kind) == (False, False, "prior")
    model = build_model(config).eval()
    with pytest.raises(ValueError, match="no encoder"):
        model.encode(torch.zeros(1, 1, 8, 8))
    probe = replace(bundle.probe, mean=None, logvar=None)
    alone = replace(bundle, model_config=config, model=model, probe=probe, projections={})
    back = unpack_bundle(pack_bundle(alone))
    assert back.model_config == config
    assert back.card["has_encoder"] is False
    assert back.card["latent_kind"] == "prior"
    assert back.probe.mean is None
    assert torch.equal(pictures(back), pictures(alone))
    assert nets_to_json(config.layers())["encoder"] is None
    with pytest.raises(ValueError, match=r"probe\.(mean|logvar)"):
        pack_bundle(replace(alone, probe=bundle.probe))


def test_an_older_file_s_counter_may_be_missing():
    data = pack_bundle(a_bundle(architecture="article"))
    texts, arrays = tensorfile.unpack(data)
    arrays = {name: array for name, array in arrays.items() if not name.endswith("num_batches_tracked")}
    assert torch.equal(pictures(unpack_bundle(tensorfile.pack(arrays, texts))), pictures(unpack_bundle(data)))
