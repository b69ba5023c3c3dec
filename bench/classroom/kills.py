"""Killed and stopped workers, killed servers: what each run lost, and whether it went on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from dataclasses import dataclass

from bench.classroom.visitor import LONG, Visitor
from bench.tools.served import Served, is_gone
from bench.tools.table import Rows, at_share
from vae_core.bundles.bundle import read_header
from vae_core.engine.runs.run import PROGRESS

SHORT = "train_images=digits&train_architecture=mlp&train_epochs=500"
"""A run of some ten seconds, which is to finish."""


NOTICED_WITHIN = 60.0
"""Seconds after which a stopped worker is taken not to be noticed at all."""


async def kill_workers(server: Served, kills: int) -> Rows:
    """Kill the process that trains, again and again, and look what each run lost and whether it finished."""
    outcomes = [await _kill_a_worker(server) for _ in range(kills)]
    lost = [seconds for seconds, _ in outcomes]
    finished = sum(is_done for _, is_done in outcomes)
    return [
        (f"{kills} kills of the worker: runs that finish", str(kills), str(finished)),
        ("training lost, median and most", "5 s", f"{at_share(lost, 0.5):.1f} s, {at_share(lost, 1):.1f} s"),
    ]


async def _kill_a_worker(server: Served) -> tuple[float, bool]:
    """Return the seconds of training that a run lost with its process, and whether it finished after all."""
    visitor = Visitor(server.url, query=SHORT)
    await visitor.arrive()
    await visitor.press("train_start")
    stream = await visitor.watch()
    await visitor.until(lambda: stream.frames, 120)
    await asyncio.sleep(random.uniform(0, 4))
    if stream.state == "done":
        raise RuntimeError("the run was over before its worker was killed: take a longer one")
    told = stream.seconds
    for pid, name in server.pids().items():
        if name == "train":
            os.kill(pid, signal.SIGKILL)
    seen = len(stream.frames)
    await visitor.until(lambda: len(stream.frames) > seen or stream.state == "done", 120)
    lost = max(0.0, told - stream.seconds)
    await visitor.until(lambda: stream.state in ("done", "failed"), 240)
    await visitor.leave()
    return lost, stream.state == "done"


async def stop_workers(server: Served, stops: int) -> Rows:
    """Stop the process that trains (SIGSTOP) at random moments: is it noticed, and do its runs go on?"""
    outcomes = []
    for number in range(stops):
        outcomes.append(await _stop_a_worker(server))
        print(f"stop {number + 1}: {outcomes[-1]}", file=sys.stderr, flush=True)
    noticed, lost = [each[0] for each in outcomes], [each[1] for each in outcomes]
    finished = sum(each[2] for each in outcomes)
    most = f"{at_share(noticed, 0.5):.1f} s, {at_share(noticed, 1):.1f} s"
    return [
        (f"{stops} stops of the worker (SIGSTOP): runs that finish", str(stops), str(finished)),
        ("noticed after, median and most", "20 s", most),
        ("training lost, median and most", "5 s", f"{at_share(lost, 0.5):.1f} s, {at_share(lost, 1):.1f} s"),
    ]


async def _stop_a_worker(server: Served) -> tuple[float, float, bool]:
    """Return after how many seconds a stopped process was ended, what its run lost, and whether it finished."""
    visitor = Visitor(server.url, query=SHORT)
    await visitor.arrive()
    await visitor.press("train_start")
    stream = await visitor.watch()
    await visitor.until(lambda: stream.frames, 120)
    await asyncio.sleep(random.uniform(0, 4))
    if stream.state == "done":
        raise RuntimeError("the run was over before its worker was stopped: take a longer one")
    stopped = next(pid for pid, name in server.pids().items() if name == "train")
    os.kill(stopped, signal.SIGSTOP)
    before = time.monotonic()
    await asyncio.sleep(0.5)  # what it had said is here by then
    told, seen = stream.seconds, len(stream.frames)
    while not is_gone(stopped):
        if time.monotonic() - before > NOTICED_WITHIN:
            raise RuntimeError(f"a stopped worker was not noticed within {NOTICED_WITHIN:.0f} s")
        await asyncio.sleep(0.05)
    noticed = time.monotonic() - before
    await visitor.until(lambda: len(stream.frames) > seen or stream.state == "done", 120)
    lost = max(0.0, told - stream.seconds)
    await visitor.until(lambda: stream.state in ("done", "failed"), 240)
    await visitor.leave()
    return noticed, lost, stream.state == "done"


async def kill_servers(server: Served, kills: int) -> Rows:
    """Kill the server, again and again: are saved models whole, and do runs go on?"""
    outcomes = [await _kill_the_server(server, saves_first=number % 2 == 1) for number in range(kills)]
    lost = [outcome.lost for outcome in outcomes]
    resumed, whole, torn = (
        sum(getattr(outcome, name) for outcome in outcomes) for name in ("resumed", "whole", "torn")
    )
    return [
        (f"{kills} kills of the server: runs resumed", str(kills), str(resumed)),
        ("training lost, median and most", "5 s", f"{at_share(lost, 0.5):.1f} s, {at_share(lost, 1):.1f} s"),
        ("saved models whole, torn", "all, 0", f"{whole}, {torn}"),
    ]


@dataclass
class _Outcome:
    """Hold what a killed server left: seconds of training lost, whether the run went on, model files."""

    lost: float
    resumed: bool = False
    whole: int = 0
    torn: int = 0


async def _kill_the_server(server: Served, *, saves_first: bool) -> _Outcome:
    """Kill the server in the middle of a run; a model that is being saved may be cut off in the middle too.

    Args:
        server: the server.
        saves_first: wait until the model is saved.
    """
    visitor = Visitor(server.url, query=LONG)
    await visitor.arrive()
    await visitor.press("train_start")
    stream = await visitor.watch()
    await visitor.until(lambda: stream.frames, 120)
    await asyncio.sleep(3)  # Save is off until the page has noticed that something was learned
    await visitor.press("train_save")
    folder = server.home / visitor.folder
    if saves_first:
        await visitor.until(lambda: list(folder.glob("models/*.safetensors")), 120)
    await asyncio.sleep(random.uniform(0.5, 5))
    told, pids = stream.seconds, server.pids()
    server.kill()
    await visitor.leave()
    while not all(is_gone(pid) for pid in pids):
        await asyncio.sleep(0.05)
    on_disk = json.loads(next(folder.glob(f"runs/*/{PROGRESS}")).read_bytes())
    outcome = _Outcome(max(0.0, told - on_disk["seconds"]))
    for path in folder.glob("models/*.safetensors"):
        try:
            read_header(path)
            outcome.whole += 1
        except ValueError:
            outcome.torn += 1
    server.start()
    again = Visitor(server.url, cookie=visitor.cookie)
    await again.arrive()
    await again.press("train_pause")  # "Resume" now
    resumed = await again.watch()
    with contextlib.suppress(TimeoutError):
        await again.until(lambda: resumed.state == "running" and resumed.step > on_disk["step"], 60)
        outcome.resumed = True
    await again.press("train_stop")
    await again.leave()
    return outcome
