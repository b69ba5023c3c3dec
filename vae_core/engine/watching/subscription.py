"""One watching browser, seen from the engine: the newest message of each kind, and how much may be sent.

The engine's threads `put`; the browser's coroutine takes and acknowledges, in its own event loop, which
never waits for the engine's lock: whoever holds that may be writing to a slow disk. Nothing waits for a slow
browser either: what it has not taken is replaced by what is newer; with two messages unacknowledged it gets
none.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from vae_core.engine.watching.messages import NO_ARRAYS, message

KINDS: Final = ("hello", "state", "timeline", "detail", "snapshot", "weights", "frame")
"""In the order in which they are sent."""

MAX_UNACKNOWLEDGED: Final = 2


class Watched(Protocol):
    """What a subscription asks of the run it watches."""

    @property
    def latent_dim(self) -> int:
        """How many numbers a latent has."""

    def hello_facts(self) -> dict[str, Any]:
        """Return what a new watcher needs to know."""

    def history_from(self, start: int) -> list[Mapping[str, Any]]:
        """Return the history from an entry on."""


class Subscription:
    """Hold what one client has still to get.

    Args:
        run: what is watched.
        lock: the engine's lock, held when a hand comes or goes, and at the end.
        loop: the client's event loop.
        wake: called in that loop when there is something to take.
        on_hand: called when the hand comes or goes, with (subscription, whether it is on).
        on_close: called once, at the end.
        on_pin: called when another latent is pinned, or none any more.
        is_guest: whether someone else watches than the run's owner.
    """

    def __init__(
        self,
        run: Watched,
        lock: threading.RLock,
        loop: asyncio.AbstractEventLoop,
        wake: Callable[[], None],
        on_hand: Callable[[Subscription, bool], None],
        on_close: Callable[[Subscription], None],
        *,
        on_pin: Callable[[], None] = lambda: None,
        is_guest: bool = False,
    ) -> None:
        self.run = run
        self.is_guest = is_guest
        self.has_hand = False
        self.pinned: tuple[float, ...] = ()
        self.weights_step = -1
        self._engine_lock = lock
        self._lock = threading.Lock()  # taken last, and held for moments only
        self._loop = loop
        self._wake = wake
        self._on_hand = on_hand
        self._on_pin = on_pin
        self._on_close = on_close
        self._slots: dict[str, tuple[Mapping[str, Any], bytes]] = {}
        self._seq = 0
        self._unacknowledged: list[int] = []
        self._history_sent = 0
        self._closed = False

    def put(self, kind: str, facts: Mapping[str, Any], data: bytes = NO_ARRAYS) -> None:
        """Offer a message, instead of an older one of its kind; returns at once.

        Args:
            kind: one of `KINDS`.
            facts: JSON-able values; hello's are added to those of the run when it is taken.
            data: arrays in the safetensors layout.
        """
        with self._lock:
            if self._closed:
                return
            if kind == "weights":
                if not self.has_hand or facts.get("step") == self.weights_step:
                    return
                self.weights_step = int(facts.get("step", -1))
            elif kind == "hello":  # a new beginning: what was before belongs to no map any more
                for older in ("timeline", "detail", "snapshot", "weights", "frame"):
                    self._slots.pop(older, None)
                self.weights_step = -1
            elif kind == "snapshot":
                self._slots.pop("frame", None)
            self._slots[kind] = (facts, data)
        self._notify()

    def take(self) -> list[tuple[int, bytes]]:
        """Return what may be sent now, as (sequence number, message)."""
        chosen: list[tuple[str, int, Mapping[str, Any], bytes]] = []
        with self._lock:
            for kind in KINDS:
                if len(self._unacknowledged) >= MAX_UNACKNOWLEDGED or self._closed:
                    break
                if kind not in self._slots:
                    continue
                facts, data = self._slots.pop(kind)
                if kind == "hello":
                    facts = {**self.run.hello_facts(), **facts}
                    self._history_sent = len(facts["history"])
                elif kind == "snapshot":
                    tail = self.run.history_from(self._history_sent)
                    self._history_sent += len(tail)
                    facts = {**facts, "history_tail": tail}
                self._seq += 1
                self._unacknowledged.append(self._seq)
                chosen.append((kind, self._seq, facts, data))
        return [(seq, message(kind, seq, facts, data)) for kind, seq, facts, data in chosen]

    def ack(self, seq: int) -> None:
        """Note that the client has dealt with a message, and with all before it."""
        with self._lock:
            self._unacknowledged = [sent for sent in self._unacknowledged if sent > seq]

    def hand(self, on: bool) -> None:
        """Note whether the client's hand is on the map or a slider: only then it gets weights.

        This may wait for the engine's lock.
        """
        with self._engine_lock:
            with self._lock:
                if self._closed or on == self.has_hand:
                    return
                self.has_hand = on
                self.weights_step = -1
                if not on:
                    self._slots.pop("weights", None)
            self._on_hand(self, on)

    def pin(self, latent: tuple[float, ...]) -> None:
        """Note the latent whose picture the client wants with the frames; an empty one: none.

        This may wait for the engine's lock.

        Raises:
            ValueError: the run's latents have not so many numbers.
        """
        if latent and len(latent) != self.run.latent_dim:
            raise ValueError(f"a latent here has {self.run.latent_dim} numbers, not {len(latent)}")
        with self._engine_lock:
            with self._lock:
                if self._closed or latent == self.pinned:
                    return
                self.pinned = latent
            self._on_pin()

    def close(self) -> None:
        """End the subscription; this may wait for the engine's lock."""
        with self._engine_lock:
            with self._lock:
                if self._closed:
                    return
                self._closed = True
                self._slots.clear()
            self._on_close(self)

    def _notify(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: its handlers are gone or going
            self._loop.call_soon_threadsafe(self._wake)
