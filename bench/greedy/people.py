"""Thirty who press everything without pause, and two who do not: what these two notice of it."""

from __future__ import annotations

import asyncio
import random
import time
from itertools import pairwise
from pathlib import Path

import httpx

from bench.classroom.visitor import LONG, Visitor
from bench.tools.served import Served, served
from bench.tools.stream import COOKIE
from bench.tools.table import Rows, milliseconds

DEAREST = "train_images=shapes&train_architecture=article&train_batch_size=4096&train_epochs=500"
"""The dearest settings that the page takes."""

PRESSED = ("train_start", "train_step", "train_pause", "train_save", "train_stop", "share_run")
UPLOAD = bytes(8_000_000)

BEFORE = 10.0
"""Seconds that the two train before the others come."""


async def _press_everything(server: Served, query: str, until: float, seed: int) -> tuple[int, list[str]]:
    """Press buttons, change fields and upload at random; returns how often, and what went wrong."""
    rng, count = random.Random(seed), 0
    visitor = Visitor(server.url, query=query)
    try:
        await visitor.arrive()
        await visitor.press("train_start")
        await visitor.watch()
        while time.monotonic() < until:
            count += 1
            what = rng.random()
            if what < 0.1:
                await _upload(server, visitor)
            elif what < 0.3:
                await visitor.fill("train_beta", rng.choice((0.5, 1.0, 2.0, 4.0)))
            else:
                keys = [key for key in PRESSED if key in visitor.widgets]
                await visitor.press(rng.choice(keys))
    except Exception as error:
        visitor.errors.append(f"{type(error).__name__} {error}")
    await visitor.leave()
    return count, [f"one who presses: {error}" for error in visitor.errors]


async def _upload(server: Served, visitor: Visitor) -> None:
    """Send a file where the page's own upload would go; it may be refused, but must not hurt."""
    async with httpx.AsyncClient(timeout=60, cookies={COOKIE: visitor.cookie}) as client:
        try:
            await client.put(f"{server.url}/_stcore/upload_file/none/none", content=UPLOAD)
        except httpx.HTTPError:
            return


async def _stand_by(
    server: Served, is_there: asyncio.Event, seconds: float
) -> tuple[Visitor, list[float], float]:
    """Train, look, and change a field now and then for so long; returns when the map moved, and the end."""
    visitor = Visitor(server.url, query=LONG)
    await visitor.arrive()
    await visitor.press("train_start")
    stream = await visitor.watch()
    await visitor.until(lambda: stream.frames, 120)
    is_there.set()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(min(5.0, max(0.0, until - time.monotonic())))
        await visitor.fill("train_beta", random.choice((0.5, 1.0, 2.0, 4.0)))
    end = time.monotonic()
    await visitor.leave()
    return visitor, stream.frames, end


def people(home: Path, count: int, seconds: float) -> Rows:
    """Let two train politely, and many press everything beside them, one of them at the dearest settings."""
    memory: list[tuple[int, int]] = []

    async def everyone(server: Served) -> Rows:
        are_there = [asyncio.Event() for _ in range(2)]
        polite = [asyncio.create_task(_stand_by(server, event, BEFORE + seconds)) for event in are_there]
        await asyncio.gather(*(event.wait() for event in are_there))
        await asyncio.sleep(BEFORE)
        until = time.monotonic() + seconds

        async def look() -> None:
            while True:
                memory.append((await asyncio.to_thread(server.memory, "server"), server.memory()))
                await asyncio.sleep(5)

        looking = asyncio.create_task(look())
        presses = await asyncio.gather(
            *(
                _press_everything(server, DEAREST if number == 0 else LONG, until, number)
                for number in range(count)
            )
        )
        seen = await asyncio.gather(*polite)
        looking.cancel()
        gaps = [max(after - before for before, after in pairwise([*frames, end])) for _, frames, end in seen]
        answers = [answer for visitor, *_ in seen for answer in visitor.answers]
        errors = [error for _, found in presses for error in found]
        errors += [f"bystander: {error}" for visitor, *_ in seen for error in visitor.errors]
        errors += server.complaints()
        paces = ", ".join(f"{len(frames) / (BEFORE + seconds):.1f}" for _, frames, _ in seen)
        return [
            (f"{count} press everything for {seconds:.0f} s: presses", "", f"{sum(n for n, _ in presses):,}"),
            ("errors", "0", "; ".join([str(len(errors)), *errors[:3]])),
            ("the bystanders' longest gap", "5 s", ", ".join(f"{gap:.1f} s" for gap in gaps)),
            ("their frames a second", "", paces),
            ("their fields' answers, p95", "500 ms", milliseconds(answers, 0.95)),
            ("server's memory at most", "500 MB", f"{max(each[0] for each in memory) / 1e6:.0f} MB"),
            ("all processes' memory at most", "3 GB", f"{max(each[1] for each in memory) / 1e9:.2f} GB"),
        ]

    with served(home) as server:
        return asyncio.run(everyone(server))
