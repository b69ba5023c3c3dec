"""The routes over a real server, and what their tests share: connecting, waiting, how it ended."""

import socket
import threading
import time

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from ui.identity.owner import COOKIE, cookie_of
from ui.page import urls
from ui.web import middleware, routes
from vae_core.storage.tensorfile import metadata_of

PATIENCE = 60
"""How long anything may take on a busy machine, in seconds; what is waited for ends the wait."""


def application():
    return Starlette(
        routes=routes.routes(),
        middleware=[Middleware(middleware.LetGo), Middleware(middleware.PathTricks, base=urls.base_path())],
    )


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
        self.thread.join(PATIENCE)
        return time.monotonic() - before

    def connect(self, path="/latent/stream/mine", owner=None, origin=None, **headers):
        if owner:
            headers["Cookie"] = f"{COOKIE}={cookie_of(owner)}"
        return connect(
            f"ws://127.0.0.1:{self.port}{path}",
            origin=origin,
            additional_headers=headers,
            compression=None,
            proxy=None,
        )


def kind(data):
    return metadata_of(data)["kind"]


def close_code(websocket):
    try:
        while True:
            websocket.recv(timeout=PATIENCE)
    except ConnectionClosed as closed:
        return closed.rcvd.code


def wait_until(condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
