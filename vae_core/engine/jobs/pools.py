"""Which jobs there are, and which worker process does which: short ones never wait behind long ones.

How long a job takes is reckoned before it starts (`vae_core.engine.jobs.efforts`). UMAP has a process of its
own, because two fits at once in one process can kill it; so have the images that people bring, thousands of
files of which each may be anything.
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
        large_pool: who does it where it takes long, as a large model does; None: it never does.
        waits: whether it waits by nature for something outside, such as a network: its process says so
            meanwhile, and is not taken for one that hangs.
    """

    pool: Pool
    large_pool: Pool | None = None
    waits: bool = False

    def pool_for(self, seconds: float) -> Pool:
        """Return who does it, where it is reckoned to take so long."""
        return self.large_pool if self.large_pool is not None and seconds > QUICK_SECONDS else self.pool


QUICK_SECONDS: Final = 4.0
"""A job that is reckoned to take longer does not stand in the way of those that someone waits for."""


QUICK: Final = Pool("quick", 300.0, 900.0)
LONG: Final = Pool("long", 3600.0, 120.0)
UMAP: Final = Pool("umap", 900.0, 300.0)
LARGE: Final = Pool("large", 1800.0, 120.0)
IMAGES: Final = Pool("images", 1200.0, 120.0)
POOLS: Final = (QUICK, LONG, UMAP, LARGE, IMAGES)

TASKS: Final[Mapping[str, Task]] = {
    "check_bundle": Task(QUICK),
    "encode": Task(QUICK, LARGE),
    "look_at_images": Task(QUICK),
    "save_keyframe": Task(QUICK, LARGE),
    "save_run": Task(QUICK, LARGE),
    "set_sample": Task(QUICK),
    "thumbnails": Task(QUICK),
    "download_set": Task(LONG, waits=True),
    "film": Task(LONG),
    "gif": Task(LONG),
    "importance_nll": Task(LONG),
    "measure": Task(LONG),
    "fit_umap": Task(UMAP),
    "export_images": Task(IMAGES),
    "preview_images": Task(IMAGES),
}
"""The jobs by name; `vae_core.engine.tasks.functions` does them."""
