"""Greed, haste and mishaps at a class server, measured and printed as one table.

    python -m bench.greedy                        all of it: about an hour
    python -m bench.greedy --short                a small part of each: about six minutes
    python -m bench.greedy --only people,second   some of it

The polite soak of thirty is `python -m bench.classroom --only soak`.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.classroom.kills import stop_workers
from bench.greedy.crowd import crowd
from bench.greedy.mishaps import clock_jumps, full_disks, second_servers
from bench.greedy.people import people
from bench.greedy.requests import requests
from bench.tools.served import Served, served
from bench.tools.table import Rows, print_table

PARTS = ("people", "crowd", "stopped", "disks", "jumps", "second", "requests")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.greedy", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a small part of each")
    parser.add_argument("--only", default="", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--seconds", type=float, help="how long people and crowd take")
    chosen = parser.parse_args()
    short = chosen.short
    seconds = chosen.seconds or (30.0 if short else 300.0)
    wanted = set(filter(None, chosen.only.split(","))) or set(PARTS)
    if unknown := wanted - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    rows: Rows = []

    def measure(name: str, work: Callable[[Path], Rows]) -> None:
        if name in wanted:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
                try:
                    rows.extend(work(Path(home)))
                except Exception as error:  # what the others found is printed all the same
                    rows.append((name, "", f"failed: {type(error).__name__} {error}"))

    def stopped(home: Path) -> Rows:
        async def at(server: Served) -> Rows:
            return await stop_workers(server, 2 if short else 20)

        with served(home) as server:
            return asyncio.run(at(server))

    measure("people", lambda home: people(home, 30, seconds))
    measure("crowd", lambda home: crowd(home, 100, 30, seconds))
    measure("stopped", stopped)
    measure("disks", lambda home: full_disks(home, 2 if short else 20))
    measure("jumps", lambda home: clock_jumps(home, 2 if short else 10))
    measure("second", lambda home: second_servers(home, 1 if short else 5))
    measure("requests", lambda home: requests(home, 400 if short else 10_000))
    print_table(("what", "wanted", "found"), rows)


if __name__ == "__main__":
    main()
