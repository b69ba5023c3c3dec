"""Models of browsers that stay away: which go, when, and when ages are not trusted."""

import os
import time

import pytest

from tests.unit.ui.identity.test_owner import (
    add,
    shipped,  # noqa: F401
)
from ui.identity import presence
from ui.identity.owner import new_owner
from ui.library import links, retention
from ui.library.disk.drawing_files import FOLDER, PIXELS
from ui.library.drawings import Collection
from ui.library.library import Library
from ui.library.retention import SWEEP_SECONDS, Sweeper, days_kept
from vae_core.storage.ages import WallClock
from vae_core.storage.home import latent_home, owner_folder

DAY = 24 * 3600.0


class Time:
    """A wall clock that can be set, and seconds that only grow."""

    def __init__(self):
        self.now, self.set_by = time.time(), 0.0
        self.clock = WallClock(wall=lambda: self.now + self.set_by, steady=lambda: self.now)

    def pass_by(self, seconds):
        self.now += seconds


@pytest.fixture(autouse=True)
def _in_a_network(shipped, monkeypatch):  # noqa: F811
    monkeypatch.setattr(retention, "only_here", lambda: False)
    links._LINKS = None


@pytest.fixture
def away():
    """Return the library of someone who was here 399 days ago last."""
    own = Library(new_owner())
    name = add(own, "Mine")
    then = time.time() - 399 * DAY
    for path in (own.get(name).path, own.folder):
        os.utime(path, (then, then))
    return own


def test_models_go_400_days_after_the_last_visit_with_their_links_and_nothing_else(away):
    other = Library(new_owner())
    add(other, "Other")
    token = links.share(away.owner, "model", "mine").token
    found = Time()
    sweeper = Sweeper(found.clock)
    found.pass_by(SWEEP_SECONDS)
    assert sweeper.sweep() == 0
    assert away.usage()[0] == 1
    found.pass_by(DAY)
    assert sweeper.sweep() == 1
    assert away.usage()[0] == 0
    assert links.find(token, "model") is None
    assert other.usage()[0] == 1
    assert sweeper.sweep() == 0


def test_drawings_go_with_the_link_by_which_a_class_sent_them(shipped):  # noqa: F811
    own = Collection(new_owner())
    token = links.share(own.owner, "drawings").token
    guest = Collection(new_owner(), token)
    guest.keep(bytes([0, 255]) * (PIXELS // 2))
    folder = owner_folder(latent_home(), own.owner) / FOLDER
    assert own.counts() == (1, 0)
    found = Time()
    sweeper = Sweeper(found.clock)
    found.pass_by(399 * DAY)
    assert sweeper.sweep() == 0
    found.pass_by(2 * DAY)
    assert sweeper.sweep() == 1
    assert list(folder.iterdir()) == []
    assert links.find(token, "drawings") is None


def test_a_visit_keeps_them(away):
    presence._note_visit(away.owner)
    presence._note_visit("someone without data")
    assert not owner_folder(latent_home(), "someone without data").exists()
    found = Time()
    sweeper = Sweeper(found.clock)
    found.pass_by(300 * DAY)
    assert sweeper.sweep() == 0
    found.pass_by(101 * DAY)
    assert sweeper.sweep() == 1


def test_nothing_goes_in_the_first_hour(away):
    found = Time()
    found.pass_by(2 * DAY)
    sweeper = Sweeper(WallClock(wall=lambda: found.now, steady=lambda: found.now))
    found.pass_by(SWEEP_SECONDS - 1)
    assert sweeper.sweep() == 0
    found.pass_by(1)
    assert sweeper.sweep() == 1


def test_when_the_clock_is_set_all_are_as_old_as_before(away):
    found = Time()
    sweeper = Sweeper(found.clock)
    found.pass_by(SWEEP_SECONDS)
    found.set_by = 15 * DAY
    assert sweeper.sweep() == 0
    found.pass_by(SWEEP_SECONDS)
    assert sweeper.sweep() == 0  # 399 days and two hours, as before
    assert away.usage()[0] == 1
    found.pass_by(DAY)
    assert sweeper.sweep() == 1


def test_how_long_is_a_setting_and_for_ever_where_only_this_machine_is_served(away, monkeypatch):
    assert days_kept() == 400
    monkeypatch.setattr(retention, "only_here", lambda: True)
    assert days_kept() == 0
    found = Time()
    sweeper = Sweeper(found.clock)
    found.pass_by(5_000 * DAY)
    assert sweeper.sweep() == 0
    monkeypatch.setenv("LATENT_KEEP_MODELS_DAYS", "30")
    assert days_kept() == 30
    assert sweeper.sweep() == 1


def test_image_sets_go_with_the_models_and_what_was_never_kept_goes_after_a_day(tmp_path):
    from tests.unit.images.test_own_sets import some_images, stored
    from ui.library.disk import brought
    from ui.library.image_library import ImageLibrary

    own, found = ImageLibrary(new_owner()), Time()
    path = stored(own.folder, some_images())
    arriving = brought.Arriving(own.owner, "a.zip", 1)
    arriving.part.write_bytes(b"x")
    arriving.keep()
    arriving.end()
    sweeper = Sweeper(found.clock)
    found.pass_by(SWEEP_SECONDS)
    sweeper.sweep()
    assert brought.current(own.owner) is not None
    found.pass_by(DAY)
    assert sweeper.sweep() == 0
    assert brought.current(own.owner) is None
    assert path.exists()
    found.pass_by(401 * DAY)
    assert sweeper.sweep() == 1
    assert own.sets() == ()
