"""The process in which the work is done: `python -m vae_core.engine.worker <role> <threads>`.

It reads orders from its standard input and writes answers to its standard output, both in the form of
`vae_core.engine.processes.pipe`; what is printed goes to standard error. It ends when its input ends, so a
server that was killed leaves nothing behind.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)  # before the imports: Ctrl-C is the server's business

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Final

from vae_core.engine.processes.messages import Idle, Ready
from vae_core.engine.processes.orders import CancelJob, JobOrder, RunOrder
from vae_core.engine.processes.pipe import read_message
from vae_core.engine.processes.protocol import JOB_ORDERS, RUN_ORDERS, understood
from vae_core.engine.worker.inbox import Inbox
from vae_core.engine.worker.outbox import Outbox

NICE: Final = "10"
"""How much others come first (LATENT_NICE): whoever looks at a page should not feel the training."""

LAST_WORDS: Final = 1.5
"""Seconds to put the runs on disk in, once the server has gone."""


def main() -> None:
    """Work until the pipe ends."""
    role, threads = sys.argv[1], int(sys.argv[2])
    orders, answers = _take_pipes()
    outbox = Outbox(answers)
    if role == "train":
        _train(orders, outbox, threads)
    else:
        _do_jobs(orders, outbox, threads)
    outbox.drain(0.5)
    os._exit(0)  # threads of libraries must not hold the process up


def _train(orders: BinaryIO, outbox: Outbox, threads: int) -> None:
    """Train runs until the pipe ends."""
    inbox: Inbox[RunOrder] = Inbox(lambda taken: outbox.put(Idle(taken)))

    def listen() -> None:
        try:
            _listen(orders, lambda facts, body: inbox.put(understood(RUN_ORDERS, facts, body, "the server")))
        finally:
            inbox.close()
            time.sleep(LAST_WORDS)
            os._exit(0)  # whatever it is busy with

    threading.Thread(target=listen, name="listener", daemon=True).start()
    from vae_core.engine.worker.train_loop import TrainLoop

    _get_ready(outbox, threads)
    TrainLoop(inbox, outbox).run_until_closed()


def _do_jobs(orders: BinaryIO, outbox: Outbox, threads: int) -> None:
    """Do jobs until the pipe ends."""
    inbox: Inbox[JobOrder] = Inbox(lambda taken: outbox.put(Idle(taken)))
    cancelled: set[str] = set()

    def take(facts: object, body: bytes) -> None:
        order = understood(JOB_ORDERS, facts, body, "the server")
        if isinstance(order, CancelJob):
            cancelled.add(order.job)
        inbox.put(order)

    def listen() -> None:
        try:
            _listen(orders, take)
        finally:
            os._exit(0)

    threading.Thread(target=listen, name="listener", daemon=True).start()
    from vae_core.engine.worker.job_loop import do_jobs

    _get_ready(outbox, threads)
    do_jobs(inbox, outbox, cancelled)


def _get_ready(outbox: Outbox, threads: int) -> None:
    """Compute with so many threads; lower the priority only now, because someone waits for the imports."""
    import torch

    torch.set_num_threads(threads)
    if hasattr(os, "nice"):
        os.nice(int(os.environ.get("LATENT_NICE", NICE)))
    outbox.put(Ready())


def _listen(orders: BinaryIO, take: Callable[[object, bytes], None]) -> None:
    """Pass on what comes through the pipe until it ends."""
    with suppress(ValueError):  # something else wrote into it: nothing that follows can be trusted
        while (found := read_message(orders)) is not None:
            take(*found)


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


if __name__ == "__main__":
    main()
