"""The routes below /latent/: what they serve to whom, and what they refuse."""

import asyncio
import contextlib
import json
import random
import socket
import threading
import time

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from streamlit import config
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.unit.asgi_client import Browser
from tests.unit.test_owner import add, shipped  # noqa: F401
from ui import routes, stream
from ui.owner import COOKIE, Library, new_owner
from ui.packed import PackedFiles, pack_file
from vae_core.engine.messages import metadata_of
from vae_core.engine.subscription import Subscription


def application():
    return Starlette(
        routes=routes.routes(),
        middleware=[Middleware(stream.LetGo), Middleware(routes.PathTricks, base=routes.base_path())],
    )


def browser(owner=None):
    return Browser(application(), cookies={COOKIE: owner} if owner else {})


@pytest.fixture
def modules(tmp_path, monkeypatch):
    folder = tmp_path / "explorer"
    (folder / "deep").mkdir(parents=True)
    (folder / "explorer.js").write_text("export const a = 1;\n" * 100)
    (folder / "deep" / "style.css").write_text(".latent {}")
    (folder / "notes.md").write_text("not for browsers")
    (tmp_path / "secret.js").write_text("secret")
    monkeypatch.setattr(routes, "EXPLORER", folder)
    monkeypatch.setattr(routes, "LOOK_SECONDS", 0.0)
    return folder


# Modules


def test_modules_are_public_for_ever_and_compressed_once(modules):
    url = f"{routes.explorer_url()}/explorer.js"
    response = browser().get(url)
    assert response.status_code == 200
    assert response.text == "export const a = 1;\n" * 100
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    plain = browser().get(url, headers={"Accept-Encoding": "identity"})
    assert plain.text == response.text
    assert plain.headers["content-encoding"] == "identity"
    assert plain.headers["vary"] == "Accept-Encoding"
    assert browser().get(url, headers={"If-None-Match": plain.headers["etag"]}).status_code == 304
    assert browser().get(f"{routes.explorer_url()}/deep/style.css").text == ".latent {}"


def test_the_folder_is_not_looked_through_for_each_of_a_hundred_modules(modules, monkeypatch):
    monkeypatch.setattr(routes, "LOOK_SECONDS", 3600.0)
    before = routes.explorer_version()
    (modules / "explorer.js").write_text("export const a = 2;\n" * 101)
    assert routes.explorer_version() == before
    monkeypatch.setattr(routes, "LOOK_SECONDS", 0.0)
    assert routes.explorer_version() != before


def test_the_version_follows_the_content(modules):
    before = routes.explorer_version()
    (modules / "explorer.js").write_text("export const a = 2;\n" * 101)
    assert routes.explorer_version() != before
    assert browser().get(f"/latent/js/{before}/explorer.js").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "js/{v}/missing.js",
        "js/{v}/notes.md",
        "js/{v}/",
        "js/{v}/../secret.js",
        "js/{v}/..%2fsecret.js",
        "js/{v}/%2e%2e/secret.js",
        "js/{v}/..%5csecret.js",
        "js/{v}/deep/..%2fexplorer.js",
        "js/{v}//etc/passwd",
        "js/{v}/explorer.js%00",
        "js/wrong/explorer.js",
        "plotly/0.0.0/plotly.min.js",
        "models/../../app.py/x",
        "",
        "anything",
        "stream/0123",
    ],
)
def test_everything_else_is_not_found(modules, path):
    path = "/latent/" + path.replace("{v}", routes.explorer_version())
    response = browser().get(path)
    assert response.status_code == 404
    assert "secret" not in response.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_find_nothing(modules, method):
    assert browser().request(method, f"{routes.explorer_url()}/explorer.js").status_code == 404
    assert browser().request(method, "/latent").status_code == 404


def test_plotly_comes_from_the_installed_package():
    response = browser().get(routes.plotly_url())
    assert response.status_code == 200
    assert b"plotly.js v" in response.content[:200]
    assert response.headers["content-encoding"] == "gzip"


