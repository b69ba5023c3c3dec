"""Servers for browser tests: static files without Streamlit, and the app itself."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import plotly
import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
EXPLORER = ROOT / "assets" / "explorer"
JS = "/latent/js/test"
PLOTLY = "/latent/plotly/test/plotly.min.js"
PLOTLY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
NO_PLOTLY = "/latent/plotly/test/nothing.js"
"""In place of five megabytes, where a test needs no axes."""


class StaticSite:
    """A server of the explorer's modules, Plotly.js and whatever a test puts there."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}
        site = self

        class Handler(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # a body would wait 40 ms for its head to be confirmed

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                found = site.files.get(path) or site.asset(path)
                if found is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", found[0])
                if path not in site.files:
                    self.send_header("Cache-Control", "public, max-age=31536000, immutable")
                self.send_header("Content-Length", str(len(found[1])))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # a test may leave the page while it loads
                    self.wfile.write(found[1])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.put("/", "<!doctype html><meta charset=utf-8><link rel=icon href=data:><body></body>")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, path: str, content: str | bytes, kind: str = "text/html") -> str:
        """Serve something under a path; give its URL."""
        self.files[path] = (kind, content.encode() if isinstance(content, str) else content)
        return self.url + path

    def asset(self, path: str) -> tuple[str, bytes] | None:
        if path == PLOTLY:
            return "text/javascript", PLOTLY_FILE.read_bytes()
        if path == NO_PLOTLY:
            return "text/javascript", b""
        name = path.removeprefix(JS + "/")
        file = EXPLORER / name
        if name == path or ".." in name or not file.is_file():
            return None
        kinds = {
            ".js": "text/javascript",
            ".css": "text/css",
            ".wasm": "application/wasm",
            ".safetensors": "application/octet-stream",
        }
        return kinds[file.suffix], file.read_bytes()


class Errors(list[str]):
    """What a page wrote to its console as an error, or threw."""

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("console", lambda message: self.append(message.text) if message.type == "error" else None)


@contextlib.contextmanager
def running_app(home: Path, *options: str, port: int = 0, root: Path = ROOT) -> Iterator[str]:
    """Start the app as `streamlit run app.py` does, on this port or a free one, and wait until it answers.

    It is the project's own, or that of a copy at `root`.
    """
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
        port = free.getsockname()[1]
    log = home / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", str(root / "app.py"), "--server.headless=true"]
    command += [f"--server.port={port}", "--browser.gatherUsageStats=false", *options]
    # A run whose page has been closed is put aside soon: it would take the processor from later tests.
    defaults = {"LATENT_PARK_MINUTES": "0.2"}
    environment = defaults | os.environ | {"LATENT_HOME": str(home), "OMP_NUM_THREADS": "1"}
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=home, env=environment, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(partial(_answers, url + "/_stcore/health"), 60, lambda: log.read_text(errors="replace"))
        yield url
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until(condition: Callable[[], bool], seconds: float, explain: Callable[[], str] = str) -> None:
    """Wait for a condition; fail with an explanation when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not true within {seconds} s. {explain()}")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return bool(response.status == 200)
    except OSError:
        return False
