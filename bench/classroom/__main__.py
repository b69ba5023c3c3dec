"""A class at once, measured and printed as one table.

    python -m bench.classroom            all of it: about half an hour
    python -m bench.classroom --short    a small part of each: about three minutes

Figures from a busy machine are high, and so are those of two browsers without a graphics card.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.classroom.hostile import hostile
from bench.classroom.kills import kill_servers, kill_workers, stop_workers
from bench.classroom.lesson import lesson_together
from bench.classroom.soak import soak, soak_rows
from bench.classroom.watchers import watchers
from bench.tools.served import Served, served
from bench.tools.table import Rows, print_table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.classroom", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a small part of each")
    parser.add_argument(
        "--only", default="", help="some of: soak, lesson, watchers, workers, stopped, servers, hostile"
    )
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
    measure("lesson", at_a_server(lambda server: lesson_together(server, 6 if short else 30)))
    measure("watchers", at_a_server(lambda server: watchers(server, 5 if short else 30)))
    measure("workers", at_a_server(lambda server: kill_workers(server, 2 if short else 20)))
    measure("stopped", at_a_server(lambda server: stop_workers(server, 2 if short else 20)))
    measure("servers", at_a_server(lambda server: kill_servers(server, 2 if short else 20)))
    measure("hostile", at_a_server(lambda server: hostile(server, 400 if short else 10_000)))
    print_table(("what", "wanted", "found"), rows)


if __name__ == "__main__":
    main()
