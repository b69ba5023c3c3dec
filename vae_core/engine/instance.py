"""The process's one engine: started on first use, warmed with the server, closed at its end."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import Final

from vae_core.engine.engine import Engine
from vae_core.storage.home import latent_home

WARM_SECONDS: Final = 2.0
"""How long after the server's start the workers are started, so that the first page comes first."""

_LOCK: Final = threading.Lock()
_ENGINE: Engine | None = None


def get_engine() -> Engine:
    """Return the process's engine, started on first use."""
    global _ENGINE
    with _LOCK:
        if _ENGINE is None or _ENGINE.closed or _ENGINE.home != latent_home():
            if _ENGINE is None:
                atexit.register(close_engine)
            else:
                _ENGINE.close()
            _ENGINE = Engine()
        return _ENGINE


def warm_engine(is_here: Callable[[str], bool] | None = None) -> None:
    """Start the engine, and soon its workers, without waiting for them.

    Args:
        is_here: whether an owner, named by the hash, has a page open: then no run is parked.
    """
    engine = get_engine()
    if is_here is not None:
        engine.keep_for(is_here)
    engine.warm(WARM_SECONDS)


def close_engine() -> None:
    """End the process's engine, if it was ever started."""
    if _ENGINE is not None:
        _ENGINE.close()
