"""What those who watch a run get to see: frames, full snapshots, weights; and what showing costs.

It costs time that training lacks, so it is counted, in time of the processor, which says the same on a busy
machine: frames get about 3 % of it and full snapshots 3.5 % (10 % where many share the worker and each has
little), whatever the model's size. At the beginning, when most moves, both may spend a little in advance.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import torch

from vae_core.engine.contract.failures import NOT_A_NUMBER
from vae_core.engine.processes import messages
from vae_core.engine.processes.messages import Pace, Progress
from vae_core.engine.worker.packing import (
    Array,
    pack_decoder,
    pack_frame,
    pinned_arrays,
    snapshot_arrays,
)
from vae_core.engine.worker.timed import Timed
from vae_core.latent.projection import Projection, align, fit_projection
from vae_core.storage import tensorfile
from vae_core.training.pauses import finished

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.engine.processes.orders import RunKey
    from vae_core.engine.worker.outbox import Outbox
    from vae_core.training.snapshot import Snapshot
    from vae_core.training.trainer import Trainer

FRAME_SHARE: Final = 0.03
SNAPSHOT_SHARE: Final = 0.035
CROWDED_SHARE: Final = 0.10
ADVANCE: Final = 0.25
"""Seconds that snapshots may cost before they are earned."""

EARLY: Final = 2.0
"""Seconds of training in which frames get twice their share."""

CROWD: Final = 4
FRAME_BYTES: Final = 16_000
LEAST_FRAME: Final = 16
PIN_BYTES: Final = 12_500
"""Of a frame's, that pictures of what is pinned may take: four of MNIST's, or one of 64 x 64 in colour.
Larger ones come with the full snapshots."""

SNAPSHOT_PIN_BYTES: Final = 200_000
MOST_PINS: Final = 4
"""Pictures in one frame: where more is pinned, each gets its turn."""

LEAST_GLANCE: Final = 64
"""Images that are encoded at least, for a frame and for a snapshot that there is little time for."""

SNAPSHOT_SECONDS: Final = 2.0
EPOCH_SECONDS: Final = 0.5
"""At the end of an epoch a snapshot may follow so soon on the one before, if that costs no more than"""

EPOCH_SHARE: Final = 0.02
"""of the time,"""

KEYFRAME_SECONDS: Final = 0.15
"""and so soon where a keyframe is due."""

WEIGHTS_SECONDS: Final = 0.5
WEIGHTS_BYTES: Final = 8_000_000.0
"""Bytes of weights a second that all hands together get."""


@dataclass(frozen=True)
class Shown:
    """Hold what watchers saw last in full.

    Attributes:
        step: the step it shows.
        facts: the numbers, as the browser gets them.
        arrays: what is drawn.
    """

    step: int
    facts: Mapping[str, Any]
    arrays: Mapping[str, Array]


class Broadcast:
    """Measure and pack what there is to see of a run, as often as the time for it allows.

    It knows nothing that knows it: the memory of a run that is dropped is free at once, not when Python's
    collector of cycles next looks that far, which may be hours later.

    Args:
        key: names the run in messages.
        trainer: the run's.
        outbox: where messages go.

    Attributes:
        sharers: how many runs take turns.
        pins: latents that watchers pinned: frames bring their pictures.
        last: the newest snapshot.
        spent: seconds of the processor's time by what they went into.
        told_at: when the server last heard how far the run is, on the monotonic clock.
    """

    def __init__(self, key: RunKey, trainer: Trainer, outbox: Outbox) -> None:
        self.sharers = 1
        self.pins: tuple[tuple[float, ...], ...] = ()
        self._pin_turn = 0
        self.last: Shown | None = None
        self.told_at = -math.inf
        self.spent = {"training": 0.0, "frames": 0.0, "snapshots": 0.0, "keyframes": 0.0, "saves": 0.0}
        self._key = key
        self._trainer = trainer
        self._outbox = outbox
        self._history_told = 0
        self._cursor = 0
        self._image_cost = 1e-4  # seconds to encode one image of the probe
        self._snapshot_cost = 0.2
        self._step_seconds = 0.0
        self._snapshot_at = -math.inf
        self._snapshot_epoch = -1
        self._weights_at = -math.inf
        self._weights_size = 0
        self._plane: Projection | None = None
        self._mean: Tensor | None = None
        self._logvar: Tensor | None = None
        self._glanced = 0

    def begin(self) -> None:
        """Take the history as it is now for known: the run begins, or has gone back."""
        self._history_told = len(self._trainer.history)
        self.last, self._mean, self._snapshot_epoch = None, None, -1

    def count(self, what: str, since: float) -> float:
        """Add the processor's time since then to what was spent, and return it."""
        seconds = time.thread_time() - since
        self.spent[what] += seconds
        return seconds

    def note_pace(self, steps: int, seconds: float) -> None:
        """Note how long some steps took."""
        if steps:
            new = seconds / steps
            self._step_seconds += (new - self._step_seconds) * (0.2 if self._step_seconds else 1.0)

    def is_snapshot_due(self, snapshot: Snapshot, *, keyframe: bool) -> bool:
        """Whether a full snapshot should be made now.

        Args:
            snapshot: how things stand.
            keyframe: whether one is wanted for a keyframe.
        """
        waited = time.monotonic() - self._snapshot_at
        if waited >= SNAPSHOT_SECONDS:
            return True
        if self._snapshot_cost > self._earned():
            return False
        soon = max(EPOCH_SECONDS, self._snapshot_cost / EPOCH_SHARE)
        is_new = int(snapshot.epoch) > self._snapshot_epoch
        return (keyframe and waited >= KEYFRAME_SECONDS) or (is_new and waited >= soon)

    def _earned(self) -> float:
        """Return how many seconds may be spent on a snapshot now."""
        share = CROWDED_SHARE if self.sharers > CROWD else SNAPSHOT_SHARE
        spent = self.spent["snapshots"] + self.spent["keyframes"]
        return ADVANCE + share * self.spent["training"] - spent

    def send_progress(self, snapshot: Snapshot) -> None:
        """Say how far the run is, where nobody watches."""
        progress, pace = self.progress(), self._pace(snapshot)
        self._outbox.put(messages.Progressed(self._key, progress, pace, self._history_tail()))

    def send_frame(self, snapshot: Snapshot, worked: float) -> None:
        """Send the losses, and where the newest weights put a part of the probe.

        Args:
            snapshot: how things stand.
            worked: seconds of training since the frame before.
        """
        before = time.thread_time()
        total, latent = len(self._trainer.probe.images), self._trainer.model.config.latent_dim
        share = 2 * FRAME_SHARE if self.spent["training"] < EARLY else FRAME_SHARE
        pinned = self._pinned(PIN_BYTES)
        room = FRAME_BYTES - sum(array.nbytes for array in pinned.values())
        count = int(share * worked / self._image_cost)
        count = max(LEAST_FRAME, min(count, room // (4 + 2 * latent), total))
        encoding = time.thread_time()
        start, count = self._cursor, min(count, total - self._cursor)
        self._cursor = (start + count) % total
        mean: Tensor | None = None
        if self._trainer.model_config.has_encoder:
            mean, logvar = self._trainer.encode_probe(start, count)
            self._note_codes(start, mean, logvar)
        self._image_cost += 0.2 * ((time.thread_time() - encoding) / count - self._image_cost)
        frame = messages.Frame(
            self._key,
            self.progress(),
            self._pace(snapshot),
            self._history_tail(),
            self._measured(snapshot),
            pack_frame(start, mean, pinned),
        )
        self._outbox.put(frame)
        self.count("frames", before)

    def send_snapshot(self, *, whole: bool = True) -> None:
        """Do what `sending_snapshot` does, without a pause."""
        finished(self.sending_snapshot(whole=whole))

    def sending_snapshot(self, *, whole: bool = True) -> Generator[None, None, None]:
        """Send all that there is to see, with a pause after each part of a net that takes long to measure.

        Args:
            whole: measure all of it on the newest weights. Otherwise only as much as there is time for: the
                codes of other images are those of the last frames, the test values those of the last epoch.

        Raises:
            FloatingPointError: the weights are no numbers any more.
        """
        began = time.thread_time()
        check_numbers(self._trainer.weights())
        total = len(self._trainer.probe.images)
        affordable = int(self._earned() / self._image_cost)
        if whole or self._mean is None or self._snapshot_cost <= self._earned():
            work = Timed(self._trainer.advancing(steps=0, measure=True))
            snapshot = yield from work.going_on()
            began = time.thread_time() - work.seconds  # what others did in the pauses is not ours
            start, whole = 0, True
        else:
            start, whole = self._glanced, False
            snapshot = self._trainer.glance(start, max(LEAST_GLANCE, min(affordable, total)))
        if snapshot.probe_mean is not None:
            self._note_codes(start, snapshot.probe_mean, snapshot.probe_logvar)
            self._glanced = (start + len(snapshot.probe_mean)) % total
        snapshot = replace(snapshot, probe_mean=self._mean, probe_logvar=self._logvar)
        config = self._trainer.model_config
        if self._mean is not None and config.latent_dim > 1 and not config.categories:
            plane = fit_projection(self._mean, method="pca")
            self._plane = plane if self._plane is None else align(self._plane, plane)
        progress, pace = self.progress(), self._pace(snapshot)
        measured = {**self._measured(snapshot), **self._measured_in_full(snapshot)}
        arrays = snapshot_arrays(snapshot, self._trainer.probe, self._plane)
        self.last = Shown(snapshot.step, {**asdict(progress), **asdict(pace), **measured}, arrays)
        data = tensorfile.pack({**arrays, **self._pinned(SNAPSHOT_PIN_BYTES)}, {})
        self._outbox.put(messages.Snapshot(self._key, progress, pace, self._history_tail(), measured, data))
        self._snapshot_at, self._snapshot_epoch = time.monotonic(), int(snapshot.epoch)
        cost = self.count("snapshots", began)
        if whole:
            self._snapshot_cost += 0.5 * (cost - self._snapshot_cost)

    def _pinned(self, most: int) -> dict[str, Array]:
        """Decode what is pinned, as many as may take so many bytes; each gets its turn."""
        size = math.prod(self._trainer.model.config.image_shape)
        count = min(len(self.pins), MOST_PINS, most // size)
        if not count:
            return {}
        self._pin_turn %= len(self.pins)
        turn = (self.pins + self.pins)[self._pin_turn :][:count]
        self._pin_turn += count
        z = torch.tensor(turn, dtype=torch.float32)
        return pinned_arrays(z, self._trainer.picture_latents(z))

    def _note_codes(self, start: int, mean: Tensor, logvar: Tensor | None) -> None:
        """Keep the newest codes of a part of the probe, mean and logvar (K, D)."""
        if self._mean is None or len(mean) == len(self._mean):
            if len(mean) == len(self._trainer.probe.images):
                self._mean, self._logvar = mean.clone(), None if logvar is None else logvar.clone()
            return
        part = slice(start, start + len(mean))
        self._mean[part] = mean
        if self._logvar is not None and logvar is not None:
            self._logvar[part] = logvar

    def send_weights(self) -> None:
        """Send the decoder's weights as float16."""
        data = pack_decoder(self._trainer.weights())
        self._weights_at, self._weights_size = time.monotonic(), len(data)
        self._outbox.put(messages.Weights(self._key, self._trainer.step, data))

    def are_weights_due(self, all_hands: int) -> bool:
        """Whether a hand should get weights now, of so many hands in all."""
        every = max(WEIGHTS_SECONDS, all_hands * self._weights_size / WEIGHTS_BYTES)
        return time.monotonic() - self._weights_at >= every

    def progress(self) -> Progress:
        """Return how far the run is."""
        trainer = self._trainer
        return Progress(trainer.step, trainer.total_steps, float(trainer.epoch), float(trainer.seconds))

    def _pace(self, snapshot: Snapshot) -> Pace:
        """Return how fast the run is."""
        left = self._trainer.total_steps - self._trainer.step
        eta = left * self._step_seconds * self.sharers if self._step_seconds else None
        return Pace(snapshot.images_per_second, eta)

    def _history_tail(self) -> tuple[Mapping[str, Any], ...]:
        """Return what is new in the history since it was last told; now it is."""
        self.told_at = time.monotonic()
        tail = tuple(self._trainer.history[self._history_told :])
        self._history_told += len(tail)
        return tail

    def _measured(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return the numbers that go with every frame."""
        shown = sum(self.spent.values())
        return {
            "beta": snapshot.beta,
            "learning_rate": snapshot.learning_rate,
            **snapshot.numbers(),
            "spent": {name: seconds / shown for name, seconds in self.spent.items()} if shown else {},
        }

    def _measured_in_full(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return the numbers that only a full snapshot has."""
        return {
            **snapshot.test_numbers(),
            "explained_variance": None if self._plane is None else self._plane.explained_variance,
        }


def check_numbers(weights: Mapping[str, Tensor]) -> None:
    """Refuse weights that are no numbers any more; the last loss that was measured may still be one.

    Raises:
        FloatingPointError: some are not.
    """
    if not all(bool(values.isfinite().all()) for values in weights.values()):
        raise FloatingPointError(NOT_A_NUMBER)
