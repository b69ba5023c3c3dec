"""What the rest of the app sees of long work: a run's `RunInfo`, and a `Job` to wait for or cancel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from vae_core.config.configs import ModelConfig, TrainConfig

RunState = Literal["queued", "running", "paused", "done", "stopping", "stopped", "failed", "parked"]
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]

Report = Callable[[float, str], None]
"""What a job says how far it is with: progress 0 to 1, and a phrase."""

ACTIVE_STATES: Final = ("queued", "running", "paused")
"""A run in one of these has, or waits for, a place among the running; an owner has at most one such run."""

RESUMABLE_STATES: Final = ("paused", "stopping", "stopped", "failed", "parked")


RETRY_SECONDS: Final = 60.0
"""After this long, what failed is tried again when someone asks for it."""


class EngineBusyError(RuntimeError):
    """Refuse what would be too much at once; the text says what, and what to do."""


@dataclass(frozen=True)
class RunInfo:
    """Describe a run as it is now.

    Attributes:
        id: the run's name in URLs, unguessable.
        owner: hash of the owner's name, as in the folder of its data; never the cookie itself.
        state: "queued" (it waits for a place), "running", "paused", "done", "stopping" (being put on disk),
            "stopped" (by its owner; resumable), "failed" (see `error`; resumable from its last good state)
            or "parked" (put on disk because its owner was away or the server ended; resumable).
        title: the name for people.
        image_set: name of the image set it learns from.
        model: what is trained.
        train: the settings as they are now.
        step: optimiser steps taken, of `total_steps` (0 until known).
        epoch: passes over the images so far, with fractions.
        seconds: time spent training, waits not counted.
        eta_seconds: expected time until the end, others' turns included; None when unknown or at rest.
        images_per_second: training speed while it has its turn; None when unknown.
        error: one sentence when the state is "failed", else "".
        note: one sentence on something that happened and is over, such as a restart; else "".
        place: place on the waiting list from 1, when queued; else 0.
        wait_seconds: expected wait, when queued; None when unknown.
        why: one sentence on what it waits for, when queued; else "".
        history: one entry an epoch, as a bundle stores it.
        created: when it was started, in seconds since 1970.
        label_names: name of each class of its images.
        factor_names: name of each known factor of its images.
        marks: what was changed while it ran, as tables of step, epoch and text.
        keyframes: moments of its past that can be gone back to, as tables of step and epoch.
        begins_with: title of the model whose weights it began with; "" for a run that began with its own.
        parent: run, title, step, epoch and history of what it branched from; None for a run of its own.
        unknown: names of what a later version wrote into its file besides: it plays no part, and is kept.
    """

    id: str
    owner: str
    state: RunState
    title: str
    image_set: str
    model: ModelConfig
    train: TrainConfig
    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    seconds: float = 0.0
    eta_seconds: float | None = None
    images_per_second: float | None = None
    error: str = ""
    note: str = ""
    place: int = 0
    wait_seconds: float | None = None
    why: str = ""
    history: tuple[Mapping[str, Any], ...] = ()
    created: float = 0.0
    label_names: tuple[str, ...] = ()
    factor_names: tuple[str, ...] = ()
    marks: tuple[Mapping[str, Any], ...] = ()
    keyframes: tuple[Mapping[str, Any], ...] = ()
    parent: Mapping[str, Any] | None = None
    begins_with: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it runs, rests in a pause, or waits for a place."""
        return self.state in ACTIVE_STATES

    @property
    def resumable(self) -> bool:
        """Whether `Engine.resume` would go on with it."""
        return self.state in RESUMABLE_STATES


@dataclass(eq=False)
class Job:
    """Follow a piece of work that is done elsewhere; its attributes change as the work goes on.

    Attributes:
        id: the job's name, unguessable.
        owner: hash of the owner's name.
        function: what is done, a name from `vae_core.engine.tasks.functions`.
        state: "waiting", "running", "done", "failed" or "cancelled".
        progress: 0 to 1.
        message: what is going on, one phrase.
        result: JSON-able value, bytes, or a dict with bytes among its values; None until done.
        error: one sentence when failed, else "".
        finished_at: when it was over, on the monotonic clock.
    """

    id: str
    owner: str
    function: str
    state: JobState = "waiting"
    progress: float = 0.0
    message: str = ""
    result: Any = None
    error: str = ""
    finished_at: float = 0.0
    _on_cancel: Callable[[Job], None] | None = field(default=None, repr=False)
    _finished: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def finished(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self._finished.is_set()

    @property
    def held_bytes(self) -> int:
        """How much memory its result takes, as far as that is worth counting: bytes, and bytes in a dict."""
        parts = self.result.values() if isinstance(self.result, Mapping) else [self.result]
        return sum(len(part) for part in parts if isinstance(part, bytes))

    @property
    def worth_another_try(self) -> bool:
        """Whether it failed so long ago that what was in its way may be gone."""
        return self.state == "failed" and time.monotonic() - self.finished_at > RETRY_SECONDS

    def cancel(self) -> None:
        """Stop it, now or at its next sign of progress; a finished job stays as it is."""
        if self._on_cancel is not None and not self.finished:
            self._on_cancel(self)

    def wait(self, timeout: float | None = None) -> Job:
        """Wait until it has finished, or `timeout` seconds have passed, and return it."""
        self._finished.wait(timeout)
        return self
