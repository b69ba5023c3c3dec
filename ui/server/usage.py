"""What the server takes: memory of its processes, and room on the disk."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from vae_core.storage.home import latent_home

_KINDS: Final = {"runs": "runs", "models": "models", "wall": "wall", "cache": "caches", "incoming": "uploads"}
_KEPT_SECONDS: Final = 15.0
_DISK: dict[Path, tuple[float, dict[str, int]]] = {}


def memory(pids: Mapping[str, int]) -> dict[str, int | None]:
    """Return each process's memory in bytes; None where it cannot be known.

    What several hold is shared out among them (PSS) on Linux, and left out elsewhere (USS).

    Args:
        pids: processes by name; the server itself is added.
    """
    return {name: _memory(pid) for name, pid in {"server": os.getpid(), **pids}.items()}


def disk() -> dict[str, int]:
    """Return how many bytes each kind of data takes, and under "free" how many are left; some seconds old."""
    home = latent_home()
    looked, found = _DISK.get(home, (0.0, {}))
    if time.monotonic() - looked > _KEPT_SECONDS or not found:
        found = _measure(home)
        _DISK.clear()
        _DISK[home] = (time.monotonic(), found)
    return found


def _measure(home: Path) -> dict[str, int]:
    sizes = dict.fromkeys([*_KINDS.values(), "other"], 0)
    for folder, _, names in os.walk(home):
        parts = Path(folder).relative_to(home).parts
        kind = next((_KINDS[part] for part in parts if part in _KINDS), "other")
        for name in names:
            with suppress(OSError):
                sizes[kind] += os.stat(os.path.join(folder, name)).st_size
    free = 0
    with suppress(OSError):
        free = shutil.disk_usage(home).free
    return {**sizes, "free": free}


def _memory(pid: int) -> int | None:
    with suppress(OSError, psutil.Error):
        found = psutil.Process(pid).memory_full_info()
        return int(getattr(found, "pss", found.uss))
    return None
