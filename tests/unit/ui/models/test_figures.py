from __future__ import annotations

from ui.models.figures import information_figure, training_figure
from vae_core.config.families import FAMILIES

HISTORY = [
    {"epoch": 1, "log_likelihood": -150.0, "kl": 5.0, "test_log_likelihood": -148.0, "test_kl": 4.0},
    {"epoch": 2, "log_likelihood": -120.0, "kl": 8.0, "test_log_likelihood": None},
    {"epoch": 3, "log_likelihood": -110.0, "kl": 9.0, "test_log_likelihood": -112.0, "test_kl": 9.5},
]


def test_the_elbo_is_the_likelihood_less_the_kl() -> None:
    training, held_out = training_figure(HISTORY, FAMILIES["vae"]).data
    assert list(training.x) == [1, 2, 3]
    assert list(training.y) == [-155.0, -128.0, -119.0]
    assert held_out.y[0] == -152.0
    assert held_out.y[1] is None, "what was not measured leaves a gap"
    assert held_out.y[2] == -121.5


def test_an_autoencoder_has_no_elbo() -> None:
    figure = training_figure(HISTORY, FAMILIES["autoencoder"])
    assert list(figure.data[0].y) == [-150.0, -120.0, -110.0]
    assert figure.layout.yaxis.title.text == "Reconstruction, nats per image"


def test_what_dimensions_tell_of_factors_is_a_picture() -> None:
    metrics = {"information_0": [0.1, 1.2, 0.0], "information_1": [2.0, 0.0, 0.1], "mig": 0.3}
    figure = information_figure(metrics, ["size", "x"])
    assert figure is not None
    (heat,) = figure.data
    assert [list(row) for row in heat.z] == [[0.1, 1.2, 0.0], [2.0, 0.0, 0.1]]
    assert (list(heat.y), list(heat.x)) == (["size", "x"], ["z0", "z1", "z2"])


def test_there_is_none_where_nothing_is_known_of_factors() -> None:
    assert information_figure({"mig": 0.3}, ["size"]) is None
    assert information_figure({"information_0": [0.1]}, []) is None
    assert information_figure({"information_0": [0.1], "information_1": [0.1, 0.2]}, ["a", "b"]) is None
