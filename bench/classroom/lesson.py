"""A class that does a lesson together: how soon predictions are counted, and runs have ended.

What checks a run in the browser is computed from the numbers that the run's stream brings, in the frame that
brings its end; so a check is as late as the end of the run is.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time

import psutil
from websockets.asyncio.client import connect

from bench.classroom.visitor import Visitor
from bench.tools.served import Served
from bench.tools.stream import COOKIE
from bench.tools.table import Rows, at_share, milliseconds

LESSON = "6. Two forces"
BETAS = (1, 0.01, 0.25, 0.5, 2, 4)
ROOM = re.compile(rb"learn\\\?room\\=((?:\\?[\w-])+)")
"""A room's address, each mark in it after a backslash, as Markdown wants it."""
ENDED = ("done", "failed", "stopped")


async def lesson_together(server: Served, students: int) -> Rows:
    """Let a class predict, and everyone start a run of the lesson within the same minute.

    Args:
        server: without anyone else.
        students: how many.
    """
    teacher = Visitor(server.url, page="class", query="class_part=lesson")
    found: list[bytes] = []
    teacher.listens = lambda data: found.extend(ROOM.findall(data))
    await teacher.arrive()
    await teacher.choose("class_lesson", LESSON)
    await teacher.press("class_lesson_open")
    await teacher.until(lambda: found)
    token = found[-1].decode().replace("\\", "")
    all_of_them = [Visitor(server.url, page="learn", query=f"room={token}") for _ in range(students)]
    await asyncio.gather(*(each.arrive() for each in all_of_them))
    counted = await _predict(server, token, teacher, all_of_them)

    before = _seconds_used(server)
    waited, refused = [], []

    async def train(visitor: Visitor) -> None:
        await asyncio.sleep(random.uniform(0, 60))
        order = {"number": time.time(), "do": "start", "values": {"beta": random.choice(BETAS)}}
        began = time.monotonic()
        await visitor.tell("learn", {"order": {"of": None, "value": order}})
        if not visitor.run:
            refused.append("an order was not obeyed")
            return
        stream = await visitor.watch()
        await visitor.until(lambda: stream.state in ENDED, 300)
        waited.append(time.monotonic() - began)
        if stream.state != "done":
            refused.append(f"a run has {stream.state}")

    await asyncio.gather(*(train(each) for each in all_of_them))
    used = _seconds_used(server)
    answers = [seconds for each in all_of_them for seconds in each.answers]
    errors = [
        *refused,
        *(error for each in (teacher, *all_of_them) for error in each.errors),
        *server.complaints(),
    ]
    for each in (teacher, *all_of_them):
        await each.leave()
    training = used.get("train", 0.0) - before.get("train", 0.0)
    return [
        (f"a lesson of {students}: a prediction counted, at latest", "1 s", f"{max(counted):.2f} s"),
        ("from Train to the end of the run, at latest", "30 s", f"{max(waited, default=float('nan')):.1f} s"),
        ("median", "", f"{at_share(waited, 0.5):.1f} s of {len(waited)}"),
        ("answer to Train, p95", "500 ms", milliseconds(answers, 0.95)),
        ("core-seconds of training for a run", "0.7", f"{training / max(1, len(waited)):.2f}"),
        ("errors", "0", "; ".join([str(len(errors)), *errors[:3]])),
    ]


async def _predict(server: Served, token: str, teacher: Visitor, students: list[Visitor]) -> list[float]:
    """Let all predict within five seconds; return for each how long it took until the teacher's page counted it."""
    url = f"{server.url.replace('http', 'ws', 1)}/latent/lesson/{token}"

    def room(visitor: Visitor) -> connect:
        return connect(
            url, additional_headers={"Cookie": f"{COOKIE}={visitor.cookie}"}, compression=None, proxy=None
        )

    said: list[float] = []
    heard: list[float] = []

    async def predict(visitor: Visitor) -> None:
        async with room(visitor) as socket:
            await asyncio.sleep(random.uniform(0, 5))
            said.append(time.monotonic())
            await socket.send(json.dumps({"turn": 1, "prediction": random.randrange(3), "step": 0}))
            while len(heard) < len(students):
                await asyncio.sleep(0.1)

    async def count() -> None:
        async with room(teacher) as socket:
            async for text in socket:
                told = json.loads(text)["predicted"]
                heard.extend([time.monotonic()] * (told - len(heard)))
                if len(heard) == len(students):
                    return

    async with asyncio.timeout(60):
        await asyncio.gather(count(), *(predict(each) for each in students))
    return [then - before for before, then in zip(sorted(said), heard, strict=True)]


def _seconds_used(server: Served) -> dict[str, float]:
    """Return the seconds of a core that the server's processes have used, by what they do."""
    found: dict[str, float] = {}
    for pid, name in server.pids().items():
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            found[name] = found.get(name, 0.0) + times.user + times.system
    return found
