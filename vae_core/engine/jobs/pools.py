"""Which jobs there are, and which worker process does which: short ones never wait behind long ones.

UMAP has a process of its own, because two fits at once in one process can kill it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Pool:
    """Describe one of the worker processes that do jobs, one after another.

    Attributes:
        name: the role of the process.
        limit: seconds after which a job is given up.
        idle: seconds without a job after which the process ends and frees its memory.
    """

    name: str
    limit: float
    idle: float


@dataclass(frozen=True)
class Task:
    """Describe what a job can be.

    Attributes:
        pool: who does it.
        waits: whether it waits by nature for something outside, such as a network: its process says so
            meanwhile, and is not taken for one that hangs.
    """

    pool: Pool
    waits: bool = False


QUICK: Final = Pool("quick", 300.0, 900.0)
LONG: Final = Pool("long", 3600.0, 120.0)
UMAP: Final = Pool("umap", 900.0, 300.0)
POOLS: Final = (QUICK, LONG, UMAP)

TASKS: Final[Mapping[str, Task]] = {
    "check_bundle": Task(QUICK),
    "encode": Task(QUICK),
    "save_keyframe": Task(QUICK),
    "save_run": Task(QUICK),
    "set_sample": Task(QUICK),
    "thumbnails": Task(QUICK),
    "download_set": Task(LONG, waits=True),
    "film": Task(LONG),
    "gif": Task(LONG),
    "importance_nll": Task(LONG),
    "fit_umap": Task(UMAP),
}
"""The jobs by name; `vae_core.engine.tasks.functions` does them."""
