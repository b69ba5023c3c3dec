"""The app's life with its folder of data: locked before it begins, let go after its end."""

import asyncio

import pytest

from ui.web.guards.one_server import OneServer, own_address
from vae_core.storage.home_lock import HomeInUseError, files_to_inherit, lock_home, unlock_home


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    monkeypatch.setenv("LATENT_HOME", str(folder))
    yield folder
    unlock_home(folder)


def live(app, **settings):
    """Let an app live from start to end; return what it says to its server."""
    said = []

    async def receive():
        return {"type": "lifespan.startup"}

    async def send(message):
        said.append(message)

    asyncio.run(OneServer(app, **settings)({"type": "lifespan"}, receive, send))
    return said


def test_the_folder_is_locked_for_as_long_as_the_app_lives(home):
    async def app(scope, receive, send):
        with pytest.raises(HomeInUseError, match=r"http://localhost:\d+"):
            lock_home(home, "", patience=0)

    live(app)
    assert not files_to_inherit(home)
    lock_home(home, "", patience=0)


def test_a_second_app_does_not_start_and_says_why(home):
    async def app(scope, receive, send):
        raise AssertionError("it must not start")

    lock_home(home, own_address())
    (said,) = live(app, patience=0)
    assert said["type"] == "lifespan.startup.failed"
    assert f"in use by the server at {own_address()}" in said["message"]
    assert "LATENT_HOME" in said["message"]
