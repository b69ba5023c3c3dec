"""Requests for what must not be had, while someone trains: nothing may come of them."""

from __future__ import annotations

import asyncio
import random
import time

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from bench.classroom.visitor import LONG, SMALL, Visitor
from bench.tools.served import Served
from bench.tools.table import Rows

LOOK_SECONDS = 5.0
METHODS = ("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


async def hostile(server: Served, count: int) -> Rows:
    """Ask for what must not be had, while someone else trains."""
    owner, other = Visitor(server.url, query=LONG), Visitor(server.url, query=SMALL)
    for each in (owner, other):
        await each.arrive()
        await each.press("train_start")
    stream = await owner.watch()
    await owner.until(lambda: len(stream.frames) > 20, 120)
    await other.press("train_stop")
    codes: dict[int, int] = {}
    frames = len(stream.frames)
    await asyncio.sleep(LOOK_SECONDS)
    undisturbed = (len(stream.frames) - frames) / LOOK_SECONDS
    before, frames = server.memory("server"), len(stream.frames)
    began = time.monotonic()
    rng = random.Random(0)
    gate = asyncio.Semaphore(16)

    async def ask(client: httpx.AsyncClient) -> None:
        async with gate:
            try:
                if rng.random() < 0.3:
                    code = await _hostile_socket(server, rng, owner.run, other.cookie)
                else:
                    path, headers = _hostile_request(rng, owner.run, other.cookie)
                    answer = await client.request(rng.choice(METHODS), server.url + path, headers=headers)
                    is_ours = answer.url.path.startswith("/latent/")  # dots may have led to Streamlit's page
                    code = answer.status_code if is_ours else 404
            except (httpx.HTTPError, httpx.InvalidURL, OSError, InvalidHandshake, ValueError):
                code = 0  # not even let in
        codes[code] = codes.get(code, 0) + 1

    async with httpx.AsyncClient(timeout=30) as client:
        for _ in range(0, count, 200):
            await asyncio.gather(*(ask(client) for _ in range(min(200, count))))
    seconds = time.monotonic() - began
    seen = stream.frames[frames:]
    gap = max(later - earlier for earlier, later in zip([began, *seen], [*seen, began + seconds]))
    await owner.press("train_stop")
    for each in (owner, other):
        await each.leave()
    errors = sum(number for code, number in codes.items() if 500 <= code < 600)
    let_in = sum(number for code, number in codes.items() if code in (200, 206))
    grown = (server.memory("server") - before) / 1e6
    return [
        (f"{count} hostile requests: answers of 500 and above", "0", str(errors)),
        ("answered with something of another's", "0", str(let_in)),
        (
            "another's frames a second, before and meanwhile",
            "no stall",
            f"{undisturbed:.1f} and {len(seen) / seconds:.1f}",
        ),
        ("the longest wait for one", "no stall", f"{gap:.2f} s"),
        ("memory of the server's process grown", "none", f"{grown:+.0f} MB"),
    ]


def _hostile_request(rng: random.Random, run: str, cookie: str) -> tuple[str, dict[str, str]]:
    """Make up a path that should lead nowhere, and headers that should not help."""
    junk = "".join(rng.choices("abz019-_.%", k=rng.randrange(1, 60)))
    path = rng.choice(
        (
            f"/latent/runs/{run}/keyframes/{rng.randrange(100)}.safetensors",
            f"/latent/stream/{run}",
            f"/latent/watch/{run}",
            f"/latent/shared/{junk}/{junk}.safetensors",
            f"/latent/follow/{junk}/model/{junk}.safetensors",
            f"/latent/models/{junk}/{junk}.safetensors",
            "/latent/models/mnist-2/" + "0" * 20 + ".safetensors",
            "/latent/js/../../app.py",
            "/latent/js/x/%2e%2e/%2e%2e/app.py",
            "/latent/js/x/..%5c..%5capp.py",
            f"/latent/{junk}",
            "/latent/" + "a" * rng.randrange(1, 7000),
            f"/latent/runs/{run}/../../{run}/run.json",
            f"/latent/runs/{run}/keyframes/-1.safetensors",
            f"/latent/runs/{run}/keyframes/99999999999999999999999.safetensors",
            f"/latent/runs/{run}/keyframes/{'9' * 5000}.safetensors",
            "/latent/new-owner",
        )
    )
    headers = rng.choice(
        (
            {"Cookie": f"latent_owner={cookie}"},
            {"Cookie": f"latent_owner={'A' * 43}"},
            {"Cookie": "latent_owner=" + "x" * 3000},
            {"Cookie": "latent_owner=../../etc; latent_owner="},
            {"X-Forwarded-For": "127.0.0.1", "Host": "localhost"},
            {"Range": "bytes=-1-99999999999"},
            {"If-None-Match": '"' + "0" * 500},
            {"Referer": "http://["},
            {},
        )
    )
    return path, headers


async def _hostile_socket(server: Served, rng: random.Random, run: str, cookie: str) -> int:
    """Open a WebSocket that should be shown out; returns the code of its end."""
    path = rng.choice((f"stream/{run}", f"watch/{run}", "lead", f"follow/{run}", f"follow/x/run/{run}", "x"))
    headers = rng.choice(
        ({"Cookie": f"latent_owner={cookie}"}, {}, {"Origin": "http://evil.example"}, {"Origin": "http://["})
    )
    frame = rng.choice(("", "[" * 150, "x" * 100_000, b"\x00" * 1000, '{"ack": 1e999}', '{"hand": true}'))
    url = f"{server.url.replace('http', 'ws', 1)}/latent/{path}"
    async with connect(url, additional_headers=headers, compression=None, proxy=None) as socket:
        try:
            async with asyncio.timeout(20):
                await socket.send(frame)
                while True:
                    await socket.recv()
                    return 200  # it said something
        except ConnectionClosed:
            return socket.close_code or 0
