"""One run watched by many, one of whom reads no more."""

from __future__ import annotations

import asyncio
import time

from bench.classroom.visitor import LONG, Visitor
from bench.tools.served import Served
from bench.tools.stream import Stream
from bench.tools.table import Rows


async def watchers(server: Served, seconds: float, count: int = 8) -> Rows:
    """Compare a run watched by one with the same run watched by many, one of whom reads no more."""
    visitor = Visitor(server.url, query=LONG)
    await visitor.arrive()
    await visitor.press("train_start")
    mine = await visitor.watch()
    await visitor.until(lambda: len(mine.frames) > 20, 120)

    async def pace() -> tuple[float, float]:
        step, frames, before = mine.step, len(mine.frames), time.monotonic()
        await asyncio.sleep(seconds)
        passed = time.monotonic() - before
        return (mine.step - step) / passed, (len(mine.frames) - frames) / passed

    alone = await pace()
    others = [Stream(mine.url, mine.cookie, stalls=not number) for number in range(count - 1)]
    tasks = [asyncio.create_task(other.watch()) for other in others]
    await asyncio.sleep(2)
    watched = await pace()
    seen = [len(other.frames) for other in others[1:]]
    for task in tasks:
        task.cancel()
    await visitor.press("train_stop")
    await visitor.leave()
    return [
        ("steps a second, watched by 1 and by 8", "the same", f"{alone[0]:.0f} and {watched[0]:.0f}"),
        ("frames a second, watched by 1 and by 8", "the same", f"{alone[1]:.1f} and {watched[1]:.1f}"),
        ("frames of those who came, fewest and most", "the same", f"{min(seen)} and {max(seen)}"),
    ]
