"""Follow me: what one browser shows is what others see, as its hand moves, read-only.

The leader's component tells on a WebSocket what it shows: a model or a run of its own, the latent under the
hand, and how the map is seen (`ui.web.sockets.shown`). Each follower's component gets the newest of it on
another, and asks the routes for the model or the run itself; it is let in for as long as the leader shows
just that. All of it happens in the server's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket

from ui.identity.origin import is_own_origin
from ui.identity.owner import owner_of
from ui.library import links
from ui.library.entry import ModelEntry
from ui.library.library import Library, held_model
from ui.web.guards.places import NoPlaceError
from ui.web.sockets.shown import read_shown
from ui.web.sockets.stream import (
    FORBIDDEN,
    MALFORMED,
    PLACES,
    TAKEN_BACK,
    TRY_LATER,
    UNKNOWN,
    both_ways,
    refuse,
    serve_guest,
)
from vae_core.engine import Subscription, get_engine
from vae_core.storage.home import owner_hash

LOOK_SECONDS: Final = 2.0
_RUN: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(eq=False)
class LeaderView:
    """Hold what a leader shows now, and wake those who follow.

    Attributes:
        said: what followers get, JSON-able.
        subject: what the leader said it shows, as `Shown` has it.
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
    """Return the own model that a leader shows now; None when it shows another, or nothing.

    It is looked up again: another model may bear its name by now, which the leader has not shown.
    """
    view, link = _VIEWS.get(token), links.find(token, "follow")
    if view is None or view.entry is None or link is None:
        return None
    entry = held_model(link.owner, view.entry.name, f"/latent/follow/{token}/model")
    return entry if entry is not None and entry.digest == view.entry.digest else None


def followed_keyframe(token: str, run_id: str, step: int) -> Path:
    """Return the file of a moment of the run that a leader shows now.

    Raises:
        KeyError, PermissionError: it is not shown, or there is no such moment.
    """
    view, link = _VIEWS.get(token), links.find(token, "follow")
    if view is None or link is None or view.run != run_id:
        raise KeyError("not shown")
    return get_engine().shared_keyframe(link.owner, run_id, step)


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
            shown = read_shown(message.get("text"))
        except ValueError:
            await refuse(websocket, MALFORMED)
            return
        if shown.subject != view.subject:  # also when another window of the leader showed something meanwhile
            found = await run_in_threadpool(_look_up, owner, link.token, shown.subject, base)
            view.said, view.entry, view.run = found  # at once: two windows of a leader may turn at a time
            view.subject = shown.subject
        view.said = {**view.said, **shown.view}
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
    changed.set()
    try:
        with PLACES.place(f"follow {token}", websocket):
            view.followers.add(changed)
            await both_ways(websocket, _hear_nothing(websocket), _tell(websocket, token, view, changed))
    except NoPlaceError:
        await refuse(websocket, TRY_LATER)
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

    await serve_guest(websocket, token, subscribe, is_shown)


def _look_up(
    owner: str, token: str, subject: tuple[str, str], base: str
) -> tuple[dict[str, Any], ModelEntry | None, str]:
    """Find what a leader shows, if it is the leader's to show: what followers get, the own model, the run."""
    kind, name = subject
    nothing: dict[str, Any] = {"mode": None} | ({"foreign": True} if kind == "foreign" else {})
    if kind in ("explore", "interpolate"):
        entry = _model_to_show(owner, token, name)
        if entry is None:
            return nothing, None, ""
        bundle = {"name": entry.name, "url": base + entry.url, "title": entry.title}
        return {"mode": kind, "bundle": bundle}, None if entry.shipped else entry, ""
    if kind == "run" and _RUN.fullmatch(name):
        try:
            title = get_engine().run(owner, name).title
        except (KeyError, PermissionError):
            return nothing, None, ""
        url = f"{base}/latent/follow/{token}/run/{name}"
        stream = {"url": url, "run": name, "keyframes": f"{url}/keyframes"}
        return {"mode": "train", "stream": stream, "title": title}, None, name
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
