"""Jobs that pages wait for, kept by owner and purpose: a reload is a new session, and finds them here."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from vae_core.engine import EngineBusyError, Job

_LIMIT: Final = 1_000
_MOST_BYTES: Final = 64_000_000
"""Of results that are held: a film takes a million or more."""

_JOBS: OrderedDict[tuple[str, str], Job] = OrderedDict()
_LOCK: Final = threading.Lock()


def begun(owner: str, purpose: str) -> Job | None:
    """Return the job that serves a purpose, whatever its state, or None."""
    with _LOCK:
        return _JOBS.get((owner, purpose))


def begin(owner: str, purpose: str, submit: Callable[[], Job]) -> Job | None:
    """Return the purpose's job, submitting it if there is none; None when the engine is too busy."""
    found = begun(owner, purpose)
    if found is not None:
        return found
    try:
        job = submit()
    except EngineBusyError:
        return None
    keep(owner, purpose, job)
    return job


def keep(owner: str, purpose: str, job: Job) -> None:
    """Let a job serve a purpose, in place of the one before."""
    with _LOCK:
        _JOBS[owner, purpose] = job
        _JOBS.move_to_end((owner, purpose))
        while len(_JOBS) > _LIMIT:
            _JOBS.popitem(last=False)
        held = sum(each.held_bytes for each in _JOBS.values())
        for each, older in list(_JOBS.items())[:-1]:
            if held <= _MOST_BYTES:
                break
            if older.held_bytes:
                held -= older.held_bytes
                del _JOBS[each]


def forget(owner: str, purpose: str) -> None:
    """Forget a purpose's job, so that the next `begin` submits it anew."""
    with _LOCK:
        _JOBS.pop((owner, purpose), None)
