"""A network between a browser and the server that a test can take away and give back."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit


class Network:
    """Pass bytes on between whoever connects and a server; cut, drop what is open and refuse what is new.

    A browser's own offline mode leaves its WebSockets open, so the network itself must go.

    Args:
        server: the server's URL.

    Attributes:
        url: under which the server is reached through this network.
    """

    def __init__(self, server: str) -> None:
        where = urlsplit(server)
        self._server = (where.hostname, where.port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_cut = False
        self._door = socket.create_server(("127.0.0.1", 0))
        self._carriers = [threading.Thread(target=self._let_in)]
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self._carriers[0].start()

    def cut(self) -> None:
        """Take the network away."""
        with self._lock:
            self._is_cut = True
            for end in self._open:
                _hang_up(end)

    def mend(self) -> None:
        """Give it back."""
        with self._lock:
            self._is_cut = False

    def close(self) -> None:
        """End it for good."""
        _hang_up(self._door)
        self.cut()
        for carrier in self._carriers:
            carrier.join()
        self._door.close()

    def _let_in(self) -> None:
        with contextlib.suppress(OSError):  # the door is closed
            while True:
                browser, _ = self._door.accept()
                with self._lock:
                    if self._is_cut:
                        browser.close()
                        continue
                    server = socket.create_connection(self._server)
                    self._open |= {browser, server}
                    carrier = threading.Thread(target=self._carry, args=(browser, server))
                    self._carriers.append(carrier)
                    carrier.start()

    def _carry(self, browser: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=_pass_on, args=(server, browser))
        back.start()
        _pass_on(browser, server)
        back.join()
        with self._lock:
            self._open -= {browser, server}
            browser.close()
            server.close()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    _hang_up(source)
    _hang_up(target)


def _hang_up(end: socket.socket) -> None:
    """Wake whoever waits for a socket: nothing comes from it any more, and nothing goes."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def network(server: str) -> Iterator[Network]:
    """Lend a network to a server."""
    made = Network(server)
    try:
        yield made
    finally:
        made.close()
