"""One run in the worker's memory: trained in pieces, shown to those who watch, put on disk now and then."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vae_core.engine.contract.failures import NOT_A_NUMBER, went_back
from vae_core.engine.processes import messages
from vae_core.engine.worker.broadcast import Broadcast
from vae_core.engine.worker.packing import pack_detail
from vae_core.engine.worker.run_files import RunFiles
from vae_core.engine.worker.timed import Timed
from vae_core.storage.home import write_whole
from vae_core.training.pauses import finished
from vae_core.training.state_file import make_trainer, pack_state

if TYPE_CHECKING:
    from vae_core.engine.processes.orders import Load, Watch
    from vae_core.engine.worker.outbox import Outbox
    from vae_core.training.snapshot import Snapshot
    from vae_core.training.trainer import Trainer

Pauses = Generator[None, None, None]
"""Work that yields where other runs may have their turn."""

FRAME_SECONDS: Final = 0.1
"""Between two frames."""

LEAST_PIECE: Final = 0.03
UNWATCHED_PIECE: Final = 0.3
"""Seconds of training that nobody watches: whoever comes meanwhile waits for its end. In a run's first second
the one who started it is on the way, and a piece is as short as from one frame to the next."""

SAVE_SECONDS: Final = 3.5
"""Seconds of training between two states on disk; with the piece on top this stays under four."""

FIRST_SAVE: Final = 1.0
PROGRESS_SECONDS: Final = 0.5


class LiveRun:
    """Hold a trainer, and what its watchers and the disk have still to get.

    Args:
        order: the server's order to load it.
        outbox: where messages go.
    """

    trainer: Trainer

    def __init__(self, order: Load, outbox: Outbox) -> None:
        self.key = order.key
        self.until: int | None = None
        self._request = 0
        self.resting = order.paused
        self.unsaved = 0.0
        self._order = order
        self._outbox = outbox
        self._watchers = self._hands = self._all_hands = 0
        self._frame_at = -math.inf
        self._saved_once = False

    # Orders

    def open(self) -> Pauses:
        """Make the trainer, bring it to where it begins, and say what it is.

        Raises:
            ValueError: the state, the images or the settings cannot be used.
        """
        order = self._order
        self.trainer = make_trainer(order.image_set, order.model, order.train)
        self._broadcast = Broadcast(self.key, self.trainer, self._outbox)
        self._files = RunFiles(Path(order.folder), self.trainer, self._broadcast)
        began = self._files.begin(order.train, has_origin=order.has_origin)
        self._broadcast.begin()
        images, history = self.trainer.image_set, tuple(self.trainer.history)
        names = tuple(images.label_names), tuple(images.factor_names)
        self._outbox.put(messages.Loaded(self.key, self._broadcast.progress(), *names, history, began))
        self._tell_keyframes()
        if self.resting:
            yield from self._broadcast.sending_snapshot()

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings from the next step on."""
        self.trainer.set(**values)

    def watch(self, order: Watch) -> None:
        """Note how many watch, how many of them have a hand on, and how many hands there are in all."""
        arrived = order.watchers > 0 and not self._watchers
        self._watchers, self._hands, self._all_hands = order.watchers, order.hands, order.all_hands
        shown = self._broadcast.last
        if arrived and shown is not None and shown.step != self.trainer.step:
            self._broadcast.send_snapshot(whole=self.resting)  # its next turn may be long in coming
            self._keep_keyframe()

    def show_pinned(self, pins: tuple[tuple[float, ...], ...]) -> None:
        """Bring the pictures of these latents with the frames from now on."""
        self._broadcast.pins = pins

    def take_steps(self, steps: int | None, request: int) -> None:
        """Take so many more steps, or those to the end of an epoch, and rest then.

        Args:
            steps: how many; None for what is left of the epoch, or a whole one at its beginning.
            request: a number that comes back when it rests.
        """
        first = self.until if self.until is not None else self.trainer.step
        a_pass = self.trainer.steps_per_epoch
        self.until = first + (a_pass - first % a_pass if steps is None else steps)
        self._request = request

    def explain(self, request: int) -> Pauses:
        """Take one step, tell all that happened in it, and rest.

        Raises:
            ValueError: the run is at its end.
            FloatingPointError: the loss is no number any more.
        """
        before = self.trainer.advance(steps=0, measure=False)
        detail = yield from self.trainer.explaining_step()
        self._check(float(detail.log_likelihood.mean()))
        measured = {
            "beta": before.beta,
            "learning_rate": before.learning_rate,
            "free_bits": self.trainer.train_config.free_bits,
            "weight_change": detail.weight_change,
            "batch": self.trainer.train_config.batch_size,
            "label": None if detail.labels is None else detail.labels.tolist(),
        }
        progress = self._broadcast.progress()
        self._outbox.put(messages.Detail(self.key, progress, measured, pack_detail(detail)))
        self._request = request
        yield from self.rest()

    def rest(self) -> Pauses:
        """Show and save how things stand, and take no more steps."""
        self.resting, self.until = True, None
        yield from self.leave()
        if self._hands:
            self._broadcast.send_weights()
        self._outbox.put(messages.Rested(self.key, self._request))
        self._request = 0

    def leave(self) -> Pauses:
        """Show and save how things stand, for those who come when it is not in memory any more."""
        yield from self._broadcast.sending_snapshot()
        self._keep_keyframe(always=True)
        self.save()

    def send_weights(self) -> None:
        """Send the decoder's weights."""
        self._broadcast.send_weights()

    def flush(self, path: str) -> None:
        """Write the present state to another file."""
        write_whole(Path(path), pack_state(self.trainer))

    # Training

    def piece(self, *, sharers: int) -> Pauses:
        """Train until the next frame is due, or longer when nobody watches; show and save what is due.

        There is a pause after each part of a step that takes long: given up there, it has not been taken.

        Args:
            sharers: how many runs take turns.

        Raises:
            FloatingPointError: the loss is no number any more.
            OSError: the disk is full.
        """
        self.resting = False
        self._broadcast.sharers = sharers
        if self._broadcast.last is None:
            yield from self._broadcast.sending_snapshot()
            self._keep_keyframe()
        first, before = self.trainer.step, self.trainer.seconds
        work = Timed(self._advancing())
        snapshot = yield from work.going_on()
        self._broadcast.spent["training"] += work.seconds
        spent = self.trainer.seconds - before
        self.unsaved += spent
        self._broadcast.note_pace(self.trainer.step - first, spent)
        self._check(snapshot.log_likelihood)
        if self.trainer.done:
            yield from self.rest()
            self._outbox.put(messages.Done(self.key))
            return
        if self.until is not None and self.trainer.step >= self.until:
            yield from self.rest()
            return
        self._show(snapshot, work.seconds)
        if self.unsaved >= (SAVE_SECONDS if self._saved_once else FIRST_SAVE):
            self.save()

    def fall_back(self) -> str:
        """After the loss was no number: go back to the last good keyframe; returns what to tell people.

        Raises:
            OSError: the disk is full.
            ValueError: the keyframe cannot be read.
        """
        failed_at, rate = self.trainer.step, self.trainer.train_config.learning_rate
        step = self._files.go_back()
        if step is None:
            return NOT_A_NUMBER
        self._broadcast.begin()
        finished(self.leave())
        self._tell_keyframes()
        return went_back(failed_at, step, rate)

    def _advancing(self) -> Generator[None, None, Snapshot]:
        left = None if self.until is None else self.until - self.trainer.step
        piece = UNWATCHED_PIECE if self._saved_once else FRAME_SECONDS
        if self._watchers:  # frames keep their beat, whatever came between them
            now = time.monotonic()
            self._frame_at = max(self._frame_at + FRAME_SECONDS, now + LEAST_PIECE)
            piece = self._frame_at - now
        return self.trainer.advancing(steps=left, seconds=piece, measure=False)

    def _check(self, log_likelihood: float | None) -> None:
        if log_likelihood is not None and not math.isfinite(log_likelihood):
            raise FloatingPointError(NOT_A_NUMBER)

    def _show(self, snapshot: Snapshot, worked: float) -> None:
        """Send what is due to those who watch, and keep a keyframe if one is due."""
        due = self._files.keyframes.due(snapshot.step)
        if (self._watchers or due) and self._broadcast.is_snapshot_due(snapshot, keyframe=due):
            self._broadcast.send_snapshot(whole=False)
            self._keep_keyframe()
        elif self._watchers:
            self._broadcast.send_frame(snapshot, worked)
        elif time.monotonic() - self._broadcast.told_at >= PROGRESS_SECONDS:
            self._broadcast.send_progress(snapshot)
        if self._hands and self._broadcast.are_weights_due(self._all_hands):
            self._broadcast.send_weights()

    # What the server and the disk get

    def _tell_keyframes(self) -> None:
        kept = tuple(messages.Position(each["step"], each["epoch"]) for each in self._files.keyframes.listed)
        self._outbox.put(messages.Keyframes(self.key, kept))

    def save(self) -> None:
        """Put on disk how things stand.

        Raises:
            FloatingPointError: the weights are no numbers any more; the state on disk stays what it was.
            OSError: the disk is full.
        """
        self._files.save()
        self.unsaved, self._saved_once = 0.0, True
        self._outbox.put(messages.Saved(self.key))

    def _keep_keyframe(self, *, always: bool = False) -> None:
        if self._files.keep_keyframe(always=always):
            self._tell_keyframes()
