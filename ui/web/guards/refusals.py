"""What the server refused behind a page's back, kept until the page says it.

Streamlit's own field shows the status of an upload that was refused, and nothing of the answer.
"""

from __future__ import annotations

from typing import Final

from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

MOST: Final = 1_000
"""So many sessions have a sentence waiting at most; then the oldest goes."""

_WAITING: Final[dict[str, str]] = {}


def tell_page(session: str, sentence: str) -> None:
    """Let a page say a sentence, and draw it anew for that; on the server's event loop.

    Args:
        session: which page, by Streamlit's name; one that there is not is told nothing.
        sentence: what to say.
    """
    info = Runtime.instance()._session_mgr.get_active_session_info(session) if Runtime.exists() else None
    if info is None:
        return
    _WAITING.pop(session, None)
    _WAITING[session] = sentence
    while len(_WAITING) > MOST:
        del _WAITING[next(iter(_WAITING))]
    info.session.request_rerun(info.session._client_state)


def take_refusal() -> str:
    """Return the sentence that waits for the page that is being drawn, once; "" for none."""
    context = get_script_run_ctx()
    return _WAITING.pop(context.session_id, "") if context is not None else ""
