"""A run as the server knows it, and its folder on disk.

run.json               who, what, which settings, which state: written by the server
progress.json          step, epoch, seconds, history: by the worker, with each state
state.safetensors      the trainer's state: by the worker, at least every 4 s of training
probe.safetensors      the images on the map, with their labels and factors: by the worker, once
snapshot.safetensors   the newest snapshot, as the browser gets it: by the worker, with each state
weights.safetensors    the decoder's weights, as the browser gets them: by the worker, with each state
images/                of someone's own images, the set's file under one more name: the run keeps what it
                       learns from, whatever becomes of the set
origin*.safetensors    what it begins with, until it has a state of its own: another run's state or keyframe,
                       or a model
keyframes/             see `vae_core.engine.runs.keyframes`: by the worker
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

from vae_core.config.configs import ModelConfig, TrainConfig, read_saved
from vae_core.engine.contract.info import ACTIVE_STATES, RESUMABLE_STATES, RunInfo, RunState
from vae_core.engine.contract.memory import Need, need_of
from vae_core.engine.processes.orders import RunKey
from vae_core.engine.runs.changes import Mark
from vae_core.engine.runs.keyframes import read_keyframes
from vae_core.engine.runs.record import check_progress, check_record
from vae_core.images.loading import known_set
from vae_core.images.own_sets import SUFFIX
from vae_core.models.layers.layer_json import nets_to_json
from vae_core.storage.home import write_whole

LOG: Final = logging.getLogger(__name__)

RECORD: Final = "run.json"
PROGRESS: Final = "progress.json"
STATE: Final = "state.safetensors"
PROBE: Final = "probe.safetensors"
SNAPSHOT: Final = "snapshot.safetensors"
WEIGHTS: Final = "weights.safetensors"
IMAGES: Final = "images"
ORIGIN: Final = "origin.safetensors"
ORIGIN_ENCODER: Final = "origin.encoder.safetensors"
ORIGIN_MODEL: Final = "origin.model.safetensors"

_STORED: Final = ("id", "owner", "state", "title", "image_set", "created", "error", "note")
_STORED_LATELY: Final = ("parent", "chosen", "begins_with")
"""Stored as well, but not with every run of long ago."""

_PROGRESS: Final = ("step", "total_steps", "epoch", "seconds", "label_names", "factor_names")


class Watcher(Protocol):
    """What a run knows of a browser that watches it; a `Subscription` is one.

    Attributes:
        is_guest: whether someone else than the run's owner watches.
        has_hand: whether a hand is on its map, so that it wants the decoder's weights.
        pinned: the latent whose picture it wants with the frames; empty: none.
    """

    is_guest: bool
    has_hand: bool
    pinned: tuple[float, ...]

    def put(self, kind: str, facts: Mapping[str, Any], data: bytes = ...) -> None:
        """Offer a message."""

    def close(self) -> None:
        """Show the watcher out."""


@dataclass(frozen=True)
class StepRequest:
    """Ask a run for a little training, after which it rests.

    Attributes:
        steps: how many steps; None for those to the end of the epoch.
        state: which state is shown meanwhile: what is over at once is no "running" run.
        is_explained: whether the watchers get all that happens in it.
    """

    steps: int | None
    state: RunState
    is_explained: bool = False


@dataclass(eq=False)
class Run:
    """Hold what the server knows of a run; the attributes of `RunInfo`, and how it stands with the worker.

    Attributes:
        folder: where it lies on disk.
        loaded: whether it is in the memory of the worker.
        leaving: whether the worker is still to put it on disk; until then nobody is told that it is stopped.
        generation: counts how often it was loaded; messages from before the last time are out of date.
        stepping: number of the request whose steps it takes, to rest then; 0 when there is none.
        requested: what the run does when its turn on the waiting list has come; None: it trains.
        deaths: how often the worker died with this run in its hands since it last reached the disk.
        seen: when its owner was last heard of, on the monotonic clock.
        snapshot: the newest snapshot, facts and arrays, while it is loaded.
        detail: the update that was taken apart last, facts and arrays, while it is loaded.
        watchers: the browsers that watch.
        weights_asked: whether the worker is about to send its weights.
        logged: the state that stands in the log.
        later: what a later version wrote into its file besides, in "model", "train" and the "record" itself.
        chosen: when its owner last let it train, or opened it, in seconds since 1970; the latest is current.
    """

    id: str
    owner: str
    folder: Path
    title: str
    image_set: str
    model: ModelConfig
    train: TrainConfig
    created: float
    state: RunState = "queued"
    error: str = ""
    note: str = ""
    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    seconds: float = 0.0
    eta_seconds: float | None = None
    images_per_second: float | None = None
    place: int = 0
    wait_seconds: float | None = None
    why: str = ""
    history: list[Mapping[str, Any]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    keyframes: list[dict[str, Any]] = field(default_factory=list)
    parent: dict[str, Any] | None = None
    begins_with: str = ""
    chosen: float = 0.0
    label_names: tuple[str, ...] = ()
    factor_names: tuple[str, ...] = ()
    loaded: bool = False
    leaving: bool = False
    generation: int = 0
    stepping: int = 0
    requested: StepRequest | None = None
    deaths: int = 0
    seen: float = field(default_factory=time.monotonic)
    snapshot: tuple[Mapping[str, Any], bytes] | None = None
    detail: tuple[Mapping[str, Any], bytes] | None = None
    watchers: list[Watcher] = field(default_factory=list)
    weights_asked: bool = False
    logged: str = ""
    later: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of what a later version wrote into its file besides."""
        return tuple(name for table in self.later.values() for name in table)

    @property
    def key(self) -> RunKey:
        """What names it, as it was loaded last, to the worker."""
        return RunKey(self.id, self.generation)

    @property
    def has_origin(self) -> bool:
        """Whether its first weights are another run's, or a model's."""
        return self.parent is not None or bool(self.begins_with)

    @property
    def active(self) -> bool:
        """Whether it runs, rests in a pause, or waits for a place."""
        return self.state in ACTIVE_STATES

    @property
    def shown_state(self) -> RunState:
        """In which state it is, as far as that is true on disk."""
        return "stopping" if self.leaving and self.state in ("stopped", "parked") else self.state

    @property
    def resumable(self) -> bool:
        """Whether it rests, and can go on."""
        return self.state in RESUMABLE_STATES

    @property
    def trains(self) -> bool:
        """Whether it takes steps now, or would if the worker were there."""
        return self.state == "running" or self.stepping > 0

    @property
    def images(self) -> str:
        """What the images load as: the file in the run's own folder where they are someone's own."""
        file = self.images_file
        return str(file) if file.exists() else self.image_set

    @property
    def images_file(self) -> Path:
        """Where the run has its own name of the file, if its images are someone's own."""
        return self.folder / IMAGES / f"{self.image_set}{SUFFIX}"

    @cached_property
    def need(self) -> Need:
        """What it takes of the worker's memory."""
        found = known_set(self.images)
        if found is None:  # its images are not here any more: it will say so itself
            return Need(self.image_set, 0, 0, 0)
        return need_of(found, self.model, self.train)

    def info(self) -> RunInfo:
        """Describe the run as it is now."""
        names = RunInfo.__dataclass_fields__
        lists = {
            "history": tuple(self.history),
            "marks": tuple(mark.shown() for mark in self.marks),
            "keyframes": tuple(self.keyframes),
        }
        others = {name: getattr(self, name) for name in names if name not in lists}
        return RunInfo(**others | lists | {"state": self.shown_state})

    def state_facts(self) -> dict[str, Any]:
        """Return what a watcher gets at each change of state."""
        return {
            "state": self.shown_state,
            "error": self.error,
            "note": self.note,
            "place": self.place,
            "wait_seconds": self.wait_seconds,
            "why": self.why,
            "step": self.step,
            "epoch": self.epoch,
            "total_steps": self.total_steps,
            "eta_seconds": self.eta_seconds,
            "train": self.train.to_dict(),
        }

    @property
    def latent_dim(self) -> int:
        """How many numbers a latent has."""
        return self.model.latent_dim

    def hello_facts(self) -> dict[str, Any]:
        """Return what a new watcher needs to know."""
        return {
            **self.state_facts(),
            "run": self.id,
            "model": self.model.to_dict(),
            "layers": nets_to_json(self.model.layers()),
            "family": self.model.traits.to_dict(),
            "image_set": self.image_set,
            "title": self.title,
            "label_names": self.label_names,
            "factor_names": self.factor_names,
            "history": list(self.history),
            "parent": self.parent,
            **self.timeline_facts(),
            "seconds": self.seconds,
            "plane": "latent" if self.model.latent_dim <= 2 or self.model.categories else "pca",
        }

    def timeline_facts(self) -> dict[str, Any]:
        """Return what a watcher gets when a mark or a keyframe comes or goes."""
        return {"marks": [mark.shown() for mark in self.marks], "keyframes": list(self.keyframes)}

    def history_from(self, start: int) -> list[Mapping[str, Any]]:
        """Return the history from an entry on."""
        return self.history[start:]

    def adopt(self, progress: Mapping[str, Any]) -> None:
        """Take over how far the worker, or the disk, says that the run is."""
        for name in (*_PROGRESS, "eta_seconds", "images_per_second"):
            if name in progress:
                value = progress[name]
                setattr(self, name, tuple(value) if isinstance(value, list) else value)
        if "history" in progress:
            self.history = list(progress["history"])
        self.history.extend(progress.get("history_tail", ()))

    def read_progress(self) -> None:
        """Take over how far it is on disk."""
        with suppress(FileNotFoundError):  # it has not trained yet
            try:
                progress = json.loads((self.folder / PROGRESS).read_bytes())
                check_progress(progress)
                self.adopt(progress)
            except (OSError, ValueError, RecursionError) as problem:
                if isinstance(problem, FileNotFoundError):
                    raise
                LOG.warning("run %s: how far it is cannot be read: %s", self.id[:6], problem)

    def write(self) -> None:
        """Put the server's part of the run on disk.

        Raises:
            OSError: the disk is full, or cannot be written.
        """
        record = {name: getattr(self, name) for name in (*_STORED, *_STORED_LATELY)}
        record["model"] = {**self.later.get("model", {}), **self.model.to_dict()}
        record["train"] = {**self.later.get("train", {}), **self.train.to_dict()}
        record["marks"] = [mark.to_dict() for mark in self.marks]
        record = {**self.later.get("record", {}), **record}
        write_whole(self.folder / RECORD, json.dumps(record).encode())

    def size(self) -> int:
        """Return how many bytes the run takes on disk."""
        total = 0
        with suppress(OSError):
            for path in self.folder.rglob("*"):
                found = path.stat()
                if path.parent.name != IMAGES:
                    total += found.st_size
                else:  # a file of several names is one on the disk, which each of them pays in part
                    total += found.st_size // max(1, found.st_nlink)
        return total

    def touch(self) -> None:
        """Note that the owner is there; unused runs go after a while."""
        self.seen = time.monotonic()
        with suppress(OSError):
            if time.time() - (self.folder / RECORD).stat().st_mtime > 3600.0:
                os.utime(self.folder / RECORD)


