"""One server for one folder of data: who comes second, who waits, and how long workers hold the lock."""

import errno
import logging
import subprocess
import sys
import threading
import time

import pytest

from vae_core.engine.processes import process
from vae_core.storage import home_lock
from vae_core.storage.home_lock import HomeInUseError, files_to_inherit, lock_home, unlock_home


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    yield folder
    unlock_home(folder)


def test_a_second_server_is_told_where_the_first_is(home):
    lock_home(home, "http://localhost:8501/class")
    with pytest.raises(HomeInUseError, match=r"in use by the server at http://localhost:8501/class"):
        lock_home(home, "http://localhost:8502", patience=0)
    unlock_home(home)
    lock_home(home, "http://localhost:8502", patience=0)


def test_a_restart_waits_for_the_one_that_is_ending(home, monkeypatch):
    lock_home(home, "http://localhost:8501")
    first = home_lock._HELD.pop(home)  # as if it were another process's
    looked = threading.Event()
    sleep = time.sleep

    def look_again(seconds):
        looked.set()
        sleep(seconds)

    monkeypatch.setattr(home_lock.time, "sleep", look_again)
    waiting = threading.Thread(
        target=lock_home, args=(home, "http://localhost:8501"), kwargs={"patience": 60}
    )
    waiting.start()
    assert looked.wait(60)
    assert not files_to_inherit(home)
    home_lock.os.close(first)
    waiting.join(60)
    assert files_to_inherit(home)


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="files are not inherited there")
def test_a_worker_that_lives_on_holds_the_lock(home, monkeypatch):
    asked = []

    class Slow(subprocess.Popen):  # stands for a worker that does not end
        def __init__(self, command, **kwargs):
            asked.append(kwargs["pass_fds"])
            super().__init__(["sleep", "1000"], **kwargs)

    monkeypatch.setattr(process.subprocess, "Popen", Slow)
    lock_home(home, "http://localhost:8501")
    worker = process.WorkerProcess("train", home, lambda *_: None, lambda *_: None)
    assert asked == [files_to_inherit(home)]
    unlock_home(home)
    monkeypatch.setattr(home_lock.psutil, "pid_exists", lambda _: False)
    with pytest.raises(HomeInUseError, match=r"has not ended yet.*End it"):
        lock_home(home, "", patience=0)
    worker.kill()
    lock_home(home, "", patience=60)


def test_without_locks_a_warning_is_all(home, monkeypatch, caplog):
    def refuse(*_, **__):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(home_lock, "lock_descriptor", refuse)
    with caplog.at_level(logging.WARNING):
        lock_home(home, "http://localhost:8501")
    assert "cannot be locked (No locks available)" in caplog.text
    assert files_to_inherit(home) == ()


def test_the_lock_is_not_waited_for_longer_than_asked(home, monkeypatch):
    lock_home(home, "")
    now = time.monotonic()
    monkeypatch.setattr(home_lock.time, "sleep", lambda _: None)
    ticks = iter(range(100))
    monkeypatch.setattr(home_lock.time, "monotonic", lambda: now + next(ticks))
    with pytest.raises(HomeInUseError):
        lock_home(home, "")
    assert next(ticks) <= home_lock.PATIENCE_SECONDS + 3
