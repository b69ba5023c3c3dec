"""Links by which one browser lets others look at a model or a run: read-only, and taken back at any time.

A link is a token that nobody can guess; whoever has it may look, and do nothing else; only a collection of
drawings takes what others bring. It lies on disk as
`LATENT_HOME/links/<token>.json`, so that it outlives a restart, and in memory, so that asking costs nothing:
the server's event loop asks all the time, and must never wait for a disk on which someone makes a link.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal

from vae_core.storage.home import latent_home, owner_hash, write_whole

Kind = Literal["model", "run", "images", "follow", "task", "lesson", "drawings"]

CODED: Final[tuple[Kind, ...]] = ("follow", "task", "lesson", "drawings")
"""What six letters lead to, too."""

LOG: Final = logging.getLogger(__name__)
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32}")
LETTERS: Final = "ACDEFGHJKMNPRTVWXY"
"""Of a code: none that another, or a digit, could be taken for."""

CODE_LETTERS: Final = 6
MAX_LINKS: Final = 100
"""Of one owner; the oldest goes."""


@dataclass(frozen=True)
class Link:
    """Hold what one link leads to.

    Attributes:
        token: its name in the URL, 192 bits.
        kind: "model", "run", "images", "follow" (whatever its owner shows at the time), "task" (for others to
            do), "lesson" (that a class does together), or "drawings" (its owner's collection, to add to).
        owner: hash of the owner's name.
        what: the model's or image set's name, the run's id, the task or the lesson as text; "" for
            "follow" and "drawings".
        created: in seconds since 1970.
        announced: whether every page shows it to everyone on this server.
        code: letters that lead to it as well, while there is the link; "" where it is not `CODED`.
    """

    token: str
    kind: Kind
    owner: str
    what: str
    created: float
    announced: bool = False
    code: str = ""


class _Links:
    """Hold all links of one folder of data, each found by its name at once, however many there are.

    Reading takes no lock, and each change of a table is one step; who changes something holds `_CHANGES`.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "links"
        self.by_token: dict[str, Link] = {}
        self.by_thing: dict[tuple[str, Kind, str], Link] = {}
        self.by_owner: dict[str, tuple[Link, ...]] = {}
        self.announced: dict[str, Link] = {}
        for _, link in _stored(self.folder):
            self._take_in(link)

    def find(self, owner: str, kind: Kind, what: str) -> Link | None:
        """Return an owner's link to something, or None."""
        return self.by_thing.get((owner, kind, what))

    def of(self, owner: str) -> tuple[Link, ...]:
        """Return an owner's links, the oldest first."""
        return self.by_owner.get(owner, ())

    def new_code(self) -> str:
        """Return a code that leads nowhere yet."""
        while True:
            code = random_code()
            if all(link.code != code for link in self.by_token.values()):
                return code

    def put(self, link: Link) -> None:
        write_whole(self.folder / f"{link.token}.json", json.dumps(asdict(link)).encode())
        self._forget(link.token)
        self._take_in(link)

    def drop(self, link: Link) -> None:
        self._forget(link.token)
        with suppress(OSError):
            (self.folder / f"{link.token}.json").unlink()

    def _take_in(self, link: Link) -> None:
        of_owner = (*self.of(link.owner), link)
        self.by_owner[link.owner] = tuple(sorted(of_owner, key=lambda each: each.created))
        self.by_thing[link.owner, link.kind, link.what] = link
        if link.announced:
            self.announced[link.token] = link
        self.by_token[link.token] = link

    def _forget(self, token: str) -> None:
        link = self.by_token.pop(token, None)
        if link is None:
            return
        self.announced.pop(token, None)
        if self.by_thing.get((link.owner, link.kind, link.what)) is link:
            del self.by_thing[link.owner, link.kind, link.what]
        rest = tuple(each for each in self.of(link.owner) if each is not link)
        if rest:
            self.by_owner[link.owner] = rest
        else:
            self.by_owner.pop(link.owner, None)


def _stored(folder: Path) -> Iterator[tuple[str, Link]]:
    """Read the links that lie on disk, by their tokens."""
    with suppress(OSError):
        for path in folder.glob("*.json"):
            with suppress(OSError, ValueError, TypeError):
                link = Link(**json.loads(path.read_bytes()))
                if link.token == path.stem and TOKEN.fullmatch(link.token):
                    yield link.token, link


_CHANGES: Final = threading.Lock()
_LOADING: Final = threading.Lock()
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
    with _CHANGES:
        links, holder = _links(), owner_hash(owner)
        found = links.find(holder, kind, what)
        if found is not None:
            return found
        for oldest in links.of(holder)[: -MAX_LINKS + 1]:
            links.drop(oldest)
        code = links.new_code() if kind in CODED else ""
        link = Link(secrets.token_urlsafe(24), kind, holder, what, time.time(), code=code)
        links.put(link)
        LOG.info("%s shares its %s", holder[:6], kind)
        return link


def shared(owner: str, kind: Kind, what: str = "") -> Link | None:
    """Return the link to something of one's own, or None while it is not shared."""
    return _links().find(owner_hash(owner), kind, what)


def stop_sharing(owner: str, kind: Kind, what: str = "") -> None:
    """Take a link back: from now on it leads nowhere, for those who look at the moment, too."""
    with _CHANGES:
        found = _links().find(owner_hash(owner), kind, what)
        if found is not None:
            _links().drop(found)
            LOG.info("%s shares its %s no more", found.owner[:6], kind)


def announce(owner: str, on: bool) -> None:
    """Show the link by which its owner is followed to everyone on this server, or do so no more.

    Raises:
        OSError: the disk is full.
    """
    with _CHANGES:
        found = _links().find(owner_hash(owner), "follow", "")
        if found is not None:
            _links().put(replace(found, announced=on))


def announced() -> tuple[Link, ...]:
    """Return the links that everyone on this server is shown, the oldest first."""
    return tuple(sorted(_links().announced.copy().values(), key=lambda link: link.created))


def forget_owner(holder: str) -> None:
    """Take back all links of an owner, named by the hash, whose data is gone."""
    with _CHANGES:
        for link in _links().of(holder):
            _links().drop(link)


def random_code() -> str:
    """Return a code that nobody has guessed."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LETTERS))


def by_code(code: str) -> Link | None:
    """Return what a code leads to; None when it leads nowhere, or not any more."""
    return next((link for link in _links().by_token.values() if code and link.code == code), None)


def all_shared(owner: str, kind: Kind) -> tuple[Link, ...]:
    """Return an owner's links of a kind, the oldest first."""
    return tuple(link for link in _links().of(owner_hash(owner)) if link.kind == kind)


def moved(owner: str, kind: Kind, what: str, now: str) -> None:
    """Let the link to something that has a new name lead there."""
    with _CHANGES:
        found = _links().find(owner_hash(owner), kind, what)
        if found is not None:
            _links().put(replace(found, what=now))


def find(token: str, kind: Kind) -> Link | None:
    """Return what a token leads to; None when it leads nowhere, or was taken back."""
    link = _links().by_token.get(token) if TOKEN.fullmatch(token) else None
    return link if link is not None and link.kind == kind else None


def _links() -> _Links:
    """Return the links, read from disk when they are first asked for."""
    global _LINKS
    home, found = latent_home(), _LINKS
    if found is None or found.home != home:
        with _LOADING:
            found = _LINKS
            if found is None or found.home != home:
                found = _LINKS = _Links(home)
    return found
