"""How the server and its workers talk: in orders to a worker and messages from one, each a frozen dataclass.

They travel through a pipe as JSON with bytes behind it; nothing is pickled. What cannot be understood, of an
unknown kind or shape, is named in the log and ignored: everything else goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import UnionType
from typing import Any, Final, TypeVar

from vae_core.engine.processes.messages import Message
from vae_core.engine.processes.orders import JobOrder, RunOrder
from vae_core.engine.processes.wire import from_wire

LOG: Final = logging.getLogger(__name__)

T = TypeVar("T")


def _by_name(kinds: UnionType) -> dict[str, Any]:
    return {kind.__name__: kind for kind in kinds.__args__}


RUN_ORDERS: Final[Mapping[str, type[RunOrder]]] = _by_name(RunOrder)
JOB_ORDERS: Final[Mapping[str, type[JobOrder]]] = _by_name(JobOrder)
MESSAGES: Final[Mapping[str, type[Message]]] = _by_name(Message)


def understood(kinds: Mapping[str, type[T]], facts: Any, body: bytes, sender: str) -> T | None:
    """Return the order or message that came; None, and a line in the log, if it cannot be understood.

    Args:
        kinds: what may come: `RUN_ORDERS`, `JOB_ORDERS` or `MESSAGES`.
        facts: the JSON that came.
        body: the bytes behind it.
        sender: who it came from, for the log.
    """
    try:
        return from_wire(kinds, facts, body)
    except ValueError as problem:
        LOG.warning("what %s said is ignored: %s", sender, problem)
        return None