def test_routes_follow_the_servers_base_path(modules, monkeypatch):
    monkeypatch.setattr(config, "get_option", {"server.baseUrlPath": "/class/a/"}.get)
    assert routes.base_path() == "/class/a"
    assert routes.explorer_url().startswith("/class/a/latent/js/")
    assert browser().get(f"{routes.explorer_url()}/explorer.js").status_code == 200
    assert browser().get(f"{routes.explorer_url()}/..%2fsecret.js").status_code == 404
    assert browser().get("/class/a/latent/nothing").status_code == 404


# Models


def test_shipped_models_are_public(shipped):  # noqa: F811
    entry = Library(None).get("mnist-2")
    response = browser().get(entry.url)
    assert response.content == entry.path.read_bytes()
    assert response.headers["cache-control"].startswith("public")
    assert "content-disposition" not in response.headers
    assert browser().get(entry.url.replace(entry.digest, "0" * 20)).status_code == 404


def test_own_models_are_their_owners_alone(shipped):  # noqa: F811
    owner = new_owner()
    entry = Library(owner).get(add(Library(owner), "Mine"))
    response = browser(owner).get(f"{entry.url}?download=1")
    assert response.content == entry.path.read_bytes()
    assert response.headers["cache-control"] == "private, no-cache"
    assert "Cookie" in response.headers["vary"]
    assert response.headers["content-disposition"] == 'attachment; filename="mine.safetensors"'
    for stranger in (None, new_owner(), "../" + owner[3:], ""):
        assert browser(stranger).get(entry.url).status_code == 404
        tagged = {"If-None-Match": response.headers["etag"]}
        assert browser(stranger).get(entry.url, headers=tagged).status_code == 404


# Someone new


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Referer": "http://testserver/train"}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Referer": "http://testserver/"}, 404),
        ({"Sec-Fetch-Site": "none"}, 404),
        ({"Referer": "http://evil.example/"}, 404),
        ({"Referer": "http://[/"}, 404),
        ({}, 404),
    ],
)
def test_only_a_link_of_our_own_makes_someone_new(headers, status):
    response = browser(new_owner()).get("/latent/new-owner", headers=headers)
    assert response.status_code == status
    assert (COOKIE in response.headers.get("set-cookie", "")) == (status == 303)


# Compressed files


def test_the_cache_of_compressed_files_is_bounded(tmp_path):
    files = PackedFiles(limit=10_000)
    for index in range(50):
        path = tmp_path / f"{index}.js"
        path.write_bytes(bytes([index]) * 3 + bytes(range(256)) * 8)
        assert files.get(path).plain() == path.read_bytes()
        assert files.get(path) is files.get(path)
    assert files._held == sum(len(packed.body) for packed in files._files.values()) <= 10_000


def test_what_cannot_be_compressed_stays():
    noise = random.Random(0).randbytes(10_000)
    assert pack_file(noise).encoding == ""
    assert pack_file(noise).body == noise


# The stream, over a real server


class FakeEngine:
    """One run, `mine`, of one owner; counts who watches."""

    def __init__(self, owner):
        self.owner = owner
        self.watchers = []
        self.history = []

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
            self, threading.RLock(), loop, wake, lambda *_: None, on_close=self.watchers.remove
        )
        self.watchers.append(watcher)
        watcher.put("hello", {})
        return watcher


class Server:
    def __init__(self, app):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        settings = uvicorn.Config(app, ws="websockets-sansio", log_level="error", lifespan="off")
        self.server = uvicorn.Server(settings)
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],))

    def __enter__(self):
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.server.should_exit = True
        before = time.monotonic()
        self.thread.join(20)
        return time.monotonic() - before

    def connect(self, path="/latent/stream/mine", owner=None, origin=None, **headers):
        if owner:
            headers["Cookie"] = f"{COOKIE}={owner}"
        return connect(
            f"ws://127.0.0.1:{self.port}{path}",
            origin=origin,
            additional_headers=headers,
            compression=None,
            proxy=None,
        )


