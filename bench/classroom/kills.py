"""Killed workers and killed servers: what each run lost, and whether it went on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal

from bench.classroom.visitor import LONG, Visitor
from bench.served import Served, is_gone
from bench.table import Rows, at_share
from vae_core.bundles.bundle import read_header
from vae_core.engine.runs.run import PROGRESS
from vae_core.storage.home import owner_hash

SHORT = "train_images=digits&train_epochs=300"
"""A run of some ten seconds, which is to finish."""


async def kill_workers(server: Served, kills: int) -> Rows:
    """Kill the process that trains, again and again, and look what each run lost and whether it finished."""
    lost, finished = [], 0
    for _ in range(kills):
        visitor = Visitor(server.url, query=SHORT)
        await visitor.arrive()
        await visitor.press("train_start")
        stream = await visitor.watch()
        await visitor.until(lambda stream=stream: stream.frames, 120)
        await asyncio.sleep(random.uniform(0, 4))
        if stream.state == "done":
            raise RuntimeError("the run was over before its worker was killed: take a longer one")
        told = stream.seconds
        for pid, name in server.pids().items():
            if name == "train":
                os.kill(pid, signal.SIGKILL)
        seen = len(stream.frames)
        await visitor.until(lambda s=stream, n=seen: len(s.frames) > n or s.state == "done", 120)
        lost.append(max(0.0, told - stream.seconds))
        await visitor.until(lambda stream=stream: stream.state in ("done", "failed"), 240)
        finished += stream.state == "done"
        await visitor.leave()
    return [
        (f"{kills} kills of the worker: runs that finish", str(kills), str(finished)),
        ("training lost, median and most", "5 s", f"{at_share(lost, 0.5):.1f} s, {at_share(lost, 1):.1f} s"),
    ]


async def kill_servers(server: Served, kills: int) -> Rows:
    """Kill the server, again and again: are saved models whole, and do runs go on?"""
    lost, resumed, whole, torn = [], 0, 0, 0
    for round in range(kills):
        visitor = Visitor(server.url, query=LONG)
        await visitor.arrive()
        await visitor.press("train_start")
        stream = await visitor.watch()
        await visitor.until(lambda stream=stream: stream.frames, 120)
        await asyncio.sleep(3)  # Save is off until the page has noticed that something was learned
        await visitor.press("train_save")
        if round % 2:  # the others may be cut off in the middle of it
            saved = f"owners/{owner_hash(visitor.cookie)}/models/*.safetensors"
            await visitor.until(lambda saved=saved: list(server.home.glob(saved)), 120)
        await asyncio.sleep(random.uniform(0.5, 5))
        told, pids = stream.seconds, server.pids()
        server.kill()
        await visitor.leave()
        while not all(is_gone(pid) for pid in pids):
            await asyncio.sleep(0.05)
        folder = server.home / "owners" / owner_hash(visitor.cookie)
        on_disk = json.loads(next(folder.glob(f"runs/*/{PROGRESS}")).read_bytes())
        lost.append(max(0.0, told - on_disk["seconds"]))
        for path in folder.glob("models/*.safetensors"):
            try:
                read_header(path)
                whole += 1
            except ValueError:
                torn += 1
        server.start()
        again = Visitor(server.url, cookie=visitor.cookie)
        await again.arrive()
        await again.press("train_pause")  # "Resume" now
        stream = await again.watch()
        with contextlib.suppress(TimeoutError):
            await again.until(lambda s=stream, n=on_disk["step"]: s.state == "running" and s.step > n, 60)
            resumed += 1
        await again.press("train_stop")
        await again.leave()
    return [
        (f"{kills} kills of the server: runs resumed", str(kills), str(resumed)),
        ("training lost, median and most", "5 s", f"{at_share(lost, 0.5):.1f} s, {at_share(lost, 1):.1f} s"),
        ("saved models whole, torn", "all, 0", f"{whole}, {torn}"),
    ]
