"""The WebSocket on which a browser watches a run as it trains.

Downwards go binary messages in the safetensors layout (`vae_core.engine.watching.messages`); upwards come
short texts, `{"ack": seq}`, `{"hand": true}` and `{"pin": [0.5, -1.0]}`: the latent whose picture frames are
to bring, null for none. A refused browser is let in and then shown out with a code of its own (4403: not
yours; 4404: no such run), because a refusal during the handshake looks to it like a lost network, and it
would try for ever.

Who may watch:
- a foreign Origin never: another page must not read what this browser may;
- no Origin: not a browser, so there is no page to be wary of; the cookie decides;
- no cookie, or one that is not the run's owner's: never;
- with the token of a link that its owner made: whoever has it, until the owner takes it back (then 4410).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine
from math import isfinite
from time import monotonic
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from ui.identity.origin import is_own_origin
from ui.identity.owner import owner_of
from ui.library import links
from ui.web.guards.places import NoPlaceError, Places
from vae_core.engine import EngineBusyError, Subscription, get_engine

FORBIDDEN: Final = 4403
UNKNOWN: Final = 4404
TAKEN_BACK: Final = 4410
MALFORMED: Final = 1003
TRY_LATER: Final = 1013
MAX_TEXT: Final = 4_000
"""Room for the numbers of the longest latent."""

MOST_HANDS: Final = 100
"""So often in a second no hand comes and goes; each time costs the worker something."""

PLACES: Final = Places()
"""Of all who watch or follow by a link."""

LOOK_SECONDS: Final = 2.0
"""So often it is looked whether a link still holds, when nothing else happens."""


async def stream(websocket: WebSocket) -> None:
    """Serve a browser that watches its own run, until it, or the server, leaves."""
    owner, run_id = owner_of(websocket), websocket.path_params.get("run", "")

    def subscribe(loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> Subscription:
        if owner is None:
            raise PermissionError("no owner")
        return get_engine().subscribe(owner, run_id, loop, wake)

    await serve_stream(websocket, subscribe)


async def watch(websocket: WebSocket) -> None:
    """Serve a browser that watches a run by a link."""
    token = websocket.path_params["token"]

    def subscribe(loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> Subscription:
        link = links.find(token, "run")
        if link is None:
            raise KeyError("no such link")
        return get_engine().subscribe_guest(link.owner, link.what, loop, wake)

    await serve_guest(websocket, token, subscribe, lambda: links.find(token, "run") is not None)


Subscribe = Callable[[asyncio.AbstractEventLoop, Callable[[], None]], Subscription]


async def serve_guest(
    websocket: WebSocket, token: str, subscribe: Subscribe, is_allowed: Callable[[], bool]
) -> None:
    """Serve a browser that watches by a link, if there is a place for it; otherwise as `serve_stream`."""
    try:
        with PLACES.place(f"run {token}", websocket):
            await serve_stream(websocket, subscribe, is_allowed)
    except NoPlaceError:
        await websocket.accept()
        await refuse(websocket, TRY_LATER)


async def serve_stream(
    websocket: WebSocket, subscribe: Subscribe, is_allowed: Callable[[], bool] = lambda: True
) -> None:
    """Let a browser in, and serve it until it, or the server, leaves.

    Args:
        websocket: not yet accepted.
        subscribe: subscribes to the run, or raises KeyError or PermissionError.
        is_allowed: whether it may go on watching; asked before anything is sent.
    """
    await websocket.accept()
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    try:
        if not is_own_origin(websocket.headers):
            raise PermissionError("a page from elsewhere")
        subscription = await run_in_threadpool(subscribe, loop, ready.set)
    except KeyError:
        await refuse(websocket, UNKNOWN)
    except PermissionError:
        await refuse(websocket, FORBIDDEN)
    except EngineBusyError:
        await refuse(websocket, TRY_LATER)
    else:
        await _serve(websocket, subscription, ready, is_allowed)


async def _serve(
    websocket: WebSocket, subscription: Subscription, ready: asyncio.Event, is_allowed: Callable[[], bool]
) -> None:
    async def leave() -> None:
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, subscription.close))

    await both_ways(
        websocket,
        _listen(websocket, subscription, ready),
        _send_messages(websocket, subscription, ready, is_allowed),
        leave,
    )


async def both_ways(
    websocket: WebSocket,
    receiving: Coroutine[Any, Any, None],
    sending: Coroutine[Any, Any, None],
    leave: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Send and receive side by side; the first to end, ends both, and what it raised becomes a code.

    Args:
        websocket: accepted.
        receiving: listens until the browser leaves; ValueError says that it sent nonsense.
        sending: sends; PermissionError says that it may not do so any more.
        leave: awaited before anything is said about the end.
    """
    tasks = [asyncio.create_task(receiving), asyncio.create_task(sending)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        if leave is not None:
            await leave()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, ValueError):
                await refuse(websocket, MALFORMED)
            elif isinstance(outcome, PermissionError):
                await refuse(websocket, TAKEN_BACK)
            elif isinstance(outcome, Exception) and not _is_goodbye(outcome):
                raise outcome


