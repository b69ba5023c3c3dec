"""Requests that are valid and too much: large, slow, half-sent, conditional, and many sockets."""

from __future__ import annotations

import asyncio
import random
import re
import time
from pathlib import Path

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from bench.classroom.visitor import LONG, Visitor
from bench.tools.served import Served, served
from bench.tools.stream import COOKIE
from bench.tools.table import Rows

LOOK_SECONDS = 10.0
AT_ONCE = 64
HELD_SECONDS = 2.0
MODEL = re.compile(rb"/latent/models/[a-z0-9-]+/[0-9a-f]{20}\.safetensors")


async def _large(server: Served, client: httpx.AsyncClient, rng: random.Random, paths: list[str]) -> int:
    answer = await client.get(server.url + rng.choice(paths))
    return answer.status_code


async def _conditional(
    server: Served, client: httpx.AsyncClient, rng: random.Random, paths: list[str]
) -> int:
    path = rng.choice(paths)
    digest = path.rpartition("/")[2].partition(".")[0]
    answer = await client.get(server.url + path, headers={"If-None-Match": f'"{digest}"'})
    return answer.status_code


async def _half_sent(server: Served, client: httpx.AsyncClient, rng: random.Random, paths: list[str]) -> int:
    """Begin a request, and go away in its middle."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    await writer.drain()
    await asyncio.sleep(HELD_SECONDS)
    writer.close()
    return 0


async def _slow(server: Served, client: httpx.AsyncClient, rng: random.Random, paths: list[str]) -> int:
    """Read a large answer drop by drop."""
    async with client.stream("GET", server.url + rng.choice(paths)) as answer:
        until = time.monotonic() + HELD_SECONDS
        async for _ in answer.aiter_raw(2_000):
            if time.monotonic() > until:
                break
            await asyncio.sleep(0.05)
        return answer.status_code


async def _socket(server: Served, client: httpx.AsyncClient, rng: random.Random, paths: list[str]) -> int:
    """Hold a socket of Streamlit's open."""
    address = f"{server.url.replace('http', 'ws', 1)}/_stcore/stream"
    try:
        async with connect(address, compression=None, proxy=None, open_timeout=30):
            await asyncio.sleep(HELD_SECONDS)
        return 101
    except (ConnectionClosed, InvalidHandshake, OSError, TimeoutError):
        return 0


KINDS = (_large, _conditional, _half_sent, _slow, _socket)


def requests(home: Path, count: int) -> Rows:
    """Ask for much while someone trains, and compare their frames and the server's memory."""

    async def ask(server: Served) -> Rows:
        owner = Visitor(server.url, query=LONG)
        await owner.arrive()
        await owner.press("train_start")
        stream = await owner.watch()
        await owner.until(lambda: len(stream.frames) > 20, 120)
        rng, gate, codes = random.Random(0), asyncio.Semaphore(AT_ONCE), dict[int, int]()
        paths = await _models(server, owner.cookie)

        async def one(client: httpx.AsyncClient) -> None:
            async with gate:
                try:
                    code = await rng.choice(KINDS)(server, client, rng, paths)
                except (httpx.HTTPError, OSError, TimeoutError):
                    code = 0
                codes[code] = codes.get(code, 0) + 1

        async def pace(work: asyncio.Task[None]) -> float:
            frames, began = len(stream.frames), time.monotonic()
            await work
            return (len(stream.frames) - frames) / (time.monotonic() - began)

        alone = await pace(asyncio.create_task(asyncio.sleep(LOOK_SECONDS)))
        before = server.memory("server")

        async def all_of_them() -> None:
            async with httpx.AsyncClient(timeout=60, cookies={COOKIE: owner.cookie}) as client:
                for _ in range(0, count, 500):
                    await asyncio.gather(*(one(client) for _ in range(min(500, count))))

        meanwhile = await pace(asyncio.create_task(all_of_them()))
        await asyncio.sleep(LOOK_SECONDS)
        grown = (server.memory("server") - before) / 1e6
        await owner.press("train_stop")
        await owner.leave()
        errors = sum(number for code, number in codes.items() if code >= 500)
        return [
            (f"{count} greedy requests: answers of 500 and above", "0", str(errors)),
            ("answers by code", "", ", ".join(f"{code}: {codes[code]}" for code in sorted(codes))),
            ("another's frames a second, before and meanwhile", "80 %", f"{alone:.1f} and {meanwhile:.1f}"),
            ("memory of the server's process afterwards", "50 MB", f"{grown:+.0f} MB"),
        ]

    with served(home) as server:
        return asyncio.run(ask(server))


async def _models(server: Served, cookie: str) -> list[str]:
    """Return where the shipped models are to be had, as the pages say."""
    visitor = Visitor(server.url, page="", cookie=cookie)
    found: set[bytes] = set()
    take = visitor._take

    def heard(message: object, data: bytes) -> None:
        found.update(MODEL.findall(data))
        take(message, data)  # type: ignore[arg-type]

    visitor._take = heard  # type: ignore[method-assign]
    await visitor.arrive()
    await visitor.leave()
    return sorted(path.decode() for path in found)
