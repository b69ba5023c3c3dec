"""Random numbers: one stream for each purpose, all from one seed.

So nothing that draws more, or less, or at another time, changes what others draw. The process's own random
state is neither used nor changed: many users share it.
"""

from __future__ import annotations

import hashlib

import torch


def stream(seed: int, purpose: str, device: torch.device) -> torch.Generator:
    """Return a generator of its own for each purpose, all from one seed."""
    digest = hashlib.sha256(f"{seed} {purpose}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:4], "little"))
