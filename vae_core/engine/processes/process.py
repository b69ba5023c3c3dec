"""One worker process, seen from the server: started, spoken to, listened to, ended."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import psutil

from vae_core.engine.processes.messages import Message
from vae_core.engine.processes.orders import Order
from vae_core.engine.processes.pipe import message_parts, read_message
from vae_core.engine.processes.protocol import MESSAGES, understood
from vae_core.engine.processes.wire import to_wire
from vae_core.storage.home import make_folder
from vae_core.storage.home_lock import files_to_inherit

LOG: Final = logging.getLogger(__name__)
ROOT: Final = Path(__file__).resolve().parents[3]
WINDOWS: Final = os.name == "nt"
_RUNNING: Final[set[WorkerProcess]] = set()


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_threads() -> int:
    """Return how many threads a worker computes with: one core is left to the server (LATENT_THREADS)."""
    return int(os.environ.get("LATENT_THREADS", 0)) or max(1, usable_cores() - 1)


def worker_pids(role: str) -> list[int]:
    """Return the numbers of the running processes of a role, whichever engine's they are."""
    return [worker.pid for worker in list(_RUNNING) if worker.role == role]


class WorkerProcess:
    """Run `python -m vae_core.engine.worker` with pipes.

    Args:
        role: what it does: "train" or the name of a pool of jobs.
        home: folder of all data.
        on_message: called in a thread of this worker with (worker, message).
        on_exit: called in that thread, once, when the process has ended.
    """

    def __init__(
        self,
        role: str,
        home: Path,
        on_message: Callable[[WorkerProcess, Message], None],
        on_exit: Callable[[WorkerProcess], None],
    ) -> None:
        self.role = role
        self._on_message = on_message
        self._on_exit = on_exit
        self._orders: queue.SimpleQueue[tuple[bytes, ...] | None] = queue.SimpleQueue()
        threads = str(worker_threads())
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        numba = home / "cache" / "numba"  # what umap compiles; it must be writable
        with contextlib.suppress(OSError):
            make_folder(numba)
        environment = {
            "NUMBA_CACHE_DIR": str(numba),
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "LATENT_HOME": str(home),
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vae_core.engine.worker", role, threads],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
            pass_fds=files_to_inherit(home),
            # Ctrl-C in the terminal is the server's business. A session of its own would do that, too, but
            # Linux gives each session the same share of the processors, however low a worker's priority.
            process_group=None if WINDOWS else 0,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        _RUNNING.add(self)
        threading.Thread(target=self._write, name=f"orders-{role}", daemon=True).start()
        threading.Thread(target=self._read, name=f"engine-{role}", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def processor_seconds(self) -> float | None:
        """Return how much of the processors' time the process has used; None where that cannot be known."""
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(self.pid).cpu_times()
            return float(times.user + times.system)
        return None

    def send(self, order: Order) -> None:
        """Give an order, without waiting until it is read: who sends it holds the engine's lock.

        A process that has ended gets none, and its end is reported by `on_exit`.
        """
        self._orders.put(message_parts(*to_wire(order)))

    def close(self) -> None:
        """Let the worker finish: it sees the end of its pipe, puts its runs on disk and ends."""
        self._orders.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the process; False when it still runs."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def _write(self) -> None:
        pipe = cast("Any", self._process.stdin)
        with contextlib.suppress(OSError, ValueError):
            while (order := self._orders.get()) is not None:
                for part in order:
                    pipe.write(part)
                pipe.flush()
        with contextlib.suppress(OSError):
            pipe.close()

    def _read(self) -> None:
        pipe = cast("Any", self._process.stdout)
        try:
            while (found := read_message(pipe)) is not None:
                message = understood(MESSAGES, *found, f"the {self.role} process")
                if message is None:
                    continue
                try:
                    self._on_message(self, message)
                except Exception:  # one message that cannot be used must not end all others
                    LOG.exception("a message from the %s process could not be used", self.role)
        except ValueError:  # something else wrote into the pipe: nothing that follows can be trusted
            self.kill()
        finally:
            self.close()
            if not self.wait(5.0):
                self.kill()
                self.wait(5.0)
            pipe.close()
            _RUNNING.discard(self)
            self._on_exit(self)
