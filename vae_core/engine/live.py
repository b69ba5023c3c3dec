"""One run in the worker's memory: trained in pieces, shown to those who watch, put on disk now and then."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vae_core import tensorfile
from vae_core.config import ModelConfig, TrainConfig
from vae_core.engine import record
from vae_core.engine.failures import NOT_A_NUMBER, went_back
from vae_core.engine.home import write_whole
from vae_core.engine.keyframes import Keyframes, encoder_path, keyframe_path
from vae_core.engine.messages import message, metadata_of
from vae_core.engine.packing import pack_detail, pack_probe, pack_weights, weight_arrays
from vae_core.engine.showing import Showing, check_numbers
from vae_core.engine.state import (
    begin_at_keyframe,
    begin_at_state,
    image_splits,
    load_state,
    make_trainer,
    pack_state,
)

if TYPE_CHECKING:
    from vae_core.engine.outbox import Outbox
    from vae_core.snapshot import Snapshot
    from vae_core.trainer import Trainer

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
        self._outbox = outbox
        self._folder = Path(order["folder"])
        self._watchers = self._hands = self._all_hands = 0
        self._history_told = 0
        self._told_at = -math.inf
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
        self._images = image_splits(order["image_set"])[0]
        self._showing = Showing(self.trainer, self.tell)
        began = self._find_beginning()
        self._keyframes = Keyframes(self._folder)
        self._keyframes.forget_after(self.trainer.step)
        self._history_told = len(self.trainer.history)
        self._write_probe()
        facts = {**self._showing.progress(), **self._names(), "history": self.trainer.history}
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
        step = self._last_good()
        if step is None:
            return NOT_A_NUMBER
        shown = keyframe_path(self._folder, step).read_bytes()
        encoder = encoder_path(self._folder, step).read_bytes()
        begin_at_keyframe(self.trainer, shown, encoder, history=self.trainer.history)
        self._keyframes.forget_after(step)
        self._showing.begin_anew()
        self._history_told = len(self.trainer.history)
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
        due = self._keyframes.due(snapshot.step)
        if (self._watchers or due) and self._showing.is_snapshot_due(snapshot, keyframe=due):
            self._showing.send_snapshot(whole=False)
            self._keep_keyframe()
        elif self._watchers:
            self._showing.send_frame(snapshot, worked)
        elif time.monotonic() - self._told_at >= PROGRESS_SECONDS:
            self.tell("progress", facts=self._showing.facts(snapshot))
        if self._hands and self._showing.are_weights_due(self._all_hands):
            self._showing.send_weights()

    # What the server gets

    def tell(self, kind: str, body: bytes = b"", **more: Any) -> None:
        """Say something about this run to the server, and what is new in its history."""
        if kind in ("progress", "frame", "snapshot"):
            self._told_at = time.monotonic()
            more["history_tail"] = self.trainer.history[self._history_told :]
            self._history_told = len(self.trainer.history)
        self._outbox.put({"kind": kind, "run": self.name, "generation": self.generation, **more}, body)

    def _tell_keyframes(self) -> None:
        self.tell("keyframes", keyframes=self._keyframes.listed)

    # What the disk gets

    def save(self) -> None:
        """Put the state on disk, and beside it what a watcher gets while the run is not in memory.

        Raises:
            FloatingPointError: the weights are no numbers any more; the state on disk stays what it was.
            OSError: the disk is full.
        """
        before = time.thread_time()
        check_numbers(self.trainer.model)
        write_whole(self._folder / record.STATE, pack_state(self.trainer))
        progress = {**self._showing.progress(), "history": self.trainer.history, **self._names()}
        write_whole(self._folder / record.PROGRESS, json.dumps(progress).encode())
        weights = pack_weights(self.trainer.model, "decoder")
        write_whole(
            self._folder / record.WEIGHTS, message("weights", 0, {"step": self.trainer.step}, weights)
        )
        if self._showing.last is not None:
            _, facts, arrays = self._showing.last
            shown = message("snapshot", 0, facts, tensorfile.pack(arrays, {}))
            write_whole(self._folder / record.SNAPSHOT, shown)
        for name in (record.ORIGIN, record.ORIGIN_ENCODER):
            (self._folder / name).unlink(missing_ok=True)
        self.unsaved, self._saved_once = 0.0, True
        self._showing.count("saves", before)
        self.tell("saved")

    def _keep_keyframe(self, *, always: bool = False) -> None:
        """Make a keyframe of the newest snapshot, if one is due, or always."""
        step, facts, arrays = self._showing.last or (-1, {}, {})
        if step != self.trainer.step or step in self._keyframes.steps:
            return
        if not (always or self._keyframes.due(step)):
            return
        before = time.thread_time()
        model = self.trainer.model
        data = tensorfile.pack({**arrays, **weight_arrays(model, "decoder")}, {})
        shown = message("snapshot", 0, facts, data)
        self._keyframes.add(step, self.trainer.epoch, shown, pack_weights(model, "encoder"))
        self._tell_keyframes()
        self._showing.count("keyframes", before)

    def _last_good(self) -> int | None:
        """Return the step of the last keyframe that had not gone astray; None if there is none.

        Before the numbers overflow they grow: what is worse than twice the untrained net's loss is no good.
        """
        losses = []
        for step in self._keyframes.steps:
            facts = json.loads(metadata_of(keyframe_path(self._folder, step).read_bytes())["json"])
            found = facts["test_log_likelihood"], facts["test_kl"] or 0.0
            if found[0] is None:
                found = facts["log_likelihood"] or 0.0, facts["kl"] or 0.0
            losses.append((step, found[1] - found[0]))
        good = [step for step, loss in losses if loss <= max(2 * losses[0][1], losses[0][1] + 1.0)]
        return good[-1] if good else None

    def _find_beginning(self) -> dict[str, Any] | None:
        """Bring the trainer to its state on disk, or a branch to where it begins, and say where that was.

        Raises:
            ValueError: what is on disk cannot be used.
        """
        state, train = self._folder / record.STATE, self._order["train"]
        origin, encoder = self._folder / record.ORIGIN, self._folder / record.ORIGIN_ENCODER
        if state.exists():
            load_state(self.trainer, state.read_bytes())
            live = ("beta", "learning_rate", "beta_warmup_epochs", "free_bits")
            self.set({name: train[name] for name in live})
            return None
        if not self._order["is_branch"]:
            return None
        try:
            if encoder.exists():
                step = begin_at_keyframe(self.trainer, origin.read_bytes(), encoder.read_bytes())
            else:
                step = begin_at_state(self.trainer, origin.read_bytes())
        except FileNotFoundError:
            raise ValueError("What this branch begins with is not there any more; branch again.") from None
        return {"step": step, "fresh": encoder.exists()}

    def _names(self) -> dict[str, Any]:
        return {
            "label_names": list(self._images.label_names),
            "factor_names": list(self._images.factor_names),
        }

    def _write_probe(self) -> None:
        """Write what a watcher gets once: the images on the map."""
        probe = self.trainer.probe
        data = message("hello", 0, {"probe_count": len(probe), **self._names()}, pack_probe(probe))
        write_whole(self._folder / record.PROBE, data)
