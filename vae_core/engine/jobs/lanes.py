"""Which jobs there are, and which worker process does which: short ones never wait behind long ones.

UMAP has a process of its own, because two fits at once in one process can kill it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Lane:
    """Describe one of the worker processes that do jobs, one after another.

    Attributes:
        name: the lane's name.
        limit: seconds after which a job is given up.
        idle: seconds without a job after which the process ends and frees its memory.
    """

    name: str
    limit: float
    idle: float


QUICK: Final = Lane("quick", 300.0, 900.0)
LONG: Final = Lane("long", 3600.0, 120.0)
UMAP: Final = Lane("umap", 900.0, 300.0)
LANES: Final = (QUICK, LONG, UMAP)

FUNCTIONS: Final[Mapping[str, Lane]] = {
    "check_bundle": QUICK,
    "encode": QUICK,
    "save_keyframe": QUICK,
    "save_run": QUICK,
    "set_sample": QUICK,
    "thumbnails": QUICK,
    "download_set": LONG,
    "film": LONG,
    "gif": LONG,
    "importance_nll": LONG,
    "fit_umap": UMAP,
}
