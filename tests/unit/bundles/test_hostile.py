"""What a stranger sends: no file can do more than be refused."""

import json
import os

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.tiny_bundles import a_bundle
from vae_core import load_bundle
from vae_core.bundles import header as headers
from vae_core.bundles import header_arrays, tensors
from vae_core.bundles.bundle import pack_bundle, read_header, unpack_bundle
from vae_core.storage import tensorfile

DATA = pack_bundle(a_bundle())
SMALL = pack_bundle(a_bundle(width=0.125, latent_dim=2))


def refused(path, *, message=None):
    """Assert that both readers, or the one that looks at the weights, refuse a file with a sentence."""
    with pytest.raises(ValueError, match="cannot be opened as a model") as caught:
        load_bundle(path)
    assert str(path.name) in str(caught.value)
    assert "Choose a file" in str(caught.value)
    assert len(str(caught.value)) < 500
    if message is not None:
        assert message in str(caught.value)


def rewritten(change_texts=None, change_arrays=None, data=DATA):
    """Return a well-formed file with other contents."""
    texts, arrays = tensorfile.unpack(data)
    arrays = {name: array.copy() for name, array in arrays.items()}
    for table, change in ((texts, change_texts), (arrays, change_arrays)):
        for name, value in (change or {}).items():
            value = value(table.get(name)) if callable(value) else value
            if value is None:
                del table[name]
            else:
                table[name] = value
    return tensorfile.pack(arrays, texts)


def with_json(**changes):
    """Return a change of one JSON text's entries."""
    return lambda text: json.dumps({**json.loads(text), **changes})


def with_layer(layer):
    """Return a change that puts a layer before the decoder's."""

    def change(text):
        layers = json.loads(text)
        return json.dumps({**layers, "decoder": [layer, *layers["decoder"]]})

    return change


def without_layers(count):
    """Return a change that takes the decoder's last layers away."""

    def change(text):
        layers = json.loads(text)
        return json.dumps({**layers, "decoder": layers["decoder"][:-count]})

    return change


