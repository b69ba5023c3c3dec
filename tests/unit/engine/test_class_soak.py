"""A class at once, in small: ten sessions that speak the real protocols to a real server.

Nothing here is timed: on a busy machine all of it may be slow. Everything must happen, and nothing else.
"""

from pathlib import Path

import pytest

from bench.classroom import visitor
from bench.classroom.hostile import hostile
from bench.classroom.soak import soak
from bench.classroom.visitor import SMALL
from bench.tools.served import served

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes in /proc"),
]

SESSIONS = 10
SECONDS = 120.0
"""At most; it is over as soon as everything has happened to everyone."""


def test_a_class_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(visitor, "PATIENCE", 200.0)
    monkeypatch.setenv("LATENT_THREADS", "1")
    found = soak(tmp_path, SESSIONS, SECONDS, 5, query=SMALL, until_all_moved=True)
    assert found.errors == []
    assert len(found.moved) == SESSIONS  # every map moved
    assert len(found.frames) == SESSIONS
    assert min(found.frames) > 1  # and went on moving
    assert len(found.answers) >= SESSIONS  # fields answered
    assert found.memory
    assert found.left == []


def test_hostile_requests_get_nothing_and_break_nothing(tmp_path):
    import asyncio

    with served(tmp_path, LATENT_THREADS="1") as server:
        rows = {what: value for what, _, value in asyncio.run(hostile(server, 300))}
        assert server.complaints() == []
        assert server.answers()
    assert rows["300 hostile requests: answers of 500 and above"] == "0"
    assert rows["answered with something of another's"] == "0"
