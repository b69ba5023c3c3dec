"""The process in which the work is done: `python -m vae_core.engine.worker <lane> <threads>`.

It reads orders from its standard input and writes answers to its standard output, both in the form of
`vae_core.engine.processes.pipe`; what is printed goes to standard error. It ends when its input ends, so a
server that was killed leaves nothing behind.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)  # before the imports: Ctrl-C is the server's business

import os
import queue
import sys
import threading
import time
from typing import BinaryIO, Final

from vae_core.engine.processes.pipe import Inbox, read_message
from vae_core.engine.worker.outbox import Outbox

NICE: Final = "10"
"""How much others come first (LATENT_NICE): whoever looks at a page should not feel the training."""

LAST_WORDS: Final = 1.5
"""Seconds to put the runs on disk in, once the server has gone."""


def main() -> None:
    """Work until the pipe ends."""
    lane, threads = sys.argv[1], int(sys.argv[2])
    orders, answers = _take_pipes()
    inbox: Inbox = queue.SimpleQueue()
    cancelled: set[str] = set()
    ended = threading.Event()
    listener = threading.Thread(
        target=_listen, args=(orders, inbox, cancelled, ended, lane), name="listener", daemon=True
    )
    listener.start()
    import torch

    torch.set_num_threads(threads)
    outbox = Outbox(answers)
    if lane == "train":
        from vae_core.engine.worker.train_loop import TrainLoop

        _come_after_others()
        outbox.put({"kind": "ready"})
        TrainLoop(inbox, outbox).run_until_closed()
    else:
        from vae_core.engine.worker.job_loop import do_jobs

        _come_after_others()
        outbox.put({"kind": "ready"})
        do_jobs(inbox, outbox, cancelled)
    outbox.drain(0.5)
    os._exit(0)  # threads of libraries must not hold the process up


def _come_after_others() -> None:
    """Lower the priority; only now, because someone waits for the imports before it."""
    if hasattr(os, "nice"):
        os.nice(int(os.environ.get("LATENT_NICE", NICE)))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for messages; what libraries print goes to standard error."""
    orders = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout = sys.stderr
    return orders, answers


def _listen(orders: BinaryIO, inbox: Inbox, cancelled: set[str], ended: threading.Event, lane: str) -> None:
    """Pass on orders; end the process a moment after the pipe has ended, whatever it is busy with."""
    try:
        while (found := read_message(orders)) is not None:
            if found[0]["kind"] == "cancel":
                cancelled.add(found[0]["job"])
            else:
                inbox.put(found)
    finally:
        ended.set()
        inbox.put(None)
        if lane == "train":
            time.sleep(LAST_WORDS)
        os._exit(0)


if __name__ == "__main__":
    main()
