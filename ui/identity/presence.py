"""Which sessions there are now: browser windows with a page open."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from vae_core.storage.home import latent_home, owner_folder, owner_hash

SEEN_FILE: Final = "seen"
"""Name of the file in an owner's folder whose time says when the browser was here last."""


@dataclass(frozen=True)
class Session:
    """Describe one session.

    Attributes:
        owner: hash of the browser's name.
        page: the page that it has open.
        since: when it came, in seconds since 1970.
        seen: when it last asked for something.
    """

    owner: str
    page: str
    since: float
    seen: float


_LOCK: Final = threading.Lock()
_SESSIONS: Final[dict[str, Session]] = {}


def note_session(owner: str, page: str) -> None:
    """Note which page this session shows; the frame calls it once a run."""
    context = get_script_run_ctx()
    if context is None:
        return
    now = time.time()
    with _LOCK:
        before = _SESSIONS.get(context.session_id)
        _SESSIONS[context.session_id] = Session(owner_hash(owner), page, before.since if before else now, now)
        if before is None:
            _forget_the_gone()
    if before is None:
        _note_visit(owner)


def sessions() -> tuple[Session, ...]:
    """Return the sessions that there are, the longest here first."""
    with _LOCK:
        _forget_the_gone()
        return tuple(sorted(_SESSIONS.values(), key=lambda session: session.since))


def is_here(owner: str) -> bool:
    """Whether someone, named by the hash, has a page open."""
    return any(session.owner == owner for session in sessions())


def _note_visit(owner: str) -> None:
    """Note on disk that a browser is here, if it has something here."""
    folder = owner_folder(latent_home(), owner)
    with suppress(OSError):
        if folder.is_dir():
            (folder / SEEN_FILE).touch(mode=0o600)


def _forget_the_gone() -> None:
    if not Runtime.exists():
        return
    runtime = Runtime.instance()
    for session in [session for session in _SESSIONS if not runtime.is_active_session(session)]:
        del _SESSIONS[session]
