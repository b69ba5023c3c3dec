"""The WebSocket on which a browser takes part in a lesson that a class does together.

Upwards it says what it predicted and how many steps it has passed, whole each time, so that it can say it
again whenever the connection was lost: `{"turn": 1, "prediction": 0, "step": 2}`. Downwards comes what is
open and what is counted; what all have predicted only once the teacher shows it. It is the cookie that tells
browsers apart, so whoever brings none is not let in.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from time import monotonic
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket

from ui.identity.origin import is_own_origin
from ui.identity.owner import owner_of
from ui.library import links
from ui.web.guards.places import NoPlaceError
from ui.web.sockets.lesson_rooms import LessonRoom, OpenLesson, open_at, read_answer, room_of
from ui.web.sockets.stream import FORBIDDEN, PLACES, TRY_LATER, UNKNOWN, both_ways, refuse
from vae_core.storage.home import owner_hash

LOOK_SECONDS: Final = 2.0
"""So often it is looked whether the link still holds, when nothing else happens."""

PAUSE_SECONDS: Final = 0.2
"""At least so long between two messages to a browser: thirty that answer at once are told in one."""

MOST_MESSAGES: Final = 30
"""No hand does so much in a second."""


async def serve_room(websocket: WebSocket) -> None:
    """Let a browser take part, until it, the teacher or the server ends it."""
    token, owner = websocket.path_params["token"], owner_of(websocket)
    await websocket.accept()
    if owner is None or not is_own_origin(websocket.headers):
        await refuse(websocket, FORBIDDEN)
        return
    link = await run_in_threadpool(links.find, token, "lesson")  # the first to ask reads all from disk
    if link is None:
        await refuse(websocket, UNKNOWN)
        return
    member, changed = owner_hash(owner), asyncio.Event()
    if member == link.owner:  # whoever leads looks on
        member = ""
    changed.set()
    room = room_of(token)
    try:
        with PLACES.place(f"lesson {token}", websocket), room.joined(member, changed):
            await both_ways(
                websocket,
                _listen(websocket, token, room, member),
                _tell(websocket, token, room, changed),
            )
    except NoPlaceError:
        await refuse(websocket, TRY_LATER)


async def _listen(websocket: WebSocket, token: str, room: LessonRoom, member: str) -> None:
    """Count what a browser says, until it leaves.

    Raises:
        ValueError: it says what nobody can say.
    """
    since, count = monotonic(), 0
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        if monotonic() - since > 1.0:
            since, count = monotonic(), 0
        count += 1
        if count > MOST_MESSAGES:
            raise ValueError("no hand")
        lesson = open_at(token)
        if lesson is None or message.get("text") == "{}":  # a sign of life
            continue
        answer = read_answer(message.get("text"), lesson)
        if member:
            room.note(member, answer, lesson)


async def _tell(websocket: WebSocket, token: str, room: LessonRoom, changed: asyncio.Event) -> None:
    """Send what is new.

    Raises:
        PermissionError: the link was taken back.
    """
    told: dict[str, Any] = {}
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await changed.wait()
        changed.clear()
        lesson = open_at(token)
        if lesson is None:
            raise PermissionError("the link was taken back")
        news = _said(lesson, room)
        if news != told:
            told = news
            await websocket.send_text(json.dumps(news))
        await asyncio.sleep(PAUSE_SECONDS)


def _said(lesson: OpenLesson, room: LessonRoom) -> dict[str, Any]:
    """Return what all may know: what was predicted is nobody's before it is shown."""
    counts = room.counts(lesson)
    return {
        "turn": lesson.turn,
        "lesson": lesson.lesson,
        "stage": lesson.stage,
        "joined": counts.joined,
        "predicted": counts.predicted,
        "said": None if lesson.stage == "predict" else counts.said,
    }
