"""Follow me: what one browser shows is what others see, as its hand moves, read-only.

The leader's component tells on a WebSocket what it shows: a model or a run of its own, the latent under the
hand, the axes. Each follower's component gets the newest of it on another, and asks the routes for the model
or the run itself; it is let in for as long as the leader shows just that. All of it happens in the server's
event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket

from ui.identity.origin import is_own_origin
from ui.identity.owner import owner_of
from ui.library import links
from ui.library.entry import ModelEntry
from ui.library.library import Library, held_model
from ui.web.stream import (
    FORBIDDEN,
    MALFORMED,
    TAKEN_BACK,
    TRY_LATER,
    UNKNOWN,
    both_ways,
    refuse,
    serve_stream,
)
from vae_core.config.settings import number
from vae_core.engine import Subscription, get_engine
from vae_core.storage.home import owner_hash

MAX_TEXT: Final = 8_000
MAX_FOLLOWERS: Final = 100
MOST_DIMS: Final = int(number("latent_dim").greatest)
LARGEST: Final = 1e4
LOOK_SECONDS: Final = 2.0
_AXES: Final = re.compile(r"[a-z0-9,]{1,16}")
_RUN: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(eq=False)
class LeaderView:
    """Hold what a leader shows now, and wake those who follow.

    Attributes:
        said: what followers get, JSON-able.
        subject: what the leader said it shows: ("model", name), ("run", id), ("foreign", "") or ("", "").
        entry: the own model that is shown, if it is one.
        run: id of the run that is shown, or "".
        followers: one event for each, set when that changes.
    """

    said: Mapping[str, Any] = field(default_factory=lambda: {"mode": None})
    subject: tuple[str, str] = ("", "")
    entry: ModelEntry | None = None
    run: str = ""
    followers: set[asyncio.Event] = field(default_factory=set)

    def tell(self) -> None:
        """Wake everyone who follows."""
        for changed in self.followers:
            changed.set()


_VIEWS: Final[dict[str, LeaderView]] = {}


def follower_count(token: str) -> int:
    """Return how many follow now."""
    view = _VIEWS.get(token)
    return len(view.followers) if view else 0


def followed_model(token: str) -> ModelEntry | None:
    """Return the own model that a leader shows now; None when it shows another, or nothing."""
    view = _VIEWS.get(token)
    return view.entry if view is not None and links.find(token, "follow") is not None else None


async def serve_leader(websocket: WebSocket, base: str) -> None:
    """Take in what a leader shows, until it leaves.

    Args:
        websocket: of the leader's component.
        base: the server's base path.
    """
    await websocket.accept()
    owner = owner_of(websocket)
    if owner is None or not is_own_origin(websocket.headers):
        await refuse(websocket, FORBIDDEN)
        return
    link = await run_in_threadpool(links.shared, owner, "follow")
    if link is None:
        await refuse(websocket, UNKNOWN)
        return
    view = _view_of(link.token)
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        if links.find(link.token, "follow") is None:
            await refuse(websocket, TAKEN_BACK)
            return
        try:
            now, z, axes = parse(message.get("text"))
        except ValueError:
            await refuse(websocket, MALFORMED)
            return
        if now != view.subject:  # also when another window of the leader showed something meanwhile
            found = await run_in_threadpool(_look_up, owner, link.token, now, base)
            view.said, view.entry, view.run = found  # at once: two windows of a leader may turn at a time
            view.subject = now
        view.said = {**view.said, "z": z, "axes": axes}
        view.tell()


async def serve_follower(websocket: WebSocket) -> None:
    """Tell a follower what is shown, now and whenever it changes."""
    token = websocket.path_params["token"]
    await websocket.accept()
    if not is_own_origin(websocket.headers):
        await refuse(websocket, FORBIDDEN)
        return
    if await run_in_threadpool(links.find, token, "follow") is None:  # the first to ask reads all from disk
        await refuse(websocket, UNKNOWN)
        return
    view, changed = _view_of(token), asyncio.Event()
    if len(view.followers) >= MAX_FOLLOWERS:
        await refuse(websocket, TRY_LATER)
        return
    changed.set()
    view.followers.add(changed)
    try:
        await both_ways(websocket, _hear_nothing(websocket), _tell(websocket, token, view, changed))
    finally:
        view.followers.discard(changed)


async def serve_followed_run(websocket: WebSocket) -> None:
    """Serve a follower the run that is shown, for as long as it is."""
    token, run_id = websocket.path_params["token"], websocket.path_params["run"]

    def is_shown() -> bool:
        view = _VIEWS.get(token)
        return view is not None and view.run == run_id and links.find(token, "follow") is not None

    def subscribe(loop: asyncio.AbstractEventLoop, wake: Any) -> Subscription:
        link = links.find(token, "follow")
        if link is None or not is_shown():
            raise KeyError("not shown")
        return get_engine().subscribe_guest(link.owner, run_id, loop, wake)

    await serve_stream(websocket, subscribe, is_shown)


def parse(text: str | None) -> tuple[tuple[str, str], list[float] | None, str | None]:
    """Read what a leader says: ("model", "run", "foreign" or "", its name or id), the latent, the axes.

    What is foreign is someone else's, shared with the leader, who cannot pass it on.

    Raises:
        ValueError: it is nothing of ours.
    """
    if text is None or len(text) > MAX_TEXT:
        raise ValueError("not a short text")
    try:
        said = json.loads(text)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(said, dict):
        raise ValueError("not a table")
    model, run, z, axes = (said.get(name) for name in ("model", "run", "z", "axes"))
    if not all(value is None or isinstance(value, str) for value in (model, run, axes)):
        raise ValueError("not of the right kind")
    if axes and not _AXES.fullmatch(axes):
        raise ValueError("no axes")
    if z is not None:
        if not isinstance(z, list) or len(z) > MOST_DIMS or not all(_is_number(value) for value in z):
            raise ValueError("no latent")
        z = [round(float(value), 3) for value in z]
    kind = "foreign" if said.get("foreign") is True else "run" if run else "model" if model else ""
    return (kind, {"run": run, "model": model}.get(kind) or ""), z, axes or None


def _is_number(value: Any) -> bool:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return known and abs(value) <= LARGEST  # which NaN is not either


def _look_up(
    owner: str, token: str, subject: tuple[str, str], base: str
) -> tuple[dict[str, Any], ModelEntry | None, str]:
    """Find what a leader shows, if it is the leader's to show: what followers get, the own model, the run."""
    kind, name = subject
    nothing: dict[str, Any] = {"mode": None} | ({"foreign": True} if kind == "foreign" else {})
    if kind == "model":
        entry = _model_to_show(owner, token, name)
        if entry is None:
            return nothing, None, ""
        bundle = {"name": entry.name, "url": base + entry.url, "title": entry.title}
        return {"mode": "explore", "bundle": bundle}, None if entry.shipped else entry, ""
    if kind == "run" and _RUN.fullmatch(name):
        try:
            title = get_engine().run(owner, name).title
        except (KeyError, PermissionError):
            return nothing, None, ""
        url = f"{base}/latent/follow/{token}/run/{name}"
        return {"mode": "train", "stream": {"url": url, "run": name}, "title": title}, None, name
    return nothing, None, ""


