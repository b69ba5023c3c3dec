"""What the engine's tests share: small models, runs of them, waiting, and a client that watches."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

import numpy as np

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine import Engine, RunInfo
from vae_core.storage import tensorfile

SMALL = ModelConfig(image_shape=(1, 8, 8), latent_dim=2, architecture="mlp", width=0.25)
LONG = TrainConfig(epochs=500, batch_size=32)

Seen = tuple[str, dict[str, Any], dict[str, np.ndarray], int]
"""A message as a browser gets it: its kind, its facts, its arrays, and how many bytes it has."""

Found = TypeVar("Found")


def wait_until(
    condition: Callable[[], Found | Literal[False] | None], seconds: float = 120.0, what: str = "it"
) -> Found:
    """Return what a condition returns, once that is something."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"{what} did not come true within {seconds} s"
        time.sleep(0.02)
    return found


def start(
    engine: Engine, owner: str, model: ModelConfig = SMALL, train: TrainConfig = LONG, **kwargs: Any
) -> RunInfo:
    return engine.start_run(owner, image_set="digits", model=model, train=train, **kwargs)


def progressed(engine: Engine, owner: str, run: RunInfo, steps: int) -> RunInfo:
    return wait_until(lambda: (now := engine.run(owner, run.id)).step >= steps and now, what=f"{steps} steps")


def become(engine: Engine, owner: str, run: RunInfo, state: str) -> RunInfo:
    return wait_until(lambda: (now := engine.run(owner, run.id)).state == state and now, what=f"{state} run")


def kept_at_rest(engine: Engine, owner: str, run: RunInfo) -> RunInfo:
    """The run's info, once it rests and its last keyframe is that of its last step."""
    obeyed = threading.Event()
    with engine._lock:  # this is answered after all orders before it: until then it may go on a little
        found = engine._scheduler.archive.runs[run.id]
        engine._scheduler.loaded.flush(found, engine.home / "at rest", lambda *_: obeyed.set())
    assert obeyed.wait(120)

    def rested() -> RunInfo | None:
        now = engine.run(owner, run.id)
        return now if now.keyframes and now.keyframes[-1]["step"] == now.step else None

    return wait_until(rested, what="a keyframe of the last step")


class Loop:
    """An event loop that has nothing to do; the engine asks no more of one than this."""

    def call_soon_threadsafe(self, callback: Callable[[], object]) -> None:
        callback()


class Watcher:
    """Watch a run as a browser does: take, note, acknowledge."""

    def __init__(self, engine: Engine, owner: str, run: RunInfo) -> None:
        self.seen: list[Seen] = []
        loop = cast(asyncio.AbstractEventLoop, Loop())
        self.subscription = engine.subscribe(owner, run.id, loop, lambda: None)

    def poll(self) -> Watcher:
        for seq, data in self.subscription.take():
            texts, arrays = tensorfile.unpack(data)
            self.seen.append((texts["kind"], json.loads(texts["json"]), arrays, len(data)))
            self.subscription.ack(seq)
        return self

    def kinds(self) -> list[str]:
        return [kind for kind, *_ in self.seen]

    def last(self, kind: str) -> Seen | None:
        return next((found for found in reversed(self.seen) if found[0] == kind), None)

    def newest(self, kind: str) -> Seen:
        """The newest of a kind that must have come."""
        found = self.last(kind)
        assert found is not None, f"no {kind} has come"
        return found

    def wait_for(self, kind: str, count: int = 1, seconds: float = 120.0) -> Seen:
        wait_until(lambda: self.poll().kinds().count(kind) >= count, seconds, f"{count} x {kind}")
        return self.newest(kind)

    def wait_for_state(self, state: str, seconds: float = 120.0) -> None:
        wait_until(
            lambda: any(kind == "state" and facts["state"] == state for kind, facts, *_ in self.poll().seen),
            seconds,
            f"state {state}",
        )
