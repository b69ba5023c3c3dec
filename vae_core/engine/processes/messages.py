"""What a worker tells the server: a frozen dataclass for every message.

`key` names the run that a message is about; `data` are arrays in the safetensors layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vae_core.engine.processes.orders import RunKey
from vae_core.engine.processes.wire import Body, Payload

# What several of them hold


@dataclass(frozen=True)
class Progress:
    """Say how far a run is.

    Attributes:
        step: optimiser steps taken.
        total_steps: steps that there will be.
        epoch: passes over the images so far, with fractions.
        seconds: time spent training.
    """

    step: int
    total_steps: int
    epoch: float
    seconds: float


@dataclass(frozen=True)
class Pace:
    """Say how fast a run is; None stands for what is not known yet.

    Attributes:
        images_per_second: while it has its turn.
        eta_seconds: until its end, the others' turns included.
    """

    images_per_second: float | None
    eta_seconds: float | None


@dataclass(frozen=True)
class Position:
    """Say where a run stands.

    Attributes:
        step: optimiser steps taken.
        epoch: passes over the images that belong to it.
    """

    step: int
    epoch: float


@dataclass(frozen=True)
class Beginning:
    """Say where a branch began.

    Attributes:
        step: optimiser steps that had been taken by then.
        fresh: whether its optimiser's moments are new.
    """

    step: int
    fresh: bool


# Messages about the worker itself


@dataclass(frozen=True)
class Ready:
    """Everything is imported; work begins."""


@dataclass(frozen=True)
class Measured:
    """Say how fast this machine trains large nets.

    Attributes:
        multiply_adds: a second, forwards and back.
    """

    multiply_adds: float


@dataclass(frozen=True)
class Idle:
    """There is nothing to do until the next order.

    Attributes:
        orders: how many orders have been read and obeyed.
    """

    orders: int


@dataclass(frozen=True)
class BusyWith:
    """Say which run is at work, so that it can be blamed if the process dies.

    Attributes:
        run: the run's name; "" for none.
    """

    run: str


# Messages about a run


@dataclass(frozen=True)
class Loaded:
    """A run is in memory.

    Attributes:
        progress: how far it is.
        label_names: name of each class of its images.
        factor_names: name of each known factor of its images.
        history: one entry an epoch.
        began: where a branch began, the first time it is loaded; else None.
    """

    key: RunKey
    progress: Progress
    label_names: tuple[str, ...]
    factor_names: tuple[str, ...]
    history: tuple[Mapping[str, Any], ...]
    began: Beginning | None


@dataclass(frozen=True)
class Progressed:
    """Say how far a run is that nobody watches.

    Attributes:
        progress: how far it is.
        pace: how fast.
        history_tail: what is new in its history.
    """

    key: RunKey
    progress: Progress
    pace: Pace
    history_tail: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Frame:
    """Show the losses, and where the newest weights put a part of the map's images.

    Attributes:
        progress: how far it is.
        pace: how fast.
        history_tail: what is new in its history.
        measured: numbers for those who watch, by name.
        data: arrays.
    """

    key: RunKey
    progress: Progress
    pace: Pace
    history_tail: tuple[Mapping[str, Any], ...]
    measured: Mapping[str, Any]
    data: Body


@dataclass(frozen=True)
class Snapshot:
    """Show all that there is to see of a run; the fields are those of `Frame`."""

    key: RunKey
    progress: Progress
    pace: Pace
    history_tail: tuple[Mapping[str, Any], ...]
    measured: Mapping[str, Any]
    data: Body


@dataclass(frozen=True)
class Weights:
    """Bring the decoder's weights.

    Attributes:
        step: the step that they belong to.
        data: arrays, float16.
    """

    key: RunKey
    step: int
    data: Body


@dataclass(frozen=True)
class Detail:
    """Show all that happened in one step.

    Attributes:
        progress: how far it is.
        measured: numbers for those who watch, by name.
        data: arrays.
    """

    key: RunKey
    progress: Progress
    measured: Mapping[str, Any]
    data: Body


@dataclass(frozen=True)
class Keyframes:
    """Say which keyframes a run has.

    Attributes:
        keyframes: where they stand.
    """

    key: RunKey
    keyframes: tuple[Position, ...]


@dataclass(frozen=True)
class Saved:
    """A run's state is on disk."""

    key: RunKey


@dataclass(frozen=True)
class Rested:
    """A run rests.

    Attributes:
        request: the one whose steps are taken; 0 when it was a pause.
    """

    key: RunKey
    request: int


@dataclass(frozen=True)
class Done:
    """A run has come to its end; it is on disk, and no longer in memory."""

    key: RunKey


@dataclass(frozen=True)
class Dropped:
    """A run is no longer in memory, as was ordered; it is on disk, if nothing else was said of it."""

    key: RunKey


@dataclass(frozen=True)
class Failed:
    """Something went wrong with a run; it is no longer in memory.

    Attributes:
        error: a sentence for people.
        back: the keyframe at which it stands now, if it went back to one.
    """

    key: RunKey
    error: str
    back: Position | None


@dataclass(frozen=True)
class Flushed:
    """Answer `Flush`.

    Attributes:
        path: the file.
        written: whether it is there.
        error: why not, a sentence for people; "" where the run is not in memory.
    """

    path: str
    written: bool
    error: str


# Messages about jobs


@dataclass(frozen=True)
class JobProgress:
    """Say how far a job is.

    Attributes:
        job: its name.
        progress: 0 to 1.
        message: what is going on, one phrase.
    """

    job: str
    progress: float
    message: str


@dataclass(frozen=True)
class JobWaits:
    """A job waits for something outside, as is its nature: silence means nothing.

    Attributes:
        job: its name.
    """

    job: str


@dataclass(frozen=True)
class JobDone:
    """Bring a job's result.

    Attributes:
        job: its name.
        result: JSON-able value, bytes, or a table with bytes among its values.
    """

    job: str
    result: Payload


@dataclass(frozen=True)
class JobFailed:
    """Say why a job has no result.

    Attributes:
        job: its name.
        error: a sentence for people; "" where it was cancelled.
    """

    job: str
    error: str


WorkerMessage = Ready | Idle | BusyWith
ShownMessage = Progressed | Frame | Snapshot
RunMessage = ShownMessage | Loaded | Weights | Detail | Keyframes | Saved | Rested | Done | Dropped | Failed
JobMessage = JobProgress | JobWaits | JobDone | JobFailed
Message = WorkerMessage | Measured | RunMessage | Flushed | JobMessage
