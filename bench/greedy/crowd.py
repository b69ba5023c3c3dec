"""A hundred polite people, thirty of whom train; and what the visitors themselves cost."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import psutil

from bench.classroom.visitor import LONG, Visitor
from bench.tools.served import Served, served
from bench.tools.table import Rows, at_share, milliseconds


def crowd(home: Path, count: int, training: int, seconds: float) -> Rows:
    """Let many come in the first fifth of the time; some train, all change a field every few seconds."""
    moved: list[float] = []
    answers: list[float] = []
    errors: list[str] = []

    async def one(server: Served, number: int, until: float) -> None:
        await asyncio.sleep(seconds / 5 * number / count)
        visitor = Visitor(server.url, query=LONG)
        try:
            await visitor.arrive()
            if number < training:
                before = time.monotonic()
                await visitor.press("train_start")
                stream = await visitor.watch()
                await visitor.until(lambda: stream.frames, 120)
                moved.append(stream.frames[0] - before)
            at = time.monotonic() + random.uniform(0, 5)
            while at < until - 6:
                await asyncio.sleep(max(0.0, at - time.monotonic()))
                await visitor.fill("train_beta", random.choice((0.5, 1.0, 2.0, 4.0)))
                at += 5
            await asyncio.sleep(max(0.0, until - time.monotonic()))
        except Exception as error:
            errors.append(f"{number}: {type(error).__name__} {error}")
        answers.extend(visitor.answers)
        errors.extend(f"{number}: {error}" for error in visitor.errors)
        await visitor.leave()

    async def everyone(server: Served) -> dict[str, float]:
        until = time.monotonic() + seconds
        before = _processor_seconds(server)
        await asyncio.gather(*(one(server, number, until) for number in range(count)))
        after = _processor_seconds(server)
        return {name: (after[name] - before.get(name, 0.0)) / seconds for name in after}

    with served(home) as server:
        used = asyncio.run(everyone(server))
        errors += server.complaints()
    first = max((name for name in used if name != "visitors"), key=lambda name: used[name])
    return [
        (f"{count} people, {training} train: a field's answer, p95", "500 ms", milliseconds(answers, 0.95)),
        (
            "Start to a moving map, median and longest",
            "5 s",
            f"{at_share(moved, 0.5):.1f} s, {at_share(moved, 1):.1f} s",
        ),
        ("maps that moved", str(training), str(len(moved))),
        ("errors", "0", "; ".join([str(len(errors)), *errors[:3]])),
        ("processors taken", "", ", ".join(f"{name} {share:.2f}" for name, share in used.items())),
        ("what takes most of them, so the first wall", "", first),
    ]


def _processor_seconds(server: Served) -> dict[str, float]:
    """Return the processors' time that each process has used, and the visitors, who are this one."""
    found = {"visitors": sum(psutil.Process().cpu_times()[:2])}
    for pid, name in server.pids().items():
        try:
            found[name] = sum(psutil.Process(pid).cpu_times()[:2])
        except psutil.Error:
            continue
    return found
