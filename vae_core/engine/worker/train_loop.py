"""The training side of a worker: all its runs in turn, and what the server orders in between."""

from __future__ import annotations

import time
import traceback
from collections import defaultdict, deque
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Final, assert_never

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.config.effort import step_effort
from vae_core.engine.contract.failures import describe
from vae_core.engine.processes import messages, orders
from vae_core.engine.worker.live_run import LiveRun, Pauses
from vae_core.engine.worker.turns import Schedule, Turn
from vae_core.images.loading import load_image_set
from vae_core.training.pauses import finished
from vae_core.training.trainer import Trainer

if TYPE_CHECKING:
    from vae_core.engine.worker.inbox import Inbox
    from vae_core.engine.worker.outbox import Outbox

LAST_SAVES: Final = 1.2
"""Seconds for putting runs on disk when the server has gone."""


class TrainLoop:
    """Train runs in turn until the pipe ends.

    Orders are taken in at once and obeyed in their owner's turns, in the order in which they came.

    Args:
        inbox: orders.
        outbox: answers.
    """

    def __init__(self, inbox: Inbox[orders.RunOrder], outbox: Outbox) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._schedule = Schedule()
        self._runs: dict[str, LiveRun] = {}
        self._owners: dict[str, str] = {}  # of runs that are here, or on their way
        self._errands: defaultdict[str, deque[orders.RunOrder]] = defaultdict(deque)  # orders by owner
        self._training: defaultdict[str, deque[str]] = defaultdict(deque)  # runs that take steps, by owner
        self._errand: dict[str, Pauses] = {}  # the order that is being obeyed, by owner
        self._pieces: dict[str, Generator[None, None, bool]] = {}  # of training, under way, by run
        self._at_work = ""  # the run whose piece goes on right now
        self._busy_with = ""

    def run_until_closed(self) -> None:
        """Work until the pipe ends; then put all runs on disk, those first that have most to lose."""
        if self._inbox.empty:
            self._outbox.put(messages.Measured(warm_up()))
        while not self._inbox.closed:
            self._take_orders(wait=not len(self._schedule))
            turn = self._schedule.turn()
            if turn is not None and not self._inbox.closed:
                self._take_turn(turn)
        until = time.monotonic() + LAST_SAVES
        for piece in self._pieces.values():  # steps that were not finished have not been taken
            piece.close()
        for run in sorted(self._runs.values(), key=lambda run: run.unsaved, reverse=True):
            if time.monotonic() < until and run.unsaved > 0:
                finished(self._guarded(run, run.save))
        for owner, errands in list(self._errands.items()):  # what was ordered before the end
            while (errands or owner in self._errand) and time.monotonic() < until:
                self._go_on_obeying(owner)

    def _take_turn(self, turn: Turn) -> None:
        """Do what an owner has ordered, and then train for what is left; orders are taken in between."""
        owner, began, at_work = turn.owner, time.perf_counter(), time.process_time()
        spent, trained = 0.0, False
        while not self._inbox.closed and self._has_work(owner):
            if self._errands[owner] or owner in self._errand:
                self._go_on_obeying(owner)
            else:
                self._train(owner)
                trained = True
            self._take_orders(wait=False)
            spent = time.perf_counter() - began
            # Never before the first piece: of many who start at once, each would make way for the next.
            begins = not trained and self._training[owner] and not self._errands[owner]
            if not begins and (spent >= turn.seconds or self._is_urgent(turn, spent)):
                break
        self._schedule.took(turn, spent, time.process_time() - at_work)
        if not self._has_work(owner):
            self._forget(owner)
        self._note_busy("")

    def _has_work(self, owner: str) -> bool:
        return bool(owner in self._errand or self._errands[owner] or self._training[owner])

    def _go_on_obeying(self, owner: str) -> None:
        """Obey the next order of an owner, or go on with one after its pause."""
        if owner not in self._errand:
            self._errand[owner] = self._obey(self._errands[owner].popleft())
        try:
            next(self._errand[owner])
        except StopIteration:
            del self._errand[owner]

    def _is_urgent(self, turn: Turn, spent: float) -> bool:
        return self._schedule.is_asked if turn.is_first else self._schedule.is_urgent(spent)

    def _train(self, owner: str) -> None:
        """Train one run of an owner for a moment, or go on with a piece after its pause."""
        name = self._training[owner][0]
        run = self._runs[name]
        self._note_busy(name)
        if name not in self._pieces:
            self._pieces[name] = self._guarded(run, lambda: run.piece(sharers=len(self._schedule)))
        self._at_work = name
        try:
            next(self._pieces[name])
        except StopIteration as end:
            self._pieces.pop(name, None)
            if not end.value:
                return
            self._training[owner].rotate(-1)
            if run.resting:
                self._training[owner].remove(name)
                if run.trainer.done:
                    self._leave(name)
        finally:
            self._at_work = ""

    def _note_busy(self, name: str) -> None:
        """Say which run is at work, so that it can be blamed if the process dies."""
        if name != self._busy_with:
            self._busy_with = name
            self._outbox.put(messages.BusyWith(name))

    def _forget(self, owner: str) -> None:
        """Let an owner for whom there is nothing to do take no more turns."""
        self._schedule.remove(owner)
        del self._errands[owner], self._training[owner]
        gone = [name for name, whose in self._owners.items() if whose == owner and name not in self._runs]
        for name in gone:
            del self._owners[name]

    def _take_orders(self, *, wait: bool) -> None:
        while (order := self._inbox.take(wait=wait)) is not None:
            wait = False
            self._take_in(order)

    def _take_in(self, order: orders.RunOrder) -> None:
        """Put an order behind those that its owner has given before; what costs little is done at once."""
        if isinstance(order, orders.Load):
            self._owners[order.key.run] = order.owner
        owner = self._owners.get(order.key.run)
        is_small = isinstance(order, (orders.Change, orders.Watch, orders.ShowPinned, orders.SendWeights))
        if owner is None:  # there is no such run
            finished(self._obey(order))
        elif isinstance(order, orders.Drop) and self._take_back(owner, order.key):
            self._outbox.put(messages.Dropped(order.key))
        elif is_small and not self._errands.get(owner) and owner not in self._errand:
            began = time.perf_counter()
            finished(self._obey(order))
            self._schedule.charge(owner, time.perf_counter() - began)
        else:
            self._errands[owner].append(order)
            is_old = isinstance(order, orders.Load) and not order.is_new
            self._schedule.add(owner, asks=not (is_small or is_old))

    def _take_back(self, owner: str, key: orders.RunKey) -> bool:
        """Strike the order to load a run, and what was to follow, if it has not been obeyed yet."""
        errands = self._errands[owner]
        if not any(isinstance(order, orders.Load) and order.key == key for order in errands):
            return False
        kept = [order for order in errands if order.key != key or isinstance(order, orders.Flush)]
        self._errands[owner] = deque(kept)
        return True

    def _obey(self, order: orders.RunOrder) -> Pauses:
        name = order.key.run
        run = self._runs.get(name)
        if run is not None and run.key != order.key:  # it was loaded anew since
            run = None
        match order:
            case orders.Load():
                yield from self._load(order)
            case orders.Flush():
                self._flush(run, order.path)
            case orders.Drop():
                yield from self._drop(run, order.key)
            case _ if run is None:
                return
            case orders.Pause():
                self._stop_training(name)
                yield from self._guarded(run, run.rest)
            case orders.Resume():
                run.until = None
                self._let_train(name)
            case orders.Step(steps=steps, request=request):
                run.take_steps(steps, request)
                self._let_train(name)
            case orders.Explain(request=request):
                yield from self._explain(run, request)
            case orders.Change(values=values):
                yield from self._guarded(run, lambda: run.set(values))
            case orders.Watch():
                yield from self._guarded(run, lambda: run.watch(order))
            case orders.ShowPinned(pins=pins):
                run.show_pinned(pins)
            case orders.SendWeights():
                yield from self._guarded(run, run.send_weights)
            case _:
                assert_never(order)

    def _load(self, order: orders.Load) -> Pauses:
        run, name = LiveRun(order, self._outbox), order.key.run
        self._leave(name)
        self._runs[name] = run
        self._note_busy(name)
        if (yield from self._guarded(run, run.open)) and not order.paused:
            self._let_train(name)

    def _drop(self, run: LiveRun | None, key: orders.RunKey) -> Pauses:
        """Put a run on disk and let go of it; where it has ended meanwhile, it is there."""
        if run is not None:
            self._stop_training(key.run)
            yield from self._guarded(run, run.leave)
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

    def _explain(self, run: LiveRun, request: int) -> Pauses:
        self._stop_training(run.key.run)
        if (yield from self._guarded(run, lambda: run.explain(request))) and run.trainer.done:
            self._outbox.put(messages.Done(run.key))
            self._leave(run.key.run)

    def _let_train(self, name: str) -> None:
        training = self._training[self._owners[name]]
        if name not in training:
            training.append(name)

    def _stop_training(self, name: str) -> None:
        """Let a run take no more steps; one that is being taken is given up."""
        if (piece := self._pieces.pop(name, None)) is not None and name != self._at_work:
            piece.close()
        for training in self._training.values():
            if name in training:
                training.remove(name)

    def _leave(self, name: str) -> None:
        self._stop_training(name)
        self._runs.pop(name, None)

    def _guarded(self, run: LiveRun, work: Callable[[], Pauses | None]) -> Generator[None, None, bool]:
        """Do something for one run, perhaps with pauses; whatever goes wrong, only this run fails."""
        try:
            if (pauses := work()) is not None:
                yield from pauses
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


def warm_up() -> float:
    """Train tiny models for a moment: half of what torch needs is imported at the first step.

    Returns:
        Multiply-adds a second of a large net's steps, forwards and back, on this machine.
    """
    images = load_image_set("digits", limit=32)
    train = TrainConfig(batch_size=16)
    architectures: tuple[str, ...] = ("mlp", "conv")
    for architecture in architectures:
        config = ModelConfig(image_shape=(1, 8, 8), architecture=architecture, width=0.125)
        Trainer(images, config, train).advance(steps=1)
    large = ModelConfig(image_shape=(1, 8, 8), architecture="article")
    trainer, seconds = Trainer(images, large, train), []
    for _ in range(3):
        began = time.perf_counter()
        trainer.advance(steps=1, measure=False)
        seconds.append(time.perf_counter() - began)
    return step_effort(large, train) / min(seconds)
