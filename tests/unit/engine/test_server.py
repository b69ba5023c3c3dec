"""The real server: it holds no torch, ends when told to, and leaves nothing behind when it is killed."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.unit.engine.engine_watcher import wait_until
from ui.identity.owner import COOKIE
from vae_core.engine import Engine

ROOT = Path(__file__).resolve().parents[3]

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes in /proc"),
]


class Served:
    """`streamlit run` in a process of its own, asked as one browser."""

    def __init__(self, home):
        self.home = home
        self.cookie = ""
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        self.log = home / "server.log"
        script = str(ROOT / "tests" / "unit" / "ui" / "served_app.py")
        settings = ["--server.port", str(self.port), "--server.headless", "true"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", script, *settings],
                env={**os.environ, "LATENT_HOME": str(home), "LATENT_THREADS": "1", "LATENT_NICE": "0"},
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=home,
                start_new_session=True,
            )
        wait_until(self.answers, 120, "the server's first answer")
        self.cookie = self.get("/", follow_redirects=True).cookies[COOKIE]
        self.owner = self.cookie.split(".")[0]

    def answers(self):
        with contextlib.suppress(httpx.HTTPError):
            return self.get("/_stcore/health").status_code == 200
        assert self.process.poll() is None, self.log.read_text()
        return False

    def get(self, path, **kwargs):
        cookies = {"Cookie": f"{COOKIE}={self.cookie}"}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=cookies, timeout=30, **kwargs)

    def look(self):
        return self.get("/test/look").json()

    def watch(self, run):
        return connect(
            f"ws://127.0.0.1:{self.port}/latent/stream/{run}",
            additional_headers={"Cookie": f"{COOKIE}={self.cookie}"},
            compression=None,
            proxy=None,
        )

    def train(self, seconds):
        """Start a run and let it train for so long; returns its id and how things stand."""
        run = self.get("/test/start").json()
        wait_until(lambda: self.look()["run"]["seconds"] >= seconds, 120, f"{seconds} s of training")
        return run, self.look()


@pytest.fixture
def served(tmp_path):
    server = Served(tmp_path)
    yield server
    if server.process.poll() is None:
        server.process.kill()
    server.process.wait()


def is_gone(pid):
    """Whether a process has ended; one that nobody has buried yet has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def test_the_server_holds_no_torch_and_serves_its_pages(served):
    page = served.get("/")
    assert "streamlit" in page.text.lower()
    assert httpx.get(f"http://127.0.0.1:{served.port}/train").headers["set-cookie"].startswith(COOKIE)
    assert served.get("/latent/nothing").status_code == 404
    run, _ = served.train(0.1)
    with served.watch(run) as websocket:
        websocket.recv(timeout=30)
        seen = served.look()
        assert seen["torch"] is False
        assert set(seen["workers"]) >= {"train"}


def test_ctrl_c_ends_it_with_watchers_connected_and_loses_nothing(served):
    run, before = served.train(0.5)
    with contextlib.ExitStack() as stack:
        for _ in range(4):  # none of them acknowledges anything
            stack.enter_context(served.watch(run)).recv(timeout=30)
        pressed = time.monotonic()
        served.process.send_signal(signal.SIGINT)
        served.process.wait(30)
        assert time.monotonic() - pressed < 6  # 3 s on a machine that has nothing else to do
    assert all(is_gone(pid) for pid in before["workers"].values())
    assert not re.search("Traceback|Error", served.log.read_text())
    again = Engine(served.home)
    parked = again.current_run(served.owner)
    assert (parked.id, parked.state) == (run, "parked")
    assert parked.seconds >= before["run"]["seconds"]
    again.close()


def test_a_killed_server_leaves_no_process_and_at_most_five_seconds_are_lost(served):
    run, before = served.train(1.5)
    served.process.kill()
    wait_until(lambda: all(is_gone(pid) for pid in before["workers"].values()), 10, "the workers' end")
    again = Engine(served.home)
    parked = again.current_run(served.owner)
    assert (parked.id, parked.state) == (run, "parked")
    assert before["run"]["seconds"] - parked.seconds < 5
    assert again.resume(served.owner, run).state == "running"
    wait_until(lambda: again.run(served.owner, run).seconds > parked.seconds, 120, "training again")
    again.close()


def test_a_second_server_on_the_same_data_says_where_the_first_is_and_ends(served):
    script = str(ROOT / "tests" / "unit" / "ui" / "served_app.py")
    done = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", script, "--server.headless", "true"],
        env={**os.environ, "LATENT_HOME": str(served.home)},
        cwd=served.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"in use by the server at http://localhost:{served.port}" in done.stderr
    assert "Traceback" not in done.stderr
    assert served.answers()


def test_the_servers_modules_import_no_torch():
    code = (
        "import sys, app, ui.library.library, vae_core.engine as engine; engine.get_engine();"
        "print(sorted({'torch', 'sklearn', 'umap', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
