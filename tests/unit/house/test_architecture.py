"""ARCHITECTURE.md stays true: what it names is there, and no room is left out."""

from __future__ import annotations

import re

import pytest

from tests.unit.house.arrows import ROOT

TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
ROOTS = (ROOT, ROOT / "vae_core", ROOT / "ui", ROOT / "assets" / "explorer")
PATHS = sorted(set(re.findall(r"`([\w./-]+/[\w.-]*|[\w-]+\.(?:py|js))`", TEXT)))


def places(path: str) -> list[str]:
    """Return where a path of the page may lie: below one of the roots, or a file named beside its room."""
    found = [base / path for base in ROOTS if (base / path).exists()]
    if "/" not in path:
        found += [each for base in ROOTS for each in base.rglob(path) if ".venv" not in each.parts]
    return [str(each) for each in found]


@pytest.mark.parametrize("path", PATHS)
def test_what_it_names_is_there(path: str) -> None:
    assert places(path)


def test_it_leaves_no_room_out() -> None:
    rooms = [
        path.relative_to(base).as_posix()
        for base in ROOTS[1:]
        for path in base.rglob("*")
        if path.is_dir() and any(path.glob("*.py" if base.name != "explorer" else "*.js"))
    ]
    assert len(rooms) > 40
    inner = re.compile(
        r"(models/families|train/(charts|first|slow-motion)|decode/\w+)$"
    )  # said with the room they are in
    assert [room for room in rooms if f"`{room}/`" not in TEXT and not inner.search(room)] == []
