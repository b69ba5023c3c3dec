"""Images of one's own: how long they take to come, what is refused, and a class that draws at once.

python -m bench.own_images                      all of it: some minutes
python -m bench.own_images --only pngs,drawings  some of it
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import random
import re
import tempfile
import time
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from bench.classroom.visitor import LONG, Visitor
from bench.tools.served import Served, served
from bench.tools.stream import COOKIE
from bench.tools.table import Rows, milliseconds, print_table
from ui.library.disk.brought import FOLDER
from vae_core import load_image_set
from vae_core.images.own_sets import SUFFIX, describe_set
from vae_core.images.uploads.importing import import_images

PARTS = ("pngs", "photographs", "drawings", "archives")
CLASSES = 4
OPENED = re.compile(rb"draw\\\?collection\\=((?:\\?[\w-])+)")
"""An opened collection's address, each mark in it after a backslash, as Markdown wants it."""
SLOW_SECONDS = 5.0


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _jpeg(number: int) -> bytes:
    """Make a picture of 640 x 480 with something in it, some 60 kB."""
    coarse = np.random.default_rng(number).integers(0, 256, (24, 32, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def _zipped(files: list[bytes], ending: str, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number, data in enumerate(files):
            archive.writestr(f"class {number % CLASSES}/{number:05d}.{ending}", data)
    return path


async def _bring(server: Served, path: Path) -> tuple[float, float, str]:
    """Bring a file as the page Images does; returns seconds on the way and until all is read, and what came."""
    before = Visitor(server.url, page="images")
    await before.arrive()
    began = time.monotonic()

    async def pieces() -> AsyncIterator[bytes]:
        with path.open("rb") as file:
            while piece := file.read(1 << 18):
                yield piece

    headers = {"Content-Length": str(path.stat().st_size), "Origin": server.url}
    async with httpx.AsyncClient(timeout=600, cookies={COOKIE: before.cookie}) as client:
        answer = await client.post(
            f"{server.url}/latent/images/upload?name={path.name}", content=pieces(), headers=headers
        )
    answer.raise_for_status()
    came = time.monotonic()
    page = Visitor(server.url, page="images", cookie=before.cookie)
    await page.arrive()
    made: list[Path] = []
    while not made:
        await asyncio.sleep(0.1)
        made = list((server.home / FOLDER).glob(f"*/*/made/*{SUFFIX}"))
        if time.monotonic() - came > 600:
            raise TimeoutError(f"nothing was made of {path.name}")
    read = time.monotonic()
    info = describe_set(made[0]).info
    said = f"{info.size + info.test_size:,} images of {info.shape}, {len(info.label_names)} classes"
    for each in (before, page):
        await each.leave()
    return came - began, read - began, said


@asynccontextmanager
async def _someone_beside(server: Served) -> AsyncIterator[Visitor]:
    """Let someone change a field every second meanwhile."""
    visitor = Visitor(server.url, query=LONG)
    await visitor.arrive()

    async def fill() -> None:
        while True:
            await visitor.fill("train_beta", random.choice((0.5, 1.0, 2.0, 4.0)))
            await asyncio.sleep(1)

    filling = asyncio.create_task(fill())
    try:
        yield visitor
    finally:
        filling.cancel()
        await visitor.leave()


def pngs(home: Path) -> Rows:
    """Bring 20,000 small files in four folders."""
    images = load_image_set("mnist").images[:, 0].numpy()
    files = [_png(np.roll(images[n % len(images)], n // len(images), axis=1)) for n in range(20_000)]
    path = _zipped(files, "png", home / "many.zip")
    with served(home) as server:
        way, all_of_it, said = asyncio.run(_bring(server, path))
    return [
        ("20,000 PNG files in a zip: on the way", "", f"{way:.1f} s"),
        ("until the preview has all of them", "30 s", f"{all_of_it:.1f} s"),
        ("what it says", "20,000 in 4 classes", said),
    ]


def photographs(home: Path) -> Rows:
    """Bring 5,000 photographs, with someone else on a page meanwhile."""
    different = [_jpeg(number) for number in range(100)]
    path = _zipped([different[n % 100] for n in range(5_000)], "jpg", home / "photographs.zip")
    most = 0

    async def work(server: Served) -> tuple[float, float, str, list[float], int]:
        nonlocal most
        async with _someone_beside(server) as visitor:
            await asyncio.sleep(5)
            before = await asyncio.to_thread(server.memory)

            async def look() -> None:
                nonlocal most
                while True:
                    most = max(most, await asyncio.to_thread(server.memory))
                    await asyncio.sleep(1)

            looking = asyncio.create_task(look())
            visitor.answers.clear()
            brought = await _bring(server, path)
            looking.cancel()
            return *brought, list(visitor.answers), before

    with served(home) as server:
        way, all_of_it, said, answers, before = asyncio.run(work(server))
    return [
        (
            f"5,000 photographs of 640 x 480, {path.stat().st_size / 1e6:.0f} MB: on the way",
            "",
            f"{way:.1f} s",
        ),
        ("until the preview has all of them", "60 s", f"{all_of_it:.1f} s"),
        ("what it says", "", said),
        ("another's fields meanwhile, p95", "500 ms", milliseconds(answers, 0.95)),
        ("memory of all processes, more at most", "500 MB", f"{(most - before) / 1e6:+.0f} MB"),
    ]


def drawings(home: Path) -> Rows:
    """Let thirty browsers join ten drawings each at once."""
    images = load_image_set("mnist", limit=300).images[:, 0].numpy()

    async def work(server: Served) -> tuple[list[float], list[dict[str, int]], list[str], float]:
        teacher = Visitor(server.url, page="draw")
        tokens: list[bytes] = []
        teacher.listens = lambda data: tokens.extend(OPENED.findall(data))
        await teacher.arrive()
        await teacher.press("draw_open")
        await teacher.until(lambda: tokens)
        token = tokens[-1].decode().replace("\\", "")
        students = [Visitor(server.url, page="draw", query=f"collection={token}") for _ in range(30)]
        await asyncio.gather(*(student.arrive() for student in students))
        answers: list[float] = []
        counts: list[dict[str, int]] = []
        errors: list[str] = []

        async def join(number: int) -> None:
            async with httpx.AsyncClient(timeout=60, cookies={COOKIE: students[number].cookie}) as client:
                for n in range(10):
                    before = time.monotonic()
                    answer = await client.post(
                        f"{server.url}/latent/drawings?label={n}&collection={token}",
                        content=images[10 * number + n].tobytes(),
                        headers={"Origin": server.url},
                    )
                    answers.append(time.monotonic() - before)
                    if answer.status_code == 200:
                        counts.append(json.loads(answer.content))
                    else:
                        errors.append(answer.text)

        began = time.monotonic()
        await asyncio.gather(*(join(number) for number in range(30)))
        seconds = time.monotonic() - began
        for each in (teacher, *students):
            await each.leave()
        return answers, counts, errors, seconds

    with served(home) as server:
        answers, counts, errors, seconds = asyncio.run(work(server))
    there = max((count["all"] for count in counts), default=0)
    return [
        ("30 browsers join 10 drawings each: in the collection", "300", f"{there}, {len(counts)} confirmed"),
        ("all of them", "5 s", f"{seconds:.1f} s"),
        ("one of them, p95", "", milliseconds(answers, 0.95)),
        ("errors", "0", "; ".join([str(len(errors)), *errors[:2]])),
    ]


def archives(home: Path) -> Rows:
    """Read 10,000 archives of which bytes were changed, cut, doubled or moved."""
    rng = random.Random(0)
    whole = _whole_files(home)
    said: dict[str, int] = {}
    failed: list[str] = []
    longest, kept = 0.0, 0
    for number in range(10_000):
        ending, data = rng.choice(whole)
        path = home / f"changed.{ending}"
        path.write_bytes(_changed(data, rng))
        before = time.monotonic()
        try:
            kept += len(import_images(path, size=8).images) > 0
        except ValueError as error:
            kind = re.sub(r"[\d,.]+|«.*?»|'.*?'", "#", str(error))[:60]
            said[kind] = said.get(kind, 0) + 1
        except BaseException as error:
            failed.append(f"{number}: {type(error).__name__} {error}"[:120])
        longest = max(longest, time.monotonic() - before)
    return [
        (
            "10,000 changed archives: something other than a sentence",
            "0",
            "; ".join([str(len(failed)), *failed[:3]]),
        ),
        ("the longest", f"{SLOW_SECONDS:.0f} s", f"{longest:.2f} s"),
        ("images of it kept, or refused by a sentence", "", f"{kept:,} and {sum(said.values()):,}"),
        ("different sentences", "", str(len(said))),
    ]


def _whole_files(home: Path) -> list[tuple[str, bytes]]:
    """Return small archives of every kind, each with its ending."""
    noise = np.random.default_rng(0)
    pictures: dict[str, bytes] = {}
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA"):
        file = io.BytesIO()
        Image.fromarray(noise.integers(0, 256, (12, 14, 3), np.uint8)).save(file, kind)
        pictures[f"{kind.lower()}s/one.{kind.lower()}"] = file.getvalue()
    pictures["labels.csv"] = b"file,label\none.png,first\n"
    found = []
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", compression) as archive:
            for name, data in pictures.items():
                archive.writestr(name, data)
        found.append(("zip", file.getvalue()))
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, images=noise.integers(0, 256, (6, 9, 9), np.uint8), labels=np.arange(6) % 2)
        found.append(("npz", file.getvalue()))
    return found


def _changed(data: bytes, rng: random.Random) -> bytes:
    """Change some bytes, cut a piece out, write a piece twice, or let two pieces change places."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        how, at = rng.random(), rng.randrange(len(changed))
        length = rng.randint(1, max(1, len(changed) // 8))
        if how < 0.6:
            for _ in range(rng.randint(1, 6)):
                changed[rng.randrange(len(changed))] = rng.choice((0, 1, 127, 255, rng.randrange(256)))
        elif how < 0.75:
            del changed[at : at + length]
        elif how < 0.9:
            changed[at:at] = changed[at : at + length]
        else:
            changed = changed[at:] + changed[:at]
        if not changed:
            changed = bytearray(data)
    return bytes(changed)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.own_images", description=__doc__)
    parser.add_argument("--only", default="", help=f"some of: {', '.join(PARTS)}")
    wanted = set(filter(None, parser.parse_args().only.split(","))) or set(PARTS)
    if unknown := wanted - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    rows: Rows = []
    parts: dict[str, Callable[[Path], Rows]] = {
        "pngs": pngs,
        "photographs": photographs,
        "drawings": drawings,
        "archives": archives,
    }
    for name, work in parts.items():
        if name in wanted:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
                try:
                    rows.extend(work(Path(home)))
                except Exception as error:  # what the others found is printed all the same
                    rows.append((name, "", f"failed: {type(error).__name__} {error}"))
    print_table(("what", "wanted", "found"), rows)


if __name__ == "__main__":
    main()
