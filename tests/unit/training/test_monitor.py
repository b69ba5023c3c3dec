"""What a snapshot shows is what the newest weights make of it, and looking changes nothing."""

import math

import pytest
import torch

from tests.unit.bars import finish, trained
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.models.vae import elbo_terms
from vae_core.training.pauses import finished


def test_a_snapshot_has_all_that_a_vae_has():
    trainer = trained()
    snapshot = trainer.advance()
    probe = len(trainer.probe)
    assert (snapshot.step, snapshot.epoch) == (4, 1)
    assert snapshot.seconds > 0
    assert snapshot.images_per_second == pytest.approx(50 / snapshot.seconds)
    assert snapshot.kl_per_dim.shape == snapshot.test_kl_per_dim.shape == (3,)
    assert isinstance(snapshot.log_likelihood, float)
    assert isinstance(snapshot.test_log_likelihood, float)
    assert snapshot.probe_mean.shape == snapshot.probe_logvar.shape == (probe, 3)
    for images in (snapshot.reconstructions, snapshot.samples):
        assert images.shape == (16, 1, 8, 8)
        assert float(images.min()) >= 0
        assert float(images.max()) <= 1
    assert snapshot.weights is None
    assert snapshot.decoded_noise is None
    assert trainer.advance(steps=2).epoch == 1.5


def test_an_autoencoder_s_snapshot_lacks_what_it_has_not():
    trainer = trained(ModelConfig((1, 8, 8), 3, "mlp", family="autoencoder", width=0.125))
    snapshot = finish(trainer)
    assert snapshot.kl_per_dim is None
    assert snapshot.test_kl_per_dim is None
    assert snapshot.probe_logvar is None
    assert snapshot.samples is None
    assert snapshot.decoded_noise.shape == (16, 1, 8, 8)
    assert snapshot.log_likelihood < 0
    assert snapshot.test_log_likelihood < 0
    assert snapshot.reconstructions.shape == (16, 1, 8, 8)
    assert not any("kl" in name for name in trainer.history[-1])
    assert trainer.encode_probe(0, 4)[1] is None


def test_only_looking_trains_nothing():
    trainer = trained()
    before = trainer.state_dict()
    snapshot = trainer.advance(steps=0, weights=True)
    assert snapshot.step == 0
    assert snapshot.log_likelihood is None
    assert snapshot.kl_per_dim is None
    assert snapshot.images_per_second is None
    assert snapshot.test_log_likelihood < 0
    after = trainer.state_dict()
    for name, value in before.items():
        if name.startswith(("model.", "optimizer.", "generator.", "step", "seconds")):
            assert torch.equal(value, after[name]) if torch.is_tensor(value) else value == after[name], name


def test_measuring_leaves_the_model_in_train_mode_and_its_statistics_alone():
    trainer = trained(ModelConfig((1, 8, 8), 2, "article"))
    trainer.advance(steps=1, measure=False)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.advance(steps=0)
    trainer.encode_probe(0, 10)
    assert all(torch.equal(before[name], value) for name, value in trainer.model.state_dict().items())
    assert all(module.training for module in trainer.model.modules())


def test_measuring_is_done_in_eval_mode():
    trainer = trained(ModelConfig((1, 8, 8), 2, "article", family="autoencoder"))
    snapshot = trainer.advance(steps=3)
    model = trainer.model.eval()
    with torch.no_grad():
        x = trainer.probe.images.float() / 255
        mean = model.encode(x).mean
        torch.testing.assert_close(snapshot.probe_mean, mean)
        torch.testing.assert_close(snapshot.reconstructions, model.decode_images(mean[:16]))
        test = elbo_terms(model, trainer.test_images).log_likelihood.mean()
    trainer._monitor.test_time = -math.inf
    assert trainer.advance(steps=0).test_log_likelihood == pytest.approx(float(test), rel=1e-5)


