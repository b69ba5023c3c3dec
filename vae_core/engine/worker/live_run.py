"""One run in the worker's memory: trained in pieces, shown to those who watch, put on disk now and then."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine.contract.failures import NOT_A_NUMBER, went_back
from vae_core.engine.worker.broadcast import Showing
from vae_core.engine.worker.outbox import News
from vae_core.engine.worker.packing import pack_detail
from vae_core.engine.worker.run_files import Storage
from vae_core.storage.home import write_whole
from vae_core.training.state_file import make_trainer, pack_state

if TYPE_CHECKING:
    from vae_core.engine.worker.outbox import Outbox
    from vae_core.training.snapshot import Snapshot
    from vae_core.training.trainer import Trainer

FRAME_SECONDS: Final = 0.1
"""Between two frames."""

LEAST_PIECE: Final = 0.03
UNWATCHED_PIECE: Final = 0.3

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

    def __init__(self, order: Mapping[str, Any], outbox: Outbox) -> None:
        self.name: str = order["run"]
        self.generation: int = order["generation"]
        self.until: int | None = None
        self._request = 0
        self.resting = bool(order["paused"])
        self.unsaved = 0.0
        self._order = order
        self._news = News(order, outbox)
        self.tell = self._news.tell
        self._watchers = self._hands = self._all_hands = 0
        self._frame_at = -math.inf
        self._saved_once = False

    # Orders

    def open(self) -> None:
        """Make the trainer, bring it to where it begins, and say what it is.

        Raises:
            ValueError: the state, the images or the settings cannot be used.
        """
        order = self._order
        train = TrainConfig.from_dict(order["train"])
        self.trainer = make_trainer(order["image_set"], ModelConfig.from_dict(order["model"]), train)
        images = self.trainer.image_set
        names = {"label_names": list(images.label_names), "factor_names": list(images.factor_names)}
        self._showing = Showing(self.trainer, self.tell)
        self._storage = Storage(Path(order["folder"]), self.trainer, self._showing, names)
        began = self._storage.begin(order["train"], is_branch=order["is_branch"])
        self._news.begin(self.trainer)
        facts = {**self._showing.progress(), **names, "history": self.trainer.history}
        self.tell("loaded", facts=facts, began=began)
        self._tell_keyframes()
        if self.resting:
            self._showing.send_snapshot()

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings from the next step on."""
        self.trainer.set(**values)

    def watch(self, watchers: int, hands: int, all_hands: int) -> None:
        """Note how many watch, how many of them have a hand on, and how many hands there are in all."""
        arrived = watchers > 0 and not self._watchers
        self._watchers, self._hands, self._all_hands = watchers, hands, all_hands
        shown = self._showing.last
        if arrived and (shown is None or shown[0] != self.trainer.step):
            self._showing.send_snapshot(whole=self.resting)  # its next turn may be long in coming
            self._keep_keyframe()

    def take_steps(self, steps: int | None, request: int) -> None:
        """Take so many more steps, or those to the end of an epoch, and rest then.

        Args:
            steps: how many; None for what is left of the epoch, or a whole one at its beginning.
            request: a number that comes back with the news of it.
        """
        first = self.until if self.until is not None else self.trainer.step
        a_pass = self.trainer.steps_per_epoch
        self.until = first + (a_pass - first % a_pass if steps is None else steps)
        self._request = request

    def explain(self, request: int) -> None:
        """Take one step, tell all that happened in it, and rest.

        Raises:
            ValueError: the run is at its end.
            FloatingPointError: the loss is no number any more.
        """
        before = self.trainer.advance(steps=0, measure=False)
        detail = self.trainer.explain_step()
        self._check(float(detail.log_likelihood.mean()))
        facts = {
            **self._showing.progress(),
            "beta": before.beta,
            "learning_rate": before.learning_rate,
            "free_bits": self.trainer.train_config.free_bits,
            "weight_change": detail.weight_change,
            "batch": self.trainer.train_config.batch_size,
            "label": None if detail.labels is None else detail.labels.tolist(),
        }
        self.tell("detail", pack_detail(detail), facts=facts)
        self._request = request
        self.rest()

    def rest(self) -> None:
        """Show and save how things stand, and take no more steps."""
        self.resting, self.until = True, None
        self.leave()
        if self._hands:
            self._showing.send_weights()
        self.tell("rested", request=self._request)
        self._request = 0

    def leave(self) -> None:
        """Show and save how things stand, for those who come when it is not in memory any more."""
        self._showing.send_snapshot()
        self._keep_keyframe(always=True)
        self.save()

    def send_weights(self) -> None:
        """Send the decoder's weights."""
        self._showing.send_weights()

    def flush(self, path: str) -> None:
        """Write the present state to another file."""
        write_whole(Path(path), pack_state(self.trainer))

    # Training

    def piece(self, *, sharers: int) -> None:
        """Train until the next frame is due, or longer when nobody watches; show and save what is due.

        Args:
            sharers: how many runs take turns.

        Raises:
            FloatingPointError: the loss is no number any more.
            OSError: the disk is full.
        """
        self.resting = False
        self._showing.sharers = sharers
        if self._showing.last is None:
            self._showing.send_snapshot()
            self._keep_keyframe()
        before, first, worked = time.perf_counter(), self.trainer.step, time.thread_time()
        snapshot = self._advance()
        worked = self._showing.count("training", worked)
        spent = time.perf_counter() - before
        self.unsaved += spent
        self._showing.note_pace(self.trainer.step - first, spent)
        self._check(snapshot.log_likelihood)
        if self.trainer.done:
            self.rest()
            self.tell("done")
            return
        if self.until is not None and self.trainer.step >= self.until:
            self.rest()
            return
        self._show(snapshot, worked)
        if self.unsaved >= (SAVE_SECONDS if self._saved_once else FIRST_SAVE):
            self.save()

    def fall_back(self) -> str:
        """After the loss was no number: go back to the last good keyframe; returns what to tell people.

        Raises:
            OSError: the disk is full.
            ValueError: the keyframe cannot be read.
        """
        failed_at, rate = self.trainer.step, self.trainer.train_config.learning_rate
        step = self._storage.go_back()
        if step is None:
            return NOT_A_NUMBER
        self._showing.begin_anew()
        self._news.begin(self.trainer)
        self.leave()
        self._tell_keyframes()
        return went_back(failed_at, step, rate)

    def _advance(self) -> Snapshot:
        left = None if self.until is None else self.until - self.trainer.step
        piece = UNWATCHED_PIECE
        if self._watchers:  # frames keep their beat, whatever came between them
            now = time.monotonic()
            self._frame_at = max(self._frame_at + FRAME_SECONDS, now + LEAST_PIECE)
            piece = self._frame_at - now
        return self.trainer.advance(steps=left, seconds=piece, measure=False)

    def _check(self, log_likelihood: float | None) -> None:
        if log_likelihood is not None and not math.isfinite(log_likelihood):
            raise FloatingPointError(NOT_A_NUMBER)

    def _show(self, snapshot: Snapshot, worked: float) -> None:
        """Send what is due to those who watch, and keep a keyframe if one is due."""
        due = self._storage.keyframes.due(snapshot.step)
        if (self._watchers or due) and self._showing.is_snapshot_due(snapshot, keyframe=due):
            self._showing.send_snapshot(whole=False)
            self._keep_keyframe()
        elif self._watchers:
            self._showing.send_frame(snapshot, worked)
        elif time.monotonic() - self._news.dated_at >= PROGRESS_SECONDS:
            self.tell("progress", facts=self._showing.facts(snapshot))
        if self._hands and self._showing.are_weights_due(self._all_hands):
            self._showing.send_weights()

    # What the server and the disk get

    def _tell_keyframes(self) -> None:
        self.tell("keyframes", keyframes=self._storage.keyframes.listed)

    def save(self) -> None:
        """Put on disk how things stand.

        Raises:
            FloatingPointError: the weights are no numbers any more; the state on disk stays what it was.
            OSError: the disk is full.
        """
        self._storage.save()
        self.unsaved, self._saved_once = 0.0, True
        self.tell("saved")

    def _keep_keyframe(self, *, always: bool = False) -> None:
        if self._storage.keep_keyframe(always=always):
            self._tell_keyframes()
