"""The families, one file each: how each one computes. What each has stands in `vae_core.config.families`."""

from __future__ import annotations

import importlib

from vae_core.models.families.objective import Objective


def objective_of(family: str) -> Objective:
    """Return how a family computes: the `OBJECTIVE` of the file of its name."""
    module = importlib.import_module(f"{__name__}.{family}")
    objective: Objective = module.OBJECTIVE
    return objective
