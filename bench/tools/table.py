"""One table, as Markdown, for every benchmark, and what stands in it."""

from collections.abc import Sequence

Rows = list[tuple[str, str, str]]
"""What was measured, what is wanted, what was found."""


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of text under a header, columns aligned."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    print(line(header), line(["-" * width for width in widths]), *map(line, rows), sep="\n", flush=True)


def at_share(values: list[float], share: float) -> float:
    """Return the value below which a share of all lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def milliseconds(values: list[float], share: float) -> str:
    """Say that value, of so many seconds, in milliseconds."""
    return f"{1000 * at_share(values, share):.0f} ms of {len(values)}" if values else "none"
