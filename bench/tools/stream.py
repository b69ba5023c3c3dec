"""What one watcher of a run sees: listens as the page does, acknowledging every message."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from vae_core.storage.tensorfile import metadata_of

COOKIE = "latent_owner"


@dataclass
class Stream:
    """What one watcher of a run has seen.

    Attributes:
        frames: messages that moved the map, by when they came, on the monotonic clock.
        seconds: of training, as told last.
        step: as told last.
        state: as told last.
        has_past: whether it keeps moments.
        tells: called with each message that changes what buttons can act on.
        stalls: whether it stops reading after the first messages.
    """

    url: str
    cookie: str
    stalls: bool = False
    frames: list[float] = field(default_factory=list)
    seconds: float = 0.0
    step: int = 0
    state: str = ""
    has_past: bool = False
    tells: Callable[[], object] = lambda: None
    code: int | None = None

    async def watch(self) -> None:
        """Watch until cancelled, coming back when the connection is lost."""
        while True:
            with contextlib.suppress(OSError, ConnectionClosed, TimeoutError):
                await self._watch_once()
            if self.code in (4403, 4404, 4410, 1003):
                return
            await asyncio.sleep(0.5)

    async def _watch_once(self) -> None:
        headers = {"Cookie": f"{COOKIE}={self.cookie}"}
        async with connect(
            self.url, additional_headers=headers, compression=None, proxy=None, max_size=None
        ) as socket:
            try:
                async for data in socket:
                    assert isinstance(data, bytes), "the stream has no text messages"
                    self._hear(data)
                    if self.stalls and self.frames:
                        socket.transport.pause_reading()
                        await asyncio.sleep(3600)
                    await socket.send(json.dumps({"ack": int(metadata_of(data)["seq"])}))
            finally:
                self.code = socket.close_code

    def _hear(self, data: bytes) -> None:
        texts = metadata_of(data)
        facts = json.loads(texts["json"])
        before = self.standing
        self.has_past = bool(facts.get("keyframes", self.has_past))
        self.state = facts.get("state", self.state)
        self.step = facts.get("step") or self.step
        self.seconds = facts.get("seconds") or self.seconds
        if texts["kind"] in ("frame", "snapshot") and self.step:
            self.frames.append(time.monotonic())
        if self.standing != before:
            self.tells()

    @property
    def standing(self) -> tuple[str, bool, bool]:
        """Return what the page's buttons go by."""
        return self.state, self.step > 0, self.has_past
