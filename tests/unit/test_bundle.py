"""One file, one model: what is saved is what is loaded, and no file can do more than be refused."""

import copy
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core import (
    ModelConfig,
    TrainConfig,
    Trainer,
    build_model,
    elbo_terms,
    load_bundle,
    save_bundle,
    tensorfile,
)
from vae_core import bundle as bundles
from vae_core import header as headers
from vae_core.bundle import Bundle, BundleProbe, make_bundle, pack_bundle, read_header, with_umap
from vae_core.header import card_facts
from vae_core.images import ImageSet
from vae_core.projection import fit_projection

ROOT = Path(__file__).resolve().parents[2]


def an_image_set(count=60, shape=(1, 8, 8), *, labels=True, factors=True):
    random = torch.Generator().manual_seed(0)
    return ImageSet(
        "tiny",
        "Tiny <b>set</b>",
        torch.randint(0, 256, (count, *shape), generator=random).to(torch.uint8),
        torch.arange(count) % 3 if labels else None,
        ("one", "two", "<script>alert(3)</script>") if labels else (),
        torch.rand(count, 2, generator=random) if factors else None,
        ("x", "y") if factors else (),
        "MIT",
        "a seed",
    )


def a_bundle(**changes):
    """Return an untrained bundle, quickly."""
    config = ModelConfig(
        **{"image_shape": (1, 8, 8), "latent_dim": 3, "architecture": "mlp", "width": 0.125, **changes}
    )
    images = an_image_set(24, config.image_shape)
    model = build_model(config).eval()
    model.load_state_dict(
        {k: v.half().float() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    )
    with torch.no_grad():
        posterior = model.encode(images.images / 255)
    probe = BundleProbe(images.images, posterior.mean, posterior.logvar, images.labels, images.factors)
    return Bundle(
        config,
        TrainConfig(epochs=3),
        model,
        probe,
        {"pca": fit_projection(probe.mean, method="pca")} if config.latent_dim > 1 else {},
        ({"epoch": 1, "kl": 0.25, "kl_per_dim": [0.1, 0.15], "test_kl": None},),
        {"elbo": -12.5, "pixels": "grey"},
        {"title": "<b>Tiny</b>", "versions": {"torch": "2"}, **card_facts(config, ("x", "y"))},
        {
            "name": "tiny",
            "title": "Tiny",
            "size": 60,
            "label_names": ["a", "b", "c"],
            "factor_names": ["x", "y"],
            "licence": "MIT\nwith its notice",
            "source": "a seed",
        },
    )


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


def test_the_header_is_read_without_torch(tmp_path):
    save_bundle(tmp_path / "tiny.safetensors", a_bundle())
    code = (
        "import sys; from vae_core.bundle import read_header, load_bundle, save_bundle; import json;"
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
    assert (header.format_version, header.model_config, header.card) == (1, bundle.model_config, bundle.card)
    assert header.tensors["probe.images"] == ("U8", (24, 1, 8, 8))
    assert header.tensors["probe.mean"] == ("F32", (24, 3))
    assert header.tensors["pca.components"] == ("F32", (2, 3))
    assert header.tensors["encoder.dense1.weight"] == ("F16", (50, 64))
    assert header.image_set["licence"] == "MIT\nwith its notice"


def test_what_the_model_has_follows_from_its_config_whatever_the_card_says():
    bundle = a_bundle()
    lying = replace(bundle, card={**bundle.card, "has_encoder": False, "n_classes": 7, "colour": "red"})
    card = bundles._unpacked(pack_bundle(lying)).card
    assert (card["has_encoder"], card["n_classes"], card["colour"]) == (True, 0, "red")


# Making one from a trainer


def trained(image_set=None, epochs=2, learning_rate=1e-3, **changes):
    image_set = image_set or an_image_set()
    config = ModelConfig(
        **{
            "image_shape": image_set.image_shape,
            "latent_dim": 3,
            "architecture": "mlp",
            "width": 0.125,
            **changes,
        }
    )
    trainer = Trainer(
        image_set,
        config,
        TrainConfig(epochs=epochs, batch_size=16, learning_rate=learning_rate),
        device="cpu",
    )
    while not trainer.done:
        trainer.advance()
    return trainer


@pytest.mark.parametrize("family", ["vae", "autoencoder"])
def test_a_trainer_gives_a_bundle_that_survives_the_file(tmp_path, family):
    trainer = trained(family=family)
    bundle = trainer.bundle()
    save_bundle(tmp_path / "a", bundle)
    back = load_bundle(tmp_path / "a")
    assert (back.metrics, back.history, back.card) == (bundle.metrics, bundle.history, bundle.card)
    assert len(back.history) == 2
    assert set(back.metrics) >= {"log_likelihood", "reconstruction_mse", "pixels"}
    assert ("elbo" in back.metrics) == (family == "vae")
    assert (back.probe.logvar is None) == (family == "autoencoder")
    assert torch.equal(back.probe.images, trainer.probe.images)
    with torch.no_grad():
        mean = back.model.encode(back.probe.images / 255).mean
    assert torch.equal(mean, back.probe.mean)  # the stored model is the model
    assert trainer.model.training


def test_the_bundle_is_rounded_and_the_trainer_is_not():
    trainer = trained()
    before = copy.deepcopy(trainer.model.state_dict())
    bundle = make_bundle(trainer)
    assert all(torch.equal(before[name], tensor) for name, tensor in trainer.model.state_dict().items())
    assert all(torch.equal(w, w.half().float()) for w in bundle.model.state_dict().values())
    assert any(not torch.equal(w, w.half().float()) for w in before.values())


def test_weights_that_float16_would_spoil_stay_as_they_are():
    trainer = trained()
    with torch.no_grad():
        trainer.model.decoder.output.bias[0] = 70_000.0  # overflows
    assert make_bundle(trainer).model.decoder.output.bias[0] == 70_000
    with torch.no_grad():
        trainer.model.decoder.output.bias.fill_(-10)
        trainer.model.decoder.output.weight *= 3_000  # every logit is now thousands: rounding moves the ELBO
    weight = make_bundle(trainer).model.decoder.output.weight
    assert torch.equal(weight, trainer.model.decoder.output.weight)
    assert not torch.equal(weight, weight.half().float())


def test_the_pca_has_no_turn_and_its_largest_entries_are_positive():
    plane = trained().bundle().projections["pca"]
    for row in plane.components:
        assert row[row.abs().argmax()] > 0
    spread = plane.positions.var(dim=0)
    assert spread[0] >= spread[1]


def test_one_dimension_has_no_plane_and_two_no_umap():
    assert trained(latent_dim=1).bundle().projections == {}
    flat = trained(latent_dim=2).bundle()
    assert set(flat.projections) == {"pca"}
    assert with_umap(flat) is flat


def test_umap_positions_survive_the_file(tmp_path, monkeypatch):
    from vae_core import projection

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


def test_few_images_without_labels_make_a_bundle(tmp_path):
    save_bundle(tmp_path / "a", trained(an_image_set(5, labels=False, factors=False)).bundle())
    back = load_bundle(tmp_path / "a")
    assert (back.probe.labels, back.probe.factors, len(back.probe.images)) == (None, None, 5)


def test_user_texts_are_cleaned_when_made_and_stay_text(tmp_path):
    trainer = trained()
    bundle = make_bundle(trainer, title="  <script>\x00alert(1)</script>\nnext " + "long " * 100)
    save_bundle(tmp_path / "a", bundle)
    title = read_header(tmp_path / "a").card["title"]
    assert title.startswith("<script> alert(1)</script> next long")
    assert len(title) == 200
    assert read_header(tmp_path / "a").image_set["label_names"][2] == "<script>alert(3)</script>"


def test_a_diverged_run_is_not_saved():
    trainer = trained()
    with torch.no_grad():
        trainer.model.decoder.output.bias[0] = float("nan")
    with pytest.raises(ValueError, match="diverged"):
        trainer.bundle()


# Writing


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


# Reading what a stranger sends

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


TEXTS = {
    "foreign": ({"format": "pt"}, "does not say"),
    "no format": ({"format": None}, "does not say"),
    "a newer format": ({"format_version": "2"}, "update Latent Explorer"),
    "a strange format": ({"format_version": "x" * 999}, "version"),
    "no history": ({"history": None}, "lacks history"),
    "config of another kind": ({"model_config": "[]"}, "not a table"),
    "config that is no JSON": ({"model_config": "{"}, "not JSON"),
    "an unknown setting": ({"model_config": with_json(colour=1)}, "colour"),
    "an unknown architecture": ({"model_config": with_json(architecture="gan")}, "architecture"),
    "an architecture that is a list": ({"model_config": with_json(architecture=["conv"])}, "architecture"),
    "a shape that is text": ({"model_config": with_json(image_shape="abc")}, "image_shape"),
    "images of 10^9": ({"model_config": with_json(image_shape=[1, 10**9, 10**9])}, "image_shape"),
    "a latent of 10^400": ({"model_config": with_json(latent_dim=10**400)}, "latent_dim"),
    "20 M weights": ({"model_config": with_json(image_shape=[3, 128, 128], width=4)}, "limit"),
    "a bigger net than the file": ({"model_config": with_json(width=4)}, "of the"),
    "a beta of NaN": ({"train_config": with_json(beta=float("nan"))}, "NaN"),
    "an infinite beta": ({"train_config": lambda text: text.replace('"beta": 1.0', '"beta": 1e999')}, "beta"),
    "settings that do not fit": (
        {"train_config": with_json(binarize="dynamic"), "model_config": with_json(likelihood="gaussian")},
        "binarize",
    ),
    "a title of numbers": ({"card": with_json(title=3)}, "title"),
    "a title of a megabyte": ({"card": with_json(title="x" * 1_000_000)}, "title"),
    "half a character": ({"card": with_json(title="\ud800")}, "no text"),
    "a null character": ({"card": with_json(title="a\0b")}, "no text"),
    "a card in a card": ({"card": with_json(a={"b": {}})}, "card"),
    "metrics of lists": ({"metrics": '{"elbo": [1]}'}, "metrics"),
    "an infinite metric": ({"metrics": '{"elbo": 1e999}'}, "metrics"),
    "a history of 10,000": ({"history": json.dumps([{}] * 10_000)}, "history"),
    "a history of tables": ({"history": '[{"a": {}}]'}, "history"),
    "labels without end": ({"image_set": with_json(label_names=["a"] * 5000)}, "label_names"),
    "fewer labels than used": ({"image_set": with_json(label_names=["a"])}, "labels"),
    "another number of factors": ({"image_set": with_json(factor_names=["a"])}, "factors"),
    "a negative size": ({"image_set": with_json(size=-1)}, "size"),
    "nested without end": ({"history": "[" * 100_000 + "]" * 100_000}, "nested"),
    "a long unknown name": ({"model_config": with_json(**{"x" * 100_000: 1})}, "x"),
}  # fmt: skip


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


def test_a_negative_running_variance_is_refused(tmp_path):
    data = pack_bundle(a_bundle(architecture="article"))
    path = tmp_path / "bad"
    path.write_bytes(rewritten(None, {"decoder.norm1.running_var": spoiled(-1)}, data))
    refused(path, message="running_var")


def test_a_net_that_the_file_cannot_hold_is_refused_before_it_is_built(tmp_path, monkeypatch):
    path = tmp_path / "bad"
    path.write_bytes(rewritten({"model_config": with_json(width=4)}))
    monkeypatch.setattr(bundles, "_model", lambda *_: pytest.fail("it was built"))
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
        bundle = bundles._unpacked(data)
    except ValueError:
        return
    again = bundles._unpacked(pack_bundle(bundle))
    assert again.model_config == bundle.model_config
    with torch.no_grad():
        bundle.model.decode_images(torch.zeros(1, bundle.model_config.latent_dim))


def test_every_truncation_is_refused():
    header_end = 8 + int.from_bytes(DATA[:8], "little")
    lengths = {*range(64), *range(0, header_end, 97), *range(header_end, len(DATA), 1009), len(DATA) - 1}
    for length in lengths:
        with pytest.raises(ValueError, match=r"cut short|not a safetensors|JSON"):
            bundles._unpacked(DATA[:length])


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
    st.sampled_from(["model_config", "train_config", "image_set", "metrics", "history", "card"]), st.data()
)
def test_any_json_in_any_place_gives_a_refusal_or_a_valid_bundle(name, data):
    texts, arrays = tensorfile.unpack(SMALL)
    table = json.loads(texts[name])
    if isinstance(table, dict) and table and data.draw(st.booleans()):
        table[data.draw(st.sampled_from(sorted(table)))] = data.draw(JSON)
    else:
        table = data.draw(JSON)
    valid_or_refused(tensorfile.pack(arrays, {**texts, name: json.dumps(table)}))
