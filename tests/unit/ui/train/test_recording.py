"""What Train's first screen shows is of real runs: how their keyframes become a film and a picture."""

from __future__ import annotations

import numpy as np

from tests.unit.engine.jobs.test_film import a_run
from ui.train import recording
from ui.train.image_choice import PICTURES as THUMBS
from ui.train.mishaps import MISHAPS
from vae_core import image_sets
from vae_core.engine.tasks.film import read_moments
from vae_core.storage import tensorfile


def test_a_film_holds_what_the_keyframes_say(tmp_path):
    folder = a_run(tmp_path, count=50)
    moments = read_moments(folder)
    _, film = tensorfile.unpack(recording.film_file(folder))
    count = recording.FRAMES
    assert film["step"][[0, -1]].tolist() == [0, 49**2]
    assert len(film["step"]) == len(film["positions"]) == len(film["reconstructions"]) == count
    last, arrays = moments[-1], moments[-1].arrays()
    assert film["positions"].shape == (count, 30, 2)
    for n in range(recording.PICTURED):
        (index,) = np.flatnonzero((arrays["originals"] == film["originals"][n]).all(axis=(1, 2, 3)))
        assert np.array_equal(film["reconstructions"][-1, n], arrays["reconstructions"][index])
        assert np.allclose(film["positions"][-1, n], last.positions[index]), "its dot comes at its place"
    assert len(set(film["labels"][: recording.PICTURED])) == recording.PICTURED
    assert sorted(map(tuple, film["positions"][-1].tolist())) == sorted(
        map(tuple, last.positions.astype(np.float16).tolist())
    )


def test_a_mishap_s_picture_shows_where_its_dots_end(tmp_path):
    folder = a_run(tmp_path)
    picture = recording.mishap_picture(folder, has_circle=False)
    assert picture.size == (recording.SIDE, recording.SIDE)
    alpha = np.asarray(picture)[..., 3]
    (moment,) = read_moments(folder)[-1:]
    inside = np.abs(moment.positions).max(axis=1) < 1.5  # away from the corner with the reconstruction
    assert inside.any()
    for x, y in moment.positions[inside]:
        across, down = round((x / 3.18 + 1) / 2 * recording.SIDE), round((1 - y / 3.18) / 2 * recording.SIDE)
        assert alpha[down, across] > 0
    assert alpha[2, 2] == 0
    circled = np.asarray(recording.mishap_picture(folder, has_circle=True))[..., 3]
    left = round((1 - recording.CIRCLE / 3.18) / 2 * recording.SIDE)
    assert circled[recording.SIDE // 2, left - 2 : left + 3].max() > alpha[recording.SIDE // 2, left - 2]


def test_a_circle_is_drawn_where_there_is_a_prior_in_a_plane():
    drawn = {each.name for each in MISHAPS if recording.has_circle(each)}
    assert drawn == {"collapse", "averaged", "too_fast", "too_small"}


def test_all_that_the_first_screen_shows_is_there():
    assert 50_000 < recording.FILM.stat().st_size < 400_000
    _, film = tensorfile.unpack(recording.FILM.read_bytes())
    assert film["positions"].shape[1:] == (recording.POINTS, 2)
    assert all(mishap.picture.is_file() for mishap in MISHAPS)
    shipped = {info.name for info in image_sets()} & set(recording.SHIPPED)
    assert shipped == set(recording.SHIPPED)
    for name in shipped:
        assert all((THUMBS / f"{name}{what}.webp").is_file() for what in ("", "-in", "-out"))
