"""Who runs this server: whoever sits at its own machine, or has given the key from its environment."""

from __future__ import annotations

import hmac
import os
import threading
import time
from typing import Final

from ui.locality import is_local
from ui.owner import current_owner
from vae_core.engine.home import owner_hash

KEY: Final = "LATENT_ADMIN_KEY"
PAUSE_SECONDS: Final = 0.5
"""What a wrong key costs whoever tries the next one."""

_ADMITTED: Final[set[str]] = set()
_LOCK: Final = threading.Lock()


def is_host() -> bool:
    """Whether the person at this page runs the server; a key counts until the server ends."""
    return is_local() or owner_hash(current_owner()) in _ADMITTED


def has_key() -> bool:
    """Whether the server knows a key at all."""
    return bool(os.environ.get(KEY))


def admit(given: str) -> bool:
    """Let this browser in, if the key is the right one; takes as long whatever is wrong with it."""
    right = os.environ.get(KEY, "")
    fits = hmac.compare_digest(given.encode(), right.encode()) and bool(right)
    if fits:
        _ADMITTED.add(owner_hash(current_owner()))
    else:
        with _LOCK:  # one try after the other, whoever tries
            time.sleep(PAUSE_SECONDS)
    return fits