def _model_to_show(owner: str, token: str, name: str) -> ModelEntry | None:
    """Return a leader's model as followers may have it; None when there is none of that name."""
    try:
        entry = Library(owner).get(name)
    except KeyError:
        return None
    return entry if entry.shipped else held_model(owner_hash(owner), name, f"/latent/follow/{token}/model")


async def _hear_nothing(websocket: WebSocket) -> None:
    """Wait until a follower leaves; it has nothing to say.

    Raises:
        ValueError: it says something.
    """
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        if message.get("text") != "{}":  # a sign of life
            raise ValueError("followers only listen")


async def _tell(websocket: WebSocket, token: str, view: LeaderView, changed: asyncio.Event) -> None:
    """Send the newest there is; what a slow follower misses is replaced by what is newer.

    Raises:
        PermissionError: the link was taken back.
    """
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await changed.wait()
        if links.find(token, "follow") is None:
            raise PermissionError("the link was taken back")
        if changed.is_set():
            changed.clear()
            await websocket.send_text(json.dumps(view.said))


def _view_of(token: str) -> LeaderView:
    """Return what goes with a link; what went with links that are no more is forgotten."""
    for old in [known for known in _VIEWS if links.find(known, "follow") is None]:
        del _VIEWS[old]
    return _VIEWS.setdefault(token, LeaderView())