@pytest.fixture
def watched(monkeypatch):
    engine = FakeEngine(new_owner())
    monkeypatch.setattr(stream, "get_engine", lambda: engine)
    with Server(application()) as server:
        yield server, engine


def kind(data):
    return metadata_of(data)["kind"]


def close_code(websocket):
    try:
        while True:
            websocket.recv(timeout=5)
    except ConnectionClosed as closed:
        return closed.rcvd.code


def wait_until(condition):
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_an_owner_watches_with_two_messages_unacknowledged(watched):
    server, engine = watched
    own = f"http://127.0.0.1:{server.port}"
    with server.connect(owner=engine.owner, origin=own) as websocket:
        assert kind(websocket.recv(timeout=5)) == "hello"
        (watcher,) = engine.watchers
        for step in range(20):
            watcher.put("frame", {"step": step})
        assert kind(websocket.recv(timeout=5)) == "frame"
        watcher.put("frame", {"step": 99})
        with pytest.raises(TimeoutError):
            websocket.recv(timeout=0.2)
        websocket.send('{"ack": 2}')
        assert json.loads(metadata_of(websocket.recv(timeout=5))["json"]) == {"step": 99}
        websocket.send('{"hand": true}')
        wait_until(lambda: watcher.has_hand)
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
            assert kind(websocket.recv(timeout=5)) == "hello"
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
        '{"ack": 1' + " " * 300 + "}",
        b"\x00\x01",
        "[" * 150,
    ],
)
def test_a_malformed_message_ends_the_stream_and_nothing_else(watched, text):
    server, engine = watched
    with server.connect(owner=engine.owner) as good, server.connect(owner=engine.owner) as bad:
        good.recv(timeout=5)
        bad.send(text)
        assert close_code(bad) == 1003
        wait_until(lambda: len(engine.watchers) == 1)
        engine.watchers[0].put("frame", {"step": 1})
        assert kind(good.recv(timeout=5)) == "frame"


def test_a_client_that_stops_reading_holds_up_neither_others_nor_the_end(watched):
    server, engine = watched
    big = b"\x02\0\0\0\0\0\0\0{}" + bytes(30_000_000)  # more than the network's buffers hold
    raw = socket.create_connection(("127.0.0.1", server.port))
    raw.sendall(
        b"GET /latent/stream/mine HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        + f"Cookie: {COOKIE}={engine.owner}\r\n\r\n".encode()
    )
    wait_until(lambda: len(engine.watchers) == 1)
    engine.watchers[0].put("snapshot", {}, big)
    with server.connect(owner=engine.owner) as good:
        good.recv(timeout=5)
        for step in range(5):
            engine.watchers[1].put("frame", {"step": step})
            good.recv(timeout=5)
            good.send(json.dumps({"ack": step + 2}))
        assert server.stop() < 3
    raw.close()


def test_the_server_ends_within_three_seconds_with_watchers(watched):
    server, engine = watched
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            websocket = stack.enter_context(server.connect(owner=engine.owner))
            websocket.recv(timeout=5)
        assert server.stop() < 3
    assert not engine.watchers


def test_a_thousand_hostile_requests_leave_the_routes_well(modules):
    paths = [
        "/latent/models/" + "a" * 5000 + "/x",
        "/latent/js/%ff/%fe",
        "/latent/stream/" + "0" * 32,
        "/latent/%00",
        f"/latent/runs/{'0' * 32}/keyframes/{'9' * 5000}.safetensors",
    ]

    async def storm():
        import httpx

        transport = httpx.ASGITransport(application(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return [(await client.get(path)).status_code for _ in range(250) for path in paths]

    assert set(asyncio.run(storm())) == {404}
