"""Keep the garbage collector away from what stays for ever.

Now and then Python looks through all of its objects for garbage. Most of them are modules, which never become
any: looking through them takes 100 ms, with all sessions held up. They are set aside once the modules of a
page have been imported; what is left is looked through in a few milliseconds. Streamlit's own full collection
after every run of a script or fragment is off (`.streamlit/config.toml`).
"""

from __future__ import annotations

import gc
import threading
from collections import Counter
from typing import Final

_LOCK: Final = threading.Lock()
_SEEN: Final[Counter[str]] = Counter()
_TURNS: Final = (1, 3)
"""At these drawings of a page: at the first much of what it needs is still on its way."""


def freeze_modules(page: str) -> None:
    """Set all objects there are now aside, when a page has been drawn for the first times.

    What is among them of a session is freed as ever, but for circles; that this happens twice for each page
    bounds what they can hold.
    """
    with _LOCK:
        _SEEN[page] += 1
        if _SEEN[page] not in _TURNS:
            return
    gc.collect()
    gc.freeze()
