"""Full disks, clocks that are set and second servers: what was saved stays, and runs go on.

A full disk and another time are played by a `sitecustomize` that server and workers import: while a file is
there, nothing can be put on disk durably, or the clock goes by what it says.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from bench.classroom.visitor import LONG, Visitor
from bench.tools.served import ROOT, Served, served
from bench.tools.stream import Stream
from bench.tools.table import Rows
from vae_core.bundles.bundle import read_header
from vae_core.engine.runs.run import PROGRESS, RECORD

PLAYED = """
import errno, os, time
_real_fsync, _real_time = os.fsync, time.time
def _fsync(file):
    if os.path.exists({full!r}):
        raise OSError(errno.ENOSPC, "No space left on device")
    return _real_fsync(file)
def _time():
    try:
        with open({shift!r}) as file:
            return _real_time() + float(file.read() or 0)
    except (OSError, ValueError):
        return _real_time()
os.fsync, time.time = _fsync, _time
"""
DAYS_15 = 15 * 24 * 3600
SAVED_SECONDS = 120.0


def _played(home: Path) -> tuple[dict[str, str], Path, Path]:
    """Return the environment in which a disk can be full and a clock wrong, and the files that say so."""
    folder = home / "played"
    folder.mkdir()
    full, shift = folder / "full", folder / "shift"
    (folder / "sitecustomize.py").write_text(PLAYED.format(full=str(full), shift=str(shift)))
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {"PYTHONPATH": path}, full, shift


def full_disks(home: Path, count: int) -> Rows:
    """Let the disk be full for some seconds while a run trains and is saved, again and again."""
    settings, full, _ = _played(home)

    async def all_of_them(server: Served) -> Rows:
        visitor = Visitor(server.url, query=LONG)
        await visitor.arrive()
        await visitor.press("train_start")
        stream = await visitor.watch()
        await visitor.until(lambda: stream.frames, 120)
        folder = server.home / visitor.folder
        went_on = saved = 0
        await asyncio.sleep(3)  # Save is off until the page has noticed that something was learned
        await visitor.press("train_save")
        await visitor.until(lambda: list(folder.glob("models/*.safetensors")), 120)
        for _ in range(count):
            await asyncio.sleep(random.uniform(1, 4))
            await visitor.press("train_save")
            full.touch()
            await visitor.press("train_save")
            await asyncio.sleep(random.uniform(2, 8))
            full.unlink()
            went_on += await _goes_on(visitor, stream)
        models = list(folder.glob("models/*.safetensors"))
        for path in models:
            read_header(path)
            saved += 1
        await visitor.leave()
        return [
            (f"{count} full disks: runs that go on", str(count), str(went_on)),
            ("saved models, all of them whole", "all", f"{saved} of {len(models)}"),
        ]

    with served(home, **settings) as server:
        return asyncio.run(all_of_them(server))


async def _goes_on(visitor: Visitor, stream: Stream) -> bool:
    """Whether a run goes on, resumed where it was put aside: it may be told of that a moment later."""
    step, until = stream.step, time.monotonic() + 60
    while stream.step <= step and time.monotonic() < until:
        if stream.state not in ("running", "queued"):
            await visitor.press("train_pause")  # "Resume", then
        await asyncio.sleep(0.5)
    return stream.step > step


def clock_jumps(home: Path, count: int) -> Rows:
    """Set the clock by fifteen days, forward and back, start the server anew, and count what is kept."""
    settings, _, shift = _played(home)

    async def begin(server: Served) -> Visitor:
        visitor = Visitor(server.url, query=LONG)
        await visitor.arrive()
        await visitor.press("train_start")
        stream = await visitor.watch()
        await visitor.until(lambda: stream.frames, 120)
        await asyncio.sleep(4)
        await visitor.leave()
        return visitor

    async def look(server: Served, cookie: str) -> bool:
        """Whether the run goes on."""
        visitor = Visitor(server.url, cookie=cookie)
        await visitor.arrive()
        stream = await visitor.watch()
        await visitor.until(lambda: stream.state, 60)
        if stream.state != "running":
            await visitor.press("train_pause")  # "Resume", then
        step = stream.step
        await visitor.until(lambda: stream.step > step, 60)
        await visitor.leave()
        return True

    kept = went_on = 0
    with served(home, **settings) as server:
        first = asyncio.run(begin(server))
        for number in range(count):
            shift.write_text(str(0 if number % 2 else DAYS_15))
            if number % 4 > 1:
                server.stop()
                server.start()
            kept += bool(list(home.glob(f"{first.folder}/runs/*/{RECORD}")))
            try:
                went_on += asyncio.run(look(server, first.cookie))
            except TimeoutError:
                continue
    return [
        (f"{count} jumps of the clock by 15 days: runs kept", str(count), str(kept)),
        ("that go on", str(count), str(went_on)),
    ]


def second_servers(home: Path, count: int) -> Rows:
    """Start another server on the same data while a run trains."""

    async def all_of_them(server: Served) -> Rows:
        visitor = Visitor(server.url, query=LONG)
        await visitor.arrive()
        await visitor.press("train_start")
        stream = await visitor.watch()
        await visitor.until(lambda: stream.frames, 120)
        refused = named = 0
        for _ in range(count):
            said, code = await asyncio.to_thread(_second, home)
            refused += code != 0
            named += str(server.port) in said
        step = stream.step
        await visitor.until(lambda: stream.step > step, 60)
        pattern = f"{visitor.folder}/runs/*/{PROGRESS}"
        await visitor.until(lambda: list(home.glob(pattern)), 60)
        record = next(home.glob(pattern))
        is_whole = json.loads(record.read_bytes())["step"] > 0
        await visitor.leave()
        return [
            (f"{count} second servers: refused", str(count), str(refused)),
            ("saying where the first one is", str(count), str(named)),
            ("the first one's run goes on, whole", "yes", "yes" if is_whole else "no"),
        ]

    with served(home) as server:
        return asyncio.run(all_of_them(server))


def _second(home: Path) -> tuple[str, int]:
    """Start a second server; returns what it said, and how it ended."""
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless=true"]
    environment = {**os.environ, "LATENT_HOME": str(home)}
    try:
        done = subprocess.run(
            command, cwd=home, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired as still_there:
        return str(still_there.stdout), 0
    return done.stdout + done.stderr, done.returncode
