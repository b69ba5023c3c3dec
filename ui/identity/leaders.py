"""Who may lead the class: whoever runs the server, and whom they let.

Whom they let lies on disk as the name of an empty file, `LATENT_HOME/leaders/<hash of the owner>`, so that it
outlives a restart. The way there is a pass: letters that let in one browser, within some minutes.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from ui.identity.operator import is_operator
from ui.identity.owner import current_owner
from vae_core.storage.home import latent_home, owner_hash, write_whole

PASS_SECONDS: Final = 600.0
"""A pass is of use for so long."""

_LOCK: Final = threading.Lock()
_PASSES: Final[dict[str, float]] = {}


def may_lead() -> bool:
    """Whether the person at this page may speak to the whole class and clear its wall."""
    return is_operator() or _file(current_owner()).exists()


def may_let() -> bool:
    """Whether the person at this page may say who leads: whoever runs the server alone."""
    return is_operator()


def offer_pass(letters: str) -> None:
    """Let the next browser that gives these letters lead."""
    with _LOCK:
        now = time.monotonic()
        for old in [known for known, until in _PASSES.items() if until < now]:
            del _PASSES[old]
        _PASSES[letters] = now + PASS_SECONDS


def use_pass(letters: str) -> bool:
    """Let this browser lead, if the letters are those of a pass that nobody has used yet.

    Raises:
        OSError: the disk is full.
    """
    with _LOCK:
        until = _PASSES.pop(letters, 0.0)
    if until < time.monotonic():
        return False
    write_whole(_file(current_owner()), b"")
    return True


def how_many() -> int:
    """Return how many were let."""
    with suppress(OSError):
        return sum(1 for _ in _folder().iterdir())
    return 0


def let_nobody() -> None:
    """Take it back from all who were let."""
    with _LOCK:
        _PASSES.clear()
    with suppress(OSError):
        for path in list(_folder().iterdir()):
            path.unlink(missing_ok=True)


def _folder() -> Path:
    return latent_home() / "leaders"


def _file(owner: str) -> Path:
    return _folder() / owner_hash(owner)