def is_marked_active(folder: Path) -> bool:
    """Whether a run's file says that it trains, rests in a pause, or waits."""
    with suppress(OSError, ValueError, RecursionError):
        record = json.loads((folder / RECORD).read_bytes())
        return isinstance(record, Mapping) and record.get("state") in ACTIVE_STATES
    return False


def legible_name(folder: Path) -> str:
    """Return what to call a run that cannot be read: its title where legible, else its folder's beginning."""
    with suppress(OSError, ValueError, RecursionError):
        record = json.loads((folder / RECORD).read_bytes())
        title = record.get("title") if isinstance(record, Mapping) else None
        if isinstance(title, str) and title.strip():
            return title
    return folder.name[:6]


def read_run(folder: Path) -> Run | None:
    """Read a run from its folder; one that was active is parked now. None when it cannot be read."""
    try:
        record = json.loads((folder / RECORD).read_bytes())
        check_record(record)
        model, model_more = read_saved(ModelConfig, record["model"])
        train, train_more = read_saved(TrainConfig, record["train"])
        known = (*_STORED, *_STORED_LATELY, "model", "train", "marks")
        record_more = {name: value for name, value in record.items() if name not in known}
        later = {"model": model_more, "train": train_more, "record": record_more}
        run = Run(
            folder=folder,
            model=model,
            train=train,
            later=later,
            marks=[Mark.from_dict(mark) for mark in record.get("marks", ())],
            keyframes=read_keyframes(folder),
            **{name: record[name] for name in _STORED},
            **{name: record[name] for name in _STORED_LATELY if name in record},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        LOG.warning("run %s cannot be read and is left out: %s", folder.name[:6], error)
        return None
    if run.id != folder.name:
        return None
    if run.unknown:
        LOG.warning("run %s is a later version's; left out: %s", folder.name[:6], ", ".join(run.unknown))
    if run.active:
        run.state = "parked"
    run.read_progress()
    return run
