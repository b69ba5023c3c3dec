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
    labels = np.array([0, 1, 0])
    png = map_picture.draw(places, labels, ["", ""], size=200)  # a name would cover the dots
    image = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    assert image[199, 199, 3] == 0  # no ground
    top_right, bottom_left = image[10, 190], image[190, 10]
    assert top_right[3] > 100
    assert top_right[0] > top_right[2]  # orange
    assert bottom_left[2] > bottom_left[0]  # blue


def test_what_is_no_number_does_not_stop_the_drawing():
    places = np.array([[np.nan, 0], [np.inf, 1], [0, 0]])
    assert map_picture.draw(places, None, [])
    assert map_picture.draw(np.zeros((1, 2)), None, [])


def test_a_run_without_a_map_says_so():
    probe, _ = stored()
    with pytest.raises(ValueError, match="no map yet"):
        map_picture.draw_stored(probe, tensorfile.pack({"a": np.zeros(1, np.float32)}, {}), [])
    assert map_picture.draw_stored(*stored(5), ["x", "y"])
