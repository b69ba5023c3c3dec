"""Connections without a request, and those of nobody in particular."""

import asyncio
import contextlib
import socket
import threading
from types import SimpleNamespace

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.unit.ui.served_routes import PATIENCE
from ui.identity.owner import COOKIE, cookie_of, new_owner
from ui.web.guards import connections
from ui.web.guards.connections import (
    BoundedConnections,
    UnfinishedHeads,
    WatchedConnections,
    raise_file_limit,
)


def connection(address="10.0.0.1", **state):
    made = {"cycle": None, "timeout_keep_alive_task": None, "transport": object(), "client": (address, 1)}
    return SimpleNamespace(**made | state)


class Connection(SimpleNamespace):
    __hash__ = object.__hash__
    __eq__ = object.__eq__


def made(**state):
    return Connection(**vars(connection(**state)))


def test_heads_that_do_not_come_to_an_end_are_overdue_and_nothing_else_is():
    now = 0.0
    heads = UnfinishedHeads(clock=lambda: now)
    done = SimpleNamespace(response_complete=True)
    half = made()
    second_half = made(cycle=done)  # a byte of the next request has ended uvicorn's own timer
    resting = made(cycle=done, timeout_keep_alive_task=object())
    answering = made(cycle=SimpleNamespace(response_complete=False))
    websocket = Connection(client=("10.0.0.1", 2), transport=object())
    everyone = [half, second_half, resting, answering, websocket]
    assert heads.overdue(everyone) == []
    now = connections.HEAD_SECONDS - 1
    new = made()
    assert heads.overdue([*everyone, new]) == []
    now = connections.HEAD_SECONDS
    second_half.cycle = SimpleNamespace(response_complete=True)  # another request came and went
    assert heads.overdue([*everyone, new]) == [half]


def test_one_address_has_a_bounded_number_of_them_and_the_oldest_go(monkeypatch):
    monkeypatch.setattr(connections, "MOST_UNFINISHED", 3)
    now = 0.0
    heads = UnfinishedHeads(clock=lambda: now)
    others = [made(address="10.0.0.2") for _ in range(3)]
    first = [made() for _ in range(2)]
    assert heads.overdue([*first, *others]) == []
    now = 1.0
    later = [made() for _ in range(3)]
    assert heads.overdue([*first, *later, *others]) == first


def test_a_half_sent_request_is_closed_over_a_real_server(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(connections, "LOOK_SECONDS", 0.1)
    with serving(lambda request: PlainTextResponse("well")) as address:
        halves = [socket.create_connection(address) for _ in range(5)]
        for half in halves:
            half.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        for half in halves:
            half.settimeout(PATIENCE)
            with contextlib.suppress(ConnectionResetError):
                assert half.recv(100) == b""
            half.close()
        assert answer(address).startswith(b"HTTP/1.1 200")


def test_what_is_sent_is_not_held_back():
    """Streamlit's socket names no protocol, and asyncio leaves Nagle's algorithm on for such."""

    def held_back(request):
        return PlainTextResponse(
            str(connection_of(request).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        )

    def connection_of(request):
        return request.receive.__self__.transport.get_extra_info("socket")

    with serving(held_back) as address:
        assert answer(address).endswith(b"\r\n\r\n1")


@contextlib.contextmanager
def serving(endpoint):
    """Serve one route by the real server, on a socket like Streamlit's; yields its address."""
    app = Starlette(routes=[Route("/", endpoint)], middleware=[Middleware(WatchedConnections)])
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield listening.getsockname()
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
    assert not thread.is_alive()


def answer(address):
    """Ask for the one route, and return all that comes."""
    with socket.create_connection(address) as asking:
        asking.settimeout(PATIENCE)
        asking.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: asking.recv(4096), b""))


class Crowd:
    """Requests that stay open until they are let go."""

    def __init__(self):
        self.inside = 0
        self.go = asyncio.Event()
        self.guard = BoundedConnections(self.app)

    async def app(self, scope, receive, send):
        self.inside += 1
        await self.go.wait()

    async def come(self, kind="websocket", owner=None, address="10.0.0.1"):
        """Return what the server says at once; None where the connection is let in."""
        said = []

        async def receive():
            return {"type": f"{kind}.connect"}

        async def send(message):
            said.append(message)

        cookie = [(b"cookie", f"{COOKIE}={cookie_of(owner)}".encode())] if owner else []
        scope = {"type": kind, "headers": cookie, "client": (address, 1), "method": "GET", "path": "/"}
        await self.guard(scope, receive, send)
        return said[0] if said else None


@pytest.mark.parametrize(("kind", "refusal"), [("websocket", ("code", 1013)), ("http", ("status", 503))])
def test_connections_without_cookies_are_bounded_by_address(tmp_path, monkeypatch, kind, refusal):
    monkeypatch.setenv("LATENT_HOME", str(tmp_path))
    monkeypatch.setattr(connections, "MOST_SOCKETS", 10)
    monkeypatch.setattr(connections, "MOST_REQUESTS", 10)
    owner = new_owner()

    async def storm():
        crowd = Crowd()
        strangers = [asyncio.create_task(crowd.come(kind)) for _ in range(25)]
        known = [asyncio.create_task(crowd.come(kind, owner)) for _ in range(25)]
        elsewhere = [asyncio.create_task(crowd.come(kind, address="10.0.0.2")) for _ in range(5)]
        while crowd.inside < 10 + 25 + 5:
            await asyncio.sleep(0)
        crowd.go.set()
        answers = [await asyncio.gather(*group) for group in (strangers, known, elsewhere)]
        assert not crowd.guard.open
        return answers

    strangers, known, elsewhere = asyncio.run(storm())
    key, value = refusal
    assert [said and said[key] for said in strangers].count(value) == 15
    assert set(known) == set(elsewhere) == {None}


def test_the_limit_of_files_goes_up_to_the_hard_one_and_no_further(monkeypatch):
    resource = pytest.importorskip("resource")
    for (soft, hard), wanted in {
        (200, 4_096): (4_096, 4_096),
        (1_024, 1_000_000): (65_536, 1_000_000),
        (1_024, resource.RLIM_INFINITY): (65_536, resource.RLIM_INFINITY),
        (100_000, 1_000_000): None,
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY): None,
    }.items():
        told = []
        monkeypatch.setattr(resource, "getrlimit", lambda _, found=(soft, hard): found)
        monkeypatch.setattr(resource, "setrlimit", lambda _, value, told=told: told.append(value))
        raise_file_limit()
        assert told == ([] if wanted is None else [wanted])
