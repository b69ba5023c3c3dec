"""What a later version wrote into a bundle's header is named, kept, and leaves the model as it is."""

from __future__ import annotations

import json

import pytest
import torch

from tests.unit.tiny_bundles import a_bundle
from ui.library.entry import read_entry
from vae_core import load_bundle, save_bundle
from vae_core.bundles.bundle import pack_bundle, read_header
from vae_core.storage import tensorfile


def by_a_later_version(data: bytes, **texts: str) -> bytes:
    metadata, arrays = tensorfile.unpack(data)
    for name, more in (("model_config", {"depth": [3]}), ("train_config", {"cool_down": 0.5})):
        metadata[name] = json.dumps({**json.loads(metadata[name]), **more})
    return tensorfile.pack({name: array.copy() for name, array in arrays.items()}, {**metadata, **texts})


def test_it_is_read_named_and_kept(tmp_path) -> None:
    bundle, path = a_bundle(), tmp_path / "later.safetensors"
    path.write_bytes(by_a_later_version(pack_bundle(bundle), lenses="[1]"))
    header = read_header(path)
    assert (header.model_config, header.train_config) == (bundle.model_config, bundle.train_config)
    expected = {
        "model_config": {"depth": [3]},
        "train_config": {"cool_down": 0.5},
        "header": {"lenses": "[1]"},
    }
    assert header.unknown == expected
    opened = load_bundle(path)
    for name, weights in bundle.model.state_dict().items():
        assert torch.equal(opened.model.state_dict()[name], weights)
    again = tmp_path / "again.safetensors"
    save_bundle(again, opened)
    assert read_header(again).unknown == expected
    assert set(read_entry(again, shipped=False).unknown) == {"depth", "cool_down", "lenses"}


def test_a_file_of_this_version_has_nothing_unknown(tmp_path) -> None:
    path = tmp_path / "own.safetensors"
    save_bundle(path, a_bundle())
    assert read_header(path).unknown == {}
    assert read_entry(path, shipped=False).unknown == ()


def test_it_cannot_be_without_end(tmp_path) -> None:
    path = tmp_path / "much.safetensors"
    path.write_bytes(by_a_later_version(pack_bundle(a_bundle()), **{f"text{k}": "" for k in range(200)}))
    with pytest.raises(ValueError, match="entries that nobody knows"):
        read_header(path)
