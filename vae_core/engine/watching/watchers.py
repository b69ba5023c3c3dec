"""Who watches which run: what they get when they come, what all of them get later, and whose hand is on.

All of it happens with the engine's lock held.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from vae_core.engine.contract.info import EngineBusyError
from vae_core.engine.processes.orders import RunOrder, SendWeights, ShowPinned, Watch
from vae_core.engine.runs.run import PROBE, SNAPSHOT, WEIGHTS, Run, Watcher
from vae_core.engine.watching.messages import NO_ARRAYS
from vae_core.engine.watching.subscription import Subscription
from vae_core.storage.tensorfile import metadata_of

MAX_WATCHERS: Final = 64
"""Pages of a run's owner that watch it."""

MAX_GUESTS: Final = 400
"""Others that watch it; who of them has a place is decided before, by browser and address."""


@dataclass(eq=False)
class Watchers:
    """Let browsers in and out, and give them what is new.

    Attributes:
        lock: the engine's lock.
        runs: all runs that are in memory, by their names.
        order: gives the worker an order for a run, if it has that run.
    """

    lock: threading.RLock
    runs: Mapping[str, Run]
    order: Callable[[Run, RunOrder], None]
    _hands: int = 0
    _pinned: set[str] = field(default_factory=set)

    def subscribe(
        self,
        run: Run,
        loop: asyncio.AbstractEventLoop,
        wake: Callable[[], None],
        *,
        is_guest: bool = False,
    ) -> Subscription:
        """Let a browser watch a run, and give it all that is known.

        Args:
            run: what is watched.
            loop: the client's event loop.
            wake: called in it whenever there may be something to take.
            is_guest: whether someone else watches than the run's owner.

        Raises:
            EngineBusyError: too many watch it already.
        """
        most = MAX_GUESTS if is_guest else MAX_WATCHERS
        if sum(watcher.is_guest == is_guest for watcher in run.watchers) >= most:
            raise EngineBusyError(f"{most} pages watch this run already. Close some.")
        watcher = Subscription(
            run,
            self.lock,
            loop,
            wake,
            on_hand=lambda watcher, on: self._hand(run, watcher, on),
            on_pin=lambda: self.report(run),
            on_close=lambda watcher: self._leave(run, watcher),
            is_guest=is_guest,
        )
        run.watchers.append(watcher)
        _put_stored(run, [watcher], "hello", PROBE)
        if run.snapshot is not None:
            watcher.put("snapshot", *run.snapshot)
        elif not run.loaded:
            _put_stored(run, [watcher], "snapshot", SNAPSHOT)
        if is_guest and run.detail is not None and run.detail[0].get("step") == run.step:
            watcher.put("detail", *run.detail)  # its owner may be explaining it just now
        watcher.put("state", run.state_facts())
        self.report(run)
        return watcher

    def put(self, run: Run, kind: str, facts: Mapping[str, Any], body: bytes = NO_ARRAYS) -> None:
        """Offer a message to all who watch a run."""
        for watcher in run.watchers:
            watcher.put(kind, facts, body)

    def put_state(self, run: Run) -> None:
        """Tell all who watch a run in which state it is."""
        self.put(run, "state", run.state_facts())

    def put_timeline(self, run: Run) -> None:
        """Tell all who watch a run its marks and keyframes."""
        self.put(run, "timeline", run.timeline_facts())

    def put_hello(self, run: Run) -> None:
        """Give all who watch a run the images on the map, once there are any: they begin anew."""
        _put_stored(run, run.watchers, "hello", PROBE)

    def put_stored_weights(self, run: Run) -> None:
        """Give every hand the weights that a run left on disk, if it has not had them from the worker."""
        _put_stored(run, [watcher for watcher in run.watchers if watcher.has_hand], "weights", WEIGHTS)

    def report(self, run: Run) -> None:
        """Tell the worker how many watch a run, how many hands there are, and what is pinned."""
        hands = sum(watcher.has_hand for watcher in run.watchers)
        self.order(run, Watch(run.key, len(run.watchers), hands, self._hands))
        pins = tuple({watcher.pinned for watcher in run.watchers if watcher.pinned})
        if pins or run.id in self._pinned:
            self.order(run, ShowPinned(run.key, pins))
        (self._pinned.add if pins else self._pinned.discard)(run.id)

    def close(self) -> None:
        """Show everyone out."""
        for run in self.runs.values():
            for watcher in list(run.watchers):
                watcher.close()

    def _leave(self, run: Run, watcher: Subscription) -> None:
        run.watchers.remove(watcher)
        if not watcher.is_guest:
            run.touch()
        self._count_hands()
        self.report(run)

    def _hand(self, run: Run, watcher: Subscription, on: bool) -> None:
        """Let weights go to a watcher whose hand is on."""
        self._count_hands()
        self.report(run)
        if on and run.loaded:
            if not run.weights_asked:  # what is on its way goes to all hands
                run.weights_asked = True
                self.order(run, SendWeights(run.key))
        elif on:
            _put_stored(run, [watcher], "weights", WEIGHTS)

    def _count_hands(self) -> None:
        """Let everyone's weights come less often as the hands grow."""
        before = self._hands
        self._hands = sum(watcher.has_hand for run in self.runs.values() for watcher in run.watchers)
        if self._hands != before:
            for run in self.runs.values():
                if run.loaded and any(watcher.has_hand for watcher in run.watchers):
                    self.report(run)


def _put_stored(run: Run, watchers: Iterable[Watcher], kind: str, name: str) -> None:
    """Give watchers what the worker once put on disk for them."""
    with suppress(OSError, ValueError, KeyError):
        data = (run.folder / name).read_bytes()
        facts = json.loads(metadata_of(data)["json"])
        for watcher in watchers:
            watcher.put(kind, facts, data)
