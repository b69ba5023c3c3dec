"""A class at once, measured and printed as one table.

    python -m bench.classroom            all of it: about half an hour
    python -m bench.classroom --short    a small part of each: about three minutes

Figures from a busy machine are high, and so are those of two browsers without a graphics card.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from bench.served import Served, is_gone, served
from bench.table import print_table
from bench.visitor import Stream, Visitor
from vae_core.bundle import read_header
from vae_core.engine.home import owner_hash

LONG = "train_images=mnist&train_epochs=500"
SMALL = "train_images=digits&train_epochs=500&train_architecture=mlp"
Rows = list[tuple[str, str, str]]


@dataclass
class Soak:
    """What a class at once was like.

    Attributes:
        answers: seconds from a changed field to the end of the page's answer.
        moved: seconds from Start to the first moved map, one for each session.
        frames: messages that moved a map, one number for each session.
        memory: bytes at each look.
        asked_again: how often an answer never came, and was there when asked for again.
        errors: what went wrong.
        left: processes that were still there after the server had ended.
        ending: seconds from Ctrl-C to the end.
        paces: frames a second in real browsers.
    """

    answers: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    asked_again: int = 0
    errors: list[str] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    ending: float = 0.0
    paces: list[float] = field(default_factory=list)


def soak(
    home: Path,
    sessions: int,
    seconds: float,
    spread: float,
    *,
    query: str = LONG,
    windows: int = 0,
    settle: float = 0.0,
) -> Soak:
    """Let sessions come, start runs and change fields.

    Args:
        home: folder for the server's data.
        sessions: how many.
        seconds: from the first one's coming to the end.
        spread: seconds over which they come.
        query: what the page's URL says.
        windows: how many real browsers come, too.
        settle: seconds that the server has been up before anyone comes.
    """
    found = Soak()

    async def one(server: Served, number: int) -> None:
        await asyncio.sleep(spread * number / sessions)
        visitor = Visitor(server.url, query=query)
        try:
            await visitor.arrive()
            before = time.monotonic()
            await visitor.press("train_start")
            stream = await visitor.watch()
            await visitor.until(lambda: stream.frames, 120)
            found.moved.append(stream.frames[0] - before)
            # By a clock of one's own: waiting five seconds after each answer, all soon move as one.
            at = time.monotonic() + random.uniform(0, 5)
            while at < end - 6:
                await asyncio.sleep(max(0.0, at - time.monotonic()))
                await visitor.fill("train_beta", random.choice((0.5, 1.0, 2.0, 4.0)))
                at += 5
            await asyncio.sleep(max(0.0, end - time.monotonic()))
            found.frames.append(len(stream.frames))
        except Exception as error:
            found.errors.append(f"session {number}: {type(error).__name__} {error}")
        found.answers += visitor.answers
        found.asked_again += visitor.asked_again
        found.errors += [f"session {number}: {sentence}" for sentence in visitor.errors]
        await visitor.leave()

    async def look(server: Served) -> None:
        while True:
            await asyncio.sleep(5)
            found.memory.append(await asyncio.to_thread(server.memory))

    async def everyone(server: Served) -> None:
        looking = asyncio.create_task(look(server))
        real = (
            asyncio.to_thread(browsers, server.url, 0.6 * seconds, windows)
            if windows
            else asyncio.sleep(0, [])
        )
        found.paces, *_ = await asyncio.gather(real, *(one(server, number) for number in range(sessions)))
        looking.cancel()

    with served(home) as server:
        time.sleep(settle)
        end = time.monotonic() + seconds
        asyncio.run(everyone(server))
        pids = server.pids()
        found.ending = server.stop()
        until = time.monotonic() + 10
        while time.monotonic() < until and not all(is_gone(pid) for pid in pids):
            time.sleep(0.1)
        found.left = [pid for pid in pids if not is_gone(pid)]
        found.errors += server.complaints()
    return found


def browsers(url: str, seconds: float, count: int = 2) -> list[float]:
    """Let real Chromiums train and hover; returns their frames a second."""
    from playwright.sync_api import sync_playwright

    from bench.chromium import launch

    paces = []
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        pages = [
            chromium.new_context(viewport={"width": 1280, "height": 900}).new_page() for _ in range(count)
        ]
        for page in pages:
            page.set_default_timeout(120_000)
            page.goto(f"{url}/train?{LONG}")
            page.click(".st-key-train_start button")
            page.wait_for_function("window.latentExplorer?.frames > 0")
        before = [page.evaluate("window.latentExplorer.frames") for page in pages]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for page in pages:
                box = page.locator("[data-role=map]").bounding_box() or {
                    "x": 0,
                    "y": 0,
                    "width": 9,
                    "height": 9,
                }
                page.mouse.move(
                    box["x"] + random.uniform(0.2, 0.8) * box["width"],
                    box["y"] + random.uniform(0.2, 0.8) * box["height"],
                )
            time.sleep(0.2)
        for page, frames in zip(pages, before, strict=True):
            paces.append((page.evaluate("window.latentExplorer.frames") - frames) / seconds)
        chromium.close()
    return paces


def soak_rows(found: Soak, sessions: int) -> Rows:
    """Say how a class at once went."""
    first, last = found.memory[len(found.memory) // 4 :][:1], found.memory[-1:]
    grown = f"{first[0] / 1e9:.2f} to {last[0] / 1e9:.2f} GB" if first and last else "not measured"
    return [
        (f"{sessions} sessions: a field's answer, p50", "", _ms(found.answers, 0.5)),
        (f"{sessions} sessions: a field's answer, p95", "500 ms", _ms(found.answers, 0.95)),
        (
            f"{sessions} sessions: Start to a moving map, median and longest",
            "5 s",
            f"{_at(found.moved, 0.5):.1f} s, {_at(found.moved, 1):.1f} s, {len(found.moved)} of {sessions}",
        ),
        ("frames a second in real browsers", "", ", ".join(f"{pace:.1f}" for pace in found.paces) or "none"),
        (f"{sessions} sessions: answers that Streamlit dropped", "", str(found.asked_again)),
        (f"{sessions} sessions: errors", "0", "; ".join([str(len(found.errors)), *found.errors[:3]])),
        (f"{sessions} sessions: memory (PSS), early and at the end", "flat, under 3 GB", grown),
        ("Ctrl-C with all of them there, to the end", "3 s", f"{found.ending:.1f} s"),
        ("processes left", "0", str(len(found.left))),
    ]


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


async def kill_workers(server: Served, kills: int) -> Rows:
    """Kill the process that trains, again and again, and look what each run lost and whether it finished."""
    lost, finished = [], 0
    for _ in range(kills):
        visitor = Visitor(server.url, query="train_images=digits&train_architecture=mlp&train_epochs=150")
        await visitor.arrive()
        await visitor.press("train_start")
        stream = await visitor.watch()
        await visitor.until(lambda stream=stream: stream.frames, 120)
        await asyncio.sleep(random.uniform(0, 4))
        if stream.state != "done":
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
        ("training lost, median and most", "5 s", f"{_at(lost, 0.5):.1f} s, {_at(lost, 1):.1f} s"),
    ]


async def kill_servers(server: Served, kills: int) -> Rows:
    """Kill the server, again and again: are saved models whole, and do runs go on?"""
    lost, resumed, whole, torn = [], 0, 0, 0
    for round in range(kills):
        visitor = Visitor(server.url, query=SMALL)
        await visitor.arrive()
        await visitor.press("train_start")
        stream = await visitor.watch()
        await visitor.until(lambda stream=stream: stream.frames, 120)
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
        for path in server.home.glob(f"owners/{owner_hash(visitor.cookie)}/models/*.safetensors"):
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
        await again.until(lambda stream=stream: stream.frames, 120)
        lost.append(max(0.0, told - stream.seconds))
        resumed += stream.state == "running"
        await again.press("train_stop")
        await again.leave()
    return [
        (f"{kills} kills of the server: runs resumed", str(kills), str(resumed)),
        ("training lost, median and most", "5 s", f"{_at(lost, 0.5):.1f} s, {_at(lost, 1):.1f} s"),
        ("saved models whole, torn", "all, 0", f"{whole}, {torn}"),
    ]


async def hostile(server: Served, count: int) -> Rows:
    """Ask for what must not be had, while someone else trains."""
    owner, other = Visitor(server.url, query=SMALL), Visitor(server.url, query=SMALL)
    for each in (owner, other):
        await each.arrive()
        await each.press("train_start")
    stream = await owner.watch()
    await owner.until(lambda: stream.frames, 120)
    codes: dict[int, int] = {}
    before, frames = server.memory(), len(stream.frames)
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
    seen = len(stream.frames) - frames
    seconds = time.monotonic() - began
    for each in (owner, other):
        await each.press("train_stop")
        await each.leave()
    errors = sum(number for code, number in codes.items() if 500 <= code < 600)
    let_in = sum(number for code, number in codes.items() if code in (200, 206))
    grown = (server.memory() - before) / 1e6
    return [
        (f"{count} hostile requests: answers of 500 and above", "0", str(errors)),
        ("answered with something of another's", "0", str(let_in)),
        ("another's frames meanwhile", "as before", f"{seen / seconds:.1f} a second"),
        ("memory grown", "none", f"{grown:+.0f} MB"),
    ]


METHODS = ("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


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
            {},
        )
    )
    return path, headers


async def _hostile_socket(server: Served, rng: random.Random, run: str, cookie: str) -> int:
    """Open a WebSocket that should be shown out; returns the code of its end."""
    path = rng.choice((f"stream/{run}", f"watch/{run}", "lead", f"follow/{run}", f"follow/x/run/{run}", "x"))
    headers = rng.choice(({"Cookie": f"latent_owner={cookie}"}, {}, {"Origin": "http://evil.example"}))
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


def _at(values: list[float], share: float) -> float:
    """Return the value below which a share of all lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def _ms(values: list[float], share: float) -> str:
    return f"{1000 * _at(values, share):.0f} ms of {len(values)}" if values else "none"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.classroom", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a small part of each")
    parser.add_argument("--only", default="", help="some of: soak, watchers, workers, servers, hostile")
    chosen = parser.parse_args()
    short = chosen.short
    rows: Rows = []

    def measure(name: str, work: Callable[[Path], Rows]) -> None:
        if chosen.only and name not in chosen.only.split(","):
            return
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
            rows.extend(work(Path(home)))

    def whole_class(home: Path) -> Rows:
        sessions, seconds = (6, 60.0) if short else (30, 300.0)
        found = soak(home, sessions, seconds, seconds / 5, windows=0 if short else 2, settle=10)
        return soak_rows(found, sessions)

    def at_a_server(work: Callable[[Served], object]) -> Callable[[Path], Rows]:
        def with_server(home: Path) -> Rows:
            with served(home) as server:
                return asyncio.run(work(server))  # type: ignore[arg-type]

        return with_server

    measure("soak", whole_class)
    measure("watchers", at_a_server(lambda server: watchers(server, 5 if short else 30)))
    measure("workers", at_a_server(lambda server: kill_workers(server, 2 if short else 20)))
    measure("servers", at_a_server(lambda server: kill_servers(server, 2 if short else 20)))
    measure("hostile", at_a_server(lambda server: hostile(server, 400 if short else 10_000)))
    print_table(("what", "wanted", "found"), rows)


if __name__ == "__main__":
    main()
