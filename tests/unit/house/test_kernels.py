"""The compiled kernels are those of the source beside them, and small."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

KERNELS = Path(__file__).resolve().parents[3] / "assets" / "explorer" / "decode" / "kernels"
BUILDS = sorted(KERNELS.glob("*.wasm"))


def custom_sections(module: bytes) -> dict[str, bytes]:
    """Return a WebAssembly module's custom sections by name."""
    assert module[:8] == b"\0asm\1\0\0\0"
    at, found = 8, {}
    while at < len(module):
        kind, at = module[at], at + 1
        size, shift = 0, 0
        while True:
            byte, at = module[at], at + 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        if kind == 0:
            length = module[at]
            found[module[at + 1 : at + 1 + length].decode()] = module[at + 1 + length : at + size]
        at += size
    return found


@pytest.mark.parametrize("path", BUILDS, ids=lambda path: path.name)
def test_a_build_is_of_the_source_beside_it(path: Path) -> None:
    source = (KERNELS / "kernels.c").read_bytes().replace(b"\r\n", b"\n")
    made_from = custom_sections(path.read_bytes())["source"]
    assert made_from == hashlib.sha256(source).digest(), "kernels.c has changed: run `make kernels`"


def test_what_a_browser_fetches_is_small() -> None:
    assert len(BUILDS) == 3
    for path in BUILDS:
        assert len(gzip.compress(path.read_bytes(), 6)) < 30_000 / 5
