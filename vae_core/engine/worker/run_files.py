"""What the worker puts on disk of a run, and finds there: `vae_core.engine.runs.run` lists the files."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from vae_core.config.settings import LIVE
from vae_core.engine.processes.messages import Beginning
from vae_core.engine.runs import run
from vae_core.engine.runs.keyframes import Keyframes, encoder_path, keyframe_path
from vae_core.engine.watching.messages import message
from vae_core.engine.worker.broadcast import check_numbers
from vae_core.engine.worker.packing import decoder_arrays, pack_decoder, pack_probe, pack_rest
from vae_core.storage import tensorfile
from vae_core.storage.home import write_whole
from vae_core.storage.tensorfile import metadata_of
from vae_core.training.state_file import (
    begin_at_keyframe,
    begin_at_model,
    begin_at_state,
    load_state,
    pack_state,
)

if TYPE_CHECKING:
    from vae_core.config.configs import TrainConfig
    from vae_core.engine.worker.broadcast import Broadcast
    from vae_core.training.trainer import Trainer


class RunFiles:
    """Keep a run's folder up to date with its trainer.

    Args:
        folder: the run's.
        trainer: the run's, just made.
        broadcast: what watchers got last, and what it cost.
    """

    def __init__(self, folder: Path, trainer: Trainer, broadcast: Broadcast) -> None:
        self._folder = folder
        self._trainer = trainer
        self._broadcast = broadcast
        images = trainer.image_set
        self._names = {"label_names": list(images.label_names), "factor_names": list(images.factor_names)}
        self.keyframes = Keyframes(folder)

    def begin(self, train: TrainConfig, *, has_origin: bool) -> Beginning | None:
        """Bring the trainer to its state on disk, or else to what it begins with; say where a branch began.

        Args:
            train: the run's settings as they are now; they may have changed since the state was written.
            has_origin: whether the run begins with another one's state or keyframe, or with a model.

        Raises:
            ValueError: what is on disk cannot be used.
            OSError: the disk is full.
        """
        began = self._find_beginning(train, has_origin)
        self.keyframes.forget_after(self._trainer.step)
        probe = self._trainer.probe
        data = message("hello", 0, {"probe_count": len(probe), **self._names}, pack_probe(probe))
        write_whole(self._folder / run.PROBE, data, durable=False)
        return began

    def save(self) -> None:
        """Put the state on disk, and beside it what a watcher gets while the run is not in memory.

        Raises:
            FloatingPointError: the weights are no numbers any more; the state on disk stays what it was.
            OSError: the disk is full.
        """
        before = time.thread_time()
        check_numbers(self._trainer.weights())
        write_whole(self._folder / run.STATE, pack_state(self._trainer))
        progress = {**asdict(self._broadcast.progress()), "history": self._trainer.history, **self._names}
        write_whole(self._folder / run.PROGRESS, json.dumps(progress).encode())
        weights = pack_decoder(self._trainer.weights())
        data = message("weights", 0, {"step": self._trainer.step}, weights)
        write_whole(self._folder / run.WEIGHTS, data, durable=False)
        if (shown := self._broadcast.last) is not None:
            data = message("snapshot", 0, shown.facts, tensorfile.pack(shown.arrays, {}))
            write_whole(self._folder / run.SNAPSHOT, data, durable=False)
        for name in (run.ORIGIN, run.ORIGIN_ENCODER, run.ORIGIN_MODEL):
            (self._folder / name).unlink(missing_ok=True)
        self._broadcast.count("saves", before)

    def keep_keyframe(self, *, always: bool = False) -> bool:
        """Make a keyframe of the newest snapshot, if one is due, or always; says whether there is a new one.

        Raises:
            OSError: the disk is full.
        """
        shown, step = self._broadcast.last, self._trainer.step
        if shown is None or shown.step != step or step in self.keyframes.steps:
            return False
        if not (always or self.keyframes.due(step)):
            return False
        before = time.thread_time()
        weights = self._trainer.weights()
        data = tensorfile.pack({**shown.arrays, **decoder_arrays(weights)}, {})
        seen = message("snapshot", 0, shown.facts, data)
        self.keyframes.add(step, self._trainer.epoch, seen, pack_rest(weights))
        self._broadcast.count("keyframes", before)
        return True

    def go_back(self) -> int | None:
        """Bring the trainer back to the last keyframe that had not gone astray; returns its step, or None.

        Raises:
            OSError: it cannot be read.
            ValueError: it is damaged.
        """
        step = self._last_good()
        if step is not None:
            shown = keyframe_path(self._folder, step).read_bytes()
            rest = encoder_path(self._folder, step).read_bytes()
            begin_at_keyframe(self._trainer, shown, rest, history=self._trainer.history)
            self.keyframes.forget_after(step)
        return step

    def _last_good(self) -> int | None:
        """Return the step of the last keyframe that had not gone astray; None if there is none.

        Before the numbers overflow they grow: what is worse than twice the untrained net's loss is no good.
        Where neither way is better, the last one is.
        """
        traits = self._trainer.model_config.traits
        best = traits.terms[0]
        if not best.better:
            return self.keyframes.steps[-1] if self.keyframes.steps else None
        losses = []
        for step in self.keyframes.steps:
            facts = json.loads(metadata_of(keyframe_path(self._folder, step).read_bytes())["json"])
            value = traits.value(best, facts, "test_")
            if value is None:
                value = traits.value(best, facts) or 0.0
            losses.append((step, -value if best.better == "higher" else value))
        good = [step for step, loss in losses if loss <= max(2 * losses[0][1], losses[0][1] + 1.0)]
        return good[-1] if good else None

    def _find_beginning(self, train: TrainConfig, has_origin: bool) -> Beginning | None:
        state, model = self._folder / run.STATE, self._folder / run.ORIGIN_MODEL
        origin, encoder = self._folder / run.ORIGIN, self._folder / run.ORIGIN_ENCODER
        if state.exists():
            load_state(self._trainer, state.read_bytes())
            self._trainer.set(**{name: getattr(train, name) for name in LIVE})
            return None
        if not has_origin:
            return None
        if model.exists():
            begin_at_model(self._trainer, model)
            return None
        try:
            if encoder.exists():
                step = begin_at_keyframe(self._trainer, origin.read_bytes(), encoder.read_bytes())
            else:
                step = begin_at_state(self._trainer, origin.read_bytes())
        except FileNotFoundError:
            raise ValueError("What this run begins with is not there any more; start it anew.") from None
        return Beginning(step, fresh=encoder.exists())
