"""The stream over a real server: who may watch, what a slow or hostile browser does to others, the end."""

import contextlib
import json
import socket
import threading

import pytest

from tests.unit.ui.served_routes import PATIENCE, Server, application, close_code, kind, wait_until
from ui.identity.owner import COOKIE, cookie_of, new_owner
from ui.web.sockets import stream
from ui.web.sockets.stream import MAX_TEXT
from vae_core.engine.watching.subscription import Subscription
from vae_core.storage.tensorfile import metadata_of


class FakeEngine:
    """One run, `mine`, of one owner; counts who watches."""

    def __init__(self, owner):
        self.owner = owner
        self.watchers = []
        self.hands = []
        self.history = []

    latent_dim = 2

    def hello_facts(self):
        return {"history": []}

    def history_from(self, start):
        return []

    def subscribe(self, owner, run_id, loop, wake):
        if run_id != "mine":
            raise KeyError(run_id)
        if owner != self.owner:
            raise PermissionError(run_id)
        watcher = Subscription(
            self,
            threading.RLock(),
            loop,
            wake,
            on_hand=lambda watcher, on: self.hands.append(watcher),
            on_close=self.watchers.remove,
        )
        self.watchers.append(watcher)
        watcher.put("hello", {})
        return watcher


@pytest.fixture
def watched(monkeypatch):
    engine = FakeEngine(new_owner())
    monkeypatch.setattr(stream, "get_engine", lambda: engine)
    with Server(application()) as server:
        yield server, engine


def test_an_owner_watches_with_two_messages_unacknowledged(watched):
    server, engine = watched
    own = f"http://127.0.0.1:{server.port}"
    with server.connect(owner=engine.owner, origin=own) as websocket:
        assert kind(websocket.recv(timeout=PATIENCE)) == "hello"
        (watcher,) = engine.watchers
        for step in range(20):
            watcher.put("frame", {"step": step})
        assert kind(websocket.recv(timeout=PATIENCE)) == "frame"
        watcher.put("frame", {"step": 99})
        with pytest.raises(TimeoutError):
            websocket.recv(timeout=0.2)
        websocket.send('{"ack": 2}')
        assert json.loads(metadata_of(websocket.recv(timeout=PATIENCE))["json"]) == {"step": 99}
        websocket.send('{"hand": true}')
        wait_until(lambda: watcher.has_hand)
    wait_until(lambda: not engine.watchers)


def test_what_is_pinned_is_noted_to_the_last_digit_and_taken_back(watched):
    server, engine = watched
    with server.connect(owner=engine.owner, origin=f"http://127.0.0.1:{server.port}") as websocket:
        websocket.recv(timeout=PATIENCE)
        (watcher,) = engine.watchers
        websocket.send('{"pin": [0.10000000149011612, -3]}')
        wait_until(lambda: watcher.pinned == (0.10000000149011612, -3.0))
        websocket.send('{"pin": null}')
        wait_until(lambda: watcher.pinned == ())


@pytest.mark.parametrize(
    "pin", ["[1]", "[1, 2, 3]", '["1", 2]', "[true, 1]", "[1e999, 0]", f"[{10**400}, 0]", "7", "[[1, 2]]"]
)
def test_a_pin_that_is_no_latent_of_the_run_ends_it(watched, pin):
    server, engine = watched
    with server.connect(owner=engine.owner, origin=f"http://127.0.0.1:{server.port}") as websocket:
        websocket.send(f'{{"pin": {pin}}}')
        assert close_code(websocket) == 1003
    wait_until(lambda: not engine.watchers)


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("no origin", None),
        ("foreign origin", 4403),
        ("other port", 4403),
        ("null origin", 4403),
        ("malformed origin", 4403),
        ("no cookie", 4403),
        ("foreign cookie", 4403),
        ("malformed cookie", 4403),
        ("unknown run", 4404),
        ("other path", 4404),
        ("behind a proxy", None),
    ],
)
def test_who_may_watch(watched, case, code):
    server, engine = watched
    own = f"http://127.0.0.1:{server.port}"
    settings = {
        "no origin": {"origin": None},
        "foreign origin": {"origin": "http://evil.example"},
        "other port": {"origin": "http://127.0.0.1:1"},
        "null origin": {"origin": "null"},
        "malformed origin": {"origin": "http://["},
        "no cookie": {"owner": None},
        "foreign cookie": {"owner": new_owner()},
        "malformed cookie": {"owner": "x" * 500},
        "unknown run": {"path": "/latent/stream/other"},
        "other path": {"path": "/latent/nothing/here"},
        "behind a proxy": {"origin": "https://class.example", "X-Forwarded-Host": "class.example"},
    }[case]
    with server.connect(**{"owner": engine.owner, "origin": own, **settings}) as websocket:
        if code is None:
            assert kind(websocket.recv(timeout=PATIENCE)) == "hello"
        else:
            assert close_code(websocket) == code
            assert not engine.watchers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        '{"ack": "1"}',
        '{"ack": true}',
        '{"hand": 1}',
        '{"ack": 1' + " " * MAX_TEXT + "}",
        b"\x00\x01",
        "[" * MAX_TEXT,
    ],
)
def test_a_malformed_message_ends_the_stream_and_nothing_else(watched, text):
    server, engine = watched
    with server.connect(owner=engine.owner) as good, server.connect(owner=engine.owner) as bad:
        good.recv(timeout=PATIENCE)
        bad.send(text)
        assert close_code(bad) == 1003
        wait_until(lambda: len(engine.watchers) == 1)
        engine.watchers[0].put("frame", {"step": 1})
        assert kind(good.recv(timeout=PATIENCE)) == "frame"


def test_a_hand_that_flutters_is_shown_out(watched, monkeypatch):
    server, engine = watched
    monkeypatch.setattr(stream, "monotonic", lambda: 0.0)  # all within a second
    with server.connect(owner=engine.owner) as websocket:
        for number in range(stream.MOST_HANDS + 1):
            websocket.send(json.dumps({"hand": number % 2 == 0}))
        assert close_code(websocket) == 1003
    wait_until(lambda: not engine.watchers)
    assert len(engine.hands) == stream.MOST_HANDS


def test_a_client_that_stops_reading_holds_up_neither_others_nor_the_end(watched):
    server, engine = watched
    big = b"\x02\0\0\0\0\0\0\0{}" + bytes(30_000_000)  # more than the network's buffers hold
    raw = socket.create_connection(("127.0.0.1", server.port))
    raw.sendall(
        b"GET /latent/stream/mine HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        + f"Cookie: {COOKIE}={cookie_of(engine.owner)}\r\n\r\n".encode()
    )
    wait_until(lambda: len(engine.watchers) == 1)
    engine.watchers[0].put("snapshot", {}, big)
    with server.connect(owner=engine.owner) as good:
        good.recv(timeout=PATIENCE)
        for step in range(5):
            engine.watchers[1].put("frame", {"step": step})
            good.recv(timeout=PATIENCE)
            good.send(json.dumps({"ack": step + 2}))
        assert server.stop() < 3
    raw.close()


def test_the_server_ends_within_three_seconds_with_watchers(watched):
    server, engine = watched
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            websocket = stack.enter_context(server.connect(owner=engine.owner))
            websocket.recv(timeout=PATIENCE)
        assert server.stop() < 3
    assert not engine.watchers
