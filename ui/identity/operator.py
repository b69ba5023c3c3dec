"""Who runs this server: whoever sits at its own machine, or has given the key from its environment.

That a browser has given the key lies on disk, so that it outlives a restart, as the name of an empty file:
`LATENT_HOME/admitted/<HMAC of the owner>`. Nobody can make one without the key; with another key none fits.
"""

from __future__ import annotations

import hmac
import os
import threading
from pathlib import Path
from time import monotonic
from typing import Final

from ui.identity.locality import is_local
from ui.identity.owner import current_owner
from vae_core.storage.home import latent_home, owner_hash, write_whole

KEY: Final = "LATENT_ADMIN_KEY"
PAUSE_SECONDS: Final = 0.5
"""So long after a wrong key none is looked at, whoever gives it: a new cookie costs nothing."""

_LOCK: Final = threading.Lock()
_wrong_at = float("-inf")


class TooSoonError(Exception):
    """Say that a wrong key was given a moment ago; the next one must wait, but no thread waits with it."""


def is_operator() -> bool:
    """Whether the person at this page runs the server; a key counts for as long as it is the key."""
    return is_local() or (has_key() and _pass(current_owner()).exists())


def has_key() -> bool:
    """Whether the server knows a key at all."""
    return bool(os.environ.get(KEY))


def admit(given: str) -> bool:
    """Let this browser in, if the key is the right one; takes as long whatever is wrong with it.

    Raises:
        TooSoonError: someone gave a wrong one a moment ago.
        OSError: the disk is full.
    """
    global _wrong_at
    right = os.environ.get(KEY, "")
    with _LOCK:
        if monotonic() - _wrong_at < PAUSE_SECONDS:
            raise TooSoonError
        fits = hmac.compare_digest(given.encode(), right.encode()) and bool(right)
        if not fits:
            _wrong_at = monotonic()
    if fits:
        write_whole(_pass(current_owner()), b"")
    return fits


def _pass(owner: str) -> Path:
    """Return the file that says that a browser has given the key."""
    key = os.environ.get(KEY, "").encode()
    return latent_home() / "admitted" / hmac.digest(key, owner_hash(owner).encode(), "sha256").hex()
