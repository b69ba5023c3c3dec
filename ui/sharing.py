"""Links by which one browser lets others look at a model or a run: read-only, and taken back at any time.

A link is a token that nobody can guess; whoever has it may look, and do nothing else. It lies on disk as
`LATENT_HOME/links/<token>.json`, so that it outlives a restart, and in memory, so that asking costs nothing.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal

from vae_core.engine.home import latent_home, owner_hash, write_whole

Kind = Literal["model", "run", "follow"]

LOG: Final = logging.getLogger(__name__)
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32}")
MAX_LINKS: Final = 100
"""Of one owner; the oldest goes."""


@dataclass(frozen=True)
class Link:
    """Hold what one link leads to.

    Attributes:
        token: its name in the URL, 192 bits.
        kind: "model", "run", or "follow": whatever its owner shows at the time.
        owner: hash of the owner's name.
        what: the model's name or the run's id; "" for "follow".
        created: in seconds since 1970.
        announced: whether the Class page shows it to everyone on this server.
    """

    token: str
    kind: Kind
    owner: str
    what: str
    created: float
    announced: bool = False


class _Links:
    """Hold all links of one folder of data."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "links"
        self.by_token: dict[str, Link] = {}
        with suppress(OSError):
            for path in self.folder.glob("*.json"):
                with suppress(OSError, ValueError, TypeError):
                    link = Link(**json.loads(path.read_bytes()))
                    if link.token == path.stem and TOKEN.fullmatch(link.token):
                        self.by_token[link.token] = link

    def of(self, owner: str) -> list[Link]:
        """Return an owner's links, the oldest first."""
        mine = [link for link in self.by_token.values() if link.owner == owner]
        return sorted(mine, key=lambda link: link.created)

    def put(self, link: Link) -> None:
        write_whole(self.folder / f"{link.token}.json", json.dumps(asdict(link)).encode())
        self.by_token[link.token] = link

    def drop(self, link: Link) -> None:
        self.by_token.pop(link.token, None)
        with suppress(OSError):
            (self.folder / f"{link.token}.json").unlink()


_LOCK: Final = threading.Lock()
_LINKS: _Links | None = None


def share(owner: str, kind: Kind, what: str = "") -> Link:
    """Make a link, or return the one there is.

    Args:
        owner: the browser's name; that the thing is its own is for the caller to know.
        kind: what is shared.
        what: which.

    Raises:
        OSError: the disk is full.
    """
    with _LOCK:
        links, holder = _links(), owner_hash(owner)
        found = _find(links, holder, kind, what)
        if found is not None:
            return found
        for oldest in links.of(holder)[: -MAX_LINKS + 1]:
            links.drop(oldest)
        link = Link(secrets.token_urlsafe(24), kind, holder, what, time.time())
        links.put(link)
        LOG.info("%s shares a %s", holder[:6], kind)
        return link


def shared(owner: str, kind: Kind, what: str = "") -> Link | None:
    """Return the link to something of one's own, or None while it is not shared."""
    with _LOCK:
        return _find(_links(), owner_hash(owner), kind, what)


def stop_sharing(owner: str, kind: Kind, what: str = "") -> None:
    """Take a link back: from now on it leads nowhere, for those who look at the moment, too."""
    with _LOCK:
        found = _find(_links(), owner_hash(owner), kind, what)
        if found is not None:
            _links().drop(found)
            LOG.info("%s shares a %s no more", found.owner[:6], kind)


def announce(owner: str, on: bool) -> None:
    """Show the link by which its owner is followed to everyone on this server, or do so no more.

    Raises:
        OSError: the disk is full.
    """
    with _LOCK:
        found = _find(_links(), owner_hash(owner), "follow", "")
        if found is not None:
            _links().put(replace(found, announced=on))


def announced() -> tuple[Link, ...]:
    """Return the links that everyone on this server is shown, the oldest first."""
    with _LOCK:
        shown = [link for link in _links().by_token.values() if link.announced]
    return tuple(sorted(shown, key=lambda link: link.created))


def moved(owner: str, kind: Kind, what: str, now: str) -> None:
    """Let the link to something that has a new name lead there."""
    with _LOCK:
        found = _find(_links(), owner_hash(owner), kind, what)
        if found is not None:
            _links().put(replace(found, what=now))


def find(token: str, kind: Kind) -> Link | None:
    """Return what a token leads to; None when it leads nowhere, or was taken back."""
    with _LOCK:
        link = _links().by_token.get(token) if TOKEN.fullmatch(token) else None
    return link if link is not None and link.kind == kind else None


def _links() -> _Links:
    global _LINKS
    home = latent_home()
    if _LINKS is None or _LINKS.home != home:
        _LINKS = _Links(home)
    return _LINKS


def _find(links: _Links, owner: str, kind: Kind, what: str) -> Link | None:
    return next((link for link in links.of(owner) if link.kind == kind and link.what == what), None)
