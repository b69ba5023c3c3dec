"""The training side of a worker: all its runs in turn, and what the server orders in between."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, assert_never

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine.contract.failures import describe
from vae_core.engine.processes import messages, orders
from vae_core.engine.worker.live_run import LiveRun
from vae_core.engine.worker.turns import Schedule
from vae_core.images.loading import load_image_set
from vae_core.training.trainer import Trainer

if TYPE_CHECKING:
    from vae_core.engine.worker.inbox import Inbox
    from vae_core.engine.worker.outbox import Outbox

LAST_SAVES: Final = 1.2
"""Seconds for putting runs on disk when the server has gone."""


class TrainLoop:
    """Train runs in turn until the pipe ends.

    Args:
        inbox: orders.
        outbox: answers.
    """

    def __init__(self, inbox: Inbox[orders.RunOrder], outbox: Outbox) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._schedule = Schedule()
        self._runs: dict[str, LiveRun] = {}

    def run_until_closed(self) -> None:
        """Work until the pipe ends; then put all runs on disk, those first that have most to lose."""
        if self._inbox.empty:
            warm_up()
        while not self._inbox.closed:
            self._take_orders(wait=not len(self._schedule))
            turn = self._schedule.turn()
            if turn is not None and not self._inbox.closed:
                self._take_turn(*turn)
        until = time.monotonic() + LAST_SAVES
        for run in sorted(self._runs.values(), key=lambda run: run.unsaved, reverse=True):
            if time.monotonic() < until and run.unsaved > 0:
                self._guarded(run, run.save)

    def _take_turn(self, name: str, seconds: float) -> None:
        """Train one run for a while; orders are taken between its pieces."""
        run, spent = self._runs[name], 0.0
        self._outbox.put(messages.BusyWith(name))
        while not self._inbox.closed:
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
        self._outbox.put(messages.BusyWith(""))

    def _take_orders(self, *, wait: bool) -> None:
        while (order := self._inbox.take(wait=wait)) is not None:
            wait = False
            self._obey(order)
            if isinstance(order, orders.Load) and self._schedule.urgent:
                return  # it trains a little before the next is loaded: loading thirty takes a while

    def _obey(self, order: orders.RunOrder) -> None:
        name = order.key.run
        run = self._runs.get(name)
        if run is not None and run.key != order.key:  # it was loaded anew since
            run = None
        match order:
            case orders.Load():
                self._load(order)
            case orders.Flush():
                self._flush(run, order.path)
            case orders.Drop():
                self._drop(run, order.key)
            case _ if run is None:
                return
            case orders.Pause():
                self._schedule.remove(name)
                self._guarded(run, run.rest)
            case orders.Resume():
                run.until = None
                self._schedule.add(name, new=True)
            case orders.Step(steps=steps, request=request):
                run.take_steps(steps, request)
                self._schedule.add(name, new=True)
            case orders.Explain(request=request):
                self._explain(run, request)
            case orders.Change(values=values):
                self._guarded(run, lambda: run.set(values))
            case orders.Watch():
                self._guarded(run, lambda: run.watch(order))
            case orders.SendWeights():
                self._guarded(run, run.send_weights)
            case _:
                assert_never(order)

    def _load(self, order: orders.Load) -> None:
        run, name = LiveRun(order, self._outbox), order.key.run
        self._leave(name)
        self._runs[name] = run
        self._outbox.put(messages.BusyWith(name))
        if self._guarded(run, run.open) and not order.paused:
            self._schedule.add(name, new=order.is_new)
        self._outbox.put(messages.BusyWith(""))

    def _drop(self, run: LiveRun | None, key: orders.RunKey) -> None:
        """Put a run on disk and let go of it; where it has ended meanwhile, it is there."""
        if run is not None:
            self._schedule.remove(key.run)
            self._guarded(run, run.leave)
            self._leave(key.run)
        self._outbox.put(messages.Dropped(key))

    def _flush(self, run: LiveRun | None, path: str) -> None:
        """Write a run's present state to a file of its own, if it is here, and say whether it was done."""
        error = ""
        if run is not None:
            try:
                run.flush(path)
            except OSError as problem:  # the disk is full
                error = describe(problem)
        self._outbox.put(messages.Flushed(path, run is not None and not error, error))

    def _explain(self, run: LiveRun, request: int) -> None:
        self._schedule.remove(run.key.run)
        if self._guarded(run, lambda: run.explain(request)) and run.trainer.done:
            self._outbox.put(messages.Done(run.key))
            self._leave(run.key.run)

    def _leave(self, name: str) -> None:
        self._schedule.remove(name)
        self._runs.pop(name, None)

    def _guarded(self, run: LiveRun, work: Callable[[], None]) -> bool:
        """Do something for one run; whatever goes wrong, only this run fails."""
        try:
            work()
        except Exception as error:
            if not isinstance(error, (ValueError, FloatingPointError)):
                traceback.print_exc()
            self._leave(run.key.run)
            sentence, back = describe(error), None
            if isinstance(error, FloatingPointError):
                sentence, back = self._fallen_back(run, sentence)
            self._outbox.put(messages.Failed(run.key, sentence, back))
            return False
        return True

    def _fallen_back(self, run: LiveRun, sentence: str) -> tuple[str, messages.Position | None]:
        """Let a run whose loss is no number stand at its last good keyframe; returns what to say."""
        try:
            sentence = run.fall_back()
        except (OSError, ValueError, FloatingPointError):
            traceback.print_exc()
            return sentence, None
        return sentence, messages.Position(run.trainer.step, run.trainer.epoch)


def warm_up() -> None:
    """Train a tiny model for a moment: half of what torch needs is imported at the first step."""
    images = load_image_set("digits", limit=32)
    architectures: tuple[str, ...] = ("mlp", "conv")
    for architecture in architectures:
        config = ModelConfig(image_shape=(1, 8, 8), architecture=architecture, width=0.125)
        Trainer(images, config, TrainConfig(batch_size=16)).advance(steps=1)