def test_without_measuring_nothing_is_measured():
    snapshot = trained().advance(measure=False)
    for name in (
        "test_log_likelihood",
        "test_kl_per_dim",
        "probe_mean",
        "probe_logvar",
        "reconstructions",
        "samples",
    ):
        assert getattr(snapshot, name) is None
    assert snapshot.log_likelihood < 0


def test_weights_come_on_request_and_are_copies():
    trainer = trained()
    weights = trainer.advance(steps=1, weights=True).weights
    assert set(weights) == set(trainer.model.state_dict())
    kept = {name: value.clone() for name, value in weights.items()}
    trainer.advance(steps=2)
    assert all(torch.equal(kept[name], value) for name, value in weights.items())
    assert not torch.equal(
        weights["decoder.output.weight"], trainer.model.state_dict()["decoder.output.weight"]
    )


def test_held_out_noise_is_the_same_each_time():
    trainer = trained()
    first = trainer.advance(steps=0).test_log_likelihood
    trainer.advance(steps=3)
    state = trainer.state_dict() | {
        name: value for name, value in trained().state_dict().items() if "model" in name
    }
    trainer.load_state_dict(state)  # the first weights again, at another moment
    finished(trainer._monitor.measure_test(step=trainer.step, train_config=trainer.train_config))
    assert trainer.advance(steps=0).test_log_likelihood == first


def test_held_out_images_are_measured_again_within_a_long_pass():
    trainer = trained(train=TrainConfig(epochs=2, batch_size=2))
    early = trainer.advance(steps=1)
    soon = trainer.advance(steps=10)
    assert soon.test_log_likelihood == early.test_log_likelihood  # less than two seconds ago
    trainer._monitor.test_time -= 2.0
    assert trainer.advance(steps=1).test_log_likelihood != early.test_log_likelihood


def test_at_most_a_thousand_held_out_images_are_measured():
    trainer = trained(count=30, test=1_200)
    assert trainer.test_images.shape == (1_000, 1, 8, 8)
    assert trainer.test_labels.bincount().tolist() == [250] * 4


def test_held_out_pixels_are_drawn_once_and_the_probe_stays_grey():
    one, two = (
        trained(train=TrainConfig(binarize="dynamic", seed=seed), count=40, test=400) for seed in (1, 1)
    )
    other = trained(train=TrainConfig(binarize="dynamic", seed=2), count=40, test=400)
    assert set(one.test_images.unique().tolist()) == {0.0, 1.0}
    before = one.test_images
    one.advance(steps=3)
    assert torch.equal(one.test_images, before)
    assert torch.equal(two.test_images, before)
    assert not torch.equal(other.test_images, before)
    assert len(one.probe.images.unique()) > 2
    grey = trained(count=40, test=400).test_images
    assert float(before.mean()) == pytest.approx(float(grey.mean()), abs=0.02)


def test_the_probe_is_encoded_in_parts_as_in_whole():
    trainer = trained(count=60, test=30)
    snapshot = trainer.advance(steps=2)
    mean, logvar = trainer.encode_probe(25, 10)
    torch.testing.assert_close(mean, snapshot.probe_mean[25:35])
    torch.testing.assert_close(logvar, snapshot.probe_logvar[25:35])
    assert trainer.encode_probe(85, 10)[0].shape == (5, 3)


def test_a_glance_is_a_part_of_a_whole_look():
    trainer = trained()
    trainer.advance()
    glance, whole = trainer.glance(5, 7), trainer.advance(steps=0)
    torch.testing.assert_close(glance.probe_mean, whole.probe_mean[5:12])
    torch.testing.assert_close(glance.probe_logvar, whole.probe_logvar[5:12])
    torch.testing.assert_close(glance.reconstructions, whole.reconstructions)
    assert torch.equal(glance.samples, whole.samples)
    assert (
        glance.test_log_likelihood == whole.test_log_likelihood == trainer.history[-1]["test_log_likelihood"]
    )
    trainer.advance(steps=1, measure=False)
    assert trainer.glance(0, 3).test_log_likelihood == glance.test_log_likelihood  # none is measured anew
    assert trainer.advance(steps=0).probe_mean.shape == whole.probe_mean.shape
