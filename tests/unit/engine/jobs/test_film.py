"""A run as a film: one picture for each keyframe, whatever the run is called."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae_core.config.families import FAMILIES
from vae_core.engine.runs import run
from vae_core.engine.runs.keyframes import Keyframes, keyframe_path
from vae_core.engine.tasks import film as film_module
from vae_core.engine.tasks.film import film
from vae_core.engine.watching.messages import message
from vae_core.storage import tensorfile
from vae_core.storage.home import write_whole


def a_run(
    folder,
    *,
    dims=2,
    count=5,
    labelled=True,
    name="0",
    shape=(1, 8, 8),
    samples=True,
    placed=True,
    categories=0,
):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (30, *shape), dtype=np.uint8)
    probe = {"probe.images": images}
    if labelled:
        probe["probe.labels"] = np.arange(30, dtype=np.int32) % 12
    facts = {"label_names": [name] * 12 if labelled else []}
    write_whole(folder / run.PROBE, message("hello", 0, facts, tensorfile.pack(probe, {})))
    keyframes = Keyframes(folder)
    for step in [n**2 for n in range(count)]:
        arrays = {
            "mean": random.normal(size=(30, dims)).astype(np.float16),
            "reconstructions": images[:16],
            "originals": images[:16],
        }
        if categories:
            arrays["mean"] = random.integers(0, categories, (30, dims)).astype(np.float16)
        if not placed:
            arrays.clear()
        if dims > 1 and placed and not categories:
            arrays["pca.mean"] = np.zeros(dims, np.float32)
            arrays["pca.components"] = np.eye(2, dims, dtype=np.float32)
        if samples:
            arrays["samples"] = images[:16]
        facts = {"step": step, "epoch": step / 10, "beta": 1.0, "test_log_likelihood": -90.0}
        facts["test_kl"] = 4.0 if samples else None
        shown = message("snapshot", 0, facts, tensorfile.pack(arrays, {}))
        keyframes.add(step, step / 10, shown, b"encoder")
    return folder


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dims": 1},
        {"dims": 5},
        {"labelled": False, "samples": False},
        {"shape": (3, 32, 20)},
        {"count": 1},
        {"placed": False},
        {"name": "<script>\n\x00" + "long" * 50},
    ],
)
def test_a_film_has_a_picture_for_each_keyframe(tmp_path, options):
    report = []
    data = film(
        lambda *what: report.append(what),
        folder=str(a_run(tmp_path, **options)),
        title="A <b>\n\x07run",
        family="vae",
    )
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "GIF"
        assert picture.size == film_module.SIZE
        # GIF joins pictures that are all the same; these differ
        assert getattr(picture, "n_frames", 1) == options.get("count", 5)
    assert [progress for progress, _ in report] == sorted(progress for progress, _ in report)


def test_a_run_without_keyframes_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="no keyframes yet"):
        film(lambda *_: None, folder=str(tmp_path), title="", family="vae")


def test_a_keyframe_that_goes_meanwhile_is_left_out(tmp_path):
    a_run(tmp_path)
    keyframe_path(tmp_path, 4).unlink()
    data = film(lambda *_: None, folder=str(tmp_path), title="x", family="vae")
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.n_frames == 4


def test_a_keyframe_that_goes_while_others_are_drawn_is_left_out(tmp_path):
    a_run(tmp_path)

    def report(progress, words):
        if words.startswith("Drawing 2"):
            keyframe_path(tmp_path, 4).unlink()

    data = film(report, folder=str(tmp_path), title="x", family="vae")
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.n_frames == 4


def test_the_plane_of_many_dimensions_does_not_turn_between_pictures():
    random = np.random.default_rng(1)
    before = random.normal(size=(50, 2)).astype(np.float32)
    turned = np.array([[0.0, 1.0], [-1.0, 0.0], [0.0, 0.0]], np.float32).T  # (2, 3)
    arrays = {
        "mean": np.concatenate([before, np.zeros((50, 1), np.float32)], axis=1),
        "pca.mean": np.zeros(3, np.float32),
        "pca.components": turned,
    }
    np.testing.assert_allclose(film_module._positions(arrays, before), before, atol=1e-5)
    assert not np.allclose(film_module._positions(arrays, None), before, atol=0.1)


def test_colours_are_those_of_the_map_in_the_browser():
    palette = (Path(__file__).parents[4] / "assets" / "explorer" / "dom" / "palette.js").read_text()
    listed = palette[palette.index("CLASS_COLOURS") : palette.index("];")]
    assert tuple(re.findall(r'"(#\w+)"', listed)) == film_module.CLASS_COLOURS


def test_a_caption_says_how_far_the_run_was():
    facts = {"step": 1200, "epoch": 3.25, "beta": 4.0, "test_log_likelihood": -90.0, "test_kl": 5.5}
    vae = FAMILIES["vae"]
    words = "step 1,200  ·  epoch 3.2  ·  beta 4"
    assert film_module._caption(facts, vae) == f"{words}  ·  ELBO −95.5 nats, held out"
    assert film_module._caption(facts | {"test_kl": None}, vae) == words
    assert film_module._caption(facts, FAMILIES["gan"]) == "step 1,200  ·  epoch 3.2"


@pytest.mark.parametrize("dims", [1, 3])
def test_categories_lie_in_their_cells_about_the_middle(tmp_path, dims):
    folder = a_run(tmp_path, dims=dims, categories=8)
    moment = film_module.read_moments(folder, 8)[-1]
    codes = np.zeros((30, 2), np.float32)
    codes[:, : min(2, dims)] = moment.arrays()["mean"][:, :2]
    places = moment.positions + np.array([3.5, 3.5 if dims > 1 else 0])
    assert np.array_equal(np.rint(places), codes)
    assert len(np.unique(places, axis=0)) == 30
    drawn = film(lambda *_: None, folder=str(folder), title="a run", family="concrete", categories=8)
    assert Image.open(io.BytesIO(drawn)).n_frames == 5
