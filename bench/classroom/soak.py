"""A class at once: sessions that come, start runs and change fields, and real browsers among them."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.classroom.visitor import LONG, Visitor
from bench.tools.served import Served, is_gone, served
from bench.tools.table import Rows, at_share, milliseconds


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
    until_all_moved: bool = False,
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
        until_all_moved: whether the end comes as soon as every map has moved twice and every field answered.
    """
    found = Soak()
    content: set[int] = set()

    def is_over(number: int, visitor: Visitor, frames: int) -> bool:
        if visitor.answers and frames > 1:
            content.add(number)
        return time.monotonic() > end or (until_all_moved and len(content) == sessions)

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
            while not is_over(number, visitor, len(stream.frames)):
                await asyncio.sleep(0.2)
                if at <= time.monotonic() < end - 6:
                    await visitor.fill("train_beta", random.choice((0.5, 1.0, 2.0, 4.0)))
                    at += 5
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

    async def no_browsers() -> list[float]:
        return []

    async def all_sessions(server: Served) -> None:
        await asyncio.gather(*(one(server, number) for number in range(sessions)))

    async def everyone(server: Served) -> None:
        looking = asyncio.create_task(look(server))
        real = asyncio.to_thread(browsers, server.url, 0.6 * seconds, windows) if windows else no_browsers()
        found.paces, _ = await asyncio.gather(real, all_sessions(server))
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

    from bench.tools.chromium import launch

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
        (f"{sessions} sessions: a field's answer, p50", "", milliseconds(found.answers, 0.5)),
        (f"{sessions} sessions: a field's answer, p95", "500 ms", milliseconds(found.answers, 0.95)),
        (
            f"{sessions} sessions: Start to a moving map, median and longest",
            "5 s",
            f"{at_share(found.moved, 0.5):.1f} s, {at_share(found.moved, 1):.1f} s, {len(found.moved)} of {sessions}",
        ),
        ("frames a second in real browsers", "", ", ".join(f"{pace:.1f}" for pace in found.paces) or "none"),
        (f"{sessions} sessions: answers that Streamlit dropped", "", str(found.asked_again)),
        (f"{sessions} sessions: errors", "0", "; ".join([str(len(found.errors)), *found.errors[:3]])),
        (f"{sessions} sessions: memory (PSS), early and at the end", "flat, under 3 GB", grown),
        ("Ctrl-C with all of them there, to the end", "3 s", f"{found.ending:.1f} s"),
        ("processes left", "0", str(len(found.left))),
    ]
