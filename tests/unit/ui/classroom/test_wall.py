"""The wall: posting, withdrawing, clearing, limits; and the picture of a map."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ui.classroom import wall
from ui.identity.owner import new_owner
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine import RunInfo
from vae_core.pictures import map_picture
from vae_core.pictures.cells import in_cells
from vae_core.storage import tensorfile
from vae_core.storage.home import owner_hash


def run_of(owner, name="a" * 32, **more):
    history = ({"epoch": 1, "log_likelihood": -80.0, "test_log_likelihood": -90.5, "test_kl": 5.5},)
    run = RunInfo(name, owner_hash(owner), "done", "title", "digits", ModelConfig(), TrainConfig(), step=9)
    return replace(run, epoch=1.5, history=history, label_names=("zero", "one"), **more)


def stored(dims=2):
    rng = np.random.default_rng(0)
    mean = rng.normal(size=(40, dims)).astype(np.float16)
    arrays = {"mean": mean}
    if dims > 2:
        arrays |= {
            "pca.mean": np.zeros(dims, np.float32),
            "pca.components": np.eye(2, dims, dtype=np.float32),
        }
    probe = {"probe.images": np.zeros((40, 1, 8, 8), np.uint8), "probe.labels": np.arange(40) % 2}
    return tensorfile.pack(probe, {}), tensorfile.pack(arrays, {})


class FakeEngine:
    def stored_map(self, owner, run_id):
        return stored()


@pytest.fixture(autouse=True)
def engine(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_HOME", str(tmp_path))
    monkeypatch.setattr(wall, "get_engine", FakeEngine)


def restart():
    wall._FOLDER = None


def test_a_post_stays_through_a_restart_until_its_owner_withdraws_it():
    owner = new_owner()
    before = wall.changes()
    post = wall.put_up(owner, run_of(owner), "  Ada \u202e\n L. ")
    assert wall.changes() > before
    restart()
    (found,) = wall.posts()
    assert found == post
    assert found.nickname == "Ada L."
    assert found.numbers == {"log_likelihood": -90.5, "kl": 5.5}
    assert found.label_names == ("zero", "one")
    assert Image.open(io.BytesIO(found.picture())).size == (map_picture.SIZE, map_picture.SIZE)
    wall.withdraw(new_owner(), post.id)
    assert wall.posts() == (post,)
    wall.withdraw(owner, post.id)
    assert wall.posts() == ()
    assert post.picture() == b""
    restart()
    assert wall.posts() == ()


def test_a_run_stands_there_once_and_an_owner_has_a_share(monkeypatch):
    monkeypatch.setenv("LATENT_WALL_POSTS_EACH", "2")
    monkeypatch.setenv("LATENT_WALL_POSTS", "3")
    owner = new_owner()
    wall.put_up(owner, run_of(owner), "first")
    wall.put_up(owner, run_of(owner), "again")
    assert [post.nickname for post in wall.posts()] == ["again"]
    wall.put_up(owner, run_of(owner, "b" * 32), "")
    assert wall.posts()[0].nickname == "someone"
    with pytest.raises(wall.WallError, match="2 maps"):
        wall.put_up(owner, run_of(owner, "c" * 32), "third")
    wall.put_up(new_owner(), run_of(owner), "other")
    with pytest.raises(wall.WallError, match="full"):
        wall.put_up(new_owner(), run_of(owner), "one more")
    wall.put_up(owner, run_of(owner), "still")  # in place of the older


def test_clearing_takes_all_down_and_leaves_no_file(tmp_path):
    for _ in range(3):
        owner = new_owner()
        wall.put_up(owner, run_of(owner), "x")
    wall.clear()
    assert wall.posts() == ()
    assert list((tmp_path / "wall").iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": "../x"}', '{"id": 1}'])
def test_files_that_are_no_posts_are_left_alone(tmp_path, text):
    (tmp_path / "wall").mkdir()
    (tmp_path / "wall" / f"{'d' * 32}.json").write_text(text)
    restart()
    assert wall.posts() == ()


def test_positions_are_those_of_the_map():
    mean = np.array([[1.0, 2, 3], [4, 5, 6]], np.float32)
    centre, components = np.array([1.0, 1, 1]), np.array([[0.0, 0, 1], [1, 0, 0]])
    np.testing.assert_allclose(map_picture.positions(mean, centre, components), [[2, 0], [5, 3]])
    np.testing.assert_allclose(map_picture.positions(mean[:, :2], None, None), mean[:, :2])
    line = map_picture.positions(mean[:, :1], None, None)
    np.testing.assert_allclose(line[:, 0], mean[:, 0])
    assert abs(line[:, 1]).max() <= 0.75


def test_a_map_is_drawn_upright_in_its_classes_colours():
    places = np.array([[0.0, 0], [1, 1], [0, 1]])
    labels = np.array([0, 2, 0])
    png = map_picture.draw(places, labels, ["", "", ""], size=200)  # a name would cover the dots
    image = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    assert image[199, 199, 3] == 0  # no ground
    top_right, bottom_left = image[10, 190], image[190, 10]
    assert top_right[3] > 100
    assert top_right[0] > top_right[2]  # red
    assert bottom_left[2] > bottom_left[0]  # blue


def test_what_is_no_number_does_not_stop_the_drawing():
    places = np.array([[np.nan, 0], [np.inf, 1], [0, 0]])
    assert map_picture.draw(places, None, [])
    assert map_picture.draw(np.zeros((1, 2)), None, [])


def test_a_run_without_a_map_says_so():
    probe, _ = stored()
    with pytest.raises(ValueError, match="no map yet"):
        map_picture.map_of_run(probe, tensorfile.pack({"a": np.zeros(1, np.float32)}, {}), has_prior=True)


def ring(places, labels=None, **how):
    """How a map looks: the alpha of each pixel, (200, 200)."""
    png = map_picture.draw(np.array(places, float), labels, [], size=200, **how)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))[:, :, 3]


def test_maps_of_one_reach_have_one_scale():
    near, far = (ring([[x, 0.0], [-x, 0.0]], reach=5.0) for x in (1.0, 4.0))
    column = {name: np.flatnonzero((each > 40).any(0)).max() for name, each in (("near", near), ("far", far))}
    centre, unit = 100, 0.9 * 200 / 10
    assert column["near"] == pytest.approx(centre + unit, abs=4)
    assert column["far"] == pytest.approx(centre + 4 * unit, abs=4)


@pytest.mark.parametrize("reach", [3.5, 7.0])
def test_the_priors_circles_have_the_radius_of_one_and_two_deviations(reach):
    alpha = ring([[0.0, 0.0]], reach=reach, prior="circles")
    across = np.flatnonzero(alpha[100] > 40)
    unit = 0.9 * 200 / (2 * reach)
    for deviations in (1, 2):
        for place in (100 - deviations * unit, 100 + deviations * unit):
            assert np.abs(across - place).min() < 2
    bands = ring([[0.0, 0.0]], reach=reach, prior="bands")
    assert bands[2].sum() > 0  # up to the edge


def test_a_map_of_many_dimensions_has_the_priors_mean_at_zero():
    rng = np.random.default_rng(1)
    mean = (rng.normal(size=(40, 5)) + 3).astype(np.float16)
    arrays = {
        "mean": mean,
        "pca.mean": mean.mean(0).astype(np.float32),
        "pca.components": np.eye(2, 5, dtype=np.float32),
    }
    probe, _ = stored(5)
    found = map_picture.map_of_run(probe, tensorfile.pack(arrays, {}), has_prior=True)
    np.testing.assert_allclose(found.places, mean[:, :2], atol=1e-3)
    point = map_picture.map_of_run(probe, tensorfile.pack(arrays, {}), has_prior=False)
    np.testing.assert_allclose(np.median(point.places, axis=0), 0, atol=1e-5)
    words = {"mean": np.random.default_rng(2).integers(0, 6, (40, 3)).astype(np.float16)}
    cells = map_picture.map_of_run(probe, tensorfile.pack(words, {}), has_prior=False, categories=6)
    moved = cells.places - in_cells(words["mean"].astype(np.float32))
    np.testing.assert_allclose(moved, moved[:1].repeat(40, 0), atol=1e-5)
    again = map_picture.unpack_map(found.pack())
    np.testing.assert_array_equal(again.places, found.places)
    assert again.samples is None


def test_all_maps_are_drawn_as_far_as_the_widest_with_a_prior(monkeypatch):
    def posted(scale, family="vae"):
        mean = (scale * np.random.default_rng(0).normal(size=(400, 2))).astype(np.float16)
        probe = tensorfile.pack({"probe.labels": np.arange(400) % 2}, {})
        pair = probe, tensorfile.pack({"mean": mean}, {})
        monkeypatch.setattr(FakeEngine, "stored_map", lambda self, owner, run: pair)
        return wall.put_up(new_owner(), run_of(new_owner(), model=ModelConfig(family=family)), "x")

    posted(0.2)
    assert wall.shared_reach(wall.posts()) == 3.5
    narrow = posted(1.0)
    pictures = {post.id: post.picture(wall.shared_reach(wall.posts())) for post in wall.posts()}
    wide = posted(2.0)
    reach = wall.shared_reach(wall.posts())
    assert reach >= np.quantile(np.abs(2.0 * np.random.default_rng(0).normal(size=(400, 2))).max(1), 0.98)
    assert narrow.picture(reach) != pictures[narrow.id]
    posted(50.0, "autoencoder")
    assert wall.shared_reach(wall.posts()) == reach
    assert wide.has_prior
    assert not wall.posts()[0].has_prior


def test_what_an_earlier_version_posted_is_still_seen():
    post = wall.put_up(new_owner(), run_of(new_owner()), "x")
    (wall._folder() / f"{post.id}.safetensors").unlink()
    (wall._folder() / f"{post.id}.png").write_bytes(b"a picture")
    assert post.picture(5.0) == b"a picture"
    assert post.sheets() == (b"", b"")
    wall.clear()
    assert list(wall._folder().iterdir()) == []


def test_an_opened_post_has_reconstructions_and_samples(monkeypatch):
    probe, snapshot = stored()
    _, arrays = tensorfile.unpack(snapshot)
    images = np.arange(12 * 64, dtype=np.uint8).reshape(12, 1, 8, 8)
    arrays = dict(arrays) | {"originals": images, "reconstructions": images, "samples": images[:4]}
    pair = probe, tensorfile.pack(arrays, {})
    monkeypatch.setattr(FakeEngine, "stored_map", lambda self, owner, run: pair)
    pairs, samples = wall.put_up(new_owner(), run_of(new_owner()), "x").sheets()
    count = map_picture.PICTURES
    assert Image.open(io.BytesIO(pairs)).size == (count * 9 - 1, 17)
    assert Image.open(io.BytesIO(samples)).size == (4 * 9 - 1, 8)
