"""Who watches or follows by a link: places are counted by browser, those without cookies by address.

A class is one address, and so is a proxy: its browsers are told apart by their cookies. Who brings none
shares places with all others of that address, and never takes one from a browser that has a cookie.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from starlette.requests import HTTPConnection

from ui.identity.owner import owner_of

MOST_BROWSERS: Final = 100
"""So many browsers have a place at one link."""

MOST_TABS: Final = 3
"""So many tabs of one browser."""

MOST_WITHOUT_COOKIE: Final = 100
MOST_OF_ADDRESS: Final = 80
"""So many without cookies in all, and of one address: forty with two tabs each."""


class NoPlaceError(Exception):
    """Say that all places at a link are taken."""


class Places:
    """Count who has a place at which link; all of it happens in the server's event loop."""

    def __init__(self) -> None:
        self._browsers: dict[str, Counter[str]] = {}
        self._addresses: dict[str, Counter[str]] = {}

    def taken(self, link: str) -> int:
        """Return how many places are taken at a link."""
        known = (places.get(link, Counter()) for places in (self._browsers, self._addresses))
        return sum(each.total() for each in known)

    @contextmanager
    def place(self, link: str, connection: HTTPConnection) -> Iterator[None]:
        """Have a place for as long as the context lasts.

        Args:
            link: names what is watched.
            connection: of whoever wants the place.

        Raises:
            NoPlaceError: there is none for this browser or address.
        """
        owner = owner_of(connection)
        if owner is not None:
            who, places = owner, self._browsers
        else:
            who, places = connection.client.host if connection.client else "", self._addresses
        here = places.setdefault(link, Counter())
        if owner is not None:
            is_full = here[who] >= MOST_TABS or (not here[who] and len(+here) >= MOST_BROWSERS)
        else:
            is_full = here[who] >= MOST_OF_ADDRESS or here.total() >= MOST_WITHOUT_COOKIE
        if is_full:
            raise NoPlaceError
        here[who] += 1
        try:
            yield
        finally:
            here[who] -= 1
            if not here[who]:
                del here[who]
            if not here and places.get(link) is here:
                del places[link]