async def _listen(websocket: WebSocket, subscription: Subscription, ready: asyncio.Event) -> None:
    """Take acknowledgements, the hand's coming and going, and what is pinned, until the browser leaves.

    Raises:
        ValueError: something else came.
    """
    since, hands = monotonic(), 0
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        seq, hand, pin = _parse(message.get("text"))
        if seq is not None:
            subscription.ack(seq)
        if hand is not None or pin is not None:
            if monotonic() - since > 1.0:
                since, hands = monotonic(), 0
            hands += 1
            if hands > MOST_HANDS:
                raise ValueError("no hand")
        if hand is not None:
            await run_in_threadpool(subscription.hand, hand)  # it may wait for the engine
        if pin is not None:
            await run_in_threadpool(subscription.pin, pin)
        ready.set()


async def _send_messages(
    websocket: WebSocket, subscription: Subscription, ready: asyncio.Event, is_allowed: Callable[[], bool]
) -> None:
    """Send what is new and may go; a slow browser only holds up itself.

    Raises:
        PermissionError: the link was taken back.
    """
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):  # `wait_for` may swallow a cancellation
                await ready.wait()
        ready.clear()
        if not is_allowed():
            raise PermissionError("the link was taken back")
        for _, message in subscription.take():
            await websocket.send_bytes(message)


def _parse(text: str | None) -> tuple[int | None, bool | None, tuple[float, ...] | None]:
    """Read a message from the browser.

    Returns:
        What it acknowledges, whether the hand is on, and the latent that is pinned, empty for none any more;
        None for what it does not say.

    Raises:
        ValueError: it is none of ours.
    """
    if text is None or len(text) > MAX_TEXT:
        raise ValueError("not a short text")
    try:
        message = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(message, dict):
        raise ValueError("not a table")
    seq, hand = message.get("ack"), message.get("hand")
    if not (seq is None or type(seq) is int) or not (hand is None or isinstance(hand, bool)):
        raise ValueError("not of the right kind")
    return seq, hand, _latent(message["pin"]) if "pin" in message else None


def _latent(numbers: Any) -> tuple[float, ...]:
    """Read a latent; none is an empty one.

    Raises:
        ValueError: it is none.
    """
    if numbers is None:
        return ()
    if not isinstance(numbers, list) or not all(type(each) in (int, float) for each in numbers):
        raise ValueError("no latent")
    try:
        latent = tuple(map(float, numbers))
    except OverflowError:
        raise ValueError("no latent") from None
    if not all(map(isfinite, latent)):
        raise ValueError("no latent")
    return latent


async def refuse(websocket: WebSocket, code: int) -> None:
    """Close with a code, and wait until the browser has gone."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
        await websocket.close(code)
        await websocket.receive()


def _is_goodbye(error: Exception) -> bool:
    """Whether an error only says that the browser has gone while something was being sent."""
    return isinstance(error, (WebSocketDisconnect, OSError)) or "close" in str(error).lower()
