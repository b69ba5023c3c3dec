"""One run in the worker's memory: trained in pieces, shown to those who watch, put on disk now and then.

Showing costs time that training lacks, so it is counted, in time of the processor, which says the same on a
busy machine: frames get about 3 % of it and full snapshots 4.5 % (10 % where many share the worker and each
has little), whatever the model's size. At the beginning, when most moves, both may spend a little in advance.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vae_core.config import ModelConfig, TrainConfig
from vae_core.engine import record
from vae_core.engine.failures import NOT_A_NUMBER
from vae_core.engine.home import write_whole
from vae_core.engine.messages import message
from vae_core.engine.packing import pack_decoder, pack_frame, pack_probe, pack_snapshot
from vae_core.engine.state import image_splits, load_state, make_trainer, pack_state
from vae_core.projection import Projection, align, fit_projection

if TYPE_CHECKING:
    from vae_core.engine.outbox import Outbox
    from vae_core.trainer import Snapshot, Trainer

WATCHED_PIECE: Final = 0.1
"""Seconds of training between two frames."""

UNWATCHED_PIECE: Final = 0.3
FRAME_SHARE: Final = 0.03
SNAPSHOT_SHARE: Final = 0.045
CROWDED_SHARE: Final = 0.10
ADVANCE: Final = 0.25
"""Seconds that snapshots may cost before they are earned."""

EARLY: Final = 2.0
"""Seconds of training in which frames get twice their share."""

CROWD: Final = 4
FRAME_BYTES: Final = 16_000
LEAST_FRAME: Final = 16
SNAPSHOT_SECONDS: Final = 2.0
WEIGHTS_SECONDS: Final = 0.5
WEIGHTS_BYTES: Final = 8_000_000.0
"""Bytes of weights a second that all hands together get."""

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
        self._cursor = 0
        self._image_cost = 1e-4  # seconds to encode one image of the probe
        self._snapshot_cost = 0.2
        self._step_seconds = 0.0
        self._snapshot_at = -math.inf
        self._snapshot_epoch = -1
        self._weights_at = -math.inf
        self._weights_size = 0
        self._history_told = 0
        self._told_at = -math.inf
        self._plane: Projection | None = None
        self._last: tuple[dict[str, Any], bytes] | None = None
        self._saved_once = False
        self._spent = {"training": 0.0, "frames": 0.0, "snapshots": 0.0, "saves": 0.0}

    # Orders

    def open(self) -> None:
        """Make the trainer, bring it to the state on disk if there is one, and say what it is.

        Raises:
            ValueError: the state, the images or the settings cannot be used.
        """
        order = self._order
        train = TrainConfig.from_dict(order["train"])
        self.trainer = make_trainer(order["image_set"], ModelConfig.from_dict(order["model"]), train)
        self._images = image_splits(order["image_set"])[0]
        state = self._folder / record.STATE
        if state.exists():
            load_state(self.trainer, state.read_bytes())
            self.set(
                {
                    name: order["train"][name]
                    for name in ("beta", "learning_rate", "beta_warmup_epochs", "free_bits")
                }
            )
        self._history_told = len(self.trainer.history)
        self._write_probe()
        self.tell("loaded", facts={**self._progress(), **self._names(), "history": self.trainer.history})
        if self.resting:
            self._send_snapshot()

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings from the next step on."""
        self.trainer.set(**values)

    def watch(self, watchers: int, hands: int, all_hands: int) -> None:
        """Note how many watch, how many of them have a hand on, and how many hands there are in all."""
        arrived = watchers > 0 and not self._watchers
        self._watchers, self._hands, self._all_hands = watchers, hands, all_hands
        if arrived:
            self._snapshot_at = -math.inf
            if self.resting and self._last is None:
                self._send_snapshot()

    def take_steps(self, steps: int, request: int) -> None:
        """Take so many more steps, and rest then; the request's number comes back with the news of it."""
        first = self.until if self.until is not None else self.trainer.step
        self.until, self._request = first + steps, request

    def rest(self) -> None:
        """Show and save how things stand, and take no more steps."""
        self.resting, self.until = True, None
        self._send_snapshot()
        if self._hands:
            self.send_weights()
        self.save()
        self.tell("rested", request=self._request)
        self._request = 0

    def leave(self) -> None:
        """Show and save how things stand, for those who come when it is not in memory any more."""
        self._send_snapshot()
        self.save()

    def flush(self, path: str) -> None:
        """Write the present state to another file."""
        write_whole(Path(path), pack_state(self.trainer))

    # Training

    def piece(self, *, sharers: int) -> None:
        """Train for a tenth of a second, or longer when nobody watches, and show and save what is due.

        Args:
            sharers: how many runs take turns.

        Raises:
            FloatingPointError: the loss is no number any more.
            OSError: the disk is full.
        """
        self.resting = False
        before, first, worked = time.perf_counter(), self.trainer.step, time.thread_time()
        snapshot = self._advance()
        worked = self._count("training", worked)
        spent = time.perf_counter() - before
        self.unsaved += spent
        taken = self.trainer.step - first
        if taken:
            per_step = spent / taken
            self._step_seconds += (per_step - self._step_seconds) * (0.2 if self._step_seconds else 1.0)
        if snapshot.log_likelihood is not None and not math.isfinite(snapshot.log_likelihood):
            raise FloatingPointError(NOT_A_NUMBER)
        if self.trainer.done:
            self.rest()
            self.tell("done")
            return
        if self.until is not None and self.trainer.step >= self.until:
            self.rest()
            return
        if self._watchers:
            self._show(snapshot, worked, sharers)
        elif time.monotonic() - self._told_at >= PROGRESS_SECONDS:
            self.tell("progress", facts=self._facts(snapshot, sharers))
        if self.unsaved >= (SAVE_SECONDS if self._saved_once else FIRST_SAVE):
            self.save()

    def _advance(self) -> Snapshot:
        left = None if self.until is None else self.until - self.trainer.step
        piece = WATCHED_PIECE if self._watchers else UNWATCHED_PIECE
        return self.trainer.advance(steps=left, seconds=piece, measure=False)

    def _show(self, snapshot: Snapshot, worked: float, sharers: int) -> None:
        """Send what is due to those who watch."""
        now = time.monotonic()
        share = CROWDED_SHARE if sharers > CROWD else SNAPSHOT_SHARE
        earned = ADVANCE + share * self._spent["training"]
        affordable = self._spent["snapshots"] + self._snapshot_cost <= earned or self._last is None
        new_epoch = int(snapshot.epoch) > self._snapshot_epoch
        waited = now - self._snapshot_at
        if affordable and (waited >= SNAPSHOT_SECONDS or (new_epoch and waited >= SNAPSHOT_SECONDS / 4)):
            self._send_snapshot(sharers)
        else:
            self._send_frame(snapshot, worked, sharers)
        if self._hands and now - self._weights_at >= self._weights_every():
            self.send_weights()

    # What watchers get

    def tell(self, kind: str, body: bytes = b"", **more: Any) -> None:
        """Say something about this run to the server, and what is new in its history."""
        if kind in ("progress", "frame", "snapshot"):
            self._told_at = time.monotonic()
            more["history_tail"] = self.trainer.history[self._history_told :]
            self._history_told = len(self.trainer.history)
        self._outbox.put({"kind": kind, "run": self.name, "generation": self.generation, **more}, body)

    def send_weights(self) -> None:
        """Send the decoder's weights as float16."""
        data = pack_decoder(self.trainer.model)
        self._weights_at, self._weights_size = time.monotonic(), len(data)
        self.tell("weights", data, facts={"step": self.trainer.step})

    def _send_frame(self, snapshot: Snapshot, worked: float, sharers: int) -> None:
        """Send the losses, and where the newest weights put a part of the probe."""
        before = time.thread_time()
        total, latent = len(self.trainer.probe.images), self.trainer.model.config.latent_dim
        share = 2 * FRAME_SHARE if self._spent["training"] < EARLY else FRAME_SHARE
        count = int(share * worked / self._image_cost)
        count = max(LEAST_FRAME, min(count, FRAME_BYTES // (4 + 2 * latent), total - self._cursor, total))
        start, self._cursor = self._cursor, (self._cursor + count) % total
        count = min(count, total - start)
        mean, _ = self.trainer.encode_probe(start, count)
        self._image_cost += 0.2 * ((time.thread_time() - before) / count - self._image_cost)
        self.tell("frame", pack_frame(start, mean), facts=self._facts(snapshot, sharers))
        self._count("frames", before)

    def _send_snapshot(self, sharers: int = 1) -> None:
        """Send all that there is to see, measured on the newest weights."""
        before = time.thread_time()
        snapshot = self.trainer.advance(steps=0, measure=True)
        assert snapshot.probe_mean is not None
        if self.trainer.model.config.latent_dim > 1:
            plane = fit_projection(snapshot.probe_mean, method="pca")
            self._plane = plane if self._plane is None else align(self._plane, plane)
        facts = {**self._facts(snapshot, sharers), **self._measured(snapshot)}
        data = pack_snapshot(snapshot, self.trainer.probe, self._plane)
        self._last = facts, data
        self.tell("snapshot", data, facts=facts)
        self._snapshot_at, self._snapshot_epoch = time.monotonic(), int(snapshot.epoch)
        self._snapshot_cost += 0.5 * (self._count("snapshots", before) - self._snapshot_cost)

    def _measured(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return the numbers that only a full snapshot has."""
        kl = None if snapshot.test_kl_per_dim is None else _numbers(snapshot.test_kl_per_dim)
        return {
            "test_log_likelihood": snapshot.test_log_likelihood,
            "test_kl": None if kl is None else sum(kl),
            "test_kl_per_dim": kl,
            "explained_variance": None if self._plane is None else self._plane.explained_variance,
        }

    def _facts(self, snapshot: Snapshot, sharers: int) -> dict[str, Any]:
        kl = None if snapshot.kl_per_dim is None else _numbers(snapshot.kl_per_dim)
        left = self.trainer.total_steps - self.trainer.step
        shown = sum(self._spent.values())
        return {
            **self._progress(),
            "beta": snapshot.beta,
            "learning_rate": snapshot.learning_rate,
            "log_likelihood": snapshot.log_likelihood,
            "kl": None if kl is None else sum(kl),
            "kl_per_dim": kl,
            "images_per_second": snapshot.images_per_second,
            "eta_seconds": left * self._step_seconds * sharers if self._step_seconds else None,
            "spent": {name: seconds / shown for name, seconds in self._spent.items()} if shown else {},
        }

    def _progress(self) -> dict[str, Any]:
        trainer = self.trainer
        return {
            "step": trainer.step,
            "total_steps": trainer.total_steps,
            "epoch": trainer.epoch,
            "seconds": trainer.seconds,
        }

    def _count(self, what: str, since: float) -> float:
        """Add the processor's time since then to the count, and return it."""
        seconds = time.thread_time() - since
        self._spent[what] += seconds
        return seconds

    def _weights_every(self) -> float:
        return max(WEIGHTS_SECONDS, self._all_hands * self._weights_size / WEIGHTS_BYTES)

    # What the disk gets

    def save(self) -> None:
        """Put the state on disk, and beside it what a watcher gets while the run is not in memory.

        Raises:
            FloatingPointError: the weights are no numbers any more; the state on disk stays what it was.
            OSError: the disk is full.
        """
        before = time.thread_time()
        if not all(bool(weights.isfinite().all()) for weights in self.trainer.model.parameters()):
            raise FloatingPointError(NOT_A_NUMBER)
        write_whole(self._folder / record.STATE, pack_state(self.trainer))
        progress = {**self._progress(), "history": self.trainer.history, **self._names()}
        write_whole(self._folder / record.PROGRESS, json.dumps(progress).encode())
        weights = message("weights", 0, {"step": self.trainer.step}, pack_decoder(self.trainer.model))
        write_whole(self._folder / record.WEIGHTS, weights)
        if self._last is not None:
            facts, data = self._last
            write_whole(self._folder / record.SNAPSHOT, message("snapshot", 0, facts, data))
        self.unsaved, self._saved_once = 0.0, True
        self._count("saves", before)
        self.tell("saved")

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


def _numbers(values: Any) -> list[float]:
    return [float(value) for value in values]
