"""A trainer's bundle holds the model that was measured, and all that is needed to explore it."""

import copy
from dataclasses import replace

import pytest
import torch

from tests.unit.tiny_bundles import an_image_set
from vae_core import VAE, ModelConfig, TrainConfig, Trainer, load_bundle, save_bundle
from vae_core.bundles import making
from vae_core.bundles.bundle import read_header
from vae_core.bundles.making import make_bundle, with_umap
from vae_core.measures import suite


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


@pytest.mark.parametrize("family", ["vae", "autoencoder", "beta_tc", "iwae", "concrete"])
def test_a_trainer_gives_a_bundle_that_survives_the_file(tmp_path, family):
    trainer = trained(family=family)
    bundle = trainer.bundle()
    save_bundle(tmp_path / "a", bundle)
    back = load_bundle(tmp_path / "a")
    assert (back.metrics, back.history, back.card) == (bundle.metrics, bundle.history, bundle.card)
    assert len(back.history) == 2
    assert set(back.metrics) >= {"log_likelihood", "reconstruction_mse", "pixels"}
    assert ("elbo" in back.metrics) == (family != "autoencoder")
    assert (back.probe.logvar is None) == (family in ("autoencoder", "concrete"))
    assert (back.projections == {}) == (family == "concrete")  # no plane has an order of categories
    if family == "concrete":
        assert with_umap(bundle) is bundle
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


def test_rounding_is_judged_by_the_elbo_not_by_the_likelihood_alone():
    trainer = trained()
    with torch.no_grad():
        trainer.model.decoder.dense1.weight.zero_()  # the decoder ignores the code
        trainer.model.encoder.mean.bias.fill_(300.1)  # to float16 300: the KL moves by 90 nats
    assert float(make_bundle(trainer).model.encoder.mean.bias[0].detach()) == pytest.approx(300.1, abs=1e-4)
    autoencoder = trained(family="autoencoder")
    with torch.no_grad():
        autoencoder.model.decoder.dense1.weight.zero_()
        autoencoder.model.encoder.mean.bias.fill_(300.1)
    assert float(make_bundle(autoencoder).model.encoder.mean.bias[0].detach()) == 300


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


def test_whatever_a_set_says_of_itself_can_be_saved(tmp_path):
    said = replace(
        an_image_set(), name="cats\n", licence="mine\r\n\x00" + "long " * 9_000, source="\ud800 far\n"
    )
    save_bundle(tmp_path / "a", trained(said).bundle())
    image_set = read_header(tmp_path / "a").image_set
    assert image_set["licence"].startswith("mine \n long")
    assert len(image_set["licence"]) == 20_000
    assert (image_set["name"], image_set["source"]) == ("cats", "  far\n")


def test_large_images_are_measured_a_few_at_a_time(monkeypatch):
    trainer, sizes = trained(an_image_set(60, (3, 64, 64)), epochs=1), []
    trainer.bundle()
    encode = VAE.encode
    monkeypatch.setattr(VAE, "encode", lambda self, x, y=None: sizes.append(x.numel()) or encode(self, x, y))
    monkeypatch.setattr(suite, "CHUNK_PIXELS", 4 * 3 * 64 * 64)
    few = making.make_bundle(trainer)
    assert {size // (3 * 64 * 64) for size in sizes if size < 60 * 3 * 64 * 64} == {4, 2}
    assert few.metrics["test_images"] == 6


@pytest.mark.parametrize(
    ("name", "value", "lost"),
    [
        ("decoder.output.bias", float("nan"), "weights"),
        ("encoder.logvar.bias", 200.0, "log_likelihood|kl"),  # finite weights of an infinite KL
    ],
)
def test_a_diverged_run_is_not_saved(name, value, lost):
    trainer = trained()
    with torch.no_grad():
        trainer.model.get_parameter(name).fill_(value)
    with pytest.raises(ValueError, match=rf"has diverged: its ({lost}) .* smaller learning rate"):
        trainer.bundle()


def test_few_images_of_a_binarised_run_are_judged_in_black_and_white():
    train = TrainConfig(epochs=1, batch_size=4, binarize="dynamic")
    trainer = Trainer(an_image_set(12), ModelConfig((1, 8, 8), 2, "mlp", width=0.125), train, device="cpu")
    trainer.advance()
    bundle = trainer.bundle()
    assert bundle.metrics["pixels"] == "binarized"
    with torch.no_grad():
        bundle.model.decoder.output.weight.zero_()
        bundle.model.decoder.output.bias.fill_(50.0)  # white everywhere: each black pixel costs 50 nats
        trainer.model.load_state_dict(bundle.model.state_dict())
    black = -trainer.bundle().metrics["log_likelihood"] / 50 * 12
    assert black == pytest.approx(round(black), abs=1e-3)  # a whole number of pixels of the twelve images
