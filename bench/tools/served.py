"""A server to measure: started, killed, started again on the same data; its processes and their memory."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
UP_SECONDS = 120.0


class Served:
    """Run the app as its users do.

    Args:
        home: folder of all data.
        settings: more environment.
    """

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.settings = settings
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "server.log"
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
        command += [f"--server.port={self.port}", "--server.address=127.0.0.1", "--server.headless=true"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--browser.gatherUsageStats=false"],
                cwd=self.home,
                env={**os.environ, "LATENT_HOME": str(self.home), **self.settings},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + UP_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server does not answer:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether it is up."""
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1):
            return True
        return False

    def kill(self) -> None:
        """Take the server away without a word."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> float:
        """Press Ctrl-C; returns how many seconds it took to end."""
        before = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        return time.monotonic() - before

    def pids(self) -> dict[int, str]:
        """Return the server's process and its workers, each with what it does."""
        found = {self.process.pid: "server"}
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self.process.pid).children():
                with contextlib.suppress(psutil.Error, ValueError, IndexError):
                    words = child.cmdline()
                    found[child.pid] = words[words.index("vae_core.engine.worker") + 1]
        return found

    def memory(self, *names: str) -> int:
        """Return the memory of all its processes, or of those named, in bytes, shared parts shared out (PSS)."""
        total = 0
        for pid in (pid for pid, name in self.pids().items() if not names or name in names):
            with contextlib.suppress(psutil.Error):
                total += psutil.Process(pid).memory_full_info().pss
        return total

    def complaints(self) -> list[str]:
        """Return what should not be in the log: lines marked as errors, and how each traceback ends."""
        lines = self.log.read_text(errors="replace").splitlines()
        found = []
        for number, line in enumerate(lines):
            if "Traceback" in line:
                rest = lines[number + 1 :]
                end = next((k for k, later in enumerate(rest) if later[:1] not in ("", " ")), len(rest) - 1)
                found.append(" | ".join(part.strip() for part in rest[max(0, end - 4) : end + 1]))
            elif " ERROR " in line:
                found.append(line)
        return found


@contextlib.contextmanager
def served(home: Path, **settings: str) -> Iterator[Served]:
    """Run the app for a while."""
    server = Served(home, **settings)
    try:
        yield server
    finally:
        server.stop()


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has buried yet has."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