TEXTS = {
    "foreign": ({"format": "pt"}, "does not say"),
    "no format": ({"format": None}, "does not say"),
    "a newer format": ({"format_version": "4"}, "update Latent Explorer"),
    "an older format": ({"format_version": "1"}, "train the model anew"),
    "a strange format": ({"format_version": "x" * 999}, "version"),
    "no history": ({"history": None}, "lacks history"),
    "config of another kind": ({"model_config": "[]"}, "not a table"),
    "config that is no JSON": ({"model_config": "{"}, "not JSON"),
    "an architecture that is a list": ({"model_config": with_json(architecture=["conv"])}, "architecture"),
    "an architecture of a page": ({"model_config": with_json(architecture="x" * 61)}, "architecture"),
    "an architecture in bold": ({"model_config": with_json(architecture="a\x1b[1m")}, "architecture"),
    "a need": ({"needs": '["attention"]'}, "it needs 'attention', which this version does not know; update"),
    "a need before all else": ({"needs": '["a"]', "layers": "[", "card": None}, "it needs 'a'"),
    "needs that are a table": ({"needs": "{}"}, "its needs are not a list"),
    "needs of numbers": ({"needs": "[1]"}, "a name in its needs"),
    "no layers": ({"layers": None}, "it lacks layers"),
    "layers that are a list": ({"layers": "[]"}, "its layers are not a table"),
    "layers without a decoder": ({"layers": '{"encoder": null}'}, "its decoder is not a list"),
    "an unknown kind": ({"layers": with_layer({"kind": "lstm"})}, "layer 1 of its decoder: its kind, 'lstm'"),
    "a layer that wants an image": (
        {"layers": with_layer({"kind": "max_pool", "kernel": 2})},
        "layer 1 of the decoder (max pool): it wants an image and gets 3 numbers",
    ),
    "a decoder of other images": ({"layers": without_layers(1)}, "ends the decoder with 64 numbers; the"),
    "a label that no one gives": (
        {"layers": with_layer({"kind": "append_label", "classes": 4})},
        "the decoder is told 4 classes; the model has 0",
    ),
    "an encoder of a point": ({"model_config": with_json(family="autoencoder")}, "code of 3 dimensions"),
    "a net that is too much": (
        {"layers": with_layer({"kind": "dense", "name": "decoder.a", "outputs": 9_000_000})},
        "(a): it makes 9,000,000 numbers",
    ),
    "a shape that is text": ({"model_config": with_json(image_shape="abc")}, "image_shape"),
    "images of 10^9": ({"model_config": with_json(image_shape=[1, 10**9, 10**9])}, "image_shape"),
    "a latent of 10^400": ({"model_config": with_json(latent_dim=10**400)}, "latent_dim"),
    "20 M weights": (
        {"layers": with_layer({"kind": "dense", "name": "decoder.a", "outputs": 3_000_000})},
        "(dense1): with it the net has 162.0 M weights; the limit is 20 M",
    ),
    "a bigger net than the file": (
        {"layers": with_layer({"kind": "dense", "name": "decoder.a", "outputs": 3})},
        "its weights decoder.a.weight of shape (3, 3) are missing",
    ),
    "a beta of NaN": ({"train_config": with_json(beta=float("nan"))}, "NaN"),
    "an infinite beta": ({"train_config": lambda text: text.replace('"beta": 1.0', '"beta": 1e999')}, "beta"),
    "settings that do not fit": (
        {"train_config": with_json(binarize="dynamic"), "model_config": with_json(likelihood="gaussian")},
        "binarize",
    ),
    "a title of numbers": ({"card": with_json(title=3)}, "title"),
    "a title of a megabyte": ({"card": with_json(title="x" * 1_000_000)}, "title"),
    "half a character": ({"card": with_json(title="\ud800")}, "no text"),
    "a null character": ({"image_set": with_json(title="a\0b")}, "no text"),
    "a card in a card": ({"card": with_json(a={"b": {}})}, "card"),
    "metrics of lists": ({"metrics": '{"elbo": [1]}'}, "metrics"),
    "metrics of lists of texts": ({"metrics": '{"information_0": ["a"]}'}, "metrics"),
    "metrics of endless lists": ({"metrics": json.dumps({"information_0": [0] * 1001})}, "metrics"),
    "a hundred metrics and one": ({"metrics": json.dumps(dict.fromkeys(map(str, range(101)), 1))}, "101"),
    "an infinite metric": ({"metrics": '{"elbo": 1e999}'}, "metrics"),
    "a history that is a table": ({"history": "{}"}, "history"),
    "a history of tables": ({"history": '[{"a": {}}]'}, "history"),
    "labels without end": ({"image_set": with_json(label_names=["a"] * 5000)}, "label_names"),
    "fewer labels than used": ({"image_set": with_json(label_names=["a"])}, "labels"),
    "another number of factors": ({"image_set": with_json(factor_names=["a"])}, "factors"),
    "a negative size": ({"image_set": with_json(size=-1)}, "size"),
    "nested without end": ({"history": "[" * 100_000 + "]" * 100_000}, "nested"),
    "a long unknown name": ({"model_config": with_json(**{"x" * 100_000: 1})}, "x"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_hostile_texts_are_refused_by_both_readers(tmp_path, case):
    change, message = TEXTS[case]
    path = tmp_path / "bad.safetensors"
    path.write_bytes(rewritten(change))
    refused(path, message=message)
    if case != "fewer labels than used":  # the header does not hold the labels
        with pytest.raises(ValueError, match="cannot be opened as a model"):
            read_header(path)


def spoiled(value):
    def change(array):
        array = array.copy()
        array.flat[0] = value
        return array

    return change


WEIGHT = "decoder.output.weight"
ARRAYS = {
    "NaN weights": ({WEIGHT: spoiled(np.nan)}, WEIGHT),
    "infinite weights": ({WEIGHT: spoiled(np.inf)}, WEIGHT),
    "NaN means": ({"probe.mean": spoiled(np.nan)}, "probe.mean"),
    "a missing weight": ({WEIGHT: None}, "weights"),
    "a weight renamed": ({WEIGHT: None, "decoder.other": np.zeros((64, 50), np.float16)}, "decoder.o"),
    "a weight too many": ({"decoder.extra": np.zeros(3, np.float16)}, "extra"),
    "a weight turned round": ({WEIGHT: lambda a: np.ascontiguousarray(a.T)}, WEIGHT),
    "weights of bytes": ({WEIGHT: lambda a: a.astype(np.uint8)}, "type"),
    "an array of our own": ({"something": np.zeros(3, np.uint8)}, "something"),
    "no probe": ({"probe.images": None}, "probe"),
    "an empty probe": ({"probe.images": lambda a: a[:0]}, "probe"),
    "fewer images than means": ({"probe.images": lambda a: a[:5].copy()}, "probe"),
    "images of floats": ({"probe.images": lambda a: a.astype(np.float32)}, "probe.images"),
    "images of another size": ({"probe.images": lambda a: a[:, :, :7].copy()}, "probe.images"),
    "images without axes": ({"probe.images": np.zeros((), np.uint8)}, "probe.images"),
    "a probe of 5,000": ({"probe.images": np.zeros((5000, 1, 8, 8), np.uint8)}, "probe.images"),
    "no means": ({"probe.mean": None}, "probe.mean"),
    "no logvar": ({"probe.logvar": None}, "probe.logvar"),
    "labels of bytes": ({"probe.labels": lambda a: a.astype(np.uint8)}, "probe.labels"),
    "a negative label": ({"probe.labels": spoiled(-1)}, "probe.labels"),
    "a label of 2^62": ({"probe.labels": spoiled(2**62)}, "probe.labels"),
    "a mean without plane": ({"pca.components": None}, "pca"),
    "three components": ({"pca.components": np.zeros((3, 3), np.float32)}, "pca.components"),
    "a short umap": ({"umap.positions": np.zeros((3, 2), np.float32)}, "umap.positions"),
    "a NaN umap": ({"umap.positions": np.full((24, 2), np.nan, np.float32)}, "umap.positions"),
}  # fmt: skip


@pytest.mark.parametrize("case", ARRAYS)
def test_hostile_arrays_are_refused(tmp_path, case):
    change, message = ARRAYS[case]
    path = tmp_path / "bad.safetensors"
    path.write_bytes(rewritten(None, change))
    refused(path, message=message)


def test_a_label_that_the_model_has_no_class_for_is_refused(tmp_path):
    data = pack_bundle(a_bundle(n_classes=3))
    assert unpack_bundle(data).model_config.n_classes == 3
    names = {"image_set": with_json(label_names=["a", "b", "c", "d"])}
    path = tmp_path / "bad"
    path.write_bytes(rewritten(names, {"probe.labels": spoiled(3)}, data))
    refused(path, message="its probe.labels are not all from 0 to 2")


def test_a_probe_of_too_many_pixels_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "big"
    path.write_bytes(DATA)
    monkeypatch.setattr(header_arrays, "MAX_PROBE_BYTES", 24 * 64)
    assert len(load_bundle(path).probe.images) == 24
    monkeypatch.setattr(header_arrays, "MAX_PROBE_BYTES", 24 * 64 - 1)
    refused(path, message="its probe.images have the shape (24, 1, 8, 8)")


def test_a_negative_running_variance_is_refused(tmp_path):
    data = pack_bundle(a_bundle(architecture="article"))
    path = tmp_path / "bad"
    path.write_bytes(rewritten(None, {"decoder.norm1.running_var": spoiled(-1)}, data))
    refused(path, message="running_var")


@pytest.mark.parametrize(
    ("name", "array", "changes"),
    [
        ("decoder.log_variance", np.array(3, np.int64), {"likelihood": "gaussian_learned"}),
        ("decoder.norm1.num_batches_tracked", np.array(3, np.float32), {"architecture": "article"}),
    ],
)
def test_a_whole_number_for_a_weight_and_a_fraction_for_a_counter_are_refused(tmp_path, name, array, changes):
    path = tmp_path / "bad"
    path.write_bytes(rewritten(None, {name: array}, pack_bundle(a_bundle(**changes))))
    refused(path, message=f"{name} are of type {tensorfile.describe({name: array})[name][0]}")


def test_a_net_that_the_file_cannot_hold_is_refused_before_it_is_built(tmp_path, monkeypatch):
    path = tmp_path / "bad"
    path.write_bytes(rewritten({"layers": with_layer({"kind": "dense", "name": "decoder.a", "outputs": 3})}))
    monkeypatch.setattr(tensors, "model_from", lambda *_: pytest.fail("it was built"))
    refused(path)


@pytest.mark.parametrize("reader", [load_bundle, read_header])
def test_what_is_no_file_of_the_right_size_is_refused(tmp_path, reader, monkeypatch):
    with pytest.raises(FileNotFoundError):
        reader(tmp_path / "none")
    with pytest.raises(ValueError, match="not a file"):
        reader(tmp_path)
    path = tmp_path / "long"
    path.write_bytes(DATA + b"\0")
    with pytest.raises(ValueError, match="1 bytes follow"):
        reader(path)
    monkeypatch.setattr(headers, "MAX_BYTES", len(DATA))
    with pytest.raises(ValueError, match="the limit is"):
        reader(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_in_the_folder_does_not_hang_the_reader(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="not a file"):
        read_header(tmp_path / "pipe")


def test_nothing_is_unpickled(tmp_path):
    torch.save({"state": torch.zeros(3)}, tmp_path / "a.pt")
    refused(tmp_path / "a.pt", message="not a safetensors file")


def valid_or_refused(data):
    try:
        bundle = unpack_bundle(data)
    except ValueError:
        return
    again = unpack_bundle(pack_bundle(bundle))
    assert again.model_config == bundle.model_config
    with torch.no_grad():
        bundle.model.decode_images(torch.zeros(1, bundle.model_config.latent_dim))


def test_every_truncation_is_refused():
    header_end = 8 + int.from_bytes(DATA[:8], "little")
    lengths = {*range(64), *range(0, header_end, 97), *range(header_end, len(DATA), 1009), len(DATA) - 1}
    for length in lengths:
        with pytest.raises(ValueError, match=r"cut short|not a safetensors|JSON"):
            unpack_bundle(DATA[:length])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_flipped_bytes_give_a_refusal_or_a_valid_bundle(data):
    header_end = 8 + int.from_bytes(SMALL[:8], "little")
    spoilt = bytearray(SMALL)
    where = st.one_of(st.integers(0, header_end - 1), st.integers(0, len(SMALL) - 1))
    for position in data.draw(st.lists(where, min_size=1, max_size=4)):
        spoilt[position] = data.draw(st.integers(0, 255))
    valid_or_refused(bytes(spoilt))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(SMALL)), st.integers(0, 50))
def test_cut_and_stuffed_files_give_a_refusal_or_a_valid_bundle(stuff, position, cut):
    valid_or_refused(SMALL[:position] + stuff + SMALL[position + cut :])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["model_config", "train_config", "image_set", "metrics", "history", "card", "layers"]),
    st.data(),
)
def test_any_json_in_any_place_gives_a_refusal_or_a_valid_bundle(name, data):
    texts, arrays = tensorfile.unpack(SMALL)
    table = json.loads(texts[name])
    if isinstance(table, dict) and table and data.draw(st.booleans()):
        table[data.draw(st.sampled_from(sorted(table)))] = data.draw(JSON)
    else:
        table = data.draw(JSON)
    valid_or_refused(tensorfile.pack(arrays, {**texts, name: json.dumps(table)}))
