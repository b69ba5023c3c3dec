"""The training side of a worker: all its runs in turn, and what the server orders in between."""

from __future__ import annotations

import queue
import time
import traceback
from typing import TYPE_CHECKING, Any, Final

from vae_core.config.configs import Architecture, ModelConfig, TrainConfig
from vae_core.engine.contract.failures import describe
from vae_core.engine.worker.live_run import LiveRun
from vae_core.engine.worker.turns import Schedule
from vae_core.images.loading import load_image_set
from vae_core.training.trainer import Trainer

if TYPE_CHECKING:
    from vae_core.engine.processes.pipe import Facts, Inbox
    from vae_core.engine.worker.outbox import Outbox

LAST_SAVES: Final = 1.2
"""Seconds for putting runs on disk when the server has gone."""


class TrainLoop:
    """Train runs in turn until the pipe ends.

    Args:
        inbox: orders.
        outbox: answers.
    """

    def __init__(self, inbox: Inbox, outbox: Outbox) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._schedule = Schedule()
        self._runs: dict[str, LiveRun] = {}
        self._closing = False

    def run_until_closed(self) -> None:
        """Work until the pipe ends; then put all runs on disk, those first that have most to lose."""
        if self._inbox.empty():
            warm_up()
        while not self._closing:
            self._take_orders(wait=not len(self._schedule))
            turn = self._schedule.turn()
            if turn is not None and not self._closing:
                self._take_turn(*turn)
        until = time.monotonic() + LAST_SAVES
        for run in sorted(self._runs.values(), key=lambda run: run.unsaved, reverse=True):
            if time.monotonic() < until and run.unsaved > 0:
                self._guarded(run, run.save)

    def _take_turn(self, name: str, seconds: float) -> None:
        """Train one run for a while; orders are taken between its pieces."""
        run, spent = self._runs[name], 0.0
        self._outbox.put({"kind": "begin", "run": name})
        while not self._closing:
            before = time.perf_counter()
            if self._guarded(run, lambda: run.piece(sharers=len(self._schedule))) and run.resting:
                self._schedule.remove(name)
                if run.trainer.done:
                    self._leave(name)
            spent += time.perf_counter() - before
            self._take_orders(wait=False)
            # Never before the first piece: of many who start at once, each would make way for the next.
            is_here = name in self._schedule and self._runs.get(name) is run
            if spent >= seconds or not is_here or self._schedule.urgent:
                break
        self._outbox.put({"kind": "begin", "run": ""})

    def _take_orders(self, *, wait: bool) -> None:
        while True:
            try:
                order = self._inbox.get(block=wait)
            except queue.Empty:
                return
            wait = False
            if order is None:
                self._closing = True
                return
            self._obey(order[0])
            if order[0]["kind"] == "load" and self._schedule.urgent:
                return  # it trains a little before the next is loaded: loading thirty takes a while

    def _obey(self, order: Facts) -> None:
        name, kind = order["run"], order["kind"]
        if kind == "load":
            self._load(order)
            return
        run = self._runs.get(name)
        if run is not None and run.generation != order["generation"]:
            run = None
        if kind == "flush":
            done, error = False, ""
            if run is not None:
                try:
                    run.flush(order["path"])
                    done = True
                except OSError as problem:  # the disk is full
                    error = describe(problem)
            self._outbox.put({"kind": "flushed", "token": order["token"], "done": done, "error": error})
        elif run is None:
            return
        elif kind == "drop":
            self._schedule.remove(name)
            self._guarded(run, run.leave)
            self._leave(name)
        elif kind == "pause":
            self._schedule.remove(name)
            self._guarded(run, run.rest)
        elif kind == "resume":
            run.until = None
            self._schedule.add(name, new=True)
        elif kind == "explain":
            self._schedule.remove(name)
            self._guarded(run, lambda: run.explain(order["request"]))
            if run.trainer.done:
                run.tell("done")
                self._leave(name)
        elif kind == "step":
            run.take_steps(order["steps"], order["request"])
            self._schedule.add(name, new=True)
        else:
            self._guarded(run, lambda: _ORDERS[kind](run, order))

    def _load(self, order: Facts) -> None:
        run = LiveRun(order, self._outbox)
        self._leave(run.name)
        self._runs[run.name] = run
        self._outbox.put({"kind": "begin", "run": run.name})
        if self._guarded(run, run.open) and not order["paused"]:
            self._schedule.add(run.name, new=order["new"])
        self._outbox.put({"kind": "begin", "run": ""})

    def _leave(self, name: str) -> None:
        self._schedule.remove(name)
        self._runs.pop(name, None)

    def _guarded(self, run: LiveRun, work: Any) -> bool:
        """Do something for one run; whatever goes wrong, only this run fails."""
        try:
            work()
        except Exception as error:
            if not isinstance(error, (ValueError, FloatingPointError)):
                traceback.print_exc()
            self._leave(run.name)
            sentence, back = describe(error), None
            if isinstance(error, FloatingPointError):
                sentence, back = self._fallen_back(run, sentence)
            run.tell("failed", error=sentence, back=back)
            return False
        return True

    def _fallen_back(self, run: LiveRun, sentence: str) -> tuple[str, dict[str, Any] | None]:
        """Let a run whose loss is no number stand at its last good keyframe; returns what to say."""
        try:
            sentence = run.fall_back()
        except (OSError, ValueError, FloatingPointError):
            traceback.print_exc()
            return sentence, None
        return sentence, {"step": run.trainer.step, "epoch": run.trainer.epoch}


def warm_up() -> None:
    """Train a tiny model for a moment: half of what torch needs is imported at the first step."""
    images = load_image_set("digits", limit=32)
    architectures: tuple[Architecture, ...] = ("mlp", "conv")
    for architecture in architectures:
        config = ModelConfig(image_shape=(1, 8, 8), architecture=architecture, width=0.125)
        Trainer(images, config, TrainConfig(batch_size=16)).advance(steps=1)


_ORDERS: Final[dict[str, Any]] = {
    "set": lambda run, order: run.set(order["values"]),
    "watch": lambda run, order: run.watch(order["watchers"], order["hands"], order["all_hands"]),
    "weights": lambda run, order: run.send_weights(),
}
