"""How many new owners one address may bring within a minute.

A class of forty that comes at once passes; a script that is someone new at each request does not. A school,
or a proxy, is one address: so much is allowed that people never meet the bound. Each address has a store of
arrivals that fills up again over a minute; addresses not seen for long are forgotten.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from vae_core.engine.contract import limits

THIS_MACHINE: Final = "127.0.0.1"
MOST_ADDRESSES: Final = 4096
"""So many addresses are remembered; the one not seen for longest goes first."""


class CrowdedError(Exception):
    """Say that too many new browsers came from an address; the text is for whoever came last."""


@dataclass
class Arrivals:
    """Count new owners by address.

    Attributes:
        clock: seconds, from anywhere.
    """

    clock: Callable[[], float] = time.monotonic
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, address: str) -> None:
        """Let one more come from an address.

        Raises:
            CrowdedError: too many came within the last minute.
        """
        most = limits.NEW_OWNERS.value()
        network = network_of(address)
        with self._lock:
            now = self.clock()
            left, since = self._left.pop(network, (most, now))
            left = min(most, left + (now - since) * most / 60)
            self._left[network] = max(0.0, left - 1), now
            while len(self._left) > MOST_ADDRESSES:
                self._left.popitem(last=False)
        if left < 1:
            raise CrowdedError(
                "Very many new browsers have come from your network within a minute. "
                "Wait a moment, then reload this page; if this browser blocks cookies, allow them here."
            )


def network_of(address: str) -> str:
    """Return what counts as one address: of IPv6 the network that one subscriber has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    found = getattr(found, "ipv4_mapped", None) or found
    return str(found) if found.version == 4 else str(ipaddress.ip_network(f"{found}/64", strict=False))


_ARRIVALS: Final = Arrivals()


def admit(address: str) -> None:
    """Let one more new owner come to this server from an address.

    Raises:
        CrowdedError: too many came within the last minute.
    """
    _ARRIVALS.admit(address)
